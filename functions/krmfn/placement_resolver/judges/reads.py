"""Which parts of the workload an expression reads."""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from krmfn.sdk.cel.nodes import Call, Ident, Literal, Node, Select, children

Way = tuple[str, ...]
"""The keys that lead into the workload; none for the whole of it."""


def reads(node: Node) -> tuple[Way, ...]:
    """Give the parts of the variable ``workload`` that an expression names, in order."""
    return tuple(sorted(set(_ways(node))))


def seen(ways: Iterable[Way], workload: Mapping[str, Any]) -> str:
    """Give as text what stands at the ends of some ways."""
    return json.dumps([_at(workload, way) for way in ways], sort_keys=True)


def _at(value: Any, way: Way) -> list[Any]:
    """Give a list of the value at the end of a way; an empty one where there is none."""
    for key in way:
        if not isinstance(value, Mapping) or key not in value:
            return []
        value = value[key]
    return [value]


def _ways(node: Node) -> Iterator[Way]:
    way = _way(node)
    if way is not None:
        yield way
        return
    for part in children(node):
        yield from _ways(part)


def _way(node: Node) -> Way | None:
    match node:
        case Ident(name="workload"):
            return ()
        case Select(operand=operand, field=key):
            way = _way(operand)
        case Call(name="_[_]", args=(operand, Literal(value=str() as key))):
            way = _way(operand)
        case _:
            return None
    return None if way is None else (*way, key)
