"""Functions of lists: Kubernetes' lists library and CEL's sets extension."""

from itertools import pairwise
from typing import Any

from krmfn.sdk.cel.library.operators import add, equal, less
from krmfn.sdk.cel.library.registry import Fault, Items, Number, Object, function, member


@member("isSorted")
def _is_sorted(items: Items) -> bool:
    return not any(less(after, before) for before, after in pairwise(items))


@member("sum")
def _total(items: Items) -> Number:
    result: Number = items[0] if items else 0
    if type(result) not in {int, float}:
        raise Fault("sum() takes a list of numbers")
    for item in items[1:]:
        result = add(result, item)
    return result


@member("min")
def _minimum(items: Items) -> Any:
    return _extreme("min", items, less)


@member("max")
def _maximum(items: Items) -> Any:
    return _extreme("max", items, lambda item, best: less(best, item))


@member("indexOf")
def _index_of(items: Items, wanted: Any) -> int:
    return next((at for at, item in enumerate(items) if equal(item, wanted)), -1)


@member("lastIndexOf")
def _last_index_of(items: Items, wanted: Any) -> int:
    backwards = range(len(items) - 1, -1, -1)
    return next((at for at in backwards if equal(items[at], wanted)), -1)


@function("sets.contains")
def _contains(items: Items, others: Items) -> bool:
    return all(any(equal(item, other) for item in items) for other in others)


@function("sets.equivalent")
def _equivalent(items: Items, others: Items) -> bool:
    return bool(_contains(items, others) and _contains(others, items))


@function("sets.intersects")
def _intersects(items: Items, others: Items) -> bool:
    return any(equal(item, other) for item in items for other in others)


@function("__keys")
def _keys(source: Object) -> Items:
    """Give the keys of a map in order: macros go through them in this order in every engine."""
    return sorted(source, key=lambda key: (type(key).__name__, key))


def _extreme(name: str, items: list[Any], better: Any) -> Any:
    if not items:
        raise Fault(f"{name}() takes a list that is not empty")
    best = items[0]
    for item in items[1:]:
        best = item if better(item, best) else best
    return best
