"""Solve a problem: one class of priority after another, each to its proof."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import groupby

from krmfn.placement_resolver.solving.greedy import Value, greedy, improve, value
from krmfn.placement_resolver.solving.layout import Layout
from krmfn.placement_resolver.solving.problem import Limits, Method, Problem, Solution, Tier
from krmfn.placement_resolver.solving.proof import Proof
from krmfn.placement_resolver.solving.reasons import unplaced
from krmfn.placement_resolver.solving.sticky import moved
from krmfn.placement_resolver.solving.units import Unit, priced, units_of

_DEFAULT = Limits()


def solve(problem: Problem, limits: Limits = _DEFAULT) -> Solution:
    """Assign items to clusters.

    Classes of equal priority are solved from high to low. Within a class as few picks as possible
    stay unplaced, then as few moves as possible are made that nothing but force explains, then
    the score is the best. Where clusters are crowded, which moves are free is decided with the
    loads that local search leads to, and the bounds hold given that. The answer depends on the
    names and values in the problem alone, not on their order, the time or the machine.

    Raises:
        ValueError: two items have one key.
    """
    if len({item.key for item in problem.items}) < len(problem.items):
        raise ValueError("items must have different keys")
    units = units_of(problem)
    layout = Layout(problem.clusters)
    proofs = []
    others: dict[int, Mapping[int, float]] = {}
    for members in _classes(units):
        proof = _prove(layout, members, limits)
        layout = proof.layout
        proofs.append(proof)
        others |= {n: layout.others(unit) for unit in members if unit.crowds for n in unit.members}
    return _solution(problem, units, layout, proofs, others, limits)


def _classes(units: Sequence[Unit]) -> Iterator[list[Unit]]:
    """Yield the units of each priority, highest first."""
    ordered = sorted(units, key=lambda unit: -unit.priority)
    for _, members in groupby(ordered, key=lambda unit: unit.priority):
        yield list(members)


def _prove(base: Layout, units: Sequence[Unit], limits: Limits) -> Proof:
    """Solve one class on top of what is there."""
    layout = base.copy()
    greedy(layout, units, limits.tries)
    settled = _settled(layout, units)
    proof = Proof(layout, value(layout, settled), _trivial_bound(settled))
    if limits.solver and proof.is_open(limits.gap):
        from krmfn.placement_resolver.solving.highs import installed

        if installed():
            from krmfn.placement_resolver.solving.exact import refine

            refine(base, settled, proof, limits)
    if proof.layout is not layout and not all(unit.settled for unit in units):
        improve(proof.layout, units, limits.tries)
        proof.revalue(value(proof.layout, _settled(proof.layout, units)))
    return proof


def _settled(layout: Layout, units: Sequence[Unit]) -> Sequence[Unit]:
    """Decide who may move freely by the loads as they are."""
    return [
        unit if unit.settled else replace(priced(unit, layout.others(unit)), settled=True)
        for unit in units
    ]


def _trivial_bound(units: Sequence[Unit]) -> Value:
    """Give what no solution beats, were every unit alone."""
    return Value(
        sum(unit.picks * len(unit.members) for unit in units),
        -sum(unit.floor for unit in units),
        sum(unit.best for unit in units),
    )


def _solution(
    problem: Problem,
    units: Sequence[Unit],
    layout: Layout,
    proofs: Sequence[Proof],
    others: Mapping[int, Mapping[int, float]],
    limits: Limits,
) -> Solution:
    chosen: list[tuple[int, ...]] = [()] * len(problem.items)
    for unit in units:
        for index in unit.members:
            chosen[index] = tuple(sorted(layout.of(unit)))
    moves = moved(problem, chosen, others)
    forced = sum(move.forced for move in moves)
    avoidable = sum(proof.bound.moves - proof.value.moves for proof in proofs)
    return Solution(
        tuple(chosen),
        placed=Tier(
            sum(proof.value.placed for proof in proofs),
            sum(proof.bound.placed for proof in proofs),
        ),
        moves=Tier(forced, max(forced - avoidable, 0)),
        score=Tier(
            sum(proof.value.score for proof in proofs), sum(proof.bound.score for proof in proofs)
        ),
        proven=not any(proof.is_open(limits.gap) for proof in proofs),
        method=max((proof.method for proof in proofs), default=Method.GREEDY),
        moved=moves,
        unplaced=tuple(unplaced(problem, units, layout, chosen)),
        nodes=sum(proof.nodes for proof in proofs),
        rooms=layout.rooms,
    )
