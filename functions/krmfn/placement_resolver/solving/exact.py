"""From a greedy solution to a proven one: HiGHS bounds it, and what it finds is packed.

The goals are met one after another: picks placed, then moves, then score. For each one the linear
relaxation gives a bound and, rounded by packing, a better solution; branch and bound runs only
while the gap is still too large. Rows that packing shows to be missing are added as cuts.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from math import floor, inf, isfinite

from krmfn.placement_resolver.solving.greedy import fill, improve, value
from krmfn.placement_resolver.solving.highs import Answer, Highs
from krmfn.placement_resolver.solving.layout import Layout
from krmfn.placement_resolver.solving.model import Model, Row, cuts, model_of
from krmfn.placement_resolver.solving.packing import STEPS
from krmfn.placement_resolver.solving.problem import Limits, Method
from krmfn.placement_resolver.solving.proof import EPSILON, Proof
from krmfn.placement_resolver.solving.units import Unit

_AT_ONCE = 8
_NUDGE = 0.5
_PART = 10
_GOALS = ("placed", "moves", "score")


def refine(base: Layout, units: Sequence[Unit], proof: Proof, limits: Limits) -> None:
    """Improve a proof with HiGHS until it is good enough or the limits are reached."""
    model = model_of(base, units)
    for cluster, crowd in model.crowds.items():  # good loads are near those of a good layout
        now = _loaded(base, proof.layout, cluster) / crowd.unit
        model.rows += [crowd.tangent(at) for at in (now / 2, now, now + 1, 2 * now + 1)]
    solver = Highs(model.upper, model.rows, model.fractions, limits)
    refiner = _Refiner(base, units, model, solver, limits, proof)
    for goal in _GOALS:
        refiner.settle(goal)


def _loaded(base: Layout, layout: Layout, cluster: int) -> float:
    """Give the load that a layout puts on a cluster, on top of what is there."""
    return layout.loads.get(cluster, 0.0) - base.loads.get(cluster, 0.0)


@dataclass(slots=True)
class _Refiner:
    base: Layout
    units: Sequence[Unit]
    model: Model
    solver: Highs
    limits: Limits
    proof: Proof
    held: dict[int, float] = field(default_factory=dict)
    added: int = 0

    def settle(self, goal: str) -> None:
        """Improve one goal, then hold it while the next ones are improved."""
        if self.proof.is_goal_open(goal, self.limits.gap):
            self._linear(goal)
        for _ in range(self.limits.rounds):
            if not self.proof.is_goal_open(goal, self.limits.gap) or not self._integer(goal):
                break
        self._hold(goal)

    def _linear(self, goal: str) -> None:
        """Bound by the relaxation, cut off what does not fit, and round its answer."""
        self.proof.method = max(self.proof.method, Method.LINEAR)
        for _ in range(self.limits.rounds):
            answer = self.solver.linear(self._goal(goal))
            self._bound(goal, answer)
            if not answer.values or not self._cut(goal, answer.values):
                break
        if answer.values and self.proof.is_goal_open(goal, self.limits.gap):
            self._keep(self._dive(answer))

    def _goal(self, goal: str) -> Sequence[float]:
        """Give a goal's worth per column; picks are nudged by less than one towards few moves."""
        model: Sequence[float] = getattr(self.model, goal)
        costs = -sum(worth for worth in self.model.moves if worth < 0)
        if goal != "placed" or not costs:
            return model
        nudge = _NUDGE / costs
        moves = (min(worth, 0.0) for worth in self.model.moves)
        return [worth + nudge * move for worth, move in zip(model, moves, strict=True)]

    def _integer(self, goal: str) -> bool:
        """Branch and bound; say whether its answer did not fit, so that another round may help."""
        self.proof.method = Method.INTEGER
        gap = self.limits.gap / 2 if goal == "score" else 0.0
        answer = self.solver.integer(self._goal(goal), gap, self._start())
        self.proof.nodes += answer.nodes
        self._bound(goal, answer)
        if not answer.values:
            return False
        self._keep(self._round(answer.values))
        return answer.complete and self._cut(goal, answer.values)

    def _bound(self, goal: str, answer: Answer) -> None:
        bounds, most = self.proof.bound, answer.bound
        if isfinite(most) and goal != "score":
            most = floor(most + (_NUDGE if goal == "placed" else EPSILON))
        if answer.feasible and most < getattr(bounds, goal):
            most = max(most, getattr(self.proof.value, goal))
            self.proof.bound = replace(bounds, **{goal: most})

    def _dive(self, answer: Answer) -> Layout:
        """Fix what is whole and the largest fractions, solve the rest again, until all is fixed."""
        layout = self.base.copy()
        fixed: set[int] = set()
        barred: set[int] = set()
        mixed = self._mixed()
        for held in self.held:
            self.solver.relax(held, to=-inf)
        while answer.values:
            columns = [n for n in self._used(answer.values) if n not in fixed]
            columns.sort(key=lambda n: -answer.values[n])
            whole = sum(answer.values[n] > 1 - EPSILON for n in columns)
            if not columns:
                break
            for column in columns[: whole + max(len(columns) - whole, _AT_ONCE * 8) // 8]:
                unit, choice = self.model.places[column]
                added = len(layout.of(unit)) < unit.picks and layout.try_add(unit, choice)
                (fixed if added else barred).add(column)
            self.solver.bound(sorted(fixed), 1, 1)
            self.solver.bound(sorted(barred), 0, 0)
            answer = self.solver.linear(mixed)
        self.solver.bound(sorted(fixed | barred), 0, 1)
        for held, reached in self.held.items():
            self.solver.relax(held, to=reached)
        return self._filled(layout)

    def _mixed(self) -> list[float]:
        """Give all goals as one, weighted by rank: a dive must not end for want of one pick."""
        goals = zip(self.model.placed, self.model.moves, self.model.score, strict=True)
        return [1000 * placed + 200 * moves + score for placed, moves, score in goals]

    def _filled(self, layout: Layout) -> Layout:
        """Place what a layout misses and improve it."""
        for unit in self.units:
            fill(layout, unit, unit.choices)
        improve(layout, self.units, self.limits.tries)
        return layout

    def _round(self, values: Sequence[float]) -> Layout:
        """Pack an answer, largest values first, and place anew what does not fit."""
        layout = self.base.copy()
        for column in sorted(self._used(values), key=lambda column: -values[column]):
            unit, choice = self.model.places[column]
            if len(layout.of(unit)) < unit.picks:
                layout.try_add(unit, choice, STEPS)
        return self._filled(layout)

    def _used(self, values: Sequence[float]) -> list[int]:
        return [n for n in range(len(self.model.places)) if values[n] > EPSILON]

    def _cut(self, goal: str, values: Sequence[float]) -> bool:
        """Add rows that an answer breaks; say whether there were any."""
        there: dict[int, list[int]] = {}
        for column in self._used(values):
            there.setdefault(self.model.places[column][1].cluster, []).append(column)
        rows = [
            row
            for cluster, columns in there.items()
            for row in cuts(self.base, self.model, cluster, columns, values)
        ]
        rows += self._tangents(values) if goal == "score" else []
        self.solver.add(rows)
        self.added += len(rows)
        return bool(rows)

    def _tangents(self, values: Sequence[float]) -> list[Row]:
        """Give tangents where an answer loses too little to crowding for it to matter."""
        crowds = self.model.crowds.values()
        least = self.limits.gap * abs(self.proof.value.score) / max(_PART * len(crowds), 1)
        return [
            crowd.tangent(values[crowd.load])
            for crowd in crowds
            if crowd.loss(values[crowd.load]) - values[crowd.lost] > max(least, EPSILON)
        ]

    def _keep(self, layout: Layout) -> None:
        """Keep a layout if it is better than the best one."""
        worth = value(layout, self.units)
        if worth > self.proof.value:
            self.proof.layout, self.proof.value = layout, worth

    def _hold(self, goal: str) -> None:
        """Forbid less of a goal than was reached."""
        if goal == "score":
            return
        terms = {n: v for n, v in enumerate(getattr(self.model, goal)) if v}
        reached = getattr(self.proof.value, goal)
        self.solver.add([Row(terms, reached, inf)])
        self.held[self.added] = reached
        self.added += 1

    def _start(self) -> list[float]:
        """Give the best layout as values of the columns."""
        picks = self.proof.layout.picks
        start = [0.0] * len(self.model.upper)
        for column, (unit, choice) in enumerate(self.model.places):
            start[column] = float(choice.cluster in picks.get(unit.key, {}))
        for cluster, crowd in self.model.crowds.items():
            start[crowd.load] = _loaded(self.base, self.proof.layout, cluster) / crowd.unit
            start[crowd.lost] = crowd.loss(start[crowd.load])
            loads = [self.model.places[n][1].load for n in self.model.at[cluster] if start[n]]
            start[crowd.alone] = sum(crowd.loss(load / crowd.unit) for load in loads)
        return start
