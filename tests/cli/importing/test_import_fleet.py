"""Azure Fleet's placements as PlacementIntents."""

from collections.abc import Callable
from typing import Any

import pytest

HEAD = """
apiVersion: placement.kubernetes-fleet.io/v1beta1
kind: ClusterResourcePlacement
metadata: {name: p}
"""


def _spec(run_import: Callable[..., Any], spec: str) -> Any:
    ran = run_import(f"{HEAD}spec: {spec}")
    assert (ran.code, ran.err) == (0, "")
    return ran.intents["p"]


def _affinity(fields: str) -> str:
    return f"{{policy: {{affinity: {{clusterAffinity: {{{fields}}}}}}}}}"


def test_a_namespace_stands_for_all_that_is_in_it(run_import: Callable[..., Any]) -> None:
    namespace = "{version: v1, kind: Namespace, name: shop}"
    spec = _spec(run_import, f"{{resourceSelectors: [{namespace}]}}")
    assert spec["resourceSelectors"] == [
        {"apiVersion": "v1", "kind": "Namespace", "name": "shop"},
        {"namespace": "shop"},
    ]
    only = namespace.replace("}", ", selectionScope: NamespaceOnly}")
    assert len(_spec(run_import, f"{{resourceSelectors: [{only}]}}")["resourceSelectors"]) == 1


def test_a_placement_of_a_namespace_selects_resources_of_it(
    run_import: Callable[..., Any],
) -> None:
    ran = run_import("""
        apiVersion: placement.kubernetes-fleet.io/v1beta1
        kind: ResourcePlacement
        metadata: {name: p, namespace: shop}
        spec: {resourceSelectors: [{group: apps, version: v1, kind: Deployment, name: web}]}
        """)
    assert ran.intents["p"]["resourceSelectors"] == [
        {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web", "namespace": "shop"}
    ]


def test_fixed_and_numbered_placements_stay_so(run_import: Callable[..., Any]) -> None:
    fixed = _spec(run_import, "{policy: {placementType: PickFixed, clusterNames: [a, b]}}")
    assert (fixed["placementType"], fixed["clusterNames"]) == ("PickFixed", ["a", "b"])
    some = _spec(run_import, "{policy: {placementType: PickN, numberOfClusters: 2}}")
    assert (some["placementType"], some["numberOfClusters"]) == ("PickN", 2)


@pytest.mark.parametrize(
    ("name", "ours"),
    [
        ("resources.kubernetes-fleet.io/available-cpu", "available.krmfn.dev/cpu"),
        ("resources.kubernetes-fleet.io/allocatable-memory", "allocatable.krmfn.dev/memory"),
        ("kubernetes-fleet.io/node-count", "kubernetes-fleet.io/node-count"),
    ],
)
def test_properties_have_our_names(run_import: Callable[..., Any], name: str, ours: str) -> None:
    demand = f"{{name: {name}, operator: Ge, values: ['4']}}"
    terms = f"[{{propertySelector: {{matchExpressions: [{demand}]}}}}]"
    required = f"requiredDuringSchedulingIgnoredDuringExecution: {{clusterSelectorTerms: {terms}}}"
    sorter = f"{{name: {name}, sortOrder: Descending}}"
    wish = f"{{weight: 7, preference: {{propertySorter: {sorter}}}}}"
    preferred = f"preferredDuringSchedulingIgnoredDuringExecution: [{wish}]"
    spec = _spec(run_import, _affinity(f"{required}, {preferred}"))
    assert spec["clusterSelectorTerms"] == [
        {
            "propertySelector": {
                "matchExpressions": [{"name": ours, "operator": "Ge", "values": ["4"]}]
            }
        }
    ]
    assert spec["preferences"] == [
        {"weight": 7, "propertySorter": {"sortOrder": "Descending", "name": ours}}
    ]


@pytest.mark.parametrize(
    ("spec", "place", "reason"),
    [
        (
            "{strategy: {type: RollingUpdate, rollingUpdate: {maxSurge: 50%}}}",
            "spec.strategy.rollingUpdate",
            "rollout",
        ),
        ("{strategy: {type: External}}", "spec.strategy.type", "rollout"),
        (
            (
                "{resourceSelectors: [{version: v1, kind: Namespace, "
                "labelSelector: {matchLabels: {a: b}}}]}"
            ),
            "spec.resourceSelectors[0].labelSelector",
            "unnamed-namespaces",
        ),
        (
            _affinity(
                "requiredDuringSchedulingIgnoredDuringExecution: {clusterSelectorTerms: "
                "[{propertySelector: {matchExpressions: [{operator: Ge, values: ['4'], "
                "name: resources.kubernetes-fleet.io/total-cpu}]}}]}"
            ),
            "clusterSelectorTerms[0].propertySelector.matchExpressions[0].name",
            "unknown-property",
        ),
    ],
)
def test_what_an_intent_cannot_say_is_refused_by_name(
    run_import: Callable[..., Any], spec: str, place: str, reason: str
) -> None:
    ran = run_import(f"{HEAD}spec: {spec}")
    assert (ran.code, ran.out) == (1, "")
    assert f"{place}: " in ran.err
    assert f"({reason})" in ran.err


def test_what_the_schema_does_not_allow_is_refused(run_import: Callable[..., Any]) -> None:
    ran = run_import(f"{HEAD}spec: {{policy: {{placementType: PickN}}}}")
    assert (ran.code, ran.out) == (1, "")
    assert "spec.numberOfClusters: must be given with `placementType: PickN`" in ran.err
    assert "(invalid)" in ran.err
