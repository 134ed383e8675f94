"""Who is where while a solution is being made: the room left and the rules among units."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import fsum
from typing import TypeVar

from krmfn.placement_resolver.solving.packing import Packer
from krmfn.placement_resolver.solving.problem import Cluster, Pod, Room, Spread
from krmfn.placement_resolver.solving.units import Choice, Unit

_Key = TypeVar("_Key", int, str)
Picks = dict[str, dict[int, Choice]]
"""Per unit's key its choices, by cluster."""


@dataclass
class Layout:
    """An assignment in the making; what it holds was packed, at any time.

    Attributes:
        clusters: all clusters of the problem.
        rooms: what is left on clusters that somebody took.
        on: the units on each cluster.
        taken: who holds an anti-affinity key on a cluster.
        picks: what each unit has.
        loads: the load on each cluster that is crowded.
    """

    clusters: Sequence[Cluster]
    rooms: dict[int, Room] = field(default_factory=dict)
    on: dict[int, dict[str, Choice]] = field(default_factory=dict)
    taken: dict[tuple[str, int], str] = field(default_factory=dict)
    picks: Picks = field(default_factory=dict)
    packers: dict[int, Packer] = field(default_factory=dict)
    loads: dict[int, float] = field(default_factory=dict)

    def copy(self) -> "Layout":
        """Give a layout that changes on its own; what is inside its dicts never changes."""
        return Layout(
            self.clusters,
            dict(self.rooms),
            dict(self.on),
            dict(self.taken),
            dict(self.picks),
            self.packers,
            dict(self.loads),
        )

    def packer(self, cluster: int) -> Packer:
        """Give what packs pods on a cluster."""
        if cluster not in self.packers:
            self.packers[cluster] = Packer(self.clusters[cluster].groups)
        return self.packers[cluster]

    def of(self, unit: Unit) -> dict[int, Choice]:
        """Give a unit's choices by cluster."""
        return self.picks.get(unit.key, {})

    def others(self, unit: Unit) -> dict[int, float]:
        """Give the load that others have put on the clusters of a unit."""
        if not unit.crowds:
            return {}
        here = self.of(unit)
        return {
            choice.cluster: self._load(choice.cluster, unit.key)
            if choice.cluster in here
            else self.loads[choice.cluster]
            for choice in unit.choices
            if choice.load and choice.cluster in self.loads
        }

    def loads_without(self, units: Iterable[Unit]) -> dict[int, float]:
        """Give the load that all but some units have put on each cluster."""
        keys = {unit.key for unit in units}
        return {
            cluster: fsum(c.load for key, c in self.on[cluster].items() if key not in keys)
            for cluster in self.loads
        }

    def ranked(self, unit: Unit, choices: Sequence[Choice]) -> Sequence[Choice]:
        """Give choices of a unit, what is worth most now first; ties stay as they are."""
        if not unit.crowds:
            return choices
        others = self.others(unit)
        return sorted(choices, key=lambda c: -c.worth(others.get(c.cluster, 0.0)))

    def _load(self, cluster: int, without: str = "") -> float:
        """Sum up what lies on a cluster; the same in whatever order it was added."""
        there = self.on[cluster].items()
        return fsum(choice.load for key, choice in there if key != without)

    def pods(self, cluster: int) -> list[Pod]:
        """Give the pods on a cluster."""
        return [pod for choice in self.on.get(cluster, {}).values() for pod in choice.pods]

    def room_with(self, choice: Choice, without: str = "", steps: int = 0) -> Room | None:
        """Give the room that a choice would leave, None when it does not fit.

        Args:
            choice: what is to be added.
            without: a unit that is taken away first.
            steps: how far to search where first-fit finds nothing.
        """
        packer = self.packer(choice.cluster)
        there = self.on.get(choice.cluster, {})
        if not there:
            room = packer.put(packer.room, choice.pods)
            return room or packer.pack(choice.pods, steps).room
        if not without:
            left = self.rooms[choice.cluster]
            room = packer.put(left, choice.pods)
            if room is not None or packer.lacks(left, choice.pods):
                return room
        others = [pod for key, each in there.items() if key != without for pod in each.pods]
        return packer.pack([*others, *choice.pods], steps).room

    def allowed(self, unit: Unit, choice: Choice, without: str = "") -> bool:
        """Say whether the rules among units and over the unit's own picks let it have a choice."""
        return (
            choice.cluster not in self.of(unit)
            and all(self.taken.get((key, choice.cluster), without) == without for key in unit.apart)
            and not any(
                spread.hard and skew_after(spread, unit, self.of(unit), choice) > spread.max_skew
                for spread in unit.spreads
            )
        )

    def try_add(self, unit: Unit, choice: Choice, steps: int = 0) -> bool:
        """Add a choice if it is allowed and fits, as far as so many steps of search show."""
        if not self.allowed(unit, choice):
            return False
        room = self.room_with(choice, steps=steps)
        if room is None:
            return False
        self.put(unit, choice, room)
        return True

    def put(self, unit: Unit, choice: Choice, room: Room) -> None:
        """Add a choice, given the room that it leaves."""
        self.rooms[choice.cluster] = room
        self.on[choice.cluster] = self.on.get(choice.cluster, {}) | {unit.key: choice}
        self.picks[unit.key] = self.of(unit) | {choice.cluster: choice}
        if choice.load:
            self.loads[choice.cluster] = self._load(choice.cluster)
        for key in unit.apart:
            self.taken[key, choice.cluster] = unit.key

    def remove(self, unit: Unit, cluster: int) -> Choice:
        """Take a unit from a cluster; what stays there is packed anew."""
        choice = self.picks[unit.key][cluster]
        self.picks[unit.key] = _without(self.picks[unit.key], cluster)
        self.on[cluster] = _without(self.on[cluster], unit.key)
        if choice.load:
            self.loads[cluster] = self._load(cluster)
        for key in unit.apart:
            del self.taken[key, cluster]
        packed = self.packer(cluster).pack(self.pods(cluster)).room
        if packed is None:  # first-fit is not monotone: what stays was packed another way
            packed = self.rooms[cluster]
        self.rooms[cluster] = packed
        return choice


def _without(table: dict[_Key, Choice], key: _Key) -> dict[_Key, Choice]:
    return {other: choice for other, choice in table.items() if other != key}


def skew_after(spread: Spread, unit: Unit, picks: Mapping[int, Choice], choice: Choice) -> int:
    """Give by how much a choice's domain would exceed the emptiest one; 0 without a domain."""
    domain = spread.domain_of.get(choice.cluster)
    if domain is None:
        return 0
    counts = _counts(spread, unit, [*picks, choice.cluster])
    return counts[domain] - min(counts.values())


def excess(unit: Unit, clusters: Iterable[int]) -> int:
    """Give by how many picks the soft spreads of a unit are exceeded."""
    picks, total = list(clusters), 0
    for spread in unit.spreads:
        counts = _counts(spread, unit, picks)
        if counts and not spread.hard:
            most = min(counts.values()) + spread.max_skew
            total += sum(max(count - most, 0) for count in counts.values())
    return total


def domains(spread: Spread, unit: Unit) -> list[str]:
    """Give the domains that a unit's choices reach, in order."""
    found = {spread.domain_of.get(choice.cluster) for choice in unit.choices}
    return sorted(domain for domain in found if domain is not None)


def _counts(spread: Spread, unit: Unit, clusters: Iterable[int]) -> Counter[str]:
    counts = Counter(dict.fromkeys(domains(spread, unit), 0))
    counts.update(spread.domain_of[cluster] for cluster in clusters if cluster in spread.domain_of)
    return counts
