"""The syntax tree of an expression, and what is wrong with one."""

from dataclasses import dataclass
from typing import Any


class CelError(Exception):
    """An expression is no CEL, does not fit its variables, or fails on their values.

    Attributes:
        message: what must be, or what is wrong, in one line.
        line, column: where, counted from 1; 0 when the place is not known.
    """

    def __init__(self, message: str, line: int = 0, column: int = 0) -> None:
        self.message, self.line, self.column = message, line, column
        super().__init__(message)

    def __str__(self) -> str:
        where = f" at line {self.line}, column {self.column}" if self.line else ""
        return f"{self.message}{where}"


class NoValueError(CelError):
    """An expression has no value here: a key is missing, a division by zero, no such overload."""


class Uint(int):
    """An unsigned integer, as `7u` writes it."""


@dataclass(frozen=True, slots=True)
class Node:
    """A piece of an expression; `at` is its offset in the text."""

    at: int


@dataclass(frozen=True, slots=True)
class Literal(Node):
    """A constant: None, a bool, int, Uint, float, str or bytes."""

    value: Any


@dataclass(frozen=True, slots=True)
class Ident(Node):
    """A variable or a type."""

    name: str


@dataclass(frozen=True, slots=True)
class Select(Node):
    """`operand.field`; `has(operand.field)` when only its presence is asked."""

    operand: Node
    field: str
    test: bool = False


@dataclass(frozen=True, slots=True)
class Call(Node):
    """An operator, named as in `_+_`, or a function; a member function has a `target`."""

    name: str
    args: tuple[Node, ...]
    target: Node | None = None

    @property
    def is_operator(self) -> bool:
        """Whether it is no function: no operator's name can be written as a name."""
        return not self.name.replace(".", "_").isidentifier()


@dataclass(frozen=True, slots=True)
class ListOf(Node):
    """A list."""

    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class MapOf(Node):
    """A map."""

    entries: tuple[tuple[Node, Node], ...]


@dataclass(frozen=True, slots=True)
class Loop(Node):
    """A macro over the elements of a list or the keys of a map.

    Attributes:
        macro: all, exists, exists_one, filter or map.
        source: what is gone through.
        variable: the name of the element in `body`.
        body: what is asked of each element, or what `map` makes of it.
    """

    macro: str
    source: Node
    variable: str
    body: Node


def children(node: Node) -> tuple[Node, ...]:
    """Give the parts of a node, in the order in which they are evaluated."""
    match node:
        case Select(operand=operand):
            return (operand,)
        case Call(args=args, target=target):
            return args if target is None else (target, *args)
        case ListOf(items=items):
            return items
        case MapOf(entries=entries):
            return tuple(part for entry in entries for part in entry)
        case Loop(source=source, body=body):
            return (source, body)
    return ()
