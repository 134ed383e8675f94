"""Inputs of the placement rows: fleets with hot spots, made the same every time."""

import math
import random
from dataclasses import replace
from operator import truediv

from krmfn.placement_resolver.solving import (
    Cluster,
    GroupBins,
    Item,
    Option,
    Pod,
    Problem,
    Solution,
)

GIB = 2**30
_AXES = 3  # cpu in milli-cores, memory in bytes, hugepages in bytes
_POD = (2_000, 8 * GIB, 2 * GIB)
_MOST = (72_000, 192 * GIB, 48 * GIB)
_HALF = 0.5


def fleet(items: int, clusters: int, load: float = 0.6, best: int = 20, seed: int = 1) -> Problem:
    """Give items that ask for `load` of all resources, each with its `best` nearest clusters.

    Users crowd towards one corner of the map, so that clusters there are asked for more than they
    have. Scores fall with the distance; a fifth of the items needs hugepages, which half of the
    clusters have. No item asks for more than half of the smallest
    cluster, so with few items a fleet is emptier than `load`.
    """
    draw = random.Random(seed)
    places = [(draw.random(), draw.random()) for _ in range(clusters)]
    groups = [_groups(draw) for _ in range(clusters)]
    total = [sum(g.count * g.free[a] for each in groups for g in each) for a in range(_AXES)]
    wants = [_want(draw) for _ in range(items)]
    share = [load * total[a] / max(sum(w[a] for w in wants), 1e-9) for a in range(_AXES)]
    made = []
    for n, want in enumerate(wants):
        pods = _pods([min(int(want[a] * share[a]), _MOST[a]) for a in range(_AXES)])
        home = (draw.random(), draw.random())
        options = [
            Option(c, _score(home, place), pods)
            for c, place in enumerate(places)
            if not want[2] or len(groups[c]) > 1
        ]
        options.sort(key=lambda option: -option.score)
        made.append(Item(f"app-{n:05d}", tuple(options[:best])))
    return Problem(
        tuple(Cluster(f"edge-{c:05d}", each) for c, each in enumerate(groups)), tuple(made)
    )


def crowded(problem: Problem, crowding: float, seed: int = 1) -> Problem:
    """Give the same problem when items of load 0.5 to 1.5 crowd every cluster."""
    draw = random.Random(seed)
    items = []
    for item in problem.items:
        load = draw.uniform(0.5, 1.5)
        items.append(replace(item, options=tuple(replace(o, load=load) for o in item.options)))
    clusters = tuple(replace(cluster, crowding=crowding) for cluster in problem.clusters)
    return replace(problem, clusters=clusters, items=tuple(items))


def after_loss(problem: Problem, solution: Solution, everywhere: Problem) -> Problem:
    """Give the same items when the fullest cluster is gone; who stays has no time to move.

    As in the function, items that lost their cluster are considered on all clusters, which
    `everywhere` has as options; the others on their best ones.
    """
    taken = [cluster for chosen in solution.chosen for cluster in chosen]
    lost = max(range(len(problem.clusters)), key=taken.count)
    pairs = zip(problem.items, everywhere.items, solution.chosen, strict=True)
    return replace(
        problem,
        items=tuple(
            replace(
                item,
                options=tuple(
                    option
                    for option in (wide if lost in chosen else item).options
                    if option.cluster != lost
                ),
                previous=frozenset(chosen),
                movable=False,
            )
            for item, wide, chosen in pairs
        ),
    )


def displaced(problem: Problem) -> int:
    """Give how many items lost a cluster of their previous decision."""
    return sum(
        not item.previous <= {option.cluster for option in item.options} for item in problem.items
    )


def _groups(draw: random.Random) -> tuple[GroupBins, ...]:
    plain = GroupBins(draw.choice((3, 4, 5)), (48_000, 192 * GIB, 0))
    huge = GroupBins(2, (48_000, 128 * GIB, 64 * GIB))
    return (plain, huge) if draw.random() < _HALF else (plain,)


def _want(draw: random.Random) -> tuple[float, float, float]:
    huge = draw.uniform(0.5, 1.5) if draw.random() < 0.2 else 0.0
    return draw.uniform(0.5, 1.5), draw.uniform(0.5, 1.5), huge


def _pods(amounts: list[int]) -> tuple[Pod, ...]:
    """Divide what an item needs into pods of at most a small part of a node."""
    replicas = max(2, *map(math.ceil, map(truediv, amounts, _POD)))
    requests = tuple((a, amount // replicas) for a, amount in enumerate(amounts) if amount)
    return (Pod(requests, replicas),)


def _score(home: tuple[float, float], place: tuple[float, float]) -> float:
    return round(100 - 70 * min(math.dist(home, place), 1.4), 2)
