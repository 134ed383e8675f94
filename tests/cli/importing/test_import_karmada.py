"""Karmada's policies as PlacementIntents."""

from collections.abc import Callable
from typing import Any

import pytest

from krmfn.sdk import cel, yaml_load

POLICY = """
apiVersion: policy.karmada.io/v1alpha1
kind: {kind}
metadata: {{name: web{namespace}}}
spec: {spec}
"""


def _policy(spec: str, kind: str = "ClusterPropagationPolicy", namespace: str = "") -> str:
    where = f", namespace: {namespace}" if namespace else ""
    return POLICY.format(kind=kind, namespace=where, spec=spec)


def _spec(run_import: Callable[..., Any], placement: str) -> Any:
    ran = run_import(_policy(f"{{placement: {placement}}}"))
    assert (ran.code, ran.err) == (0, "")
    return ran.intents["web"]


def test_a_policy_of_a_namespace_selects_resources_of_it(run_import: Callable[..., Any]) -> None:
    selectors = "[{kind: Deployment, labelSelector: {matchLabels: {a: b}}}]"
    ran = run_import(_policy(f"{{resourceSelectors: {selectors}}}", "PropagationPolicy", "shop"))
    assert ran.intents["web"]["resourceSelectors"] == [
        {
            "kind": "Deployment",
            "namespace": "shop",
            "labelSelector": {"matchLabels": {"a": "b"}},
        }
    ]


@pytest.mark.parametrize(
    ("affinity", "terms", "exclude"),
    [
        ("{clusterNames: [a, b]}", [{"clusterNames": ["a", "b"]}], None),
        ("{exclude: [a]}", None, ["a"]),
        (
            "{labelSelector: {matchLabels: {a: b}}}",
            [{"labelSelector": {"matchLabels": {"a": "b"}}}],
            None,
        ),
        (
            "{fieldSelector: {matchExpressions: [{key: provider, operator: NotIn, values: [p]}]}}",
            [
                {
                    "labelSelector": {
                        "matchExpressions": [
                            {
                                "key": "topology.krmfn.dev/provider",
                                "operator": "NotIn",
                                "values": ["p"],
                            }
                        ]
                    }
                }
            ],
            None,
        ),
    ],
    ids=["names", "excluded", "labels", "fields"],
)
def test_an_affinity_is_a_term_and_what_it_excludes(
    run_import: Callable[..., Any], affinity: str, terms: Any, exclude: Any
) -> None:
    spec = _spec(run_import, f"{{clusterAffinity: {affinity}}}")
    assert spec.get("clusterSelectorTerms") == terms
    assert spec.get("exclude") == exclude


@pytest.mark.parametrize(
    ("operator", "zones", "matches"),
    [
        ("In", ["z1"], True),
        ("In", ["z1", "z2"], True),
        ("In", ["z1", "z3"], False),
        ("In", [], False),
        ("NotIn", ["z3"], True),
        ("NotIn", ["z1", "z3"], False),
        ("NotIn", [], True),
    ],
)
def test_all_zones_of_a_cluster_count(
    run_import: Callable[..., Any], operator: str, zones: list[str], *, matches: bool
) -> None:
    field = f"{{key: zone, operator: {operator}, values: [z1, z2]}}"
    spec = _spec(
        run_import, f"{{clusterAffinity: {{fieldSelector: {{matchExpressions: [{field}]}}}}}}"
    )
    ((expression,),) = [each["celExpressions"] for each in spec["clusterSelectorTerms"]]
    properties = {f"zone.topology.krmfn.dev/{zone}": "true" for zone in zones}
    program = cel.compile(expression, variables=("cluster",))
    assert program.evaluate({"cluster": {"properties": properties}}) is matches


def test_ordered_affinities_are_groups(run_import: Callable[..., Any]) -> None:
    groups = "[{affinityName: first, clusterNames: [a]}, {affinityName: rest, exclude: [b]}]"
    assert _spec(run_import, f"{{clusterAffinities: {groups}}}")["clusterAffinities"] == [
        {"name": "first", "clusterSelectorTerms": [{"clusterNames": ["a"]}]},
        {"name": "rest", "exclude": ["b"]},
    ]


DYNAMIC = """{replicaSchedulingType: Divided, replicaDivisionPreference: Weighted,
  weightPreference: {dynamicWeight: AvailableReplicas}}"""
STATIC = """{replicaSchedulingType: Divided, replicaDivisionPreference: Weighted,
  weightPreference: {staticWeightList: [{targetCluster: {exclude: [b]}, weight: 2}]}}"""


def test_spread_over_clusters_is_their_number(run_import: Callable[..., Any]) -> None:
    spec = _spec(
        run_import, "{spreadConstraints: [{spreadByField: cluster, minGroups: 1, maxGroups: 3}]}"
    )
    assert (spec["placementType"], spec["numberOfClusters"]) == ("PickN", 3)


def test_spread_over_regions_counts_regions_and_needs_one(run_import: Callable[..., Any]) -> None:
    region = "{spreadByField: region, minGroups: 2, maxGroups: 3}"
    spec = _spec(run_import, f"{{spreadConstraints: [{region}]}}")
    key = "topology.kubernetes.io/region"
    assert spec["topologySpreadConstraints"] == [
        {"topologyKey": key, "maxSkew": 100_000, "minGroups": 2, "maxGroups": 3}
    ]
    (term,) = spec["clusterSelectorTerms"]
    assert term == {"labelSelector": {"matchExpressions": [{"key": key, "operator": "Exists"}]}}


def test_pods_count_where_replicas_are_divided(run_import: Callable[..., Any]) -> None:
    divided = _spec(run_import, f"{{replicaScheduling: {DYNAMIC}}}")
    assert "requirements" not in divided
    assert divided["replicaScheduling"] == yaml_load(DYNAMIC)
    copied = _spec(run_import, "{replicaScheduling: {replicaSchedulingType: Duplicated}}")
    assert copied["requirements"] == {"resources": "None"}
    assert "replicaScheduling" not in copied


def test_a_weight_may_leave_clusters_out(run_import: Callable[..., Any]) -> None:
    static = _spec(run_import, f"{{replicaScheduling: {STATIC}}}")
    (entry,) = static["replicaScheduling"]["weightPreference"]["staticWeightList"]
    assert entry == {
        "targetClusters": {"celExpressions": ['!(cluster.name in ["b"])']},
        "weight": 2,
    }


def test_defaults_that_the_api_server_writes_are_no_loss(run_import: Callable[..., Any]) -> None:
    usual = (
        "{priority: 0, preemption: Never, conflictResolution: Abort, "
        "schedulerName: default-scheduler, propagateDeps: false, placement: {}}"
    )
    ran = run_import(_policy(usual))
    assert (ran.code, ran.err) == (0, "")


@pytest.mark.parametrize(
    ("spec", "place", "reason"),
    [
        ("{propagateDeps: true}", "spec.propagateDeps", "dependencies"),
        ("{priority: 3}", "spec.priority", "policy-precedence"),
        ("{failover: {cluster: {purgeMode: Gracefully}}}", "spec.failover", "failover"),
        ("{schedulerName: mine}", "spec.schedulerName", "scheduler"),
        (
            "{placement: {workloadAffinity: {affinity: {groupByLabelKey: a}}}}",
            "spec.placement.workloadAffinity",
            "workload-label",
        ),
        (
            (
                "{placement: {spreadConstraints: [{spreadByField: cluster, minGroups: 2, "
                "maxGroups: 4}]}}"
            ),
            "spec.placement.spreadConstraints[0].minGroups",
            "fewer-clusters",
        ),
        (
            (
                f"{{placement: {{replicaScheduling: {STATIC}, "
                "spreadConstraints: [{spreadByField: cluster, maxGroups: 4}]}}"
            ),
            "spec.placement.spreadConstraints[0]",
            "spread-ignored",
        ),
        (
            "{placement: {clusterAffinities: [{affinityName: a, overflowAffinities: [{}]}]}}",
            "spec.placement.clusterAffinities[0].overflowAffinities",
            "overflow",
        ),
        (
            "{placement: {clusterAffinity: {fieldSelector: {matchExpressions: [{key: rack}]}}}}",
            "spec.placement.clusterAffinity.fieldSelector.matchExpressions[0].key",
            "unknown-field-selector",
        ),
    ],
)
def test_what_an_intent_cannot_say_is_refused_by_name(
    run_import: Callable[..., Any], spec: str, place: str, reason: str
) -> None:
    ran = run_import(_policy(spec))
    assert (ran.code, ran.out) == (1, "")
    assert f"{place}: " in ran.err
    assert f"({reason})" in ran.err
