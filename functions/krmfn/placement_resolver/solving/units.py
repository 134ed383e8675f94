"""What the solvers see: items that go together as one unit, in an order nobody can name.

Units and choices are ordered by scores and hashes of names (rendezvous hashing), so that neither
the order of the input nor the alphabet decides who comes first.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from itertools import combinations

from krmfn.placement_resolver.solving.problem import Item, Option, Pod, Problem, Spread


@dataclass(frozen=True, slots=True)
class Choice:
    """A cluster that a unit may take.

    Attributes:
        cluster: which one.
        score: sum over the members.
        pods: those of all members.
        cost: moves that nothing but force would explain, if it is chosen.
        kept: members that have it from the previous decision.
    """

    cluster: int
    score: float
    pods: tuple[Pod, ...]
    cost: int
    kept: int


@dataclass(frozen=True)
class Unit:
    """Items that take the same clusters; mostly one.

    Attributes:
        key: the smallest key of its members.
        members: indices of the items.
        choices: best first.
        picks: how many clusters it wants.
        trades: for units of several picks, pairs of choices (new, old) where the new one is
            better by enough to replace the old one freely.
        spreads: limits over the picks.
    """

    key: str
    members: tuple[int, ...]
    choices: tuple[Choice, ...]
    picks: int
    priority: int
    apart: frozenset[str]
    spreads: tuple[Spread, ...]
    trades: tuple[tuple[int, int], ...] = ()

    @cached_property
    def floor(self) -> int:
        """The move cost of the cheapest picks, trades made."""
        costs = sorted(choice.cost for choice in self.choices)[: self.picks]
        return max(sum(costs) - len({new for new, _ in self.trades}), 0)

    @cached_property
    def best(self) -> float:
        """The best sum of scores."""
        return sum(choice.score for choice in self.choices[: self.picks])

    def cost(self, choices: Iterable[Choice]) -> int:
        """Give the moves in picks that nothing but force explains."""
        chosen = list(choices)
        total = sum(choice.cost for choice in chosen)
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
    costs = dict.fromkeys(common, 0)
    if wanted < len(common):
        for item, table in zip(items, tables, strict=True):
            for cluster, cost in _costs(item, table, common, wanted).items():
                costs[cluster] += cost
    choices = [
        Choice(
            cluster,
            sum(table[cluster].score for table in tables),
            tuple(pod for table in tables for pod in table[cluster].pods),
            costs[cluster],
            sum(cluster in item.previous for item in items),
        )
        for cluster in common
    ]
    key, clusters = items[0].key, problem.clusters
    choices.sort(key=lambda choice: _rank(key, choice, clusters[choice.cluster].name))
    return Unit(
        key,
        tuple(members),
        tuple(choices),
        min(wanted, len(choices)),
        max(item.priority for item in items),
        frozenset().union(*_aparts(items)),
        tuple(spread for item in items for spread in item.spreads),
        tuple(_trades(items[0], choices)) if len(items) == 1 < wanted < len(choices) else (),
    )


def _rank(key: str, choice: Choice, name: str) -> tuple[float, int, int, str]:
    return -choice.score, -choice.kept, -rendezvous(key, name), name


def _aparts(items: Iterable[Item]) -> list[frozenset[str]]:
    return [item.apart for item in items]


def _costs(
    item: Item, table: Mapping[int, Option], common: Collection[int], wanted: int
) -> dict[int, int]:
    """Give the cost of each cluster that an item would newly take while it could have stayed."""
    stays = [table[cluster].score for cluster in item.previous if cluster in common]
    if not stays or (item.movable and item.min_improvement is None):
        return {}
    return {
        cluster: 1
        for cluster in common
        if cluster not in item.previous
        and not (wanted == 1 and clearly_better(item, table[cluster].score, max(stays)))
    }


def _trades(item: Item, choices: Sequence[Choice]) -> Iterator[tuple[int, int]]:
    for new, choice in enumerate(choices):
        for old, kept in enumerate(choices):
            if (
                choice.cost
                and kept.cluster in item.previous
                and clearly_better(item, choice.score, kept.score)
            ):
                yield new, old


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
