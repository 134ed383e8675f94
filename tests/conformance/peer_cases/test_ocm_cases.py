"""Open Cluster Management's scheduler: predicates, taints, CEL, and scores of resources."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from peer_rig import decided, eligible, fleet, imported, profiles

from krmfn.placement_resolver.matching import interpolate
from krmfn.sdk import quantity

PEER = "ocm"
_GROUP = "cluster.open-cluster-management.io"
_LABEL = f"{_GROUP}/placement"
Input = Mapping[str, Any]


def test_ours_is_ocms_answer(case: Input, agree: Callable[[Input], None]) -> None:
    agree(case)


def _managed(body: Input) -> dict[str, Any]:
    metadata = {"name": "cluster1"} | (body.get("metadata") or {})
    return {"apiVersion": f"{_GROUP}/v1", "kind": "ManagedCluster", **body, "metadata": metadata}


def _placement(spec: Input) -> dict[str, Any]:
    metadata = {"name": "test", "namespace": "test"}
    return {
        "apiVersion": f"{_GROUP}/v1beta1",
        "kind": "Placement",
        "metadata": metadata,
        "spec": spec,
    }


def _of_all(placement: Input) -> Any:
    """Import a placement whose candidates are all clusters."""
    binding = {
        "apiVersion": f"{_GROUP}/v1beta2",
        "kind": "ManagedClusterSetBinding",
        "metadata": {"name": "global", "namespace": placement["metadata"]["namespace"]},
    }
    return imported(placement, binding)


def _held(decisions: Any, placement: Input, *, by_others: bool = False) -> list[str]:
    return [
        each["clusterName"]
        for body in decisions or ()
        if body.get("kind") == "PlacementDecision"
        and (_owner(body) == placement["metadata"]["name"]) is not by_others
        for each in (body.get("status") or {}).get("decisions") or ()
    ]


def _owner(decision: Input) -> str:
    return (decision["metadata"].get("labels") or {}).get(_LABEL, "")


def _filtered(given: Input, expect: Input) -> tuple[Any, Any]:
    clusters = fleet(*map(_managed, given["clusters"]), *given.get("existingAddOnScores", ()))
    previous = _held(given.get("initObjs"), given["placement"])
    names = eligible(_of_all(given["placement"]), clusters, previous=previous)
    return names, sorted(expect.get("expectedClusterNames") or ())


def _refused(expect: Input) -> bool:
    return any(value and "err" in key.lower() for key, value in expect.items())


def _selected(selector: Input, cluster: Input) -> bool:
    predicates = [{"requiredClusterSelector": selector}]
    intent = _of_all(_placement({"predicates": predicates}))
    return bool(eligible(intent, fleet(_managed(cluster))))


def _matched(given: Input, expect: Input) -> tuple[Any, Any]:
    selector = given.get("clusterselector") or {}
    return _selected(selector, given["cluster"]), expect.get("expectedMatch", False)


def _evaluated(given: Input, expect: Input) -> tuple[Any, Any]:
    """Evaluate CEL; what cannot be evaluated matches nothing."""
    selector = {"celSelector": {"celExpressions": given.get("expressions") or []}}
    try:
        mine = _selected(selector, given["cluster"])
    except NotImplementedError:
        if not _refused(expect):
            raise
        mine = False
    return mine, expect.get("expectedMatch", False)


def _rated(given: Input, expect: Input) -> tuple[Any, Any]:
    """Compare how far clusters lie apart: OCM's scale goes from -100 to 100, ours from 0."""
    name = {"cpu": "ResourceAllocatableCPU", "memory": "ResourceAllocatableMemory"}
    coordinate = {"scoreCoordinate": {"builtIn": name[given["resource"]]}, "weight": 10}
    policy = {"mode": "Exact", "configurations": [coordinate]}
    preference, *_ = _of_all(_placement({"prioritizerPolicy": policy})).spec.preferences
    sorter, theirs = preference.property_sorter, expect["expectedScores"]
    amounts = {
        each.name: quantity.as_float(each.properties[sorter.name].value)
        for each in fleet(*map(_managed, given["clusters"]))
        if sorter.name in each.properties
    }
    low, high = min(amounts.values()), max(amounts.values())
    mine = {
        name: round(2 * interpolate(amount, low, high, sorter.sort_order, preference.weight))
        for name, amount in amounts.items()
    }
    least = min(theirs.values())
    return mine, pytest.approx({name: score - least for name, score in theirs.items()}, abs=1)


def _scheduled(given: Input, expect: Input) -> tuple[Any, Any]:
    """Compare which clusters pass, which are chosen, and whether that is enough."""
    placement, objects = given["placement"], given.get("initObjs") or []
    clusters = [_managed(each) for each in given["clusters"]]
    previous = _held(objects, placement)
    intent = _of_all(placement)
    passed = eligible(intent, fleet(*clusters), previous=previous)
    number = intent.spec.number_of_clusters
    if number is not None and number < len(passed):
        if _held(objects, placement, by_others=True):
            raise NotImplementedError("Balance counts decisions; ours balances load")
        if intent.spec.preferences and previous:
            raise NotImplementedError("what stands is kept by the solver, not by a score")
        if not intent.spec.preferences and len({*previous} & {*passed}) < number:
            raise NotImplementedError("equal clusters go by name; ours by a hash of both names")
    chosen, is_enough = decided(intent, profiles(*clusters), previous)
    filtered = (expect.get("expectedFilterResult") or [{}])[-1]
    theirs = [
        sorted(filtered.get("filteredClusters") or ()),
        sorted(each["metadata"]["name"] for each in expect.get("expectedDecisions") or ()),
        not expect.get("expectedUnScheduled"),
    ]
    return [passed, chosen, is_enough], theirs


ANSWERS = {
    "predicate/TestMatchWithClusterPredicates": _filtered,
    "tainttoleration/TestMatchWithClusterTaintToleration": _filtered,
    "helpers/TestMatches": _matched,
    "helpers/TestCELSelector": _evaluated,
    "resource/TestScoreClusterWithResource": _rated,
    "scheduling/TestSchedule": _scheduled,
}
NOT_COVERED = {
    "balance/TestScoreClusterWithSteady": "Balance counts decisions; ours balances load",
    "steady/TestScoreClusterWithSteady": "what stands is kept by the solver, not by a score",
}
