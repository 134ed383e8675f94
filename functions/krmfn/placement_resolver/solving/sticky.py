"""What a solution does to the previous decision: who moved, and how often by force."""

from collections.abc import Iterator, Sequence

from krmfn.placement_resolver.solving.problem import Item, Move, Problem
from krmfn.placement_resolver.solving.units import clearly_better


def moved(problem: Problem, chosen: Sequence[Sequence[int]]) -> tuple[Move, ...]:
    """Give the items that left a cluster, in the order of the problem."""
    return tuple(_moves(problem, chosen))


def _moves(problem: Problem, chosen: Sequence[Sequence[int]]) -> Iterator[Move]:
    for index, (item, clusters) in enumerate(zip(problem.items, chosen, strict=True)):
        left = tuple(sorted(item.previous.difference(clusters)))
        if left:
            joined = tuple(sorted(set(clusters) - item.previous))
            yield Move(index, left, joined, _forced(item, left, joined))


def _forced(item: Item, left: Sequence[int], joined: Sequence[int]) -> int:
    """Count the clusters left without a gain that allows it; wanting fewer is no force."""
    scores = {option.cluster: option.score for option in item.options}
    pending = sorted(scores[cluster] for cluster in left if cluster in scores)
    free = 0
    for score in sorted(scores[cluster] for cluster in joined):
        if free < len(pending) and clearly_better(item, score, pending[free]):
            free += 1
    fewer = max(len(item.previous) - item.picks, 0)
    return max(len(left) - fewer - free, 0)
