"""Rego of a policy: what is read, what is asked of an engine, and what its answers must be."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from krmfn.placement_resolver.demand import Workload, read_workloads
from krmfn.placement_resolver.filters import Ask
from krmfn.placement_resolver.filters.judgements import judgements
from krmfn.placement_resolver.intents import PlacementIntent, PlacementPolicy
from krmfn.placement_resolver.judges import (
    Judges,
    RegoEngine,
    RegoError,
    RegoFault,
    RegoQuery,
    RegoVerdict,
)
from krmfn.placement_resolver.reading import read_facts
from krmfn.placement_resolver.vectors import PlainVectors, rows_of
from krmfn.placement_resolver.view import View
from krmfn.sdk import Package, Resource, Result

MODULE = "package placement\n\ndecision := {}\n"


@dataclass(frozen=True)
class Bench:
    """The judges of a package, and what they are asked about."""

    judges: Judges
    view: View
    workloads: Sequence[Workload]
    problems: Sequence[Result]

    def verdict(self, number: int = 0) -> RegoVerdict:
        """Give what is said of a workload."""
        verdict = self.judges.rego(self.view, self.workloads[number])
        assert verdict is not None
        return verdict

    def allowed(self, number: int = 0) -> list[str]:
        """Give the clusters that a workload may go to."""
        return [self.view.clusters[row].name for row in rows_of(self.verdict(number).mask)]

    def failure(self) -> Result:
        """Give the only thing that went wrong."""
        assert self.judges.rego(self.view, self.workloads[0]) is None
        (failure,) = self.judges.failures()
        return failure


Prepare = Callable[..., Bench]


@pytest.fixture
def prepare(build: Any) -> Prepare:
    def prepare(
        engine: RegoEngine | None, *config_maps: dict[str, Any], rego: dict[str, Any] | None = None
    ) -> Bench:
        bodies = [
            *build.cluster("east", labels={"region": "pl"}),
            *build.cluster("west"),
            *build.app("amf"),
            *build.app("upf"),
            build.policy(rego={"configMap": "rules"} | (rego or {})),
            *config_maps,
        ]
        package = Package(map(Resource.of, bodies))
        (policy,) = package.of(PlacementPolicy)
        facts, _ = read_facts(package, policy.spec)
        intents = package.of(PlacementIntent)
        workloads, _ = read_workloads(package, intents, frozenset())
        judges = Judges(policy.spec, package, engine, workloads)
        problems = list(judges.problems(intents, policy))
        return Bench(judges, View(facts.clusters, PlainVectors()), workloads, problems)

    return prepare


def rules(namespace: str = "", **data: Any) -> dict[str, Any]:
    """Make a ConfigMap; ``__`` in a key is a dot."""
    metadata = {"name": "rules"} | ({"namespace": namespace} if namespace else {})
    entries = {key.replace("__", "."): text for key, text in data.items()}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": entries}


def answering(*decisions: Any) -> RegoEngine:
    """Make an engine that knows its answers; one answer is that of both workloads."""
    return lambda _: list(decisions if len(decisions) > 1 else decisions * 2)


def test_the_engine_is_asked_once_about_all_workloads(prepare: Prepare) -> None:
    asked: list[RegoQuery] = []

    def engine(query: RegoQuery) -> list[Any]:
        asked.append(query)
        return [{"filter": ["east"]}, {"filter": ["west"]}]

    data = {"prices__json": '{"prices": {"pl": 3}}', "more__yaml": "limits: {pl: [1, 2.5]}"}
    bench = prepare(engine, rules(policy__rego=MODULE, **data))
    assert not bench.problems
    assert [bench.allowed(0), bench.allowed(1)] == [["east"], ["west"]]
    (query,) = asked
    assert query.modules == {"policy.rego": MODULE}
    assert query.data == {"prices": {"pl": 3}, "limits": {"pl": [1, 2.5]}}
    assert list(query.clusters) == ["east", "west"]
    assert query.clusters["east"]["labels"] == {"region": "pl"}
    assert [each["name"] for each in query.workloads] == ["amf", "upf"]


def test_scores_weigh_as_the_policy_says_and_a_cluster_without_one_has_none(
    prepare: Prepare,
) -> None:
    engine = answering({"scores": {"west": 25}})
    verdict = prepare(engine, rules(policy__rego=MODULE), rego={"weight": 7}).verdict()
    assert verdict.rating is not None
    assert list(verdict.rating) == [0.0, 0.25]
    assert verdict.weight == 7


def test_without_filter_and_scores_all_clusters_are_allowed_and_none_is_rated(
    prepare: Prepare,
) -> None:
    bench = prepare(answering({}), rules(policy__rego=MODULE))
    assert bench.allowed() == ["east", "west"]
    assert bench.verdict().rating is None


@pytest.mark.parametrize(
    ("reasons", "found"),
    [
        pytest.param({"west": ["too dear", "too far"]}, "too dear; too far", id="given"),
        pytest.param({"east": ["is fine"]}, "no reason is given", id="of-another-cluster"),
        pytest.param({}, "no reason is given", id="none"),
    ],
)
def test_a_cluster_that_is_filtered_out_is_told_with_its_reasons(
    prepare: Prepare, reasons: dict[str, list[str]], found: str
) -> None:
    engine = answering({"filter": ["east"], "reasons": reasons})
    bench = prepare(engine, rules(policy__rego=MODULE))
    ask = Ask(bench.workloads[0], bench.view, bench.judges.policy, None, bench.judges)  # type: ignore[arg-type]
    (check,) = judgements(ask)
    assert (check.reason, check.mask, check.found(1)) == ("policy-rego", 0b01, found)


@pytest.mark.parametrize(
    ("decision", "said"),
    [
        pytest.param(None, "must be defined", id="undefined"),
        pytest.param(["east"], "must be an object, but is a list", id="no-object"),
        pytest.param({"filters": []}, 'but has "filters"', id="misspelt-key"),
        pytest.param({"filter": "east"}, "a list or set of names", id="filter-text"),
        pytest.param({"filter": ["south"]}, '"south" is none', id="filter-unknown"),
        pytest.param({"scores": {"south": 1}}, '"south" is none', id="score-unknown"),
        pytest.param({"scores": ["east"]}, "it is a list", id="scores-list"),
        pytest.param({"scores": {"east": "9"}}, 'scores "east" with a string', id="score-text"),
        pytest.param({"scores": {"east": True}}, 'scores "east" with a boolean', id="score-bool"),
        pytest.param({"scores": {"east": 101}}, "from 0 to 100", id="score-beyond"),
        pytest.param({"scores": {"east": -0.5}}, "from 0 to 100", id="score-negative"),
        pytest.param({"scores": {"east": float("inf")}}, "from 0 to 100", id="score-infinite"),
        pytest.param({"reasons": {"east": "dear"}}, "lists or sets of texts", id="reason-text"),
        pytest.param({"reasons": ["dear"]}, "lists or sets of texts", id="reasons-list"),
        pytest.param({"reasons": {"south": []}}, '"south" is none', id="reason-unknown"),
    ],
)
def test_a_decision_of_another_form_is_an_error(prepare: Prepare, decision: Any, said: str) -> None:
    failure = prepare(answering({}, decision), rules(policy__rego=MODULE)).failure()
    assert (failure.severity, failure.code) == ("error", "rego-result")
    assert said in failure.message
    assert '"upf"' in failure.message
    assert failure.resource is not None
    assert failure.resource.kind == "PlacementPolicy"


def test_a_fault_of_a_module_names_the_config_map_the_key_and_the_line(prepare: Prepare) -> None:
    def engine(query: RegoQuery) -> list[Any]:
        raise RegoError(
            RegoFault("var y is unsafe", "rego-invalid", next(iter(query.modules)), 3, 9)
        )

    failure = prepare(engine, rules(policy__rego=MODULE)).failure()
    assert failure.line() == (
        "[error] ConfigMap/rules data[policy.rego]: line 3, column 9: var y is unsafe "
        "[rego-invalid]"
    )


@pytest.mark.parametrize(
    ("config_maps", "rego", "code"),
    [
        pytest.param([], {}, "rego-missing", id="none"),
        pytest.param([rules("a")], {"namespace": "b"}, "rego-missing", id="other-namespace"),
        pytest.param([rules("a"), rules("b")], {}, "rego-ambiguous", id="two"),
    ],
)
def test_the_policy_must_name_one_config_map(
    prepare: Prepare, config_maps: list[dict[str, Any]], rego: dict[str, Any], code: str
) -> None:
    (problem,) = prepare(answering({}), *config_maps, rego=rego).problems
    assert (problem.code, problem.field) == (code, "spec.rego.configMap")


def test_a_namespace_chooses_between_config_maps_of_one_name(prepare: Prepare) -> None:
    maps = [rules("a", policy__rego=MODULE), rules("b")]
    assert not prepare(answering({}), *maps, rego={"namespace": "a"}).problems


@pytest.mark.parametrize(
    ("data", "field", "said"),
    [
        pytest.param({"prices__json": "{}"}, "data", "must have a key", id="no-module"),
        pytest.param({"a__rego": 1}, "data[a.rego]", "must be a string, but is 1", id="number"),
        pytest.param({"a__rego": MODULE, "b__rgo": ""}, "data[b.rgo]", "must end in", id="suffix"),
        pytest.param(
            {"a__rego": MODULE, "../b__rego": ""}, "data[../b.rego]", "letters", id="path"
        ),
        pytest.param({"a__rego": MODULE, "b__json": "[1]"}, "data[b.json]", "a map", id="list"),
        pytest.param(
            {"a__rego": MODULE, "b__json": "{"}, "data[b.json]", "JSON or YAML", id="torn"
        ),
        pytest.param(
            {"a__rego": MODULE, "b__yaml": "x: .nan"}, "data[b.yaml]", "values of JSON", id="nan"
        ),
        pytest.param(
            {"a__rego": MODULE, "b__json": '{"x": 1}', "c__yaml": "x: 1"},
            "data[c.yaml]",
            '"x" is in another document too',
            id="clash",
        ),
        pytest.param(
            {"a__rego": MODULE, "b__yaml": "krmfn: 1"}, "data[b.yaml]", "is reserved", id="reserved"
        ),
    ],
)
def test_what_the_config_map_holds_must_be_modules_and_data(
    prepare: Prepare, data: dict[str, Any], field: str, said: str
) -> None:
    problem = prepare(answering({}), rules(**data)).problems[0]
    assert (problem.code, problem.field) == ("rego-source", field)
    assert said in problem.message


def test_rego_without_an_engine_is_an_error(prepare: Prepare) -> None:
    (problem,) = prepare(None, rules(policy__rego=MODULE)).problems
    assert (problem.severity, problem.code) == ("error", "rego-engine-missing")
