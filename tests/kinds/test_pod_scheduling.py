"""Pods go where kube-scheduler would put them: node selector, node affinity, taints."""

from dataclasses import dataclass
from typing import Any

import pytest

from krmfn.kinds.pods import NODE_NAME, PodError, nodes_allowed, scheduling_demands
from krmfn.sdk import yaml_load


def spec(text: str) -> dict[str, Any]:
    """Read a pod spec."""
    return dict(yaml_load(text) or {})


@dataclass(frozen=True)
class Taint:
    key: str
    value: str = ""
    effect: str = "NoSchedule"


LABELS = {"zone": "a", "cores": "32", "name": "", NODE_NAME: "node-1"}


def affinity(*terms: str) -> str:
    required = f"{{nodeSelectorTerms: [{', '.join(terms)}]}}"
    return (
        "affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: "
        f"{required}}}}}"
    )


def term(key: str, operator: str, *values: str, part: str = "matchExpressions") -> str:
    listed = ", ".join(f'"{value}"' for value in values)
    return f"{{{part}: [{{key: {key}, operator: {operator}, values: [{listed}]}}]}}"


SCHEDULING = {
    "nothing-is-demanded": ("{}", True),
    "selector-fits": ("nodeSelector: {zone: a}", True),
    "selector-wants-another-value": ("nodeSelector: {zone: b}", False),
    "selector-wants-a-label-that-is-not-there": ("nodeSelector: {disk: ssd}", False),
    "selector-of-an-empty-value": ('nodeSelector: {disk: ""}', False),
    "in": (affinity(term("zone", "In", "a", "b")), True),
    "in-others": (affinity(term("zone", "In", "b")), False),
    "in-of-an-absent-label": (affinity(term("disk", "In", "ssd")), False),
    "not-in": (affinity(term("zone", "NotIn", "b")), True),
    "not-in-itself": (affinity(term("zone", "NotIn", "a")), False),
    "not-in-of-an-absent-label": (affinity(term("disk", "NotIn", "ssd")), True),
    "exists": (affinity(term("name", "Exists")), True),
    "exists-not": (affinity(term("disk", "Exists")), False),
    "does-not-exist": (affinity(term("disk", "DoesNotExist")), True),
    "does-not-exist-but-does": (affinity(term("name", "DoesNotExist")), False),
    "greater": (affinity(term("cores", "Gt", "31")), True),
    "not-greater-than-itself": (affinity(term("cores", "Gt", "32")), False),
    "less": (affinity(term("cores", "Lt", "33")), True),
    "not-less-than-itself": (affinity(term("cores", "Lt", "32")), False),
    "greater-than-no-number": (affinity(term("cores", "Gt", "31.5")), False),
    "greater-of-no-number": (affinity(term("zone", "Gt", "1")), False),
    "greater-of-an-absent-label": (affinity(term("disk", "Gt", "1")), False),
    "greater-beyond-64-bits": (affinity(term("cores", "Gt", "-9223372036854775809")), False),
    "greater-than-two": (affinity(term("cores", "Gt", "1", "2")), False),
    "unknown-operator": (affinity(term("zone", "Is", "a")), False),
    "one-of-two-terms-holds": (
        affinity(term("zone", "In", "b"), term("cores", "Gt", "1")),
        True,
    ),
    "both-demands-of-a-term-must-hold": (
        affinity(
            "{matchExpressions: [{key: zone, operator: Exists}, {key: disk, operator: Exists}]}"
        ),
        False,
    ),
    "an-empty-term-holds-nowhere": (affinity("{}"), False),
    "no-term-holds-nowhere": (affinity(), False),
    "the-node-by-name": (affinity(term(NODE_NAME, "In", "node-1", part="matchFields")), True),
    "another-node-by-name": (affinity(term(NODE_NAME, "In", "node-2", part="matchFields")), False),
    "selector-and-affinity": (
        f"nodeSelector: {{zone: b}}\n{affinity(term('zone', 'In', 'a'))}",
        False,
    ),
    "preferred-affinity-is-no-demand": (
        (
            "affinity:\n  nodeAffinity:\n"
            "    preferredDuringSchedulingIgnoredDuringExecution: [{weight: 1}]"
        ),
        True,
    ),
}


@pytest.mark.parametrize(("text", "expected"), SCHEDULING.values(), ids=SCHEDULING.keys())
def test_labels_allow_what_the_scheduler_allows(text: str, expected: bool) -> None:
    assert nodes_allowed(scheduling_demands(spec(text)), LABELS) is expected


RT = Taint("rt", "true")
TAINTS = {
    "no-toleration": ("", RT, False),
    "equal": ("{key: rt, value: 'true', effect: NoSchedule}", RT, True),
    "equal-is-the-default": ("{key: rt, operator: Equal, value: 'true'}", RT, True),
    "another-value": ("{key: rt, value: 'false'}", RT, False),
    "another-key": ("{key: gpu, operator: Exists}", RT, False),
    "another-effect": ("{key: rt, operator: Exists, effect: NoExecute}", RT, False),
    "exists": ("{key: rt, operator: Exists}", RT, True),
    "every-key": ("{operator: Exists}", RT, True),
    "for-a-while": ("{key: rt, operator: Exists, tolerationSeconds: 1}", RT, True),
    "unknown-operator": ("{key: rt, operator: Is, value: 'true'}", RT, False),
    "no-execute": ("", Taint("rt", effect="NoExecute"), False),
    "preference": ("", Taint("rt", effect="PreferNoSchedule"), True),
    "no-value": ("{key: rt}", Taint("rt"), True),
}


@pytest.mark.parametrize(("toleration", "taint", "expected"), TAINTS.values(), ids=TAINTS.keys())
def test_taints_keep_away_what_does_not_bear_them(
    toleration: str, taint: Taint, expected: bool
) -> None:
    demands = scheduling_demands(spec(f"tolerations: [{toleration}]"))
    assert nodes_allowed(demands, {}, [taint]) is expected


def test_every_taint_must_be_borne() -> None:
    demands = scheduling_demands(spec("tolerations: [{key: rt, operator: Exists}]"))
    assert not nodes_allowed(demands, {}, [Taint("rt"), Taint("gpu")])


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("nodeSelector: [a]", "nodeSelector"),
        ("tolerations: {key: a}", "tolerations"),
        ("affinity: text", "affinity"),
        ("affinity: {nodeAffinity: [1]}", "affinity.nodeAffinity"),
        (
            affinity("{matchExpressions: [{key: a, operator: In, values: x}]}"),
            (
                "affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution."
                "nodeSelectorTerms[0].matchExpressions[0].values"
            ),
        ),
    ],
)
def test_a_demand_of_the_wrong_form_is_located(text: str, field: str) -> None:
    with pytest.raises(PodError) as raised:
        scheduling_demands(spec(text))
    assert raised.value.field == field


def test_demands_can_be_keys() -> None:
    text = (
        f"nodeSelector: {{b: x, a: y}}\ntolerations: [{{key: t}}]\n{affinity(term('z', 'In', 'a'))}"
    )
    demands = scheduling_demands(spec(text))
    assert {demands: 1}[scheduling_demands(spec(text.replace("b: x, a: y", "a: y, b: x")))] == 1
