"""What the solvers see: items that go together as one unit, in an order nobody can name.

Units and choices are ordered by scores and hashes of names (rendezvous hashing), so that neither
the order of the input nor the alphabet decides who comes first.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from hashlib import blake2b
from heapq import nlargest
from itertools import combinations

from krmfn.placement_resolver.solving.problem import Item, Option, Pod, Problem, Spread


@dataclass(frozen=True, slots=True)
class Choice:
    """A cluster that a unit may take.

    Attributes:
        cluster: which one.
        score: sum over the members.
        pods: those of all members.
        kept: members that have it from the previous decision.
        load: sum over the members; 0 where nothing is crowded.
        crowding: points that it loses per product of its load and another one's.
    """

    cluster: int
    score: float
    pods: tuple[Pod, ...]
    kept: int
    load: float = 0.0
    crowding: float = 0.0

    def worth(self, others: float) -> float:
        """Give the score, less what crowding takes beside so much load of others."""
        return self.score - self.crowding * self.load * others


@dataclass(frozen=True)
class Unit:
    """Items that take the same clusters; mostly one.

    Attributes:
        key: the smallest key of its members.
        members: indices of the items.
        items: the members themselves.
        choices: best first.
        picks: how many clusters it wants.
        trades: for units of several picks, pairs of choices (new, old) where the new one is
            better by enough to replace the old one freely.
        spreads: limits over the picks.
        costs: per cluster the moves that nothing but force would explain, if it is chosen.
        settled: whether costs and trades hold whatever the loads become.
    """

    key: str
    members: tuple[int, ...]
    items: tuple[Item, ...]
    choices: tuple[Choice, ...]
    picks: int
    priority: int
    apart: frozenset[str]
    spreads: tuple[Spread, ...]
    costs: Mapping[int, int] = field(default_factory=dict)
    trades: tuple[tuple[int, int], ...] = ()
    settled: bool = True

    @cached_property
    def floor(self) -> int:
        """The move cost of the cheapest picks, trades made."""
        costs = sorted(self.costs.get(c.cluster, 0) for c in self.choices)[: self.picks]
        return max(sum(costs) - len({new for new, _ in self.trades}), 0)

    @cached_property
    def best(self) -> float:
        """The best sum of scores."""
        return sum(nlargest(self.picks, (choice.score for choice in self.choices)))

    @cached_property
    def crowds(self) -> bool:
        """Whether loads matter to it."""
        return any(choice.load for choice in self.choices)

    def cost(self, choices: Iterable[Choice]) -> int:
        """Give the moves in picks that nothing but force explains."""
        chosen = list(choices)
        total = sum(self.costs.get(choice.cluster, 0) for choice in chosen)
        if not self.trades or not total:
            return total
        here = {choice.cluster for choice in chosen}
        index = {choice.cluster: n for n, choice in enumerate(self.choices)}
        new = [index[choice.cluster] for choice in chosen if not choice.kept]
        left = [index[c.cluster] for c in self.choices if c.kept and c.cluster not in here]
        return total - free_trades(new, left, set(self.trades))


def units_of(problem: Problem) -> list[Unit]:
    """Give the units of a problem; their order does not depend on that of the items."""
    units = [_unit(problem, members) for members in _bundles(problem.items)]
    return sorted(units, key=lambda unit: (_hash(unit.key), unit.key))


def priced(unit: Unit, others: Mapping[int, float]) -> Unit:
    """Give a unit with its costs and trades for the loads that others have put on the clusters.

    Loads of the unit's own members do not count against each other.
    """
    if not any(item.previous for item in unit.items):
        return unit
    choices = sorted(unit.choices, key=lambda c: -c.worth(others.get(c.cluster, 0.0)))
    costs: Counter[int] = Counter()
    trades: tuple[tuple[int, int], ...] = ()
    if unit.picks < len(choices):
        crowding = {choice.cluster: choice.crowding for choice in choices}
        worths = [worths_of(item, crowding, others) for item in unit.items]
        for item, each in zip(unit.items, worths, strict=True):
            costs.update(_costs(item, each, unit.picks))
        if len(unit.items) == 1 < unit.picks:
            trades = tuple(_trades(unit.items[0], [c.cluster for c in choices], worths[0]))
    kept = unit.crowds and any(choice.kept for choice in choices)
    return replace(unit, choices=tuple(choices), costs=costs, trades=trades, settled=not kept)


def worths_of(
    item: Item, crowding: Mapping[int, float], others: Mapping[int, float]
) -> dict[int, float]:
    """Give what an item's options on some clusters are worth, given the load of others there.

    Args:
        item: whose options.
        crowding: the clusters in question, and how much they are crowded.
        others: the load of others per cluster, 0 when absent.
    """
    return {
        option.cluster: option.score
        - crowding[option.cluster] * option.load * others.get(option.cluster, 0.0)
        for option in item.options
        if option.cluster in crowding
    }


def _costs(item: Item, worths: Mapping[int, float], wanted: int) -> dict[int, int]:
    """Give the cost of each cluster that an item would newly take while it could have stayed."""
    stays = [worths[cluster] for cluster in item.previous if cluster in worths]
    if not stays or (item.movable and item.min_improvement is None):
        return {}
    return {
        cluster: 1
        for cluster, worth in worths.items()
        if cluster not in item.previous
        and not (wanted == 1 and clearly_better(item, worth, max(stays)))
    }


def _trades(
    item: Item, ranked: Sequence[int], worths: Mapping[int, float]
) -> Iterator[tuple[int, int]]:
    if item.movable and item.min_improvement is None:
        return
    for new, cluster in enumerate(ranked):
        for old, kept in enumerate(ranked):
            if (
                cluster not in item.previous
                and kept in item.previous
                and clearly_better(item, worths[cluster], worths[kept])
            ):
                yield new, old


def clearly_better(item: Item, score: float, than: float) -> bool:
    """Say whether an item may leave a cluster for another of its own accord."""
    if not item.movable:
        return False
    if item.min_improvement is None:
        return True
    return score > than and score - than >= abs(than) * item.min_improvement / 100


def rendezvous(item: str, cluster: str) -> int:
    """Give a weight of an item on a cluster (Thaler and Ravishankar's highest random weight)."""
    return _hash(f"{item}\0{cluster}")


def _hash(text: str) -> int:
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest())


def _bundles(items: Sequence[Item]) -> list[list[int]]:
    """Give the indices of items that share, directly or over others, a `together` key."""
    leader: dict[str, int] = {}
    parent = list(range(len(items)))

    def root(index: int) -> int:
        while parent[index] != index:
            parent[index] = parent[parent[index]]
            index = parent[index]
        return index

    for index, item in enumerate(items):
        for key in item.together:
            parent[root(index)] = root(leader.setdefault(key, index))
    bundles: dict[int, list[int]] = {}
    for index in sorted(range(len(items)), key=lambda index: items[index].key):
        bundles.setdefault(root(index), []).append(index)
    return list(bundles.values())


def _unit(problem: Problem, members: Sequence[int]) -> Unit:
    items = [problem.items[index] for index in members]
    tables = [{option.cluster: option for option in item.options} for item in items]
    common = {c for c in tables[0] if all(c in table for table in tables[1:])}
    wanted = min(item.picks for item in items)
    if len(items) > 1 and any(one & two for one, two in combinations(_aparts(items), 2)):
        common = set()
    key, clusters = items[0].key, problem.clusters
    choices = [
        _choice(items, [table[cluster] for table in tables], clusters[cluster].crowding)
        for cluster in common
    ]
    choices.sort(key=lambda choice: _rank(key, choice, clusters[choice.cluster].name))
    unit = Unit(
        key,
        tuple(members),
        tuple(items),
        tuple(choices),
        min(wanted, len(choices)),
        max(item.priority for item in items),
        frozenset().union(*_aparts(items)),
        tuple(spread for item in items for spread in item.spreads),
    )
    return priced(unit, {})


def _choice(items: Sequence[Item], options: Sequence[Option], crowding: float) -> Choice:
    cluster = options[0].cluster
    load = sum(option.load for option in options) if crowding else 0.0
    return Choice(
        cluster,
        sum(option.score for option in options),
        tuple(pod for option in options for pod in option.pods),
        sum(cluster in item.previous for item in items),
        load,
        crowding if load else 0.0,
    )


def _rank(key: str, choice: Choice, name: str) -> tuple[float, int, int, str]:
    return -choice.score, -choice.kept, -rendezvous(key, name), name


def _aparts(items: Iterable[Item]) -> list[frozenset[str]]:
    return [item.apart for item in items]


def free_trades(
    new: Sequence[int], left: Sequence[int], trades: Collection[tuple[int, int]]
) -> int:
    """Give how many of the left choices are replaced by one that is better by enough.

    Args:
        new: indices of the choices taken, which are best first in the unit.
        left: indices of the choices left.
        trades: the allowed pairs; a better new choice may replace all that a worse one may.
    """
    pending = sorted(left, reverse=True)
    for index in sorted(new, reverse=True):
        if pending and (index, pending[0]) in trades:
            pending.pop(0)
    return len(left) - len(pending)
