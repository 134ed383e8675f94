"""What a solution does to the previous decision: who moved, and how often by force."""

from collections.abc import Iterator, Mapping, Sequence

from krmfn.placement_resolver.solving.problem import Item, Move, Problem
from krmfn.placement_resolver.solving.units import clearly_better, worths_of


def moved(
    problem: Problem, chosen: Sequence[Sequence[int]], others: Mapping[int, Mapping[int, float]]
) -> tuple[Move, ...]:
    """Give the items that left a cluster, in the order of the problem.

    Args:
        problem: what was solved.
        chosen: per item its clusters.
        others: per item, where clusters are crowded, the load of others on them.
    """
    return tuple(_moves(problem, chosen, others))


def _moves(
    problem: Problem, chosen: Sequence[Sequence[int]], others: Mapping[int, Mapping[int, float]]
) -> Iterator[Move]:
    for index, (item, clusters) in enumerate(zip(problem.items, chosen, strict=True)):
        left = tuple(sorted(item.previous.difference(clusters)))
        if left:
            joined = tuple(sorted(set(clusters) - item.previous))
            crowding = {o.cluster: problem.clusters[o.cluster].crowding for o in item.options}
            worths = worths_of(item, crowding, others.get(index, {}))
            yield Move(index, left, joined, _forced(item, left, joined, worths))


def _forced(
    item: Item, left: Sequence[int], joined: Sequence[int], worths: Mapping[int, float]
) -> int:
    """Count the clusters left without a gain that allows it; wanting fewer is no force."""
    pending = sorted(worths[cluster] for cluster in left if cluster in worths)
    free = 0
    for worth in sorted(worths[cluster] for cluster in joined):
        if free < len(pending) and clearly_better(item, worth, pending[free]):
            free += 1
    fewer = max(len(item.previous) - item.picks, 0)
    return max(len(left) - fewer - free, 0)
