"""Expressions that are ready to be evaluated, and the values that they are evaluated on."""

from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from importlib.util import find_spec
from typing import Any, Literal

from krmfn.sdk.cel import check, cost
from krmfn.sdk.cel.library import Fault
from krmfn.sdk.cel.nodes import CelError, Node, NoValueError
from krmfn.sdk.cel.parser import parse

Engine = Literal["cel-expr-python", "cel-python"]
Expected = Literal["any", "boolean", "list", "map", "number", "string"]

_MODULES: dict[Engine, str] = {"cel-expr-python": "cel_expr_python", "cel-python": "celpy"}
_TYPES = {bool: "boolean", int: "number", float: "number", str: "string", list: "list", dict: "map"}
_DEEPEST = 64
_LONGEST_MESSAGE = 300


class Activation:
    """The values of variables, made ready once for many expressions.

    Attributes:
        values: as CEL has them: plain, with text for the keys of maps and integers of 64 bits.
        weight: how many characters and elements there are.

    Raises:
        CelError: a value is none that JSON has, or nested deeper than 64.
    """

    def __init__(self, variables: Mapping[str, Any]) -> None:
        self.values = {name: _plain(value, _DEEPEST) for name, value in variables.items()}
        self.weight = sum(map(cost.weight, self.values.values()))

    @cached_property
    def is_native(self) -> bool:
        """Whether cel-expr-python can hold the values: it cuts text at NUL."""
        return not any(map(_has_nul, self.values.values()))

    @cached_property
    def native(self) -> Any:
        """The values as cel-expr-python holds them."""
        from krmfn.sdk.cel.native import activation

        return activation(self.values)


@dataclass(frozen=True)
class Program:
    """An expression, checked and ready to be evaluated.

    Attributes:
        text: the expression.
        node: its syntax tree.
        variables: the names that it may use.
        expect: the type that its value must have.
        engine: the engine that is taken for what it can evaluate; cel-python takes the rest.
    """

    text: str
    node: Node
    variables: frozenset[str]
    expect: Expected
    engine: Engine

    def evaluate(self, given: Activation | Mapping[str, Any]) -> Any:
        """Give the value of the expression as plain Python; times as text, types as names.

        Raises:
            CelError: it has no value (a key is missing, a division by zero, no such overload), one
                of another type than `expect`, or it may take more than a million steps.
        """
        activation = given if isinstance(given, Activation) else Activation(given)
        if missing := self.variables - activation.values.keys():
            raise CelError(f'must be evaluated with a value of "{min(missing)}"')
        if not cost.is_cheap(self._shape, activation.weight):
            self._bound(activation)
        try:
            value = _in_order(self._evaluate(activation))
        except Fault as fault:
            raise NoValueError(f"must have a value, but: {_short(str(fault))}") from None
        found = _TYPES.get(type(value), "null")
        if self.expect not in {"any", found}:
            raise CelError(f"must give a {self.expect}, but gives {_with_article(found)}")
        return value

    def _bound(self, activation: Activation) -> None:
        steps = cost.steps(self.node, activation.values)
        if steps > cost.LIMIT:
            shown = f"{min(steps, 10**12):.0e}"
            raise CelError(f"must take at most {cost.LIMIT} steps, but may take {shown}")

    def _evaluate(self, activation: Activation) -> Any:
        if self.engine == "cel-expr-python" and self._is_json and activation.is_native:
            from krmfn.sdk.cel.native import Beyond

            with suppress(Beyond):
                return self._native(activation.native)
        return self._interpreted(activation.values)

    @cached_property
    def _shape(self) -> cost.Shape:
        return cost.shape(self.node)

    @cached_property
    def _is_json(self) -> bool:
        return check.is_json(self.node)

    @cached_property
    def _native(self) -> Any:
        from krmfn.sdk.cel.native import program

        return program(self.node)

    @cached_property
    def _interpreted(self) -> Any:
        from krmfn.sdk.cel.interpreted import program

        return program(self.node)


def compile(  # noqa: A001
    expression: str,
    *,
    variables: Collection[str],
    expect: Expected = "boolean",
    engine: Engine | None = None,
) -> Program:
    """Read and check an expression; the same one is compiled once.

    Args:
        expression: the text.
        variables: the names that it may use.
        expect: the type that its value must have; "any" for whatever it is.
        engine: the engine, for tests; else the fastest that can be imported.

    Raises:
        CelError: the text is no CEL, names what is not declared, or can only be of another type
            than expected; with line and column.
        ValueError: a variable is named like a type.
    """
    if clash := check.TYPES.intersection(variables):
        raise ValueError(f"{min(clash)} is the name of a type, so that it can be no variable")
    return _compile(expression, frozenset(variables), expect, engine or engines()[0])


@cache
def engines() -> tuple[Engine, ...]:
    """Name the engines that can be imported, the fastest first."""
    return tuple(name for name, module in _MODULES.items() if find_spec(module) is not None)


@lru_cache(maxsize=4096)
def _compile(text: str, variables: frozenset[str], expect: Expected, engine: Engine) -> Program:
    node = parse(text)
    check.check(text, node, variables)
    found = check.result_of(node)
    if found and expect not in {"any", found}:
        raise CelError(f"must give a {expect}, but gives {_with_article(found)}", 1, 1)
    return Program(text, node, variables, expect, engine)


def _plain(value: Any, depth: int) -> Any:
    if value is None or type(value) in {bool, float, str}:
        return value
    if isinstance(value, int):
        return int(value) if -(2**63) <= value < 2**63 else float(value)
    if not depth:
        raise CelError(f"must be evaluated on values nested at most {_DEEPEST} deep")
    if isinstance(value, Mapping):
        return {_key(key): _plain(item, depth - 1) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item, depth - 1) for item in value]
    for kind in (str, float):
        if isinstance(value, kind):
            return kind(value)
    raise CelError(f"must be evaluated on values of JSON, not on a {type(value).__name__}")


def _in_order(value: Any) -> Any:
    """Put the keys of maps in order, as no engine does."""
    if isinstance(value, dict):
        return {key: _in_order(value[key]) for key in sorted(value, key=str)}
    return [_in_order(item) for item in value] if isinstance(value, list) else value


def _key(key: Any) -> str:
    return str(key) if isinstance(key, str) else str(key).lower() if key is not None else "null"


def _has_nul(value: Any) -> bool:
    if isinstance(value, dict):
        return any(_has_nul(key) or _has_nul(item) for key, item in value.items())
    if isinstance(value, list):
        return any(map(_has_nul, value))
    return isinstance(value, str) and "\0" in value


def _with_article(name: str) -> str:
    return name if name == "null" else f"a {name}"


def _short(message: str) -> str:
    line = " ".join(message.split())
    return line if len(line) <= _LONGEST_MESSAGE else f"{line[:_LONGEST_MESSAGE]}…"
