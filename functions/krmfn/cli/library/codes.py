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
    """A code, and how bad it is."""

    code: str
    severity: str


def result_codes(folder: Path) -> list[ResultCode]:
    """Give every code that is written in a call of something that takes a `code`, sorted.

    A variable as the code stands for the strings of that form in what it is assigned or goes over.
    Of takers with the same name, a module's own comes before that of another.
    """
    modules = [ast.parse(file.read_text()) for file in sorted(folder.rglob("*.py"))]
    own = [dict(_takers(module)) for module in modules]
    shared = {name: _Taker(None, name) for name in _SEVERITIES} | {"graded": _Taker(None, "error")}
    for takers in own:
        shared |= takers
    return sorted(
        {
            ResultCode(code, taker.severity)
            for module, takers in zip(modules, own, strict=True)
            for scope in _scopes(module)
            for call in _calls(scope)
            if (taker := (shared | takers).get(_name(call.func)))
            for code in _codes(_argument(call, "code", taker.position), scope, module)
        }
    )


class _Taker(NamedTuple):
    """What takes a code: at which position, if it has one, and how bad it makes it."""

    position: int | None
    severity: str


def _scopes(module: ast.Module) -> Iterator[_Scope]:
    yield module
    for node in ast.walk(module):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def _takers(module: ast.Module) -> Iterator[tuple[str, _Taker]]:
    """Yield the functions and classes that take a `code`."""
    for node in ast.walk(module):
        if isinstance(node, ast.FunctionDef):
            yield from _taker(node.name, node)
        elif isinstance(node, ast.ClassDef):
            fields = [each for each in node.body if isinstance(each, ast.AnnAssign)]
            for position, field in enumerate(fields):
                if _is_code(field.target, field.annotation):
                    yield node.name, _Taker(position, "error")
            for method in node.body:
                if isinstance(method, ast.FunctionDef) and method.name == "__init__":
                    yield from _taker(node.name, method)


def _taker(name: str, node: ast.FunctionDef) -> Iterator[tuple[str, _Taker]]:
    given = [each for each in node.args.args if each.arg not in {"self", "cls"}]
    called = {_name(call.func) for call in ast.walk(node) if isinstance(call, ast.Call)}
    severities = sorted({name, *called}.intersection(_SEVERITIES))
    severity = severities[0] if len(severities) == 1 else "error"
    for position, each in [*enumerate(given), *((None, each) for each in node.args.kwonlyargs)]:
        if _is_code(ast.Name(each.arg), each.annotation):
            yield name, _Taker(position, severity)


def _is_code(target: ast.expr, annotation: ast.expr | None) -> bool:
    """Say whether a parameter or field holds the code of a result, not one of another type."""
    is_text = not isinstance(annotation, ast.Name) or annotation.id == "str"
    return is_text and isinstance(target, ast.Name) and target.id == "code"


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


def _codes(given: ast.expr | None, *scopes: _Scope) -> list[str]:
    found = [text for value in _values(given, *scopes) for text in _strings(value)]
    return [text for text in found if _CODE.fullmatch(text)]


def _values(given: ast.expr | None, *scopes: _Scope) -> list[ast.expr]:
    """Give what an expression stands for: itself, or what its variable is assigned or goes over."""
    if not isinstance(given, ast.Name):
        return [given] if given else []
    bound = [value for scope in scopes for value in _bound(given.id, scope)]
    named = [value for value in bound if isinstance(value, ast.Name)]
    constants = [each for value in named for each in _bound(value.id, scopes[-1])]
    return [value for value in bound if value not in named] + constants


def _bound(name: str, scope: _Scope) -> Iterator[ast.expr]:
    for node in scope.body if isinstance(scope, ast.Module) else ast.walk(scope):
        match node:
            case ast.Assign(targets=targets, value=value):
                yield from [value] if _binds(name, *targets) else []
            case ast.For(target=target, iter=value) | ast.comprehension(target=target, iter=value):
                yield from [value] if _binds(name, target) else []
            case ast.NamedExpr(target=target, value=value):
                yield from [value] if _binds(name, target) else []


def _binds(name: str, *targets: ast.expr) -> bool:
    nodes = [node for target in targets for node in ast.walk(target)]
    return any(isinstance(node, ast.Name) and node.id == name for node in nodes)


def _strings(node: ast.AST) -> Iterator[str]:
    for each in ast.walk(node):
        if isinstance(each, ast.Constant) and isinstance(each.value, str):
            yield each.value
