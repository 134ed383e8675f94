"""The assignment of one class of units as rows and columns: a relaxation of packing.

Every packed assignment keeps all rows, so a bound on the rows bounds the assignments. Rows hold
sums per cluster and set of node groups; what single nodes and zones cannot take is cut off later,
when an answer shows it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import inf

from krmfn.placement_resolver.solving.greedy import SOFT_SPREAD
from krmfn.placement_resolver.solving.layout import Layout, domains
from krmfn.placement_resolver.solving.packing import Packer, demand
from krmfn.placement_resolver.solving.problem import Pod, Spread
from krmfn.placement_resolver.solving.units import Choice, Unit

_WHOLE = 0.999


@dataclass(frozen=True, slots=True)
class Row:
    """``lower <= sum of coefficient times column <= upper``."""

    terms: Mapping[int, float]
    lower: float
    upper: float

    def broken_by(self, values: Sequence[float]) -> bool:
        """Say whether an answer clearly exceeds the row."""
        total = sum(term * values[column] for column, term in self.terms.items())
        return total > self.upper + 1e-4


@dataclass(frozen=True, slots=True)
class Crowd:
    """What the units on a crowded cluster lose to each other, as three columns.

    All pairs lose half of the square of the sum, less half of the squares. The first is convex, so
    that tangents bound it from below, a better one wherever an answer shows the need (outer
    approximation, Kelley's cutting planes).

    Attributes:
        load: column of the sum of loads, in the largest of them.
        lost: column of ``crowding / 2 * load ** 2``, at least.
        alone: column of ``crowding / 2`` times the sum of the squares.
        unit: the largest load.
        crowding: points lost per product of two of the largest loads.
    """

    load: int
    lost: int
    alone: int
    unit: float
    crowding: float

    def loss(self, load: float) -> float:
        """Give what `lost` must be at least for a load."""
        return self.crowding / 2 * load**2

    def tangent(self, at: float) -> Row:
        """Give the tangent at a load."""
        return Row({self.lost: 1.0, self.load: -self.crowding * at}, -self.loss(at), inf)


@dataclass(slots=True)
class Model:
    """Columns, each with its worth in every goal, and rows.

    Attributes:
        places: the unit and choice of each of the first columns.
        upper: upper bounds of all columns; the lower ones are 0.
        placed, moves, score: worth per column, to be maximised.
        rows: what every packed assignment keeps.
        at: the columns on each cluster.
        picks: per unit's key the row of its picks.
        crowds: the crowded clusters.
    """

    units: Sequence[Unit]
    places: list[tuple[Unit, Choice]] = field(default_factory=list)
    upper: list[float] = field(default_factory=list)
    placed: list[float] = field(default_factory=list)
    moves: list[float] = field(default_factory=list)
    score: list[float] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    at: dict[int, list[int]] = field(default_factory=dict)
    picks: dict[str, Row] = field(default_factory=dict)
    crowds: dict[int, Crowd] = field(default_factory=dict)

    @property
    def fractions(self) -> list[int]:
        """The columns that need not be whole."""
        crowds = self.crowds.values()
        return [column for each in crowds for column in (each.load, each.lost, each.alone)]

    def column(self, upper: float, moves: float = 0, score: float = 0, placed: float = 0) -> int:
        """Add a column; give its index."""
        self.upper.append(upper)
        self.moves.append(moves)
        self.score.append(score)
        self.placed.append(placed)
        return len(self.upper) - 1


def model_of(base: Layout, units: Sequence[Unit]) -> Model:
    """Give the model of units on top of what a layout holds."""
    model = Model(units)
    for unit in units:
        columns = {}
        for choice in unit.choices:
            if base.allowed(unit, choice) and _fits(base, choice):
                cost = unit.costs.get(choice.cluster, 0)
                worth = choice.worth(base.loads.get(choice.cluster, 0.0))
                column = model.column(1, -cost, worth, len(unit.members))
                model.places.append((unit, choice))
                model.at.setdefault(choice.cluster, []).append(column)
                columns[choice.cluster] = column
        model.picks[unit.key] = Row(dict.fromkeys(columns.values(), 1.0), 0, unit.picks)
    model.rows += model.picks.values()
    for cluster, columns_there in sorted(
        model.at.items(), key=lambda entry: base.clusters[entry[0]].name
    ):
        model.rows += _capacity(base, cluster, columns_there, model.places)
        _add_crowd(model, cluster, columns_there)
    model.rows += _apart(model)
    for unit in units:
        _add_trades(model, unit)
        for spread in unit.spreads:
            _add_spread(model, unit, spread)
    return model


def _fits(base: Layout, choice: Choice) -> bool:
    """Say whether a choice may fit what a layout leaves."""
    if base.room_with(choice) is not None:
        return True
    packing = base.packer(choice.cluster).pack([*base.pods(choice.cluster), *choice.pods])
    return packing.room is not None or not packing.proven


def _capacity(
    base: Layout, cluster: int, columns: Sequence[int], places: Sequence[tuple[Unit, Choice]]
) -> Iterator[Row]:
    """Yield the rows of a cluster that the units could break together."""
    packer, there = base.packer(cluster), base.pods(cluster)
    pods = [pod for column in columns for pod in places[column][1].pods]
    for groups in packer.group_sets([*pods, *there]):
        gone = demand(there, groups, packer.every)
        terms: dict[int, dict[int, int]] = {}
        for column in columns:
            for axis, amount in demand(places[column][1].pods, groups, packer.every).items():
                terms.setdefault(axis, {})[column] = amount
        for axis, amounts in sorted(terms.items()):
            left = packer.capacity(groups, axis) - gone.get(axis, 0)
            if sum(amounts.values()) > left:
                scale = max(left, 1)
                shares = {column: amount / scale for column, amount in amounts.items()}
                yield Row(shares, -inf, max(left, 0) / scale)


def _apart(model: Model) -> Iterator[Row]:
    """Yield at most one unit for each anti-affinity key and cluster."""
    sharing: dict[tuple[str, int], dict[int, float]] = {}
    for column, (unit, choice) in enumerate(model.places):
        for key in sorted(unit.apart):
            sharing.setdefault((key, choice.cluster), {})[column] = 1.0
    yield from (Row(terms, -inf, 1) for terms in sharing.values() if len(terms) > 1)


def _columns_of(model: Model, unit: Unit) -> dict[int, int]:
    """Give a unit's columns by cluster."""
    return {model.places[column][1].cluster: column for column in model.picks[unit.key].terms}


def _add_spread(model: Model, unit: Unit, spread: Spread) -> None:
    """Hold the domains of a unit within the skew above the emptiest of them."""
    columns = _columns_of(model, unit)
    emptiest = model.column(unit.picks)
    for domain in domains(spread, unit):
        terms = {
            column: 1.0
            for cluster, column in columns.items()
            if spread.domain_of.get(cluster) == domain
        }
        over = {} if spread.hard else {model.column(unit.picks, score=-SOFT_SPREAD): -1.0}
        model.rows.append(Row(terms | {emptiest: -1.0}, 0, inf))
        model.rows.append(Row(terms | {emptiest: -1.0} | over, -inf, spread.max_skew))


def _add_trades(model: Model, unit: Unit) -> None:
    """Let a better choice replace a previous one without the cost of a move."""
    columns = _columns_of(model, unit)
    gives: dict[int, dict[int, float]] = {}
    takes: dict[int, dict[int, float]] = {}
    for new, old in unit.trades:
        pair = [columns.get(unit.choices[index].cluster) for index in (new, old)]
        if pair[0] is not None:
            trade = model.column(1, moves=1)
            takes.setdefault(pair[0], {})[trade] = 1.0
            gives.setdefault(old, {})[trade] = 1.0
    for column, terms in takes.items():
        model.rows.append(Row(terms | {column: -1.0}, -inf, 0))
    for old, terms in gives.items():
        kept = columns.get(unit.choices[old].cluster)
        stays = {} if kept is None else {kept: 1.0}
        model.rows.append(Row(terms | stays, -inf, 1))


def _add_crowd(model: Model, cluster: int, columns: Sequence[int]) -> None:
    """Take what the units on a cluster lose to each other from the score."""
    choices = {n: model.places[n][1] for n in columns if model.places[n][1].load}
    if len(choices) < 2:
        return
    unit = max(choice.load for choice in choices.values())
    loads = {column: choice.load / unit for column, choice in choices.items()}
    crowding = max(choice.crowding for choice in choices.values()) * unit**2
    load, lost, alone = model.column(inf), model.column(inf, score=-1), model.column(inf, score=1)
    crowd = model.crowds[cluster] = Crowd(load, lost, alone, unit, crowding)
    squares = {column: crowd.loss(each) for column, each in loads.items()}
    model.rows += [
        Row(loads | {load: -1.0}, 0, 0),
        Row(squares | {alone: -1.0}, 0, 0),
        Row({lost: 1.0, alone: -1.0}, 0, inf),
    ]


def cuts(
    base: Layout, model: Model, cluster: int, columns: Sequence[int], values: Sequence[float]
) -> list[Row]:
    """Give rows that an answer breaks on one cluster, because nodes are not sums.

    Args:
        base: what is there anyway.
        model: the columns.
        cluster: which one.
        columns: those of the cluster that the answer uses.
        values: the answer, fractions or not.
    """
    packer, there = base.packer(cluster), base.pods(cluster)
    small = dict.fromkeys(pod for column in columns for pod in model.places[column][1].pods)
    broken = [
        slots_row(packer, there, model, model.at[cluster], pod)
        for pod in small
        if slots_row(packer, there, model, columns, pod).broken_by(values)
    ]
    whole = [column for column in columns if values[column] > _WHOLE]
    if broken or not whole:
        return broken
    pods = [pod for column in whole for pod in model.places[column][1].pods]
    packing = packer.pack([*there, *pods])
    unfit = packing.room is None and packing.proven
    return [_cover(packer, there, model, cluster, whole)] if unfit else []


def slots_row(
    packer: Packer, base: Iterable[Pod], model: Model, columns: Iterable[int], small: Pod
) -> Row:
    """Give the row: pods that need as much as `small` or more do not outnumber its slots."""
    terms = {}
    for column in columns:
        copies = _copies_like(packer, model.places[column][1].pods, small)
        if copies:
            terms[column] = float(copies)
    return Row(terms, -inf, packer.slots(small) - _copies_like(packer, base, small))


def _copies_like(packer: Packer, pods: Iterable[Pod], small: Pod) -> int:
    return sum(pod.replicas for pod in pods if packer.dominates(pod, small))


def _cover(
    packer: Packer, base: Sequence[Pod], model: Model, cluster: int, chosen: Sequence[int]
) -> Row:
    """Give an extended cover: of a least set that does not fit, and what is larger, one less."""

    def unfit(columns: Iterable[int]) -> bool:
        pods = [pod for column in columns for pod in model.places[column][1].pods]
        packing = packer.pack([*base, *pods])
        return packing.room is None and packing.proven

    least = list(chosen)
    for column in chosen:
        without = [other for other in least if other != column]
        if unfit(without):
            least = without
    larger = [
        column
        for column in model.at[cluster]
        if column not in least
        and all(
            _stands_in(packer, model.places[column][1].pods, model.places[other][1].pods)
            for other in least
        )
    ]
    return Row(dict.fromkeys([*least, *larger], 1.0), -inf, len(least) - 1)


def _stands_in(packer: Packer, large: Sequence[Pod], small: Sequence[Pod]) -> bool:
    """Say whether pods need, one for one, as much as others (a sufficient test)."""
    return len(large) >= len(small) and all(
        one.replicas >= two.replicas and packer.dominates(one, two)
        for one, two in zip(large, small, strict=False)
    )
