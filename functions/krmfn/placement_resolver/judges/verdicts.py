"""What Rego says of a workload, checked."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from krmfn.placement_resolver.vectors import Column
from krmfn.placement_resolver.view import View

_KEYS = ("filter", "scores", "reasons")
_MOST = 100


class DecisionError(ValueError):
    """A decision that is of no use; the message says what it must be."""


@dataclass(frozen=True, slots=True)
class RegoVerdict:
    """What the policy's Rego says of one workload.

    Attributes:
        mask: the clusters that it allows.
        rating: from 0 to 1 for every cluster; None where it gives no scores.
        weight: how much the rating counts.
        reasons: why clusters are not allowed, by name.
    """

    mask: int
    rating: Column | None
    weight: float
    reasons: Mapping[str, tuple[str, ...]]


def read_verdict(decision: Any, view: View, weight: float) -> RegoVerdict:
    """Read a decision: ``{filter: [names], scores: {name: number}, reasons: {name: [text]}}``.

    Every key may be absent: then all clusters are allowed, or none is scored.

    Raises:
        DecisionError: the decision is of another form, names a cluster that is not there, or gives
            a score that is not from 0 to 100.
    """
    if decision is None:
        raise DecisionError("must be defined, but is not")
    if not isinstance(decision, dict):
        raise DecisionError(f"must be an object, but is {_kind(decision)}")
    if unknown := sorted(decision.keys() - set(_KEYS)):
        raise DecisionError(f'must have the keys {", ".join(_KEYS)}, but has "{unknown[0]}"')
    return RegoVerdict(
        _mask(decision.get("filter"), view),
        _rating(decision.get("scores"), view),
        weight,
        _reasons(decision.get("reasons", {}), view),
    )


def _mask(allowed: Any, view: View) -> int:
    if allowed is None:
        return view.everything
    if not isinstance(allowed, list) or not all(isinstance(name, str) for name in allowed):
        raise DecisionError("must have a list or set of names as `filter`")
    _are_known(allowed, "filter", view)
    return view.mask_of_names(allowed)


def _rating(scores: Any, view: View) -> Column | None:
    if scores is None:
        return None
    if not isinstance(scores, dict):
        raise DecisionError(f"must have an object as `scores`, but it is {_kind(scores)}")
    _are_known(scores, "scores", view)
    for name, score in scores.items():
        if isinstance(score, bool) or not isinstance(score, (int, float)):
            raise DecisionError(f'must score with numbers, but scores "{name}" with {_kind(score)}')
        if not 0 <= score <= _MOST:
            raise DecisionError(f'must score from 0 to {_MOST}, but scores "{name}" with {score:g}')
    return view.vectors.column(scores.get(each.name, 0) / _MOST for each in view.clusters)


def _reasons(reasons: Any, view: View) -> dict[str, tuple[str, ...]]:
    texts = list(reasons.values()) if isinstance(reasons, dict) else [None]
    if not all(
        isinstance(each, list) and all(isinstance(text, str) for text in each) for each in texts
    ):
        raise DecisionError("must have lists or sets of texts, by name, as `reasons`")
    _are_known(reasons, "reasons", view)
    return {name: tuple(each) for name, each in reasons.items()}


def _are_known(names: Iterable[str], key: str, view: View) -> None:
    unknown = sorted(name for name in names if name not in view.index)
    if unknown:
        raise DecisionError(f'must name clusters in `{key}`, but "{unknown[0]}" is none')


def _kind(value: Any) -> str:
    names = {bool: "a boolean", str: "a string", list: "a list", dict: "an object"}
    return "null" if value is None else names.get(type(value), "a number")
