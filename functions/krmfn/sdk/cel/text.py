"""An expression written anew for an engine.

What the engines do not agree on is written so that they must: fields as indices, the library's
functions by names of our own, and the keys of a map in order.
"""

import json

from krmfn.sdk.cel.check import VARIADIC
from krmfn.sdk.cel.nodes import Call, Ident, ListOf, Literal, Loop, MapOf, Node, Select

NATIVE = frozenset(("size", "contains", "startsWith", "endsWith", "matches", "type"))
"""Functions that every engine has, and has right."""

_OPERATORS = {
    "_[_]": "{}[{}]",
    "_?_:_": "({} ? {} : {})",
    "!_": "(!({}))",
    "-_": "(-({}))",
    "@in": "({} in {})",
}


def function_name(name: str) -> str:
    """Give the name by which an engine knows a function of the library."""
    return name if name in NATIVE else f"f_{name.replace('.', '_')}"


def to_text(node: Node) -> str:
    """Write an expression for an engine."""
    match node:
        case Literal(value=value):
            return _literal(value)
        case Ident(name=name):
            return name
        case Select(operand=operand, field=field, test=test):
            if test:
                return f"has({to_text(operand)}.{field})"
            return f"{to_text(operand)}[{_literal(field)}]"
        case ListOf(items=items):
            return f"[{', '.join(map(to_text, items))}]"
        case MapOf(entries=entries):
            pairs = (f"{to_text(key)}: {to_text(value)}" for key, value in entries)
            return f"{{{', '.join(pairs)}}}"
        case Loop(macro=macro, source=source, variable=variable, body=body):
            return f"{_elements(source)}.{macro}({variable}, {to_text(body)})"
        case Call():
            return _call(node)
    raise TypeError(f"{node} has no text")


def _literal(value: object) -> str:
    match value:
        case str():
            return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
        case bytes():
            return 'b"' + "".join(f"\\x{byte:02x}" for byte in value) + '"'
        case None | bool():
            return json.dumps(value)
        case float():
            return f"({value!r})"
    return f"({value})" if type(value) is int else f"{value}u"


def _call(node: Call) -> str:
    args = [to_text(part) for part in ((node.target, *node.args) if node.target else node.args)]
    match node.name, args:
        case "dyn", [value]:
            return value
        case name, _ if node.is_operator:
            return _OPERATORS.get(name, f"({{}} {name[1:-1]} {{}})").format(*args)
        case name, _ if name in VARIADIC and len(args) != 1:
            return f"{function_name(name)}([{', '.join(args)}])"
    if node.name in NATIVE and node.target:
        return f"{args[0]}.{node.name}({', '.join(args[1:])})"
    return f"{function_name(node.name)}({', '.join(args)})"


def _elements(source: Node) -> str:
    """Write what a macro goes through, a map by its keys in order."""
    text = to_text(source)
    if isinstance(source, (ListOf, Loop)):
        return text
    if _is_path(source):
        return f"(type({text}) == map ? f___keys({text}) : {text})"
    return f"[{text}].map(__k, type(__k) == map ? f___keys(__k) : __k)[0]"


def _is_path(node: Node) -> bool:
    match node:
        case Ident():
            return True
        case Select(operand=operand, test=False):
            return _is_path(operand)
        case Call(name="_[_]", args=(operand, Literal() | Ident())):
            return _is_path(operand)
    return False
