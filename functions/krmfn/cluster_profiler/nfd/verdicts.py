"""Three-valued verdicts (Kleene's logic) on parts of a matcher, with the reasons for them."""

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from krmfn.cluster_profiler.nfd.features import Attributes

Verdict = bool | None
"""True, False, or None for unknown."""


class Part(NamedTuple):
    """A verdict on a part of a matcher.

    Attributes:
        verdict: True, False or None.
        elements: the matched elements.
        evidence: the facts that decided.
        missing: what would have to be known.
    """

    verdict: Verdict
    elements: tuple[Attributes, ...] = ()
    evidence: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


def all_of(verdicts: Iterable[Verdict]) -> Verdict:
    """Give the conjunction: False if one is False, else None if one is unknown."""
    found = set(verdicts)
    return False if False in found else None if None in found else True


def any_of(verdicts: Iterable[Verdict]) -> Verdict:
    """Give the disjunction: True if one is True, else None if one is unknown."""
    found = set(verdicts)
    return True if True in found else None if None in found else False


def both(one: Part, two: Part) -> Part:
    """Join two parts that must both hold; of a failure only the first reason is kept."""
    for part in (one, two):
        if part.verdict is False:
            return part
    return _joined(all_of([one.verdict, two.verdict]), one, two)


def either(one: Part, two: Part) -> Part:
    """Join two parts of which one must hold; the reasons are those of the parts that decide."""
    verdict = any_of([one.verdict, two.verdict])
    return _joined(verdict, *(part for part in (one, two) if part.verdict is verdict))


def _joined(verdict: Verdict, *parts: Part) -> Part:
    def lines(of: Callable[[Part], tuple[Any, ...]]) -> tuple[Any, ...]:
        return tuple(line for part in parts for line in of(part))

    return Part(
        verdict,
        lines(lambda part: part.elements),
        lines(lambda part: part.evidence),
        lines(lambda part: part.missing),
    )
