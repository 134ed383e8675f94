"""A good solution at once: what is kept first, then the largest demand, then local search."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from krmfn.placement_resolver.solving.layout import Layout, excess
from krmfn.placement_resolver.solving.packing import STEPS
from krmfn.placement_resolver.solving.units import Choice, Unit, priced

SOFT_SPREAD = 100.0
_PASSES = 4
_CROWDED_PASSES = 50
_LEAST = 1e-9
_DEPTH = 2
_FOR_ONE = 1_000


@dataclass(frozen=True, slots=True, order=True)
class Value:
    """The goals of one class in their order; the largest value is best."""

    placed: int
    moves: int
    score: float


def value(layout: Layout, units: Sequence[Unit]) -> Value:
    """Give what a layout is worth; `moves` is negative."""
    placed, moves, score = 0, 0, 0.0
    for unit in units:
        picks = layout.of(unit)
        placed += len(picks) * len(unit.members)
        moves -= unit.cost(picks.values())
        score += worth(unit, picks)
    return Value(placed, moves, score - _crowding(layout, units))


def worth(unit: Unit, picks: Mapping[int, Choice]) -> float:
    """Give the score of a unit's picks, less the cost of its soft spreads."""
    total = sum(choice.score for choice in picks.values())
    return total - SOFT_SPREAD * excess(unit, picks) if unit.spreads else total


def _crowding(layout: Layout, units: Sequence[Unit]) -> float:
    """Give what units lose to each other, and to who was there before them."""
    if not layout.loads:
        return 0.0
    there, total = layout.loads_without(units), 0.0
    for unit in units:
        for cluster, choice in sorted(layout.of(unit).items()):
            if choice.load:
                before = there.get(cluster, 0.0)
                total += choice.crowding * choice.load * before
                there[cluster] = before + choice.load
    return total


def greedy(layout: Layout, units: Sequence[Unit], tries: int) -> None:
    """Add units to a layout: what they had, then the largest first; then local search."""
    ordered = by_size(layout, units)
    for unit in ordered:
        # In a crowd, who loses its place to first-fit alone would send others on their way.
        kept = [choice for choice in unit.choices if choice.kept]
        fill(layout, unit, kept, STEPS if unit.crowds else 0)
    for unit in ordered:
        fill(layout, unit, unit.choices)
    improve(layout, units, tries)


def fill(layout: Layout, unit: Unit, choices: Sequence[Choice], steps: int = 0) -> None:
    """Add choices to a unit, in order, until it has its picks or no further one can be added."""
    missing = unit.picks - len(layout.of(unit))
    added = missing > 0
    while added and missing > 0:
        added = False
        for choice in _in_order(layout, unit, choices):
            if missing and layout.try_add(unit, choice, steps):
                missing -= 1
                added = True
                if unit.spreads:
                    break
        if not unit.spreads:
            return


def _in_order(layout: Layout, unit: Unit, choices: Sequence[Choice]) -> Sequence[Choice]:
    """Give the choices in the order in which loads and soft spreads prefer them."""
    if not unit.spreads:
        return layout.ranked(unit, choices)
    here, others = layout.of(unit), layout.others(unit)

    def loss(choice: Choice) -> float:
        skewed = SOFT_SPREAD * excess(unit, [*here, choice.cluster])
        return skewed - choice.worth(others.get(choice.cluster, 0.0))

    return sorted(choices, key=loss)


def by_size(layout: Layout, units: Sequence[Unit]) -> list[Unit]:
    """Order units by what they need of scarce resources, largest first (stable)."""
    needed: dict[int, int] = {}
    sizes = {unit.key: _demand(unit) for unit in units}
    for unit in units:
        for axis, amount in sizes[unit.key].items():
            needed[axis] = needed.get(axis, 0) + amount * unit.picks
    total = {
        axis: sum(g.count * max(g.free[axis], 0) for c in layout.clusters for g in c.groups)
        for axis in needed
    }
    # The share of all of a resource, weighted by how much of it is asked for.
    weight = {axis: needed[axis] / max(total[axis], 1) ** 2 for axis in needed}
    return sorted(
        units,
        key=lambda unit: -sum(weight[axis] * amount for axis, amount in sizes[unit.key].items()),
    )


def _demand(unit: Unit) -> dict[int, int]:
    """Give what a unit's best choice needs, per axis."""
    needed: dict[int, int] = {}
    for choice in unit.choices[:1]:
        for pod in choice.pods:
            for axis, amount in pod.requests:
                needed[axis] = needed.get(axis, 0) + amount * pod.replicas
    return needed


def improve(layout: Layout, units: Sequence[Unit], tries: int) -> None:
    """Make room for units that miss picks, then take better choices, until nothing changes."""
    search = _Search(layout, {unit.key: unit for unit in units}, tries)
    for _ in range(_CROWDED_PASSES if any(unit.crowds for unit in units) else _PASSES):
        missing = [unit for unit in units if len(layout.of(unit)) < unit.picks]
        search.share = max(_FOR_ONE, search.tries // max(len(missing), 1))
        changed = [search.make_room(unit) for unit in missing]
        changed += [search.send_back(unit) for unit in units if not unit.settled]
        changed += [search.step_up(unit) for unit in units]
        if not any(changed):
            return


@dataclass
class _Search:
    """Local search that never makes a layout worse; its tries are counted."""

    layout: Layout
    units: Mapping[str, Unit]
    tries: int
    share: int = 0
    left: int = 0
    returned: set[str] = field(default_factory=set)

    def make_room(self, unit: Unit) -> bool:
        """Give a unit missing picks by moving others elsewhere."""
        fill(self.layout, unit, unit.choices)
        missing = unit.picks - len(self.layout.of(unit))
        self.left = min(self.share, self.tries)
        self.tries -= self.left
        found = [self._eject_for(unit, frozenset(), _DEPTH) for _ in range(missing)]
        self.tries += max(self.left, 0)
        return any(found)

    def _eject_for(self, unit: Unit, tabu: frozenset[str], depth: int) -> bool:
        """Put a unit where others are, one of whom finds another place, at most `depth` deep."""
        tabu |= {unit.key}
        for choice in self.layout.ranked(unit, unit.choices):
            if self.left < 0:
                return False
            for victim in self._victims(choice.cluster, tabu):
                if self._replace(victim, unit, choice, tabu, depth):
                    return True
        return False

    def _replace(
        self, victim: Unit, unit: Unit, choice: Choice, tabu: frozenset[str], depth: int
    ) -> bool:
        layout, cluster = self.layout, choice.cluster
        if not layout.allowed(unit, choice, victim.key) or not self._spend():
            return False
        room, before = layout.room_with(choice, victim.key), layout.rooms[cluster]
        if room is None:
            return False
        gone = layout.remove(victim, cluster)
        layout.put(unit, choice, room)
        if any(
            self._spend() and layout.try_add(victim, other)
            for other in layout.ranked(victim, victim.choices)
            if other is not gone
        ) or (depth > 1 and self._eject_for(victim, tabu, depth - 1)):
            return True
        layout.remove(unit, cluster)
        layout.put(victim, gone, before)
        return False

    def send_back(self, unit: Unit) -> bool:
        """Give a unit back a cluster that it left for less than a move asks for, but only once."""
        layout, here = self.layout, self.layout.of(unit)
        left = [choice for choice in unit.choices if choice.kept and choice.cluster not in here]
        if not left or unit.key in self.returned or unit.spreads:
            return False
        now = priced(unit, layout.others(unit))
        swaps = [(old, new) for old in here.values() for new in left if not old.kept]
        back = any(self._change(now, *swap) < 0 and self._exchange(now, *swap) for swap in swaps)
        if back:
            self.returned.add(unit.key)
        return back

    def step_up(self, unit: Unit) -> bool:
        """Give a unit a better choice where there is room and no force is needed."""
        if unit.spreads or unit.picks >= len(unit.choices):
            return False
        picks, others = self.layout.of(unit), self.layout.others(unit)
        now = unit if unit.settled else priced(unit, others)
        best_first = self.layout.ranked(unit, now.choices)
        worst_first = [choice for choice in reversed(best_first) if choice.cluster in picks]
        better = [choice for choice in best_first if choice.cluster not in picks]
        moves = [self._move(now, better, old, others) for old in worst_first]
        return any(moves)

    def _move(
        self, unit: Unit, best_first: Sequence[Choice], old: Choice, others: Mapping[int, float]
    ) -> bool:
        """Move a unit from a cluster to the best one that is better and has room."""
        least = old.worth(others.get(old.cluster, 0.0)) + _LEAST
        for choice in best_first:
            if choice.cluster in self.layout.of(unit):
                continue
            if choice.worth(others.get(choice.cluster, 0.0)) <= least:
                return False
            if self._change(unit, old, choice) <= 0 and self._exchange(unit, old, choice):
                return True
        return False

    def _exchange(self, unit: Unit, old: Choice, new: Choice) -> bool:
        """Give a unit one choice for another one, if it is allowed and fits."""
        room = self.layout.room_with(new) if self.layout.allowed(unit, new) else None
        if room is None:
            return False
        self.layout.remove(unit, old.cluster)
        self.layout.put(unit, new, room)
        return True

    def _change(self, unit: Unit, old: Choice, new: Choice) -> int:
        """Give by how much a unit's cost of moves changes with one choice for another."""
        here = self.layout.of(unit)
        after = [new, *(choice for choice in here.values() if choice is not old)]
        return unit.cost(after) - unit.cost(here.values())

    def _victims(self, cluster: int, tabu: frozenset[str]) -> Iterator[Unit]:
        for key in list(self.layout.on.get(cluster, {})):
            victim = self.units.get(key)
            if victim and not victim.spreads and key not in tabu:
                yield victim

    def _spend(self) -> bool:
        self.left -= 1
        return self.left >= 0
