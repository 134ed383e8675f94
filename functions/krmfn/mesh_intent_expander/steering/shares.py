"""Shares by cluster: which part of a moving service's requests goes where at a phase."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from fractions import Fraction
from math import lcm

from krmfn.mesh_intent_expander.plan.common import ServiceKey
from krmfn.mesh_intent_expander.plan.routes import RoutedRule, Share
from krmfn.mesh_intent_expander.routing.weights import WHOLE, percents
from krmfn.mesh_intent_expander.steering.moves import Move

Moves = Mapping[ServiceKey, Move]


def steered(rule: RoutedRule, moves: Moves) -> RoutedRule:
    """Give a rule whose requests, and their copies, go where the moves want them."""
    mirror = rule.mirror
    if mirror is not None and (move := moves.get(mirror.service)) and mirror.cluster == move.source:
        left = move.phase.target_weight == WHOLE
        mirror = replace(mirror, cluster=move.target if left else move.source)
    return replace(rule, shares=split(rule.shares, moves), mirror=mirror)


def split(shares: Iterable[Share], moves: Moves) -> tuple[Share, ...]:
    """Split shares over clusters: each version gets each cluster's part of its requests.

    A part of 0 is kept, and so is a version as a whole: clients and gateways know a subset before
    it gets requests, and as long as some client may still send it some.

    Args:
        shares: percents, as a rule has them.
        moves: by service.

    Returns:
        shares that add up to 100, unless all are 0; no two of them are of the same pods.
    """
    found: dict[object, tuple[Share, Fraction]] = {}
    for share in shares:
        for cluster, weight in _parts(share, moves.get(share.service)):
            key = (share.service, share.port, tuple(sorted(share.version.items())), cluster)
            _, before = found.get(key, (share, Fraction(0)))
            found[key] = replace(share, cluster=cluster), before + weight
    weights = [weight for _, weight in found.values()]
    if not sum(weights):
        return tuple(share for share, _ in found.values())
    unit = lcm(*(weight.denominator for weight in weights))
    rounded = percents([int(weight * unit) for weight in weights])
    return tuple(
        replace(share, weight=weight)
        for (share, _), weight in zip(found.values(), rounded, strict=True)
    )


def by_cluster(move: Move) -> Mapping[str, int]:
    """Give the relative weights of a service's clusters at a phase.

    "" stands for the service as a whole: clients choose among its clusters by preference.
    """
    step = move.phase.step
    if step in ("Prepare", "Remove") or (step == "Flip" and not move.others):
        return {"": WHOLE, **dict.fromkeys(_known(move), 0)}
    return {**_of_source(move), **dict.fromkeys(move.others, WHOLE)}


def _known(move: Move) -> tuple[str, ...]:
    """Give the clusters that clients must know as such."""
    leaving = () if move.phase.step == "Remove" else (move.source,)
    return (*leaving, move.target, *move.others)


def _of_source(move: Move) -> dict[str, int]:
    weight = move.phase.target_weight
    return {move.source: WHOLE - weight, move.target: weight}


def _parts(share: Share, move: Move | None) -> Iterator[tuple[str, Fraction]]:
    """Yield clusters and weights; what is bound to the source goes to the target in the end."""
    if move is None or not move.weighted or share.cluster not in ("", move.source):
        yield share.cluster, Fraction(share.weight)
        return
    weights = _of_source(move) if share.cluster else by_cluster(move)
    whole = sum(weights.values())
    if share.version and not share.cluster:
        weights = {"": 0, **weights}
    for cluster, weight in weights.items():
        yield cluster, Fraction(share.weight * weight, whole)
