"""A Placement of Open Cluster Management as a PlacementIntent."""

from collections.abc import Callable
from typing import Any

import pytest

from krmfn.cli.importing.ocm import rewrite_cel
from krmfn.placement_resolver.intents import PlacementResolver
from krmfn.placement_resolver.resolve import resolve
from krmfn.sdk import Package, Resource, cel, yaml_load_all

HEAD = """
apiVersion: cluster.open-cluster-management.io/v1beta1
kind: Placement
metadata: {name: p, namespace: n}
"""
BINDING = """
---
apiVersion: cluster.open-cluster-management.io/v1beta2
kind: ManagedClusterSetBinding
metadata: {name: %s, namespace: n}
spec: {clusterSet: %s}
"""
UNSTEADY = "{scoreCoordinate: {builtIn: Steady}, weight: -1}"
IN_EDGE = {
    "labelSelector": {
        "matchExpressions": [
            {
                "key": "cluster.open-cluster-management.io/clusterset",
                "operator": "In",
                "values": ["edge"],
            }
        ]
    }
}


def _bound(*names: str) -> str:
    return "".join(BINDING % (name, name) for name in names)


@pytest.mark.parametrize(
    ("spec", "others", "terms"),
    [
        pytest.param("{}", _bound("edge"), [IN_EDGE], id="bound"),
        pytest.param(
            "{clusterSets: [edge, core]}", _bound("edge"), [IN_EDGE], id="named and bound"
        ),
        pytest.param("{clusterSets: [edge]}", "", [IN_EDGE], id="named"),
        pytest.param("{}", _bound("global", "edge"), None, id="all clusters"),
    ],
)
def test_cluster_sets_tell_the_candidates(
    run_import: Callable[..., Any], spec: str, others: str, terms: Any
) -> None:
    ran = run_import(f"{HEAD}spec: {spec}{others}")
    assert (ran.code, ran.err) == (0, "")
    assert ran.intents["p"].get("clusterSelectorTerms") == terms


def test_a_set_of_labels_is_those_labels(run_import: Callable[..., Any]) -> None:
    made = """
---
apiVersion: cluster.open-cluster-management.io/v1beta2
kind: ManagedClusterSet
metadata: {name: edge}
spec: {clusterSelector: {selectorType: LabelSelector, labelSelector: {matchLabels: {tier: edge}}}}
"""
    predicate = "{requiredClusterSelector: {labelSelector: {matchLabels: {tier: core, a: b}}}}"
    ran = run_import(f"{HEAD}spec: {{predicates: [{predicate}]}}{_bound('edge')}{made}")
    (term,) = ran.intents["p"]["clusterSelectorTerms"]
    assert term["labelSelector"] == {
        "matchLabels": {"tier": "edge", "a": "b"},
        "matchExpressions": [{"key": "tier", "operator": "In", "values": ["core"]}],
    }


def test_candidates_that_nobody_tells_are_refused(run_import: Callable[..., Any]) -> None:
    ran = run_import(f"{HEAD}spec: {{}}")
    assert ran.code == 1
    assert "spec.clusterSets: must be told by the ManagedClusterSetBindings" in ran.err
    assert "(sets-unknown)" in ran.err


def test_scores_become_preferences_objectives_and_stickiness(
    run_import: Callable[..., Any],
) -> None:
    configurations = """
  numberOfClusters: 3
  prioritizerPolicy:
    mode: Exact
    configurations:
    - {scoreCoordinate: {builtIn: ResourceAllocatableMemory}, weight: -2}
    - {scoreCoordinate: {type: AddOn, addOn: {resourceName: addon, scoreName: gpu}}, weight: 3}
    - {scoreCoordinate: {builtIn: Balance}, weight: 4}
    - {scoreCoordinate: {builtIn: Steady}, weight: 0}
"""
    spec = run_import(f"{HEAD}spec:{configurations}{_bound('global')}").intents["p"]
    assert (spec["placementType"], spec["numberOfClusters"]) == ("PickN", 3)
    assert spec["preferences"] == [
        {
            "weight": 30,
            "propertySorter": {
                "name": "score.krmfn.dev/addon.gpu",
                "sortOrder": "Descending",
                "minimum": -100,
                "maximum": 100,
            },
        },
        {
            "weight": -20,
            "propertySorter": {
                "name": "allocatable.krmfn.dev/memory",
                "sortOrder": "Descending",
            },
        },
    ]
    assert spec["objectives"] == [{"name": "loadBalance", "weight": 40}]
    assert spec["disruption"] == {"stickiness": "None"}


@pytest.mark.parametrize(
    "policy",
    [
        "{mode: Exact, configurations: [{scoreCoordinate: {builtIn: ResourceAllocatableCPU}}]}",
        "{mode: Exact}",
        "{configurations: [{scoreCoordinate: {builtIn: Balance}, weight: 0}]}",
    ],
    ids=["exact", "nothing counts", "balance weighs nothing"],
)
def test_what_does_not_balance_keeps_the_objectives_of_the_policy_out(
    run_import: Callable[..., Any], policy: str
) -> None:
    ran = run_import(f"{HEAD}spec: {{prioritizerPolicy: {policy}}}{_bound('global')}")
    assert ran.intents["p"]["objectives"] == [{"name": "loadBalance", "weight": 0}]


@pytest.mark.parametrize(("free", "chosen"), [("4Gi", "big"), ("60Gi", "big")])
def test_only_the_scores_that_are_named_choose(
    run_import: Callable[..., Any], free: str, chosen: str
) -> None:
    policy = (
        "{mode: Exact, configurations: [{scoreCoordinate: {builtIn: ResourceAllocatableMemory}}]}"
    )
    spec = f"{{numberOfClusters: 1, prioritizerPolicy: {policy}}}"
    (intent,) = yaml_load_all(run_import(f"{HEAD}spec: {spec}{_bound('global')}").out)
    fleet = [*_cluster("big", "64Gi", free), *_cluster("small", "32Gi", "32Gi")]
    package = Package([Resource.of(each) for each in [intent, *fleet]])
    plan, problems = resolve(PlacementResolver.default(), package, lambda *_: {})
    assert plan, problems
    (decision,) = plan.decisions
    assert [each.cluster.name for each in decision.assignments] == [chosen]


def _cluster(name: str, allocatable: str, available: str) -> list[dict[str, Any]]:
    amounts = {"cpu": "8", "memory": allocatable}
    return [
        {
            "apiVersion": "multicluster.x-k8s.io/v1alpha1",
            "kind": "ClusterProfile",
            "metadata": {"name": name},
            "spec": {"clusterManager": {"name": "test"}},
            "status": {
                "properties": [{"name": "allocatable.krmfn.dev/memory", "value": allocatable}]
            },
        },
        {
            "apiVersion": "intent.krmfn.dev/v1alpha1",
            "kind": "ClusterCapacity",
            "metadata": {"name": name},
            "spec": {
                "nodeGroups": [
                    {
                        "name": "g0",
                        "count": 1,
                        "allocatable": amounts,
                        "available": {**amounts, "memory": available},
                    }
                ]
            },
        },
    ]


def test_what_is_kept_in_another_way_is_a_comment(run_import: Callable[..., Any]) -> None:
    policy = "{configurations: [{scoreCoordinate: {builtIn: Steady}, weight: 3}]}"
    ran = run_import(f"{HEAD}spec: {{prioritizerPolicy: {policy}}}{_bound('global')}")
    steady, whole, *_ = ran.out.splitlines()
    assert steady.startswith("# note: Steady, of weight 3, is `disruption.stickiness`: ")
    assert whole == "# note: without resourceSelectors it places the whole package"


@pytest.mark.parametrize(
    ("field", "reason"),
    [
        (f"prioritizerPolicy: {{configurations: [{UNSTEADY}]}}", "unsteady"),
        ("decisionStrategy: {groupStrategy: {clustersPerDecisionGroup: 2}}", "decision-groups"),
        (
            "prioritizerPolicy: {configurations: [{scoreCoordinate: {builtIn: Spread}}]}",
            "unknown-score",
        ),
        (
            "predicates: [{requiredClusterSelector: {celSelector: {celExpressions: [%s]}}}]",
            "cel-variable",
        ),
    ],
)
def test_what_an_intent_cannot_say_is_refused_by_name(
    run_import: Callable[..., Any], field: str, reason: str
) -> None:
    spec = field.replace("%s", "'managedCluster.spec.hubAcceptsClient'")
    ran = run_import(f"{HEAD}spec: {{{spec}}}{_bound('global')}")
    assert (ran.code, ran.out) == (1, "")
    assert f"({reason})" in ran.err


def test_cel_that_does_not_compile_is_refused(run_import: Callable[..., Any]) -> None:
    selector = "{celSelector: {celExpressions: ['managedCluster.metadata.name ==']}}"
    spec = f"{{predicates: [{{requiredClusterSelector: {selector}}}]}}"
    ran = run_import(f"{HEAD}spec: {spec}{_bound('global')}")
    assert ran.code == 1
    assert "celExpressions[0]:" in ran.err
    assert "(cel-invalid)" in ran.err


CLUSTER = {
    "name": "one",
    "labels": {"env": "prod"},
    "version": "v1.30.1",
    "properties": {
        "cloud": "a",
        "allocatable.krmfn.dev/cpu": "8",
        "score.krmfn.dev/addon.gpu": "90",
        "score.krmfn.dev/addon2.gpu": "1",
    },
}


@pytest.mark.parametrize(
    ("expression", "holds"),
    [
        ('managedCluster.metadata.labels["env"] == "prod"', True),
        ('managedCluster.metadata.labels.env == "managedCluster.metadata.name"', False),
        ('managedCluster.metadata.name in ["one", "two"]', True),
        ('managedCluster.status.version.kubernetes.startsWith("v1.30")', True),
        (
            'managedCluster.status.clusterClaims.exists(c, c.name == "cloud" && c.value == "a")',
            True,
        ),
        ('managedCluster.status.clusterClaims.exists(c, c.name == "region")', False),
        ('managedCluster.scores("addon").all(s, s.name == "gpu" && s.value > 80)', True),
        ("managedCluster.scores('addon').size() == 1", True),
        ("managedCluster.scores('none').size() == 0", True),
        ('quantity(managedCluster.status.allocatable["cpu"]).isGreaterThan(quantity("7"))', True),
        ("managedCluster.status.allocatable.cpu == '8'", True),
    ],
)
def test_rewritten_cel_means_the_same_on_our_facts(expression: str, *, holds: bool) -> None:
    rewritten = rewrite_cel(expression)
    assert rewritten is not None
    program = cel.compile(rewritten, variables=("cluster",))
    assert program.evaluate({"cluster": CLUSTER}) is holds


@pytest.mark.parametrize(
    "expression",
    [
        "managedCluster.metadata.annotations.a == 'b'",
        "managedCluster.spec.taints.size() == 0",
        "has(managedCluster.status)",
    ],
)
def test_cel_over_what_no_profile_has_is_not_rewritten(expression: str) -> None:
    assert rewrite_cel(expression) is None
