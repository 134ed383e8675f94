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
    """
    modules = [ast.parse(file.read_text()) for file in sorted(folder.rglob("*.py"))]
    takers = dict.fromkeys((*_SEVERITIES, "graded")) | dict(
        taker for module in modules for taker in _takers(module)
    )
    return sorted(
        {
            ResultCode(code, name if name in _SEVERITIES else "error")
            for module in modules
            for scope in _scopes(module)
            for call in _calls(scope)
            if (name := _name(call.func)) in takers
            for code in _codes(_argument(call, "code", takers[name]), scope, module)
        }
    )


def _scopes(module: ast.Module) -> Iterator[_Scope]:
    yield module
    for node in ast.walk(module):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def _takers(module: ast.Module) -> Iterator[tuple[str, int | None]]:
    """Yield the functions and classes that take a `code`, and its position if it has one."""
    for node in ast.walk(module):
        if isinstance(node, ast.FunctionDef):
            yield from _taker(node.name, node)
        elif isinstance(node, ast.ClassDef):
            fields = [each.target for each in node.body if isinstance(each, ast.AnnAssign)]
            names = [field.id for field in fields if isinstance(field, ast.Name)]
            if "code" in names:
                yield node.name, names.index("code")
            for method in node.body:
                if isinstance(method, ast.FunctionDef) and method.name == "__init__":
                    yield from _taker(node.name, method)


def _taker(name: str, node: ast.FunctionDef) -> Iterator[tuple[str, int | None]]:
    given = [each.arg for each in node.args.args if each.arg not in {"self", "cls"}]
    if "code" in given:
        yield name, given.index("code")
    elif "code" in {each.arg for each in node.args.kwonlyargs}:
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
