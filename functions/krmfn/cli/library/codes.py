"""The codes of the results that the modules of a folder give, read from their source."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

_SEVERITIES = ("error", "warning", "info")
_CODE = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_Scope = ast.FunctionDef | ast.AsyncFunctionDef | ast.Module


class ResultCode(NamedTuple):
    """A code, how bad it is, and its message with `…` for what is filled in; "" if not known."""

    code: str
    severity: str
    message: str


def result_codes(folder: Path) -> list[ResultCode]:
    """Give every code that is written in a call of something that takes a `code`, sorted.

    A variable as the code stands for every string of its function that has the form of a code.
    """
    modules = [ast.parse(file.read_text()) for file in sorted(folder.rglob("*.py"))]
    scopes = [scope for module in modules for scope in _scopes(module)]
    takers = dict.fromkeys(_SEVERITIES) | dict(
        taker for module in modules for taker in _takers(module)
    )
    found: dict[tuple[str, str], list[str]] = {}
    for scope in scopes:
        for call in _calls(scope):
            name = _name(call.func)
            if name not in takers or (given := _argument(call, "code", takers[name])) is None:
                continue
            severity = name if name in _SEVERITIES else "error"
            said = _argument(call, "message", 0)
            for code in _codes(given, scope):
                found.setdefault((code, severity), []).extend(_messages(said, scope))
    return [
        ResultCode(code, severity, " / ".join(dict.fromkeys(messages)))
        for (code, severity), messages in sorted(found.items())
    ]


def _scopes(module: ast.Module) -> Iterator[_Scope]:
    yield module
    for node in ast.walk(module):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def _takers(module: ast.Module) -> Iterator[tuple[str, int | None]]:
    """Yield the functions and classes that take a `code`, and its position if it has one."""
    for node in ast.walk(module):
        if isinstance(node, ast.FunctionDef):
            yield from _taker(node.name, node, 0)
        elif isinstance(node, ast.ClassDef):
            for method in node.body:
                if isinstance(method, ast.FunctionDef) and method.name == "__init__":
                    yield from _taker(node.name, method, 1)


def _taker(name: str, node: ast.FunctionDef, bound: int) -> Iterator[tuple[str, int | None]]:
    positional = [argument.arg for argument in (*node.args.posonlyargs, *node.args.args)]
    if "code" in positional:
        yield name, positional.index("code") - bound
    elif "code" in {argument.arg for argument in node.args.kwonlyargs}:
        yield name, None


def _calls(scope: _Scope) -> Iterator[ast.Call]:
    """Yield the calls in a scope, without those in the functions inside it."""
    waiting: list[ast.AST] = [*ast.iter_child_nodes(scope)]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if isinstance(node, ast.Call):
            yield node
        waiting.extend(ast.iter_child_nodes(node))


def _name(function: ast.expr) -> str:
    match function:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case _:
            return ""


def _argument(call: ast.Call, name: str, position: int | None) -> ast.expr | None:
    for keyword in call.keywords:
        if keyword.arg == name:
            return keyword.value
    if position is None or position >= len(call.args):
        return None
    return call.args[position]


def _codes(given: ast.expr, scope: _Scope) -> list[str]:
    if not isinstance(given, ast.Name):
        return [text for text in _strings(given) if _CODE.fullmatch(text)]
    if isinstance(scope, ast.Module) or given.id in _parameters(scope):
        return []
    return [text for text in _strings(scope) if "-" in text and _CODE.fullmatch(text)]


def _strings(node: ast.AST) -> Iterator[str]:
    for each in ast.walk(node):
        if isinstance(each, ast.Constant) and isinstance(each.value, str):
            yield each.value


def _parameters(scope: ast.FunctionDef | ast.AsyncFunctionDef) -> set[str]:
    return {node.arg for node in ast.walk(scope.args) if isinstance(node, ast.arg)}


def _messages(said: ast.expr | None, scope: _Scope) -> list[str]:
    """Give the texts of a message, or of everything that is assigned to it in its function."""
    values = [said]
    if isinstance(said, ast.Name):
        assigned = [node for node in ast.walk(scope) if isinstance(node, ast.Assign)]
        values = [node.value for node in assigned if said.id in map(_name, node.targets)]
    return [text for value in values if (text := _text(value)).strip("… ")]


def _text(value: ast.AST | None) -> str:
    match value:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=parts):
            return "".join(map(_text, parts))
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return _text(left) + _text(right)
        case _:
            return "…"
