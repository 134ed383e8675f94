"""KubeAdmiral's scheduler: selectors, the best clusters, and division where it is proportional."""

import json
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

from peer_rig import best, eligible

from krmfn.placement_resolver.amounts import all_offered, asked
from krmfn.placement_resolver.division import divide, most_replicas
from krmfn.placement_resolver.fleet import Cluster
from krmfn.placement_resolver.intents import PlacementIntent
from krmfn.placement_resolver.intents.intent import ReplicaScheduling

PEER = "kubeadmiral"
Input = Mapping[str, Any]
_LIMITS = "clusters have a least and a greatest number of replicas; ours do not"
_BY_HASH = "shares are rounded up one by one, in the order of weights and of a hash"
_OVERFLOW = "what does not fit is planned as overflow; ours is refused"


def test_ours_is_kubeadmirals_answer(case: Input, agree: Callable[[Input], None]) -> None:
    agree(case)


def _plan(expect: Input) -> Input:
    """Give the plan; of several, the first is the one that does not avoid disruption."""
    return expect.get("result") or expect["results"][0]


def _preferences(given: Input) -> dict[str, Input]:
    """Give the preferences of the clusters that have some, or that all have."""
    said = given.get("rsp") or {}
    return {
        name: said.get(name, said.get("*"))
        for name in given["clusters"]
        if name in said or "*" in said
    }


def _planned(given: Input, expect: Input) -> tuple[Any, Any]:
    """Divide by weights, up to what is known to fit."""
    said, replicas = _preferences(given), given["replicas"]
    if any(each.get(limit) for each in said.values() for limit in ("minReplicas", "maxReplicas")):
        raise NotImplementedError(_LIMITS)
    weights = {name: each.get("weight", 0) for name, each in said.items()}
    known = {**(given.get("capacity") or {}), **(given.get("limitedCapacity") or {})}
    room = {name: known.get(name, replicas) for name in weights}
    if sum(room.values()) < replicas or _plan(expect).get("overflow"):
        raise NotImplementedError(_OVERFLOW)
    if not _is_whole(replicas, weights, room):
        raise NotImplementedError(_BY_HASH)
    scheduling = ReplicaScheduling(replica_scheduling_type="Divided")
    shares = divide(replicas, scheduling, weights=weights, available=room)
    return _some(shares), _some(_plan(expect)["plan"])


def _is_whole(replicas: int, weights: Mapping[str, int], room: Mapping[str, int]) -> bool:
    """Say whether shares are whole numbers, also where full clusters leave more for others."""
    total = sum(weights.values())
    if not total:
        return False
    shares = {name: Fraction(weight * replicas, total) for name, weight in weights.items()}
    if full := {name for name, share in shares.items() if share > room[name]}:
        rest = {name: weight for name, weight in weights.items() if name not in full}
        return _is_whole(replicas - sum(room[name] for name in full), rest, room)
    return all(share.denominator == 1 for share in shares.values())


def _some(shares: Input) -> dict[str, int]:
    return {name: count for name, count in shares.items() if count}


def _packed(given: Input, expect: Input) -> tuple[Any, Any]:
    """Put all into as few clusters as can be."""
    listed = given["preferences"]
    names = [each["clusterName"] for each in listed]
    if any(each.get("clusterPreferences") for each in listed):
        raise NotImplementedError(_LIMITS)
    if given.get("estimatedCapacity") or names != sorted(names):
        raise NotImplementedError("clusters are filled in the order of preference")
    replicas = given["totalReplicas"]
    scheduling = ReplicaScheduling(
        replica_scheduling_type="Divided", replica_division_preference="Aggregated"
    )
    shares = divide(replicas, scheduling, available=dict.fromkeys(names, replicas))
    return _some(shares), _some(expect["desiredPlan"])


def _packed_by_rsp(given: Input, expect: Input) -> tuple[Any, Any]:
    said = _preferences(given)
    if any(said.values()):
        raise NotImplementedError(_LIMITS)
    if given.get("existing") or given.get("capacity") or given.get("limitedCapacity"):
        raise NotImplementedError("clusters are filled in the order of preference")
    listed = [{"clusterName": name, "clusterPreferences": {}} for name in given["clusters"]]
    wanted = {"desiredPlan": _plan(expect)["plan"]}
    return _packed({"preferences": listed, "totalReplicas": given["replicas"]}, wanted)


def _picked(given: Input, expect: Input) -> tuple[Any, Any]:
    most = given["su"].get("maxClusters")
    scores = {
        each["cluster"]["metadata"]["name"]: each.get("score", 0)
        for each in given["clusterScoreList"] or ()
    }
    code = (expect.get("expectedResult") or {}).get("code", "Success")
    if code != "Success" or not scores:
        raise NotImplementedError("a number below 0 is no PlacementIntent")
    if len({*scores.values()}) < len(scores):
        raise NotImplementedError("ties are broken by a hash of another kind")
    mine = best(scores, len(scores) if most is None else most)
    return mine, sorted(expect.get("expectedCluster") or ())


def _term(given: Input, labels: Input) -> dict[str, Any]:
    """Give a term of cluster affinity; the only field there is, is the cluster's name."""
    fields = given.get("matchFields") or []
    names = [each["values"] for each in fields if each["operator"] == "In"]
    others = [each["values"] for each in fields if each["operator"] == "NotIn"]
    if len(names) > 1 or len(names) + len(others) < len(fields):
        raise NotImplementedError("names are demanded by one list, or forbidden")
    return {
        "labelSelector": {
            "matchLabels": labels,
            "matchExpressions": given.get("matchExpressions") or [],
        },
        "clusterNames": names[0] if names else [],
        "celExpressions": [f"!(cluster.name in {json.dumps(each)})" for each in others],
    }


def _selected(given: Input, expect: Input) -> tuple[Any, Any]:
    """Select one cluster; a term that demands nothing selects nothing."""
    unit = given["su"]
    affinity = ((unit.get("affinity") or {}).get("clusterAffinity") or {}).get(
        "requiredDuringSchedulingIgnoredDuringExecution"
    )
    listed = (affinity or {}).get("clusterSelectorTerms") or []
    demanding = [each for each in listed if any(each.values())]
    if affinity is not None and not demanding:
        raise NotImplementedError("no term that demands something: theirs none, ours all clusters")
    terms = [_term(each, unit.get("clusterSelector") or {}) for each in demanding or [{}]]
    intent, problems = PlacementIntent.parse(
        {
            "apiVersion": PlacementIntent.api_version,
            "kind": "PlacementIntent",
            "metadata": {"name": "test"},
            "spec": {"clusterSelectorTerms": terms},
        }
    )
    cluster = Cluster(given.get("clusterName") or "cluster", labels=given.get("labels") or {})
    passes = intent is not None and not problems and bool(eligible(intent, [cluster]))
    return passes, not (expect or {}).get("wantResult")


def _fitted(given: Input, expect: Input) -> tuple[Any, Any]:
    resources = (given["cluster"].get("status") or {}).get("resources") or {}
    requests = given["su"].get("resourceRequest") or {}
    most = most_replicas(
        all_offered(resources.get("available") or {}),
        {name: asked(name, amount) for name, amount in requests.items()},
    )
    code = (expect.get("wantResult") or {}).get("code", "Success")
    return most is None or most > 0, code == "Success"


ANSWERS = {
    "planner/TestWithoutExisting": _planned,
    "planner/TestWithExisting": _planned,
    "planner/TestWithExistingAndCapacity": _planned,
    "preferencebinpack/Test_getDesiredPlan": _packed,
    "preferencebinpack/TestWithoutExisting": _packed_by_rsp,
    "preferencebinpack/TestWithExisting": _packed_by_rsp,
    "maxcluster/TestMaxClusterSelectClusters": _picked,
    "clusteraffinity/TestClusterAffinity": _selected,
    "clusterresources/TestEnoughRequests": _fitted,
}
_TOTALS = "weights go by sums over the cluster; ours by the replicas that fit its nodes"
NOT_COVERED = {
    "rsp/TestCalcWeightLimit": _TOTALS,
    "rsp/TestAvailableToPercentage": _TOTALS,
}
