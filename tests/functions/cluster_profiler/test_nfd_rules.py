"""NodeFeatureRules, as NFD's master runs them."""

from typing import Any

import pytest

from krmfn.cluster_profiler.nfd import (
    Features,
    Outcome,
    Rule,
    RuleError,
    Taint,
    rules_of,
    run_rules,
)

NODE = Features(
    flags={"cpu.cpuid": frozenset({"AVX2", "AVX512F"})},
    attributes={"kernel.version": {"major": "6", "full": "6.8.0 generic"}},
)
HAS_AVX2 = [{"feature": "cpu.cpuid", "matchExpressions": {"AVX2": {"op": "Exists"}}}]
HAS_AMX = [{"feature": "cpu.cpuid", "matchExpressions": {"AMX": {"op": "Exists"}}}]
WRONG = [{"feature": "cpu.cpuid", "matchExpressions": {"AVX2": {"op": "Is"}}}]
NS = "feature.node.kubernetes.io"


def run(*rules: Any, labels: dict[str, str] | None = None, features: Features = NODE) -> Outcome:
    return run_rules([Rule.of({"name": "r", **rule}) for rule in rules], features, labels)


def matched_after(*alternatives: Any, match_features: Any = HAS_AVX2) -> bool:
    rule = {"matchAny": [{"matchFeatures": terms} for terms in alternatives]}
    return run({**rule, "matchFeatures": match_features, "labels": {"a": "1"}}).labels != {}


def test_a_matching_rule_makes_everything_it_lists() -> None:
    outcome = run(
        {
            "matchFeatures": HAS_AVX2,
            "labels": {"fast": "true", "vendor.io/fast": "true"},
            "annotations": {"note": "x y"},
            "extendedResources": {"vendor.io/slots": "4"},
            "taints": [{"key": "vendor.io/fast", "value": "1", "effect": "NoSchedule"}],
            "vars": {"v": "1"},
        }
    )
    assert outcome.labels == {f"{NS}/fast": "true", "vendor.io/fast": "true"}
    assert outcome.annotations == {f"{NS}/note": "x y"}
    assert outcome.extended_resources == {"vendor.io/slots": "4"}
    assert outcome.taints == (Taint("vendor.io/fast", "1", "NoSchedule"),)
    assert (outcome.vars, outcome.matched, outcome.problems) == ({"v": "1"}, ("r",), ())


def test_a_rule_without_matchers_always_matches() -> None:
    assert run({"labels": {"a": "1"}}).labels == {f"{NS}/a": "1"}


@pytest.mark.parametrize(
    ("alternatives", "features", "expected"),
    [
        ([HAS_AMX, HAS_AVX2], HAS_AVX2, True),
        ([HAS_AMX], HAS_AVX2, False),
        ([HAS_AVX2], HAS_AMX, False),
        ([HAS_AVX2, WRONG], HAS_AVX2, True),
        ([HAS_AMX, WRONG], HAS_AVX2, False),
        ([[]], HAS_AVX2, True),
    ],
    ids=["both", "no alternative", "no feature", "first decides", "error", "empty"],
)
def test_alternatives_and_features_must_both_match(
    alternatives: Any, features: Any, expected: Any
) -> None:
    assert matched_after(*alternatives, match_features=features) is expected


def test_later_rules_see_labels_and_variables_of_earlier_ones() -> None:
    outcome = run(
        {"labels": {"one": "1"}, "vars": {"two": "2"}},
        {
            "matchFeatures": [
                {
                    "feature": "rule.matched",
                    "matchExpressions": {
                        "one": {"op": "In", "value": ["1"]},
                        "two": {"op": "Gt", "value": ["1"]},
                    },
                }
            ],
            "extendedResources": {"vendor.io/two": "@rule.matched.two"},
        },
    )
    assert outcome.extended_resources == {"vendor.io/two": "2"}


def test_a_rule_that_did_not_match_still_opens_the_set_of_matched_rules() -> None:
    absent = {"feature": "rule.matched", "matchExpressions": {"x": {"op": "DoesNotExist"}}}
    then = {"matchFeatures": [absent], "labels": {"a": "1"}}
    assert run(then).labels == {}
    assert run({"matchFeatures": HAS_AMX}, then).labels == {f"{NS}/a": "1"}


def test_a_failing_rule_makes_nothing_and_the_next_one_runs() -> None:
    outcome = run({"matchFeatures": WRONG, "labels": {"a": "1"}}, {"labels": {"b": "1"}})
    assert outcome.labels == {f"{NS}/b": "1"}
    assert len(outcome.problems) == 1
    assert outcome.problems[0].startswith('rule "r": `op` must be one of')


def test_templates_expand_for_every_alternative_and_fixed_labels_hold() -> None:
    template = "{{ range .cpu.cpuid }}cpu-{{ .Name }}=true\n{{ end }}"
    outcome = run(
        {
            "labelsTemplate": template,
            "labels": {"cpu-AVX2": "fixed"},
            "matchAny": [
                {"matchFeatures": HAS_AVX2},
                {"matchFeatures": [{"feature": "cpu.cpuid", "matchName": {"op": "Exists"}}]},
            ],
        }
    )
    assert outcome.labels == {f"{NS}/cpu-AVX2": "fixed", f"{NS}/cpu-AVX512F": "true"}


@pytest.mark.parametrize(
    ("kind", "name", "value", "message"),
    [
        ("labels", "a b", "1", "letters, digits"),
        ("labels", "kubernetes.io/a", "1", "Kubernetes' own"),
        (
            "labels",
            "vendor.io/a",
            "@kernel.version.full",
            'a label may have, but has "6.8.0 generic"',
        ),
        ("labels", "vendor.io/a", "@kernel.version.minor", "must name an attribute"),
        ("labels", "vendor.io/a", "@kernel", "@domain.feature.element"),
        ("labels", "Vendor.io/a", "1", "DNS subdomain"),
        ("annotations", "profile.node.kubernetes.io/a", "1", "Kubernetes' own"),
        ("annotations", "a", "x" * 1025, "at most 1024 bytes"),
        ("extendedResources", "a", "many", "must be a quantity"),
    ],
)
def test_what_nfd_would_refuse_is_left_out_and_said(
    kind: str, name: str, value: Any, message: str
) -> None:
    outcome = run({kind: {name: value, "vendor.io/good": "1"}})
    kept = {**outcome.labels, **outcome.annotations, **outcome.extended_resources}
    assert kept == {"vendor.io/good": "1"}
    assert message in outcome.problems[0]


@pytest.mark.parametrize(
    "taint",
    [
        {"key": "bare", "effect": "NoSchedule"},
        {"key": "node.kubernetes.io/x", "effect": "NoSchedule"},
        {"key": "vendor.io/x", "effect": "NoSelect"},
    ],
    ids=["no namespace", "reserved", "effect"],
)
def test_a_taint_that_nfd_would_refuse_is_left_out(taint: dict[str, str]) -> None:
    outcome = run({"taints": [taint]})
    assert (outcome.taints, len(outcome.problems)) == ((), 1)


def test_labels_of_the_node_features_are_published_and_rules_override_them() -> None:
    outcome = run({"labels": {"a": "2"}}, labels={"a": "1", f"{NS}/b": "own", "b": "bare"})
    assert outcome.labels == {f"{NS}/a": "2", f"{NS}/b": "own"}


def test_rule_objects_run_in_the_order_of_their_names() -> None:
    def rule_object(name: str, value: str) -> dict[str, Any]:
        return {"metadata": {"name": name}, "spec": {"rules": [{"labels": {"a": value}}]}}

    objects = [rule_object("b", "last"), rule_object("a", "first")]
    assert run_rules(rules_of(objects), NODE).labels == {f"{NS}/a": "last"}


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ("x", "a rule must be a mapping"),
        ({"labels": {"a": 1}}, "`labels` must be a mapping of texts"),
        ({"labelsTemplate": ["x"]}, "`labelsTemplate` must be a text"),
        ({"matchAny": [[]]}, "`matchAny` must be a list of mappings"),
        ({"taints": {}}, "`taints` must be a list"),
    ],
    ids=str,
)
def test_a_rule_of_another_shape_is_refused(rule: Any, message: str) -> None:
    with pytest.raises(RuleError, match=message):
        Rule.of(rule)
