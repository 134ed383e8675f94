"""Does it fit? Pods on the nodes and NUMA zones of one cluster, exactly.

First-fit-decreasing over nodes that are kept as counted equivalence classes; where it fails, sums
and slots prove that nothing can fit, or a complete search over the distinct states decides within
a counted number of steps (vector bin packing is NP-hard).

An aligned pod on a strict node takes from one zone; other pods take from the node as a whole, so
the model allows any division of them over the zones.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from krmfn.placement_resolver.solving.problem import (
    UNZONED,
    Amounts,
    GroupBins,
    Node,
    Nodes,
    Pod,
    Room,
)

STEPS = 1_000
_MOST_COPIES = 64
_ENDLESS = 2**40


@dataclass(frozen=True, slots=True)
class Packing:
    """A verdict: the room that is left, or None; `proven` says whether None is certain."""

    room: Room | None
    proven: bool = True


class Packer:
    """Packs pods on the nodes of one cluster."""

    __slots__ = ("every", "groups", "order", "room")

    def __init__(self, groups: tuple[GroupBins, ...]) -> None:
        self.groups = groups
        self.every = frozenset(range(len(groups)))
        # Plain nodes first, so that a pod does not take a node whose devices another one needs.
        self.order = sorted(self.every, key=lambda g: (sum(map(bool, groups[g].free)), g))
        self.room: Room = tuple(
            (((bins.free, tuple(sorted(bins.zones))), bins.count),) if bins.count else ()
            for bins in groups
        )

    def allowed(self, pod: Pod) -> frozenset[int]:
        """Give the groups that may take a pod."""
        return self.every if pod.groups is None else pod.groups & self.every

    def put(self, room: Room, pods: Iterable[Pod]) -> Room | None:
        """Give what is left after adding pods first-fit, None when that fails."""
        groups = list(room)
        for pod in pods:
            left = pod.replicas
            for g in self.order:
                if left and (pod.groups is None or g in pod.groups):
                    groups[g], left = _fill(groups[g], pod, left, self._in_zones(pod, g))
            if left:
                return None
        return tuple(groups)

    def pack(self, pods: Sequence[Pod], steps: int = STEPS) -> Packing:
        """Pack pods on empty nodes: first-fit-decreasing, then proof, then search."""
        ordered = sorted((pod for pod in pods if pod.replicas), key=self._decreasing)
        room = self.put(self.room, ordered)
        if room is not None:
            return Packing(room)
        if not steps:
            return Packing(None, proven=False)
        if any(self.overfull(pods)) or self.slotless(pods):
            return Packing(None)
        return _Search(self, ordered, steps).run()

    def lacks(self, room: Room, pods: Iterable[Pod]) -> bool:
        """Say whether a cluster's room is too small in sum, however its pods were packed."""
        needed: dict[int, int] = {}
        for pod in pods:
            for axis, amount in pod.requests:
                needed[axis] = needed.get(axis, 0) + amount * pod.replicas
        return any(
            sum(count * max(node[0][axis], 0) for nodes in room for node, count in nodes) < amount
            for axis, amount in needed.items()
        )

    def slots(self, pod: Pod) -> int:
        """Give how many copies of a pod the empty cluster can take."""
        endless = replace(pod, replicas=_ENDLESS)
        return sum(
            count * _copies(node, endless, self._in_zones(pod, g))
            for g in self.allowed(pod)
            for node, count in self.room[g]
        )

    def capacity(self, groups: Iterable[int], axis: int) -> int:
        """Give what groups can take of a resource in sum."""
        return sum(self.groups[g].count * max(self.groups[g].free[axis], 0) for g in groups)

    def overfull(self, pods: Sequence[Pod]) -> Iterator[tuple[frozenset[int], int, int]]:
        """Yield sets of groups whose sum is too small: the set, the axis, the shortage."""
        for groups in self.group_sets(pods):
            for axis, amount in demand(pods, groups, self.every).items():
                shortage = amount - self.capacity(groups, axis)
                if shortage > 0:
                    yield groups, axis, shortage

    def slotless(self, pods: Sequence[Pod]) -> Pod | None:
        """Give a pod for which it and all that need as much or more have too few slots."""
        for pod in dict.fromkeys(pods):
            wanted = sum(each.replicas for each in pods if self.dominates(each, pod))
            if wanted > self.slots(pod):
                return pod
        return None

    def dominates(self, large: Pod, small: Pod) -> bool:
        """Say whether a pod could always stand in for another, which needs no more."""
        if large is small:
            return True
        needs = dict(large.requests)
        return (
            all(needs.get(axis, 0) >= amount for axis, amount in small.requests)
            and self.allowed(large) <= self.allowed(small)
            and (large.aligned or not small.aligned)
        )

    def group_sets(self, pods: Iterable[Pod]) -> list[frozenset[int]]:
        """Give the distinct sets of groups that pods may use, and their union."""
        sets = {self.allowed(pod) for pod in pods if pod.replicas}
        sets.add(frozenset().union(*sets))
        return sorted(sets, key=lambda groups: (len(groups), sorted(groups)))

    def _in_zones(self, pod: Pod, group: int) -> bool:
        return pod.aligned and self.groups[group].strict and bool(self.groups[group].zones)

    def _decreasing(self, pod: Pod) -> tuple[object, ...]:
        """Order pods: those with the fewest groups first, then the largest share of a node."""
        allowed = self.allowed(pod)
        share = 0.0
        for axis, amount in pod.requests:
            most = max((self.groups[g].free[axis] for g in allowed), default=0)
            share = max(share, amount / max(most, 1))
        return len(allowed), not pod.aligned, -share, pod.requests, sorted(allowed)


def demand(pods: Iterable[Pod], groups: frozenset[int], every: frozenset[int]) -> dict[int, int]:
    """Give per axis what those pods need that can use no group outside of `groups`."""
    needed: dict[int, int] = {}
    for pod in pods:
        if (every if pod.groups is None else pod.groups & every) <= groups:
            for axis, amount in pod.requests:
                needed[axis] = needed.get(axis, 0) + amount * pod.replicas
    return needed


def _fill(nodes: Nodes, pod: Pod, left: int, in_zones: bool) -> tuple[Nodes, int]:
    """Put up to `left` copies on nodes, first-fit; give the new states and what is left over."""
    states: dict[Node, int] = {}
    for node, count in nodes:
        copies = _copies(node, pod, in_zones) if left else 0
        whole = min(count, left // copies) if copies else 0
        rest = min(copies, left - whole * copies) if whole < count else 0
        for taken, number in ((copies, whole), (rest, int(rest > 0))):
            if number:
                state = _take(node, pod, taken, in_zones)
                states[state] = states.get(state, 0) + number
        left -= whole * copies + rest
        untouched = count - whole - (rest > 0)
        if untouched:
            states[node] = states.get(node, 0) + untouched
    return tuple(states.items()), left


def _copies(node: Node, pod: Pod, in_zones: bool) -> int:
    """Give how many copies of a pod one node can take."""
    free, zones = node
    most = pod.replicas
    for axis, amount in pod.requests:
        most = min(most, free[axis] // amount)
    if in_zones and most > 0:
        most = min(most, sum(_copies_in_zone(zone, pod) for zone in zones))
    return max(most, 0)


def _copies_in_zone(zone: Amounts, pod: Pod) -> int:
    most = pod.replicas
    for axis, amount in pod.requests:
        if zone[axis] != UNZONED:
            most = min(most, zone[axis] // amount)
    return most


def _take(node: Node, pod: Pod, copies: int, in_zones: bool) -> Node:
    """Give a node after so many copies; the fullest zones are filled first."""
    free, zones = node
    if in_zones:
        filled, left = [], copies
        for zone in zones:
            here = min(left, _copies_in_zone(zone, pod))
            filled.append(_less(zone, pod, here))
            left -= here
        zones = tuple(sorted(filled))
    return _less(free, pod, copies), zones


def _less(free: Amounts, pod: Pod, copies: int) -> Amounts:
    amounts = list(free)
    for axis, amount in pod.requests:
        if amounts[axis] != UNZONED:
            amounts[axis] -= amount * copies
    return tuple(amounts)


class _Search:
    """A complete search: copy by copy, over the distinct states of nodes and zones."""

    def __init__(self, packer: Packer, pods: Sequence[Pod], steps: int) -> None:
        self.packer = packer
        self.steps = steps
        self.copies = [
            replace(pod, replicas=1) for pod in pods for _ in range(min(pod.replicas, 1 + steps))
        ]
        self.failed: set[tuple[int, Room]] = set()

    def run(self) -> Packing:
        """Give the verdict; not proven when the steps ran out."""
        if len(self.copies) > _MOST_COPIES:
            return Packing(None, proven=False)
        room = self._from(0, self.packer.room)
        return Packing(room, proven=room is not None or self.steps > 0)

    def _from(self, index: int, room: Room) -> Room | None:
        if index == len(self.copies):
            return room
        if self.steps <= 0 or (index, room) in self.failed:
            return None
        self.steps -= 1
        for after in self._ways(room, self.copies[index]):
            found = self._from(index + 1, after)
            if found is not None:
                return found
        self.failed.add((index, room))
        return None

    def _ways(self, room: Room, pod: Pod) -> Iterator[Room]:
        """Yield the rooms after one copy, one for each state of a node and zone it can take."""
        for g in sorted(self.packer.allowed(pod)):
            in_zones = self.packer._in_zones(pod, g)  # noqa: SLF001
            states = dict(room[g])
            for node, count in states.items():
                for after in _after_one(node, pod, in_zones):
                    left = states | {node: count - 1}
                    left[after] = left.get(after, 0) + 1
                    nodes = tuple(sorted((state, n) for state, n in left.items() if n))
                    yield (*room[:g], nodes, *room[g + 1 :])


def _after_one(node: Node, pod: Pod, in_zones: bool) -> Iterator[Node]:
    """Yield the distinct states of a node after one copy of a pod."""
    free, zones = node
    if not _copies((free, ()), pod, in_zones=False):
        return
    if not in_zones:
        yield _less(free, pod, 1), zones
        return
    for zone in dict.fromkeys(zones):
        if _copies_in_zone(zone, pod):
            others = list(zones)
            others.remove(zone)
            yield _less(free, pod, 1), tuple(sorted((*others, _less(zone, pod, 1))))
