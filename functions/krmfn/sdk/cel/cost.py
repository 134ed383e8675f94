"""How much work an expression may be on given values, counted before it is evaluated.

The count is an upper bound on the steps of any engine: every part of an expression once, a macro's
body once an element, every character and element that a list, a map or a macro makes, and a tenth
of those that an operator or a function touches. It depends on the expression and the values alone,
so the same expressions are refused by every engine, on every machine. The limit is that of
Kubernetes for a single call.
"""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from krmfn.sdk.cel.check import result_of
from krmfn.sdk.cel.nodes import Call, Ident, ListOf, Literal, Loop, MapOf, Node, Select, children

LIMIT = 1_000_000
_FAR_TOO_MUCH = 10**12

_PRODUCTS = {"replace", "join", "format", "matches", "find", "findAll", "split"}
_PAIRWISE = {"indexOf", "lastIndexOf", "sets.contains", "sets.equivalent", "sets.intersects"}
_UNTOUCHED = {"_&&_", "_||_", "_?_:_", "!_", "type", "dyn", "size"}
_GROWING = {"_+_", *_PRODUCTS, *_PAIRWISE}
_ARITHMETIC = {"_-_", "_*_", "_/_", "_%_", "-_"}


class Size(NamedTuple):
    """An upper bound on a value.

    Attributes:
        weight: characters and elements, at every depth.
        length: elements or keys, at its top.
        largest: the weight of the largest of them; None when it is not known.
        values: the values of the activation that it may be; None when it may be others.
    """

    weight: int
    length: int
    largest: int | None = None
    values: tuple[Any, ...] | None = None


class Shape(NamedTuple):
    """What an expression is, whatever the values.

    Attributes:
        parts: its parts, with the characters of its constants.
        nesting: how many macros are inside each other.
        grows: whether it makes something larger than the values that it is given.
    """

    parts: int
    nesting: int
    grows: bool


def weight(value: Any) -> int:
    """Count the characters and elements of a value."""
    if isinstance(value, str):
        return 1 + len(value)
    if isinstance(value, dict):
        return 1 + sum(weight(key) + weight(item) for key, item in value.items())
    if isinstance(value, list):
        return 1 + sum(map(weight, value))
    return 1


def shape(node: Node) -> Shape:
    """Measure an expression without its values."""
    inside = [shape(part) for part in children(node)]
    match node:
        case Call(name=name):
            grows = name in _GROWING
        case Loop(macro=macro):
            grows = macro == "map"
        case _:
            grows = isinstance(node, (ListOf, MapOf))
    return Shape(
        parts=sum(each.parts for each in inside)
        + (weight(node.value) if isinstance(node, Literal) else 1),
        nesting=max((each.nesting for each in inside), default=0) + isinstance(node, Loop),
        grows=grows or any(each.grows for each in inside),
    )


def is_cheap(measured: Shape, total: int) -> bool:
    """Say whether values of this weight can surely never make an expression too much."""
    touched = total + measured.parts
    rounds = touched**measured.nesting
    return not measured.grows and measured.parts * rounds * (2 + touched // 10) <= LIMIT


def steps(node: Node, variables: Mapping[str, Any]) -> int:
    """Count the steps that an expression may take on the values of its variables."""
    scope = {name: _of((value,)) for name, value in variables.items()}
    return _steps(node, scope)[1]


def _of(values: tuple[Any, ...]) -> Size:
    heaviest, longest = max(map(weight, values), default=0), max(map(_length, values), default=0)
    return Size(heaviest, longest, values=values)


def _length(value: Any) -> int:
    return len(value) if isinstance(value, (list, dict)) else 0


def _steps(node: Node, scope: dict[str, Size]) -> tuple[Size, int]:
    match node:
        case Literal(value=value):
            return Size(weight(value), 0), 1
        case Ident(name=name):
            return scope.get(name, Size(1, 0)), 1
        case Loop():
            return _loop_steps(node, scope)
    inside = [_steps(part, scope) for part in children(node)]
    sizes, taken = [size for size, _ in inside], 1 + sum(count for _, count in inside)
    match node:
        case Select(field=field):
            return _at(sizes[0], field), taken
        case Call(name="_[_]", args=(_, Literal(value=key))):
            return _at(sizes[0], key), taken
        case Call(name="_[_]"):
            return _element(sizes[0], of_map=True), taken
        case Call(name=name):
            return _result(node, sizes), taken + _touched(name, sizes) // 10
    weights = [size.weight for size in sizes]
    made = Size(1 + sum(weights), len(sizes), max(weights, default=0))
    return made, taken + made.weight


def _loop_steps(loop: Loop, scope: dict[str, Size]) -> tuple[Size, int]:
    source, before = _steps(loop.source, scope)
    item, each = _steps(loop.body, scope | {loop.variable: _element(source)})
    taken = 1 + before + source.length * (1 + each)
    if loop.macro != "map":
        return source, taken
    total = min(1 + source.length * item.weight, _FAR_TOO_MUCH)
    made = Size(total, source.length, item.weight)
    return made, taken + made.weight


def _at(size: Size, key: Any) -> Size:
    if size.values is None:
        return _element(size)
    return _of(tuple(_items(size.values, key)))


def _items(values: tuple[Any, ...], key: Any) -> Iterator[Any]:
    for value in values:
        if isinstance(value, dict) and isinstance(key, str) and key in value:
            yield value[key]
        elif isinstance(value, list) and isinstance(key, (int, float)):
            yield from value[int(key) : int(key) + 1] if key >= 0 else ()


def _element(size: Size, *, of_map: bool = False) -> Size:
    """Bound an element of a list, and a key (or a value) of a map."""
    if size.values is None:
        largest = size.weight if size.largest is None else size.largest
        return Size(largest, largest)
    elements: list[Any] = []
    for value in size.values:
        if isinstance(value, dict):
            elements += value.values() if of_map else value
        elif isinstance(value, list):
            elements += value
    return _of(tuple(elements))


def _touched(name: str, sizes: list[Size]) -> int:
    weights = [size.weight for size in sizes]
    if name in _PRODUCTS or name in _PAIRWISE:
        return _product(weights)
    if name in _UNTOUCHED:
        return 0
    if name in {"_==_", "_!=_"}:
        return min(weights)
    return sum(weights)


def _result(call: Call, sizes: list[Size]) -> Size:
    name, weights = call.name, [size.weight for size in sizes]
    if name in _ARITHMETIC or result_of(call) in {"boolean", "number"}:
        return Size(1, 0)
    if name in _PRODUCTS:
        return Size(_product(weights), _product(weights))
    if name == "_+_":
        return Size(sum(weights), sum(size.length for size in sizes))
    if name == "_?_:_":
        chosen = sizes[1:]
        known = [size.values for size in chosen if size.values is not None]
        values = tuple(value for each in known for value in each) if len(known) == 2 else None
        return Size(max(weights[1:]), max(size.length for size in chosen), values=values)
    return Size(2 * sum(weights) + 32, 2 * sum(weights) + 32)


def _product(weights: list[int]) -> int:
    result = 1
    for each in weights:
        result = min(result * (1 + each), _FAR_TOO_MUCH)
    return result
