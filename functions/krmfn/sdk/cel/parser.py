"""CEL's grammar: text in, a syntax tree out.

The grammar is that of the CEL language definition (cel-spec) without message construction and
optional syntax. The engines are given what is written back from this tree: they agree on what is
an expression, and every fault has a line and a column.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from krmfn.sdk.cel.library import LIBRARY
from krmfn.sdk.cel.nodes import (
    Call,
    CelError,
    Ident,
    ListOf,
    Literal,
    Loop,
    MapOf,
    Node,
    Select,
    children,
)
from krmfn.sdk.cel.tokens import Token, fault, number, scan, string

MAX_LENGTH, MAX_NESTING, MAX_DEPTH = 16_384, 32, 100

_T = TypeVar("_T")
_MACROS = {"all", "exists", "exists_one", "filter", "map"}
_CONSTANTS = {"true": True, "false": False, "null": None}
_KEYWORDS = {"in", *_CONSTANTS}
_RESERVED = frozenset(
    "as break const continue else for function if import let loop package namespace return var"
    " void while".split()
)
_LEVELS = [("||",), ("&&",), ("==", "!=", "<", "<=", ">", ">=", "in"), ("+", "-"), ("*", "/", "%")]
_LOGICAL = 2


def parse(text: str) -> Node:
    """Read an expression.

    Raises:
        CelError: the text is no CEL, or longer or deeper than the limits above; brackets count as
            nesting, chains such as `a.b.c` and `a + b + c` as depth.
    """
    if len(text) > MAX_LENGTH:
        raise fault(text, 0, f"must be CEL of at most {MAX_LENGTH} characters, but has {len(text)}")
    node = _Parser(text).whole()
    level = [node]
    for _ in range(MAX_DEPTH):
        level = [part for each in level for part in children(each)]
    if level:
        raise fault(text, level[0].at, f"must be CEL: is a chain of more than {MAX_DEPTH} links")
    return node


class _Parser:
    """A recursive descent over the words of one text."""

    def __init__(self, text: str) -> None:
        self.text, self.depth = text, 0
        self.token = scan(text, 0)

    def fault(self, message: str, at: int | None = None) -> CelError:
        return fault(self.text, self.token.at if at is None else at, f"must be CEL: {message}")

    def unexpected(self) -> CelError:
        found = "the end" if self.token.kind == "end" else f'"{self.token.text}"'
        return self.fault(f"{found} is not expected")

    def advance(self) -> Token:
        token = self.token
        self.token = scan(self.text, token.at + len(token.text))
        return token

    def next_is(self, *texts: str) -> bool:
        return self.token.kind in {"sign", "name"} and self.token.text in texts

    def accept(self, text: str) -> bool:
        found = self.next_is(text)
        if found:
            self.advance()
        return found

    def expect(self, text: str) -> None:
        if not self.accept(text):
            raise self.unexpected()

    @contextmanager
    def deeper(self) -> Iterator[None]:
        self.depth += 1
        if self.depth > MAX_NESTING:
            raise self.fault(f"is nested deeper than {MAX_NESTING}")
        yield
        self.depth -= 1

    def whole(self) -> Node:
        node = self.expression()
        if self.token.kind != "end":
            raise self.unexpected()
        return node

    def expression(self) -> Node:
        with self.deeper():
            node = self.binary(0)
            at = self.token.at
            if not self.accept("?"):
                return node
            yes = self.binary(0)
            self.expect(":")
            return Call(at, "_?_:_", (node, yes, self.expression()))

    def binary(self, level: int) -> Node:
        if level == len(_LEVELS):
            return self.unary()
        operands, at = [self.binary(level + 1)], self.token.at
        while self.next_is(*_LEVELS[level]):
            sign = self.advance()
            operands.append(self.binary(level + 1))
            if level >= _LOGICAL:
                name = "@in" if sign.text == "in" else f"_{sign.text}_"
                operands = [Call(sign.at, name, tuple(operands))]
        return _balanced(f"_{_LEVELS[level][0]}_", operands, at)

    def unary(self) -> Node:
        if not self.next_is("!", "-"):
            return self.members(self.primary())
        sign = self.advance()
        if sign.text == "-" and self.token.kind in {"int", "float"}:
            return self.members(self.literal(sign))
        with self.deeper():
            return Call(sign.at, f"{sign.text}_", (self.unary(),))

    def members(self, node: Node) -> Node:
        while self.next_is(".", "["):
            sign = self.advance()
            if sign.text == ".":
                node = self.selected(node)
            else:
                node = Call(sign.at, "_[_]", (node, self.expression()))
                self.expect("]")
        return node

    def selected(self, node: Node) -> Node:
        token = self.advance()
        if token.kind != "name" or token.text in _KEYWORDS:
            raise self.fault("a field's name must follow the dot", token.at)
        if not self.accept("("):
            return Select(token.at, node, token.text)
        if token.text in _MACROS:
            return self.loop(token, node)
        args = self.sequence(")", self.expression)
        if isinstance(node, Ident) and (name := f"{node.name}.{token.text}") in LIBRARY:
            return Call(node.at, name, args)
        return Call(token.at, token.text, args, node)

    def loop(self, macro: Token, source: Node) -> Node:
        match self.sequence(")", self.expression):
            case (Ident(name=variable), body):
                return Loop(macro.at, macro.text, source, variable, body)
            case (Ident(name=variable), test, body) if macro.text == "map":
                kept = Loop(macro.at, "filter", source, variable, test)
                return Loop(macro.at, "map", kept, variable, body)
        raise self.fault(f"{macro.text}() takes a variable and an expression", macro.at)

    def primary(self) -> Node:
        token = self.token
        if token.kind in {"int", "float", "string"}:
            return self.literal()
        if token.kind == "name" and token.text != "in":
            return self.named(self.advance())
        if self.accept("("):
            node = self.expression()
            self.expect(")")
            return node
        if self.accept("["):
            return ListOf(token.at, self.sequence("]", self.expression))
        if self.accept("{"):
            return MapOf(token.at, self.sequence("}", self.entry))
        raise self.unexpected()

    def literal(self, sign: Token | None = None) -> Node:
        token = self.advance()
        at = sign.at if sign else token.at
        try:
            if token.kind == "string":
                return Literal(at, string(token.text))
            return Literal(at, number(token.text, negative=sign is not None))
        except ValueError as error:
            raise self.fault(str(error), at) from None

    def named(self, token: Token) -> Node:
        if token.text in _CONSTANTS:
            return Literal(token.at, _CONSTANTS[token.text])
        if token.text in _RESERVED:
            raise self.fault(f'"{token.text}" is a reserved word', token.at)
        if not self.accept("("):
            return Ident(token.at, token.text)
        args = self.sequence(")", self.expression)
        if token.text != "has":
            return Call(token.at, token.text, args)
        match args:
            case (Select(at=at, operand=operand, field=field, test=False),):
                return Select(at, operand, field, test=True)
        raise self.fault("has() takes a field, as in has(a.b)", token.at)

    def entry(self) -> tuple[Node, Node]:
        key = self.expression()
        self.expect(":")
        return key, self.expression()

    def sequence(self, closing: str, rule: Callable[[], _T]) -> tuple[_T, ...]:
        items: list[_T] = []
        while not self.accept(closing):
            items.append(rule())
            if not self.next_is(closing):
                self.expect(",")
                if closing == ")" and self.next_is(closing):
                    raise self.unexpected()
        return tuple(items)


def _balanced(name: str, operands: list[Node], at: int) -> Node:
    """Join the operands of `a || b || …`, so that many of them nest no deeper than few."""
    if len(operands) == 1:
        return operands[0]
    half = (len(operands) + 1) // 2
    return Call(
        at, name, (_balanced(name, operands[:half], at), _balanced(name, operands[half:], at))
    )
