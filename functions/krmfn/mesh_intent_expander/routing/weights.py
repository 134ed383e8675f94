"""Weights: shares of a whole that add up to exactly 100 percent."""

from collections.abc import Sequence

WHOLE = 100


def percents(weights: Sequence[int]) -> tuple[int, ...]:
    """Give weights as whole percents that add up to 100, by the largest remainder.

    Each is less than one point from its exact share. Of equal remainders the first one gets the
    point. Source: the method of Hamilton.

    Args:
        weights: relative shares, none below 0.

    Raises:
        ValueError: they add up to 0.
    """
    total = sum(weights)
    if not total:
        raise ValueError("weights must not add up to 0")
    floors = [weight * WHOLE // total for weight in weights]
    remainders = [weight * WHOLE % total for weight in weights]
    order = sorted(range(len(weights)), key=lambda index: -remainders[index])
    raised = set(order[: WHOLE - sum(floors)])
    return tuple(floor + (index in raised) for index, floor in enumerate(floors))
