"""What can be said of an expression before it is evaluated: its names, its functions, its type.

No engine is asked, so the answer does not depend on which one is there.
"""

from collections.abc import Collection, Iterator
from itertools import chain
from typing import Any

from krmfn.sdk.cel.library import LIBRARY
from krmfn.sdk.cel.library.registry import Items, Number, Object
from krmfn.sdk.cel.nodes import Call, Ident, ListOf, Literal, Loop, MapOf, Node, Select, children
from krmfn.sdk.cel.parser import MAX_LENGTH
from krmfn.sdk.cel.tokens import fault

TYPES = frozenset("bool bytes double int list map null_type string type uint".split())
_OF_TIME = "Date DayOfMonth DayOfWeek DayOfYear FullYear Hours Milliseconds Minutes Month Seconds"
TIMES = {f"get{part}": (1, 2) for part in _OF_TIME.split()}
"""Functions of timestamps and durations, with the number of their arguments."""

CONVERSIONS = frozenset(("bytes", "duration", "timestamp", "uint"))
"""Functions that give what JSON does not have."""

VARIADIC = frozenset(("math.greatest", "math.least"))
"""Functions of a list that may be written without its brackets."""

_OF_ANY = {"dyn", "type", *CONVERSIONS}
_LOGICAL = frozenset("_&&_ _||_ !_ @in _==_ _!=_ _<_ _<=_ _>_ _>=_".split())
_RESULTS: dict[Any, str] = {
    bool: "boolean",
    **dict.fromkeys((int, float, Number), "number"),
    str: "string",
    **dict.fromkeys((list, Items, list[str]), "list"),
    Object: "map",
}


def check(text: str, node: Node, variables: Collection[str]) -> None:
    """See that every name is a variable and every call one of a function that there is.

    Raises:
        CelError: a name is not declared, or a function cannot be called so.
    """
    for part, bound in _walk(node, frozenset(variables)):
        match part:
            case Ident(at=at, name=name) if name not in bound and name not in TYPES:
                known = f", one of {', '.join(sorted(variables))}" if variables else ""
                raise fault(text, at, f'"{name}" must be a variable{known}')
            case Loop(at=at, variable=variable) if variable in TYPES or variable[:2] == "__":
                raise fault(text, at, f'"{variable}" must be the name of no type')
            case MapOf(at=at, entries=entries):
                keys = {type(key.value) for key, _ in entries if isinstance(key, Literal)}
                if len(keys) > 1:
                    raise fault(text, at, "the keys of a map must be of one type")
            case Call() if not part.is_operator:
                _check_call(text, part)


def result_of(node: Node) -> str:
    """Name the type of what an expression gives; "" when it depends on the values."""
    match node:
        case Literal(value=value):
            return "null" if value is None else _RESULTS.get(type(value), "")
        case Loop(macro="filter" | "map") | ListOf():
            return "list"
        case Loop() | Select(test=True):
            return "boolean"
        case MapOf():
            return "map"
        case Call(name="_?_:_", args=(_, yes, no)):
            first, second = result_of(yes), result_of(no)
            return first if first == second else ""
        case Call(name=name):
            results = {_RESULTS.get(each.returns, "") for each in LIBRARY.get(name, ())}
            return "boolean" if name in _LOGICAL else "".join(results) * (len(results) == 1)
    return ""


def is_json(node: Node) -> bool:
    """Say whether an expression has to do with values of JSON alone: no bytes, uints or times.

    Types may be compared, but not kept: `type(x) == int`.
    """
    match node:
        case Literal(value=value):
            return _is_json_literal(value)
        case Ident(name=name):
            return name not in TYPES
        case Call(name="_==_" | "_!=_", args=args):
            return all(_is_type(part) or is_json(part) for part in args)
        case Call(name=name) if name in TIMES or name in CONVERSIONS or name == "type":
            return False
    return all(map(is_json, children(node)))


def _is_type(node: Node) -> bool:
    match node:
        case Ident(name=name):
            return name in TYPES
        case Call(name="type", args=(value,)):
            return is_json(value)
    return False


def _is_json_literal(value: object) -> bool:
    if type(value) is str:
        return "\0" not in value  # cel-expr-python cuts a string there
    return value is None or type(value) in {bool, int, float}


def _walk(node: Node, bound: frozenset[str]) -> Iterator[tuple[Node, frozenset[str]]]:
    yield node, bound
    if isinstance(node, Loop):
        inside = _walk(node.body, bound | {node.variable})
        yield from chain(_walk(node.source, bound), inside)
    else:
        for part in children(node):
            yield from _walk(part, bound)


def _check_call(text: str, call: Call) -> None:
    name, is_member = call.name, call.target is not None
    takes = {(each.is_member, each.required, len(each.types)) for each in LIBRARY.get(name, ())}
    if name in TIMES:
        takes = {(True, *TIMES[name])}
    elif name in _OF_ANY:
        takes = {(False, 1, 1)}
    elif name in VARIADIC:
        takes = {(False, 1, MAX_LENGTH)}
    if not takes or name.startswith("__"):
        raise fault(text, call.at, f'"{name}" must be a function')
    count = len(call.args) + is_member
    if not any(member == is_member and low <= count <= high for member, low, high in takes):
        raise fault(text, call.at, f"{name}() cannot be called with these arguments")
