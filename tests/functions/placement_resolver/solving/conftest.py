"""What the tests of solving share: small problems, and the answer of trying everything."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations, product

import pytest

from krmfn.placement_resolver.solving import UNZONED, GroupBins, Option, Pod, Problem


def _fits_by_trying(groups: tuple[GroupBins, ...], pods: list[Pod]) -> bool:
    """Say whether pods fit, by trying every node and zone for every single pod."""
    nodes = [(g, bins.free, bins.zones) for g, bins in enumerate(groups) for _ in range(bins.count)]
    return _place([pod for pod in pods for _ in range(pod.replicas)], nodes, groups)


_Node = tuple[int, tuple[int, ...], tuple[tuple[int, ...], ...]]


def _place(pods: list[Pod], nodes: list[_Node], groups: tuple[GroupBins, ...]) -> bool:
    if not pods:
        return True
    first, *rest = pods
    return any(
        _place(rest, [*nodes[:n], after, *nodes[n + 1 :]], groups)
        for n, node in enumerate(nodes)
        if first.groups is None or node[0] in first.groups
        for after in _ways(first, node, groups[node[0]])
    )


def _ways(pod: Pod, node: _Node, bins: GroupBins) -> Iterator[_Node]:
    """Yield the node after a pod, once for each zone that may take it."""
    g, free, zones = node
    after = _less(free, pod)
    if after is None:
        return
    if not (pod.aligned and bins.strict and zones):
        yield g, after, zones
        return
    for n, zone in enumerate(zones):
        less = _less(zone, pod, skip=UNZONED)
        if less is not None:
            yield g, after, (*zones[:n], less, *zones[n + 1 :])


def _less(free: tuple[int, ...], pod: Pod, skip: int | None = None) -> tuple[int, ...] | None:
    left = list(free)
    for axis, amount in pod.requests:
        if left[axis] != skip:
            left[axis] -= amount
            if left[axis] < 0:
                return None
    return tuple(left)


@dataclass(frozen=True)
class Best:
    """The best placed picks, and the best score with so many."""

    placed: int
    score: float


def _keeps_rules(problem: Problem, chosen: tuple[tuple[int, ...], ...]) -> bool:
    for cluster, each in enumerate(problem.clusters):
        here = [item for item, picks in zip(problem.items, chosen, strict=True) if cluster in picks]
        if any(one.apart & two.apart for one, two in combinations(here, 2)):
            return False
        pods = [
            pod for item in here for o in item.options if o.cluster == cluster for pod in o.pods
        ]
        if not _fits_by_trying(each.groups, pods):
            return False
    pairs = combinations(zip(problem.items, chosen, strict=True), 2)
    if any(one.together & two.together and mine != yours for (one, mine), (two, yours) in pairs):
        return False
    return all(
        _skew(spread.domain_of, item.options, picks) <= spread.max_skew
        for item, picks in zip(problem.items, chosen, strict=True)
        for spread in item.spreads
        if spread.hard
    )


def _skew(domain_of: Mapping[int, str], options: tuple[Option, ...], picks: tuple[int, ...]) -> int:
    counts = dict.fromkeys((domain_of[o.cluster] for o in options if o.cluster in domain_of), 0)
    for cluster in picks:
        if cluster in domain_of:
            counts[domain_of[cluster]] += 1
    return max(counts.values(), default=0) - min(counts.values(), default=0)


def _crowding(problem: Problem, chosen: tuple[tuple[int, ...], ...]) -> float:
    """Sum what pairs of items lose where they meet; items that go together lose nothing."""
    loads = [{o.cluster: o.load for o in item.options} for item in problem.items]
    pairs = combinations(range(len(problem.items)), 2)
    return sum(
        problem.clusters[cluster].crowding * loads[one][cluster] * loads[two][cluster]
        for one, two in pairs
        if not problem.items[one].together & problem.items[two].together
        for cluster in set(chosen[one]) & set(chosen[two])
    )


def _assignments(problem: Problem) -> Iterator[tuple[tuple[int, ...], ...]]:
    ways = [
        [
            picks
            for size in range(min(item.picks, len(item.options)) + 1)
            for picks in combinations(sorted(o.cluster for o in item.options), size)
        ]
        for item in problem.items
    ]
    yield from product(*ways)


@pytest.fixture(scope="session")
def fits_by_trying() -> Callable[[tuple[GroupBins, ...], list[Pod]], bool]:
    return _fits_by_trying


@pytest.fixture(scope="session")
def keeps_rules() -> Callable[[Problem, tuple[tuple[int, ...], ...]], bool]:
    return _keeps_rules


@pytest.fixture(scope="session")
def best_by_trying() -> Callable[[Problem], Best]:
    """Give the best picks and score of a problem without previous decisions."""

    def best(problem: Problem) -> Best:
        found = Best(-1, 0)
        for chosen in _assignments(problem):
            if not _keeps_rules(problem, chosen):
                continue
            score = sum(
                option.score
                for item, picks in zip(problem.items, chosen, strict=True)
                for option in item.options
                if option.cluster in picks
            ) - _crowding(problem, chosen)
            found = max(
                found, Best(sum(map(len, chosen)), score), key=lambda b: (b.placed, b.score)
            )
        return found

    return best
