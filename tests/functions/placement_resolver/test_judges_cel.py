"""CEL of intents and policies, from the package to the decision."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from krmfn.placement_resolver.judges.reads import reads, seen
from krmfn.sdk import cel

VARIABLES = ("cluster", "workload")
DIGITS = "[1, 2, 3, 4, 5, 6, 7, 8, 9]"
WITHOUT_END = "cluster.healthy"
for variable in "abcdef":
    WITHOUT_END = f"{DIGITS}.all({variable}, {WITHOUT_END})"


def fleet(build: Any) -> list[Any]:
    return [
        *build.cluster("east", labels={"tier": "edge"}, load__cpu="0.2"),
        *build.cluster("west", labels={"tier": "core"}, load__cpu="0.7"),
        *build.cluster("north", labels={"tier": "edge"}),
    ]


@pytest.mark.parametrize(
    ("expression", "chosen"),
    [
        pytest.param("cluster.name == 'west'", ["west"], id="name"),
        pytest.param("cluster.namespace == 'fleet'", ["east", "north", "west"], id="namespace"),
        pytest.param("cluster.labels.tier == 'edge'", ["east", "north"], id="label"),
        pytest.param(
            "'load.krmfn.dev/cpu' in cluster.properties && "
            "double(cluster.properties['load.krmfn.dev/cpu']) < 0.5",
            ["east"],
            id="property",
        ),
        pytest.param(
            "quantity(cluster.available.cpu).compareTo(quantity('8')) == 0",
            ["east", "north", "west"],
            id="amount",
        ),
        pytest.param(
            "size(cluster.taints) == 0 && cluster.healthy", ["east", "north", "west"], id="lists"
        ),
        pytest.param("cluster.labels.tier == workload.labels.tier", ["west"], id="workload"),
        pytest.param(
            "workload.requests.cpu == '1' && workload.replicas == 1 && workload.priority == 0",
            ["east", "north", "west"],
            id="requests",
        ),
        pytest.param("!has(workload.annotations.owner)", ["east", "north", "west"], id="has"),
        pytest.param("'w' in cluster.name ? true : false", None, id="no-value-anywhere"),
    ],
)
def test_a_policy_leaves_the_clusters_for_which_its_cel_is_true(
    build: Any, place: Any, expression: str, chosen: list[str] | None
) -> None:
    policy = build.policy(celRequirements=[expression], whenUnplaced="Warn")
    app = [
        build.deployment("upf", cpu=1),
        build.intent("upf", labels={"tier": "core"}, placementType="PickAll"),
    ]
    outcome = place(fleet(build), app, policy)
    assert sorted(outcome.chosen("upf")) == (chosen or [])


def test_totals_are_sums_over_nodes_and_what_is_not_known_to_be_free_is_absent(
    build: Any, place: Any
) -> None:
    groups = [build.group("a", 2, cpu=4, memory="8Gi"), build.group("b", 1, cpu="1500m")]
    unmeasured = build.group("c", 1, cpu=8)
    del unmeasured["available"]
    expression = "cluster.allocatable.cpu == '9500m' && cluster.available.memory == '16Gi'"
    other = "size(cluster.available) == 0 && cluster.allocatable.cpu == '8'"
    policy = build.policy(celRequirements=[f"({expression}) || ({other})"])
    clusters = [*build.cluster("sum", *groups), *build.cluster("blind", unmeasured)]
    outcome = place(clusters, build.app("upf", {"placementType": "PickAll"}), policy)
    assert sorted(outcome.chosen("upf")) == ["blind", "sum"]


@pytest.mark.parametrize(
    ("spec", "field"),
    [
        pytest.param(
            {"clusterSelectorTerms": [{}, {"celExpressions": ["true", "1 +"]}]},
            "spec.clusterSelectorTerms[1].celExpressions[1]",
            id="term",
        ),
        pytest.param(
            {
                "clusterAffinities": [
                    {"name": "a", "clusterSelectorTerms": [{"celExpressions": ["1 +"]}]}
                ]
            },
            "spec.clusterAffinities[0].clusterSelectorTerms[0].celExpressions[0]",
            id="affinity-group",
        ),
        pytest.param(
            {"preferences": [{"weight": 1, "celExpression": "1 +"}]},
            "spec.preferences[0].celExpression",
            id="preference",
        ),
        pytest.param(
            {
                "overrides": [
                    {
                        "clusters": {"celExpressions": ["1 +"]},
                        "patch": [{"op": "remove", "path": "/spec"}],
                    }
                ]
            },
            "spec.overrides[0].clusters.celExpressions[0]",
            id="override",
        ),
        pytest.param(
            {
                "replicaScheduling": {
                    "weightPreference": {
                        "staticWeightList": [
                            {"targetClusters": {"celExpressions": ["1 +"]}, "weight": 1}
                        ]
                    }
                }
            },
            "spec.replicaScheduling.weightPreference.staticWeightList[0]"
            ".targetClusters.celExpressions[0]",
            id="static-weight",
        ),
    ],
)
def test_every_expression_of_an_intent_is_compiled_and_told_with_its_field(
    build: Any, place: Any, spec: dict[str, Any], field: str
) -> None:
    outcome = place(fleet(build), build.app("upf", spec))
    found = [each for each in outcome.results if each.code == "cel-invalid"]
    assert [(each.field, each.current) for each in found] == [(field, "1 +")]
    assert "line 1, column" in found[0].message
    assert not outcome.ok


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        pytest.param("clusters.name == 'a'", '"clusters" must be a variable', id="unknown-name"),
        pytest.param("cluster.name.frob()", '"frob" must be a function', id="unknown-function"),
        pytest.param("'edge'", "must give a boolean, but gives a string", id="wrong-type"),
        pytest.param("cluster.name == ", "line 1, column", id="no-cel"),
    ],
)
def test_a_requirement_that_cannot_be_right_fails_before_it_is_evaluated(
    build: Any, place: Any, expression: str, said: str
) -> None:
    policy = build.policy(celRequirements=["true", expression])
    outcome = place(fleet(build), build.app("upf"), policy)
    (found,) = [each for each in outcome.results if each.code == "cel-invalid"]
    assert said in found.message
    assert found.field == "spec.celRequirements[1]"
    assert not outcome.ok


def test_a_cluster_without_the_fact_does_not_match_and_one_warning_says_so(
    build: Any, place: Any
) -> None:
    policy = build.policy(celRequirements=["cluster.properties['load.krmfn.dev/cpu'] < '0.5'"])
    apps = [*build.app("upf"), *build.app("amf")]
    outcome = place(fleet(build), apps, policy)
    assert outcome.chosen("upf") == ["east"]
    (told,) = [each for each in outcome.results if each.code == "cel-unknown"]
    assert told.severity == "warning"
    assert told.field == "spec.celRequirements[0]"
    assert told.message == (
        'must have a value, but has none on 1 cluster, first on "north": '
        'no such key: "load.krmfn.dev/cpu"'
    )
    (rejection,) = outcome.report("upf")["rejected"]
    assert any("no such key" in text for text in rejection["examples"])
    assert any("is false" in text for text in rejection["examples"])


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        pytest.param(
            {"celRequirements": ["cluster.labels.tier"]},
            "must give a boolean, but gives a string",
            id="wrong-type",
        ),
        pytest.param(
            {"preferences": [{"weight": 5, "celExpression": "cluster.labels"}]},
            "must give a boolean or a number",
            id="no-rating",
        ),
        pytest.param(
            {"celRequirements": [WITHOUT_END]},
            "steps",
            id="without-end",
        ),
    ],
)
def test_an_expression_that_must_not_be_trusted_fails_the_render(
    build: Any, place: Any, spec: dict[str, Any], said: str
) -> None:
    outcome = place(fleet(build), build.app("upf"), build.policy(**spec))
    (found,) = [each for each in outcome.results if each.code == "cel-refused"]
    assert said in found.message
    assert found.field.startswith("spec.")
    assert not outcome.ok


@pytest.mark.parametrize(
    ("expression", "rating"),
    [
        pytest.param("cluster.name == 'west'", 100.0, id="true"),
        pytest.param("cluster.name == 'west' ? 0.5 : 0.0", 50.0, id="share"),
        pytest.param("cluster.name == 'west' ? 7 : -7", 100.0, id="beyond-the-ends"),
        pytest.param("1.0 - double(cluster.properties['load.krmfn.dev/cpu'])", 80.0, id="property"),
    ],
)
def test_a_preference_rates_clusters_from_nought_to_one(
    build: Any, place: Any, expression: str, rating: float
) -> None:
    wish = {"weight": 10, "celExpression": expression}
    policy = build.policy(preferences=[wish], objectives=[{"name": "cost", "weight": 0}])
    outcome = place(fleet(build), build.app("upf"), policy)
    (assignment,) = outcome.report("upf")["assignments"]
    assert float(assignment["score"]) == pytest.approx(rating, abs=0.1)


def test_intents_in_another_order_are_told_the_same(build: Any, place: Any) -> None:
    term = {"clusterSelectorTerms": [{"celExpressions": ["cluster.labels.nothing == 'a'"]}]}
    apps = [build.app(name, term) for name in ("upf", "amf")]
    policy = build.policy(whenUnplaced="Warn")
    one, two = (place(fleet(build), *ordered, policy).said() for ordered in (apps, apps[::-1]))
    assert sorted(one) == sorted(two)


@pytest.mark.parametrize(
    ("expression", "ways"),
    [
        pytest.param("cluster.name == 'a'", (), id="nothing"),
        pytest.param("'workload' == cluster.name", (), id="only-as-text"),
        pytest.param("workload.labels.tier == 'a'", (("labels", "tier"),), id="select"),
        pytest.param("workload.labels['a/b'] == 'a'", (("labels", "a/b"),), id="index"),
        pytest.param("has(workload.labels.tier)", (("labels", "tier"),), id="has"),
        pytest.param(
            "workload.labels[cluster.name] == workload.name", (("labels",), ("name",)), id="dynamic"
        ),
        pytest.param("workload == cluster", ((),), id="whole"),
    ],
)
def test_the_parts_of_the_workload_that_are_read_are_known(
    expression: str, ways: tuple[tuple[str, ...], ...]
) -> None:
    assert reads(cel.compile(expression, variables=VARIABLES).node) == ways


LABELS = st.dictionaries(st.sampled_from("ab"), st.sampled_from("xy"))


@given(one=LABELS, other=LABELS)
def test_workloads_that_look_alike_to_an_expression_get_the_same_value(
    one: dict[str, str], other: dict[str, str]
) -> None:
    program = cel.compile("has(workload.labels.a) && workload.labels.a == 'x'", variables=VARIABLES)
    ways = reads(program.node)
    first, second = ({"labels": labels} for labels in (one, other))
    if seen(ways, first) == seen(ways, second):
        values = [program.evaluate({"cluster": {}, "workload": each}) for each in (first, second)]
        assert values[0] == values[1]
    else:
        assert json.dumps(one.get("a")) != json.dumps(other.get("a"))
