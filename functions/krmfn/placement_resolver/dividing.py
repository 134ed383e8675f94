"""Dividing replicas among the chosen clusters, by the room that is really there."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from krmfn.placement_resolver import solving
from krmfn.placement_resolver.assembly import Assembly
from krmfn.placement_resolver.demand import Workload
from krmfn.placement_resolver.division import ReplicasDoNotFitError, divide
from krmfn.placement_resolver.options import Candidacy
from krmfn.placement_resolver.solving.packing import Packer
from krmfn.placement_resolver.terms import mask_of_term
from krmfn.sdk import Result
from krmfn.sdk.result import graded


@dataclass
class Division:
    """How many pods of each kind every cluster gets, where they are divided.

    Attributes:
        short: what had no room, by workload.
    """

    shares: dict[tuple[str, str], dict[int, int]] = field(default_factory=dict)
    problems: list[Result] = field(default_factory=list)
    short: dict[str, str] = field(default_factory=dict)

    def of(self, workload: Workload, cluster: str) -> dict[int, int]:
        """Give the pods of a workload on a cluster by the number of their kind."""
        return self.shares.get((workload.key, cluster), {})


def is_divided(workload: Workload) -> bool:
    """Say whether a workload's replicas are divided among its clusters."""
    scheduling = workload.intent.spec.replica_scheduling
    return scheduling.replica_scheduling_type == "Divided"


def share_of(each: Candidacy, replicas: int) -> int:
    """Give the replicas for which a cluster is reserved while it is not known who gets how many."""
    scheduling = each.workload.intent.spec.replica_scheduling
    if each.wanted is None or scheduling.replica_division_preference == "Aggregated":
        return min(replicas, 1)
    return -(-replicas // max(each.wanted, 1))


def divided(solved: Assembly) -> Division:
    """Divide the replicas of all workloads that want it, in the order of their priority."""
    division = Division()
    running: dict[int, dict[int, tuple[solving.Pod, ...]]] = {}
    for position, numbers in enumerate(solved.solution.chosen):
        options = {one.cluster: one for one in solved.problem.items[position].options}
        for number in numbers:
            running.setdefault(number, {})[position] = options[number].pods
    order = sorted(
        range(len(solved.layout.candidacies)),
        key=lambda position: (-solved.problem.items[position].priority, position),
    )
    for position in order:
        each = solved.layout.candidacies[position]
        if is_divided(each.workload) and not each.ask.held:
            for kind in range(len(each.workload.pods)):
                division.problems += _divide(solved, position, kind, running, division)
    return division


def _divide(
    solved: Assembly,
    position: int,
    kind: int,
    running: dict[int, dict[int, tuple[solving.Pod, ...]]],
    division: Division,
) -> Iterator[Result]:
    """Divide the pods of one kind, and let `running` have them."""
    each = solved.layout.candidacies[position]
    numbers = solved.solution.chosen[position]
    replicas = each.workload.pods[kind].replicas
    for number in numbers:
        running[number][position] = _with(running[number][position], kind, 0)
    held = solved.standing.get(each.workload.key, {})
    counted = {
        name: held[name].replicas or 0
        for name in map(solved.names.__getitem__, numbers)
        if name in held and each.ask.is_counted(solved.cluster(name))
    }
    room = {
        name: counted.get(name, 0) + _room(solved, number, position, kind, running[number])
        for number in numbers
        for name in [solved.names[number]]
    }
    scheduling = each.workload.intent.spec.replica_scheduling
    weights = _weights(each, list(room))
    previous = {
        name: held[name].replicas or 0
        for name in room
        if name in held and len(each.workload.pods) == 1 and held[name].replicas is not None
    }
    free = {name: max(0, most - previous.get(name, 0)) for name, most in room.items()}
    previous = {name: min(count, room[name]) for name, count in previous.items()}
    try:
        shares = divide(replicas, scheduling, weights=weights, available=free, previous=previous)
    except ReplicasDoNotFitError as problem:
        shares = {}
        division.short[each.workload.key] = f"{problem} of {each.workload.pods[kind].name}"
        if room:
            yield graded(
                f"{problem} of {each.workload.pods[kind].name}",
                code="unplaced",
                fails=solved.policy.when_unplaced == "Fail",
                at=each.workload.intent,
                field="spec.replicaScheduling",
            )
            fitting = replicas - (problem.wanted - problem.room)
            shares = divide(fitting, scheduling, weights=weights, available=free, previous=previous)
    for number in numbers:
        count = shares.get(solved.names[number], 0)
        key = (each.workload.key, solved.names[number])
        division.shares.setdefault(key, {})[kind] = count
        added = max(0, count - counted.get(solved.names[number], 0))
        running[number][position] = _with(running[number][position], kind, added)


def _with(pods: Sequence[solving.Pod], kind: int, replicas: int) -> tuple[solving.Pod, ...]:
    from dataclasses import replace

    return tuple(
        replace(pod, replicas=replicas) if number == kind else pod
        for number, pod in enumerate(pods)
    )


def _room(
    solved: Assembly,
    number: int,
    position: int,
    kind: int,
    running: Mapping[int, tuple[solving.Pod, ...]],
) -> int:
    """Give how many pods of a kind fit on a cluster beside all that runs there."""
    packer = Packer(solved.problem.clusters[number].groups)
    others = [pod for pods in running.values() for pod in pods]
    pod = running[position][kind]
    low, high = 0, packer.slots(pod)
    while low < high:
        middle = (low + high + 1) // 2
        tried = [*others, *_with((pod,), 0, middle)]
        if packer.pack(tried).room is not None:
            low = middle
        else:
            high = middle - 1
    return low


def _weights(each: Candidacy, names: Sequence[str]) -> dict[str, int]:
    """Give the static weights of clusters: the greatest of those that mean them."""
    entries = each.workload.intent.spec.replica_scheduling.weight_preference.static_weight_list
    view, judges = each.ask.view, each.ask.judges
    masks = [
        (mask_of_term(entry.target_clusters, view, judges, each.workload), entry.weight)
        for entry in entries
    ]
    return {
        name: max((weight for mask, weight in masks if mask >> view.index[name] & 1), default=0)
        for name in names
    }
