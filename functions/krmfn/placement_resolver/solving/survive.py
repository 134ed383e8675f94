"""What if clusters are lost: can the rest take what was on them, nobody else moved?"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from math import comb

from krmfn.placement_resolver.solving.greedy import by_size, fill
from krmfn.placement_resolver.solving.layout import Layout
from krmfn.placement_resolver.solving.problem import Problem, Solution
from krmfn.placement_resolver.solving.units import Unit, units_of

_SETS = 2_000


@dataclass(frozen=True, slots=True)
class Survival:
    """The verdict on the loss of some clusters at once.

    Attributes:
        lost: the clusters, ascending.
        displaced: items that had a pick there.
        stranded: those of them that the rest did not take; a heuristic placed them largest
            first, so that a smarter one might still find room.
    """

    lost: tuple[int, ...]
    displaced: tuple[int, ...]
    stranded: tuple[int, ...]

    @property
    def absorbed(self) -> bool:
        """Whether every displaced item finds another place."""
        return not self.stranded


@dataclass(frozen=True, slots=True)
class Survey:
    """Verdicts on losses.

    Attributes:
        verdicts: one per set of lost clusters, all of which held something; ordered by cluster.
        complete: whether every set was tried; otherwise those of the most loaded clusters.
    """

    verdicts: tuple[Survival, ...]
    complete: bool = True


def survives(problem: Problem, solution: Solution, losses: int = 1, sets: int = _SETS) -> Survey:
    """Say for each set of `losses` clusters whether its loss can be absorbed.

    Args:
        problem: what was solved.
        solution: how it was solved.
        losses: how many clusters are lost at once, at least 1.
        sets: how many sets are tried; beyond it only the clusters with most items take part.
    """
    units = units_of(problem)
    layout = _restored(problem, units, solution)
    ordered = by_size(layout, units)
    loaded = sorted(layout.on, key=lambda c: (-len(layout.on[c]), problem.clusters[c].name))
    considered = len(loaded)
    while comb(considered, losses) > sets and considered > losses:
        considered -= 1
    found = [
        _lose(layout, ordered, frozenset(lost))
        for lost in combinations(loaded[:considered], min(losses, considered))
        if lost
    ]
    return Survey(tuple(sorted(found, key=lambda verdict: verdict.lost)), considered == len(loaded))


def _restored(problem: Problem, units: Sequence[Unit], solution: Solution) -> Layout:
    """Give the layout that a solution describes."""
    layout = Layout(problem.clusters)
    for unit in units:
        for choice in unit.choices:
            if choice.cluster in solution.chosen[unit.members[0]]:
                layout.put(unit, choice, solution.rooms[choice.cluster])
    return layout


def _lose(layout: Layout, units: Sequence[Unit], lost: frozenset[int]) -> Survival:
    """Place what was on lost clusters on the others, largest first."""
    there = {key for cluster in lost for key in layout.on[cluster]}
    displaced = [unit for unit in units if unit.key in there]
    trial = layout.copy()
    stranded = []
    for unit in displaced:
        kept = {c: choice for c, choice in layout.of(unit).items() if c not in lost}
        trial.picks[unit.key] = kept
    for unit in displaced:
        fill(trial, unit, [choice for choice in unit.choices if choice.cluster not in lost])
        if len(trial.of(unit)) < len(layout.of(unit)):
            stranded.append(unit)
    return Survival(tuple(sorted(lost)), _items(displaced), _items(stranded))


def _items(units: Sequence[Unit]) -> tuple[int, ...]:
    return tuple(sorted(index for unit in units for index in unit.members))
