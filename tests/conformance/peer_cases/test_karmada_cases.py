"""Karmada's scheduler: division of replicas, affinity, spread, and estimates of room."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from peer_rig import best, eligible, fleet, imported

from krmfn.placement_resolver.amounts import asked, offered
from krmfn.placement_resolver.division import (
    ReplicasDoNotFitError,
    divide,
    most_replicas,
    webster,
)
from krmfn.placement_resolver.solving.packing import Packer
from krmfn.placement_resolver.solving.problem import GroupBins, Pod

PEER = "karmada"
Input = Mapping[str, Any]
_ERROR = "error"


def test_ours_is_karmadas_answer(case: Input, agree: Callable[[Input], None]) -> None:
    agree(case)


def _policy(placement: Input) -> Any:
    return imported(
        {
            "apiVersion": "policy.karmada.io/v1alpha1",
            "kind": "ClusterPropagationPolicy",
            "metadata": {"name": "test"},
            "spec": {"placement": placement},
        }
    )


def _cluster(body: Input) -> dict[str, Any]:
    metadata = {"name": "cluster"} | (body.get("metadata") or {})
    spec = {"apiVersion": "cluster.karmada.io/v1alpha1", "kind": "Cluster", **body}
    return spec | {"metadata": metadata}


def _counts(listed: Any) -> dict[str, int]:
    """Give replicas by cluster; a cluster without any is as good as one that is not there."""
    return {each["name"]: each["replicas"] for each in listed or () if each.get("replicas")}


def _wanted(expect: Input, field: str = "want") -> Any:
    return _ERROR if expect.get("wantErr") else _counts(expect.get(field))


def _divided(replicas: int, scheduling: Any, **given: Any) -> Any:
    try:
        shares = divide(replicas, scheduling, **given)
    except ReplicasDoNotFitError:
        return _ERROR
    return {name: count for name, count in shares.items() if count}


def _scheduling(strategy: str) -> Any:
    """Give the replica scheduling that Karmada calls by a name."""
    replicas: dict[str, Any] = {"replicaSchedulingType": "Divided"}
    match strategy:
        case "Duplicated":
            replicas = {}
        case "Aggregated":
            replicas["replicaDivisionPreference"] = strategy
        case "DynamicWeight":
            replicas["replicaDivisionPreference"] = "Weighted"
            replicas["weightPreference"] = {"dynamicWeight": "AvailableReplicas"}
        case _:
            replicas["replicaDivisionPreference"] = "Weighted"
    return _policy({"replicaScheduling": replicas}).spec.replica_scheduling


def _static(candidates: Sequence[Input], scheduling: Input, replicas: int) -> Any:
    """Divide by static weights: of the entries that mean a cluster, the greatest weight counts."""
    intent = _policy({"replicaScheduling": scheduling})
    entries = intent.spec.replica_scheduling.weight_preference.static_weight_list
    clusters = fleet(*(_cluster(each["cluster"]) for each in candidates))
    means = {
        position: eligible(
            _policy({}).model_copy(
                update={
                    "spec": intent.spec.model_copy(
                        update={"cluster_selector_terms": (entry.target_clusters,)}
                    )
                }
            ),
            clusters,
        )
        for position, entry in enumerate(entries)
    }
    weights = {
        each.name: max(
            (entry.weight for at, entry in enumerate(entries) if each.name in means[at]), default=0
        )
        for each in clusters
    }
    return _divided(replicas, intent.spec.replica_scheduling, weights=weights)


def _by_static_weight(given: Input, expect: Input) -> tuple[Any, Any]:
    scheduling = {"replicaSchedulingType": "Divided", "replicaDivisionPreference": "Weighted"}
    scheduling |= {"weightPreference": given.get("weightPreference") or {}}
    return _static(given["clusters"], scheduling, given["replicas"]), _wanted(expect)


def _distributed(given: Input, expect: Input) -> tuple[Any, Any]:
    scheduling = given["object"]["placement"]["replicaScheduling"]
    mine = _static(given["clusters"], scheduling, given["object"]["replicas"])
    return mine, _wanted(expect, "result")


def _scaled(given: Input, expect: Input) -> tuple[Any, Any]:
    """Divide by room, with what runs already; afresh where a person has asked for it."""
    wanted = given["object"]
    scheduling = _policy(wanted["placement"]).spec.replica_scheduling
    room = {each["name"]: each["allocatableReplicas"] for each in given["candidates"]}
    previous = _counts(wanted.get("clusters"))
    if wanted.get("rescheduleTriggeredAt"):
        room = {name: free + previous.get(name, 0) for name, free in room.items()}
        previous = {}
    mine = _divided(wanted["replicas"], scheduling, available=room, previous=previous)
    return mine, _wanted(expect)


def _divided_by_room(given: Input, expect: Input) -> tuple[Any, Any]:
    state = given["state"]
    listed = [each["replicas"] for each in state["availableClusters"]]
    if state["strategyType"] == "Aggregated" and listed != sorted(listed, reverse=True):
        raise NotImplementedError("clusters come in another order than by room")
    previous = _counts(state.get("scheduledClusters"))
    room = {each["name"]: each["replicas"] for each in state["availableClusters"]}
    mine = _divided(
        state["targetReplicas"] + sum(previous.values()),
        _scheduling(state["strategyType"]),
        available=room | {name: room.get(name, 0) for name in previous},
        previous=previous,
    )
    return mine, _wanted(expect)


def _seats(given: Input, expect: Input) -> tuple[Any, Any]:
    if given.get("tieBreaker"):
        raise NotImplementedError("ties are broken by a callback")
    initial = given.get("initialAssignments") or {}
    mine = webster(given["newSeats"], given.get("partyVotes") or {}, held=initial)
    theirs = {each["name"]: each.get("seats", 0) for each in expect.get("expected") or ()}
    return mine, theirs


def _dispensed(given: Input, expect: Input) -> tuple[Any, Any]:
    if given.keys() - {"newReplicas", "uuid", "weightList", "initial", "desired"}:
        raise NotImplementedError("its input has another form")
    if given.get("uuid"):
        raise NotImplementedError("ties are broken by a UID, which a package does not have")
    votes = {each["clusterName"]: each["weight"] for each in given.get("weightList") or ()}
    mine = webster(given["newReplicas"], votes, held=_counts(given.get("initial")))
    theirs = given.get("desired") or expect.get("desired")
    return {name: count for name, count in mine.items() if count}, _counts(theirs)


def _passes(given: Input, expect: Input) -> tuple[Any, Any]:
    """Filter one cluster, by the affinity group whose turn it is."""
    binding, status = given["bindingSpec"], given.get("bindingStatus") or {}
    intent = _policy(binding.get("placement") or {})
    held = [each["name"] for each in binding.get("clusters") or ()]
    effects = {each["effect"] for each in (given["cluster"].get("spec") or {}).get("taints") or ()}
    if held and "NoExecute" in effects:
        raise NotImplementedError("what stands is driven away apart from the filter")
    group = status.get("schedulerObservedAffinityName", "")
    names = eligible(intent, fleet(_cluster(given["cluster"])), previous=held, group=group)
    return bool(names), expect.get("expectedCode") == "Success"


def _picked(given: Input, expect: Input) -> tuple[Any, Any]:
    """Pick clusters by score, where there is room enough on those of the best scores."""
    clusters = given["groupClustersInfo"].get("clusters") or []
    spec = _policy(given["placement"]).spec
    if spec.topology_spread_constraints:
        return _spread(given["placement"]["spreadConstraints"], clusters, expect)
    number = spec.number_of_clusters
    ranked = sorted(clusters, key=lambda each: -each["score"])[:number]
    room = sum(each["availableReplicas"] for each in ranked)
    by_room = spec.requirements.resources == "FromPackage"
    if by_room and number is not None and room < given.get("needReplicas", 0):
        raise NotImplementedError("a low score gives way to more room; ours is solved exactly")
    scores = {each["name"]: each["score"] for each in clusters}
    mine = best(scores, len(scores) if number is None else number)
    return mine, sorted(each["name"] for each in expect.get("want") or ())


def _picked_by_region(given: Input, expect: Input) -> tuple[Any, Any]:
    regions = given["groupClustersInfo"]["regions"].values()
    clusters = [each for region in regions for each in region["clusters"]]
    return _spread([*given["spreadConstraintMap"].values()], clusters, expect)


def _spread(constraints: Sequence[Input], clusters: Sequence[Input], expect: Input) -> Any:
    """Pick clusters over regions, where the number of regions is fixed and none gets a second."""
    spec = _policy({"spreadConstraints": constraints}).spec
    (region,) = spec.topology_spread_constraints
    regions = {each["name"]: each["cluster"]["spec"]["region"] for each in clusters}
    number, known = spec.number_of_clusters or len(clusters), len({*regions.values()})
    scores = {each["name"]: each["score"] for each in clusters}
    if region.min_groups <= known:
        if region.min_groups != region.max_groups:
            raise NotImplementedError("as few domains as will do are taken; ours as many as may be")
        if number != region.max_groups and number < len(clusters):
            raise NotImplementedError("further clusters of a domain go by their room")
        if len({*scores.values()}) < len(scores):
            raise NotImplementedError("equal clusters go by name; ours by a hash of both names")
    labels = {name: {region.topology_key: each} for name, each in regions.items()}
    mine = best(scores, number, labels, topologySpreadConstraints=[region])
    least = min(
        (each["minGroups"] for each in constraints if each["spreadByField"] == "cluster"), default=1
    )
    theirs = sorted(each["name"] for each in expect.get("want") or ())
    return mine if len(mine) >= least else _ERROR, _ERROR if expect.get("wantErr") else theirs


def _amounts(listed: Input | None) -> dict[str, int]:
    return {name: offered(name, str(amount)) for name, amount in (listed or {}).items()}


def _estimated(summary: Input, requirements: Input | None) -> int | None:
    used = [_amounts(summary.get(each)) for each in ("allocated", "allocating")]
    free = {
        name: amount - sum(each.get(name, 0) for each in used)
        for name, amount in _amounts(summary.get("allocatable")).items()
    }
    requests = (requirements or {}).get("resourceRequest") or {}
    return most_replicas(free, {name: asked(name, amount) for name, amount in requests.items()})


def _most_by_summary(given: Input, expect: Input) -> tuple[Any, Any]:
    mine = _estimated(given["resourceSummary"], given.get("replicaRequirements"))
    if mine is None:
        raise NotImplementedError("a pod that asks for nothing has no number")
    return mine, expect.get("expected", 0)


def _most(given: Input, expect: Input) -> tuple[Any, Any]:
    summary = (given["cluster"].get("status") or {}).get("resourceSummary") or {}
    pods = _estimated(summary, {"resourceRequest": {"pods": 1}})
    requests = (given.get("replicaRequirements") or {}).get("resourceRequest")
    rest = _graded(given["cluster"], requests or {})
    if rest is None and requests:
        rest = _estimated(summary, {"resourceRequest": requests})
    return min(each for each in (pods, rest) if each is not None), expect.get("expected", 0)


def _graded(body: Input, requests: Input) -> int | None:
    """Count replicas by the nodes of each grade; None where no grade tells of what is asked for."""
    groups = fleet(_cluster(body))[0].groups
    if not requests or not all(requests.keys() <= group.available.keys() for group in groups):
        return None
    each_asks = {name: asked(name, amount) for name, amount in requests.items()}
    counts = [(group.count, most_replicas(group.available, each_asks)) for group in groups]
    return sum(count * (most or 0) for count, most in counts) if groups else None


def _most_by_grades(given: Input, expect: Input) -> tuple[Any, Any]:
    requests = (given.get("replicaRequirements") or {}).get("resourceRequest") or {}
    mine = _graded(given["cluster"], requests)
    if mine is None:
        raise NotImplementedError("what no grade tells of does not fit; it is no error")
    return mine, expect.get("expected", 0)


def _sets(given: Input, expect: Input) -> tuple[Any, Any]:
    """Count the sets of pods that fit the nodes whose grades of free room are known."""
    if expect.get("expectError") or given.get("expectError"):
        raise NotImplementedError("what no grade tells of does not fit; it is no error")
    (cluster,) = fleet(_cluster(given["cluster"]))
    components = given["components"]
    requests = [
        (each.get("replicaRequirements") or {}).get("resourceRequest") or {} for each in components
    ]
    axes = sorted({name for each in requests for name in each})
    packer = Packer(
        tuple(
            GroupBins(group.count, tuple(group.available.get(name, 0) for name in axes))
            for group in cluster.groups
        )
    )
    pods = [
        Pod(
            tuple((axes.index(name), asked(name, amount)) for name, amount in each.items()),
            component.get("replicas", 1),
        )
        for component, each in zip(components, requests, strict=True)
    ]
    most = 0
    while most < given["upperBound"] and packer.pack(_times(pods, most + 1)).room is not None:
        most += 1
    return most, expect.get("expectedSets", 0)


def _times(pods: Sequence[Pod], count: int) -> list[Pod]:
    return [replace(pod, replicas=pod.replicas * count) for pod in pods]


ANSWERS = {
    "core/Test_assignByStaticWeightStrategy": _by_static_weight,
    "core/Test_DistributionOfReplicas": _distributed,
    "core/Test_dynamicScale": _scaled,
    "core/Test_dynamicScaleUp": _scaled,
    "core/Test_dynamicScaleDown": _scaled,
    "core/Test_dynamicDivideReplicas": _divided_by_room,
    "helper/TestAllocateWebsterSeats": _seats,
    "helper/Test_dispenser_AllocateByWeight": _dispensed,
    "clusteraffinity/TestClusterAffinity_Filter": _passes,
    "spreadconstraint/TestSpreadConstraint_Filter": _passes,
    "tainttoleration/TestTaintToleration_Filter": _passes,
    "spreadconstraint/TestSelectBestClusters": _picked,
    "spreadconstraint/Test_selectBestClustersByRegion": _picked_by_region,
    "client/TestGetMaximumReplicasBasedOnClusterSummary": _most_by_summary,
    "client/TestMaxAvailableReplicasGeneral": _most,
    "client/TestGetMaximumReplicasBasedOnResourceModels": _most_by_grades,
    "client/TestGetMaximumSetsBasedOnResourceModels": _sets,
}
NOT_COVERED = {
    "spreadconstraint/TestSelectGroups": "domains are chosen by their sums; ours by their best",
}
