"""Why an item did not get its picks: what was in the way on each option it did not take."""

from collections.abc import Iterator, Sequence

from krmfn.placement_resolver.solving.layout import Layout, skew_after
from krmfn.placement_resolver.solving.packing import Packer
from krmfn.placement_resolver.solving.problem import (
    Blocker,
    Cause,
    Pod,
    Problem,
    Unplaced,
)
from krmfn.placement_resolver.solving.units import Choice, Unit


def unplaced(
    problem: Problem, units: Sequence[Unit], layout: Layout, chosen: Sequence[Sequence[int]]
) -> Iterator[Unplaced]:
    """Yield the items that miss picks, in the order of the problem."""
    unit_of = {index: unit for unit in units for index in unit.members}
    for index in range(len(problem.items)):
        unit = unit_of[index]
        wanted = min(problem.items[member].picks for member in unit.members)
        missing = wanted - len(chosen[index])
        if missing > 0:
            yield Unplaced(index, missing, tuple(_blockers(layout, unit)))


def _blockers(layout: Layout, unit: Unit) -> Iterator[Blocker]:
    here = layout.of(unit)
    for choice in unit.choices:
        if choice.cluster in here:
            continue
        blocker = _blocker(layout, unit, choice)
        if blocker:
            yield blocker


def _blocker(layout: Layout, unit: Unit, choice: Choice) -> Blocker | None:
    cluster = choice.cluster
    for key in sorted(unit.apart):
        if (key, cluster) in layout.taken:
            return Blocker(cluster, Cause.ANTI_AFFINITY, key=key)
    packer = layout.packer(cluster)
    alone = packer.pack(choice.pods).room is None
    if alone or layout.room_with(choice) is None:
        return _room_blocker(packer, choice, () if alone else layout.pods(cluster), alone=alone)
    for spread in unit.spreads:
        if spread.hard and skew_after(spread, unit, layout.of(unit), choice) > spread.max_skew:
            return Blocker(cluster, Cause.SPREAD)
    return None


def _room_blocker(packer: Packer, choice: Choice, there: Sequence[Pod], *, alone: bool) -> Blocker:
    """Name the resource that is shortest for a choice beside what is there."""
    asked = {axis for pod in choice.pods for axis, _ in pod.requests}
    short = [
        (shortage / max(packer.capacity(groups, axis), 1), axis, groups)
        for groups, axis, shortage in packer.overfull([*choice.pods, *there])
        if axis in asked
    ]
    if short:
        _, axis, groups = max(short, key=lambda entry: entry[:2])
        return Blocker(choice.cluster, Cause.CAPACITY, axis, groups, alone)
    shares = [
        (amount / max([1, *(packer.groups[g].free[axis] for g in packer.allowed(pod))]), axis, pod)
        for pod in choice.pods
        for axis, amount in pod.requests
    ]
    if not shares:
        return Blocker(choice.cluster, Cause.FRAGMENTATION, alone=alone)
    _, axis, pod = max(shares, key=lambda entry: entry[:2])
    return Blocker(choice.cluster, Cause.FRAGMENTATION, axis, packer.allowed(pod), alone)
