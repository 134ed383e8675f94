"""Demands of one rule that can never hold together."""

from collections.abc import Iterable, Sequence

from krmfn.kinds.pods import Demand
from krmfn.sdk.quantity import Exact, parse

Comparison = tuple[str, str, str]
"""Resource, operator and quantity."""

_LOWER, _UPPER = ("Gt", "Ge", "Eq"), ("Lt", "Le", "Eq")


def check_labels(demands: Iterable[Demand]) -> None:
    """Refuse demands on one label that no value fulfils.

    Raises:
        ValueError: there are such demands.
    """
    by_key: dict[str, list[Demand]] = {}
    for demand in demands:
        by_key.setdefault(demand.key, []).append(demand)
    for key, given in by_key.items():
        candidates = [{key: value} for demand in given for value in demand.values]
        absent = any(demand.operator == "DoesNotExist" for demand in given)
        listed = any(demand.operator == "In" for demand in given)
        tried = [{}] if absent else candidates if listed else []
        if tried and not any(all(demand.holds(labels) for demand in given) for labels in tried):
            raise ValueError(f"must be able to hold together, but the demands on `{key}` cannot")


def check_resources(comparisons: Sequence[Comparison]) -> None:
    """Refuse comparisons of one resource that no amount fulfils.

    Raises:
        ValueError: there are such comparisons.
    """
    for name in sorted({name for name, _, _ in comparisons}):
        of_name = [(operator, parse(text)) for each, operator, text in comparisons if each == name]
        least = max((_bound(each, "Gt") for each in of_name if each[0] in _LOWER), default=None)
        most = min((_bound(each, "Lt") for each in of_name if each[0] in _UPPER), default=None)
        if "*" not in name and least is not None and most is not None and least > most:
            raise ValueError(f"must be able to hold together, but the demands on `{name}` cannot")


def _bound(comparison: tuple[str, Exact], strict: str) -> tuple[Exact, int]:
    """Give a bound so that it can be compared with the opposite one: a strict one lies inside."""
    operator, amount = comparison
    return amount, 0 if operator != strict else 1 if strict == "Gt" else -1
