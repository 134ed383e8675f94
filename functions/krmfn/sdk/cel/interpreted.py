"""cel-python, repaired: the engine that is always there, and the one for every value.

Its parser and its interpreter do the work. They are given operators and functions of ours
(`repairs`), a tree without the levels that only pass a value on, and macros, `has` and maps as the
language defines them: cel-python copies all variables for every element, takes `has(a.b.c)` for
false where `a.b` is missing, and `{"a": 1/0}` for a map.
"""

import sys
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any

import celpy
import lark
from celpy import evaluation
from celpy.evaluation import CELEvalError

from krmfn.sdk.cel.library import NO_OVERLOAD, Fault, operators
from krmfn.sdk.cel.nodes import Node
from krmfn.sdk.cel.repairs import functions, joined, plain, unwrapped
from krmfn.sdk.cel.text import to_text

Tree = lark.Tree[Any]

_PASSED_ON = frozenset(
    "expr conditionalor conditionaland relation addition multiplication unary member"
    " paren_expr".split()
)
_PRIMARY = frozenset("ident_arg list_lit map_lit".split())
_OPERATORS = {
    "relation_eq": "_==_",
    "relation_ne": "_!=_",
    "relation_lt": "_<_",
    "relation_le": "_<=_",
    "relation_gt": "_>_",
    "relation_ge": "_>=_",
    "relation_in": "_in_",
    "addition_add": "_+_",
    "addition_sub": "_-_",
    "multiplication_mul": "_*_",
    "multiplication_div": "_/_",
    "multiplication_mod": "_%_",
}
_OPERATIONS = {"member_index": "_[_]", "conditionaland": "_&&_", "conditionalor": "_||_"}


def program(node: Node) -> Callable[[Mapping[str, Any]], Any]:
    """Make a function of an expression: from the values of its variables to its value.

    The function raises Fault where the expression has no value.
    """
    tree = _simplified(_environment().compile(to_text(node)))
    base = evaluation.Activation(functions=functions())

    def evaluate(variables: Mapping[str, Any]) -> Any:
        activation = base.nested_activation(vars=variables)
        value = _Evaluator(tree, activation).visit(tree)
        if isinstance(value, CELEvalError):
            raise Fault(str(value.args[0]))
        return plain(value)

    return evaluate


class _Evaluator(evaluation.Evaluator):
    """cel-python's interpreter over a simplified tree; its methods are named by the grammar."""

    def constant(self, tree: Tree) -> Any:
        return tree.children[0]

    def ident(self, tree: Tree) -> Any:
        name = str(tree.children[0])
        for names in self.activation.identifiers.parent_iter():
            if name in names:
                return names[name].value
        return self.activation.functions[name]

    def operation(self, tree: Tree) -> Any:
        operands: list[Any] = tree.children
        return operands[0](*map(self.visit, operands[1:]))

    def exprlist(self, tree: Tree) -> Any:
        values = self.visit_children(tree)
        return next((value for value in values if isinstance(value, CELEvalError)), values)

    def primary(self, tree: Tree) -> Any:
        return unwrapped(super().primary(tree))

    def mapinits(self, tree: Tree) -> Any:
        values = self.exprlist(tree)
        if isinstance(values, CELEvalError):
            return values
        made: dict[Any, Any] = {}
        for key, value in zip(values[::2], values[1::2], strict=True):
            if not isinstance(key, (bool, int, str)):
                return CELEvalError(NO_OVERLOAD)
            if operators.holds(made, key):
                return CELEvalError("duplicate key")
            made[key] = value
        return made

    def macro_has_eval(self, exprlist: Tree) -> Any:
        selection: Any = exprlist.children[0]
        value = self.visit(selection.children[0])
        if isinstance(value, dict):
            return selection.children[1].value in value
        return value if isinstance(value, CELEvalError) else CELEvalError(NO_OVERLOAD)

    def member_dot_arg(self, tree: Tree) -> Any:
        source, name, *rest = tree.children
        items = self.visit(source)
        if isinstance(items, CELEvalError):
            return items
        if not isinstance(items, (list, dict)):
            return CELEvalError(NO_OVERLOAD)
        arguments: Any = rest[0]
        variable, body = arguments.children
        return _FOLDS[str(name)](list(items), self._each(items, variable.children[0].value, body))

    def _each(self, items: Iterable[Any], variable: str, body: Tree) -> Iterable[Any]:
        inner = self.activation.nested_activation(vars={variable: None})
        evaluator = _Evaluator(body, inner)
        for item in items:
            inner.identifiers[variable].value = item
            yield evaluator.visit(body)


def _joined(values: Iterable[Any], *, end: bool) -> Any:
    result: Any = not end
    for value in values:
        result = joined(result, value, end=end)
        if result is end:
            break
    return result


def _kept(items: list[Any], values: Iterable[Any]) -> Any:
    kept = []
    for item, value in zip(items, values, strict=True):
        if not isinstance(value, bool):
            return value if isinstance(value, CELEvalError) else CELEvalError(NO_OVERLOAD)
        kept += [item] * value
    return kept


def _exactly_one(items: list[Any], values: Iterable[Any]) -> Any:
    kept = _kept(items, values)
    return kept if isinstance(kept, CELEvalError) else len(kept) == 1


def _mapped(_items: list[Any], values: Iterable[Any]) -> Any:
    made = []
    for value in values:
        if isinstance(value, CELEvalError):
            return value
        made.append(value)
    return made


_FOLDS: dict[str, Callable[[list[Any], Iterable[Any]], Any]] = {
    "all": lambda _items, values: _joined(values, end=False),
    "exists": lambda _items, values: _joined(values, end=True),
    "exists_one": _exactly_one,
    "filter": _kept,
    "map": _mapped,
}


@cache
def _environment() -> celpy.Environment:
    limit = sys.getrecursionlimit()
    try:
        return celpy.Environment()  # sets a limit of its own, which nothing here needs
    finally:
        sys.setrecursionlimit(limit)


def _simplified(tree: Tree) -> Any:
    """Take out the levels of the grammar that only pass a value on, and read literals once."""
    for part in tree.iter_subtrees():
        part.children = [_shortened(child) for child in part.children]
    return _shortened(tree)


def _shortened(tree: Any) -> Any:
    match tree:
        case lark.Tree(data="literal"):
            value = evaluation.Evaluator(tree, evaluation.Activation()).literal(tree)
            return lark.Tree("constant", [unwrapped(value)])
        case lark.Tree(data=data, children=[child]) if data in _PASSED_ON:
            return child
        case lark.Tree(data="primary", children=[lark.Tree(data="ident_arg", children=parts)]) if (
            parts[0] != "has"
        ):
            return _call(str(parts[0]), *_arguments(parts[1:]))
        case lark.Tree(data="member_dot_arg", children=[target, name, *rest]) if name not in _FOLDS:
            return _call(str(name), target, *_arguments(rest))
        case lark.Tree(data="primary", children=[child]) if child.data not in _PRIMARY:
            return child
        case lark.Tree(data=data, children=[left, right]) if data in _OPERATIONS:
            return _call(_OPERATIONS[data], left, right)
        case lark.Tree(children=[lark.Tree(data=data, children=[left]), right]) if (
            data in _OPERATORS
        ):
            return _call(_OPERATORS[data], left, right)
    return tree


def _call(name: str, *operands: Any) -> Tree:
    return lark.Tree("operation", [functions()[name], *operands])


def _arguments(rest: list[Any]) -> list[Any]:
    return rest[0].children if rest else []
