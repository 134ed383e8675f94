"""The syntax of Go's text/template, as far as rules of Node Feature Discovery use it.

Read are actions with pipelines, variables, parentheses and fields; `range`, `if`, `with`, `else`,
`end`; comments and trim markers. Anything else is refused by name.
"""

import json
import re
from collections.abc import Container
from dataclasses import dataclass
from typing import Any, NamedTuple

from krmfn.cluster_profiler.nfd.expressions import RuleError

_LONGEST, _DEEPEST = 64 * 1024, 50
_SPACE = " \t\r\n"
_COMMENT = re.compile(r"[ \t\r\n]*/\*.*?\*/", re.DOTALL)
_END = re.compile(r"[ \t\r\n]+-\}\}|[ \t\r\n]*\}\}")
_TOKEN = re.compile(
    r"""(?P<space>[ \t\r\n]*)(?:
      (?P<string>"(?:[^"\\\n]|\\.)*"|`[^`]*`)
    | (?P<number>[+-]?\d+(?![\w.]))
    | (?P<sign>:=|[=|(),])
    | (?P<variable>\$\w*)
    | (?P<fields>(?:\.\w+)+|\.)
    | (?P<word>[^\W\d]\w*)
    )""",
    re.VERBOSE,
)
_CONSTANTS: dict[str, Any] = {"true": True, "false": False}
_BLOCKS = ("range", "if", "with")
_REFUSED = ("define", "template", "block", "break", "continue")


@dataclass(frozen=True, slots=True)
class Operand:
    """A value in a command.

    Attributes:
        kind: `dot`, `constant`, `variable`, `function` or `pipeline`.
        value: the constant, the name, or the Pipeline in parentheses.
        fields: names to look up in it, one after the other.
    """

    kind: str
    value: Any = None
    fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Pipeline:
    """Commands, each given the result of the one before as its last argument.

    Attributes:
        commands: the commands, each a row of operands.
        variables: the variables that take the result; `range` may have two.
        declares: whether the variables are new.
    """

    commands: tuple[tuple[Operand, ...], ...]
    variables: tuple[str, ...] = ()
    declares: bool = False


@dataclass(frozen=True, slots=True)
class Block:
    """A `range`, `if` or `with`, and what it holds."""

    keyword: str
    pipeline: Pipeline
    body: tuple["Node", ...]
    otherwise: tuple["Node", ...]


Node = str | Pipeline | Block
"""A part of a template: text, an action that prints, or a block."""


class _Token(NamedTuple):
    kind: str
    text: str
    spaced: bool


def parse(text: str, functions: Container[str]) -> tuple[Node, ...]:
    """Read a template.

    Args:
        text: the template, of at most 64 KiB.
        functions: names of the functions that it may call.

    Raises:
        RuleError: the template is wrong, or uses what is not supported.
    """
    if len(text.encode()) > _LONGEST:
        raise RuleError(f"a template must have at most {_LONGEST} bytes")
    parser = _Parser(_pieces(text), functions)
    nodes, closing = parser.nodes(0)
    if closing:
        raise RuleError(f"a template must not have `{closing[0].text}` outside of a block")
    return nodes


def _pieces(text: str) -> list[str | list[_Token]]:
    """Split a template into text and the tokens of its actions."""
    pieces: list[str | list[_Token]] = []
    position, trims = 0, False
    while (start := text.find("{{", position)) >= 0:
        before = text[position:start]
        start += 2
        trims_before = text[start : start + 1] == "-" and text[start + 1 : start + 2] in set(_SPACE)
        before = before.lstrip(_SPACE) if trims else before
        pieces.append(before.rstrip(_SPACE) if trims_before else before)
        tokens, position, trims = _action(text, start + trims_before)
        pieces.append(tokens)
    rest = text[position:]
    return [*pieces, rest.lstrip(_SPACE) if trims else rest]


def _action(text: str, position: int) -> tuple[list[_Token], int, bool]:
    """Read an action: its tokens, the position behind it, and whether it trims what follows."""
    tokens: list[_Token] = []
    comment = _COMMENT.match(text, position)
    if comment:
        position = comment.end()
    while not (end := _END.match(text, position)):
        match = None if comment else _TOKEN.match(text, position)
        if match is None or match.lastgroup is None:
            near = text[position : position + 20]
            raise RuleError(f'a template must have an action of text/template, but has "{near}"')
        tokens.append(_Token(match.lastgroup, match[match.lastgroup], bool(match["space"])))
        position = match.end()
    if not tokens and not comment:
        raise RuleError("a template must not have an empty action")
    return tokens, end.end(), end[0].endswith("-}}")


class _Parser:
    """Reads nodes off the pieces of a template, one after the other."""

    def __init__(self, pieces: list[str | list[_Token]], functions: Container[str]) -> None:
        self._pieces = iter(pieces)
        self._functions = functions

    def nodes(self, depth: int) -> tuple[tuple[Node, ...], list[_Token]]:
        """Read up to an `else` or `end`, or to the template's end; give the action met there."""
        if depth > _DEEPEST:
            raise RuleError(f"a template must not nest more than {_DEEPEST} blocks")
        found: list[Node] = []
        for piece in self._pieces:
            if isinstance(piece, str):
                found.append(piece)
                continue
            word = piece[0].text if piece and piece[0].kind == "word" else ""
            if word in ("else", "end"):
                return tuple(found), piece
            if word in _REFUSED:
                raise RuleError(f"a template must not use `{word}`, which is not supported")
            if word in _BLOCKS:
                found.append(self._block(word, piece[1:], depth))
            elif piece:
                found.append(self._pipeline(piece))
        return tuple(found), []

    def _block(self, keyword: str, tokens: list[_Token], depth: int) -> Block:
        pipeline = self._pipeline(tokens, variables=2 if keyword == "range" else 1)
        body, closing = self.nodes(depth + 1)
        otherwise: tuple[Node, ...] = ()
        if closing and closing[0].text == "else":
            if len(closing) > 1 and (chained := closing[1].text) in ("if", "with"):
                if chained != keyword:
                    raise RuleError(f"a template must not have `else {chained}` in a `{keyword}`")
                return Block(
                    keyword, pipeline, body, (self._block(chained, closing[2:], depth + 1),)
                )
            _no_more(closing[1:])
            otherwise, closing = self.nodes(depth + 1)
        if not closing or closing[0].text != "end":
            raise RuleError(f"a template must close its `{keyword}` with one `end`")
        _no_more(closing[1:])
        return Block(keyword, pipeline, body, otherwise)

    def _pipeline(self, tokens: list[_Token], variables: int = 1) -> Pipeline:
        names: tuple[str, ...] = ()
        sign = next((i for i, token in enumerate(tokens) if token.text in (":=", "=")), 0)
        if sign and tokens[sign].kind == "sign":
            names = tuple(token.text for token in tokens[:sign:2])
            commas = [token.text for token in tokens[1:sign:2]]
            wrong = {token.kind for token in tokens[:sign:2]} != {"variable"}
            if wrong or commas != [","] * (len(names) - 1) or len(names) > variables:
                raise RuleError("a template must assign to a variable, or in `range` to two")
        rest = tokens[sign + 1 :] if names else tokens
        commands = self._commands(rest, 0)
        _no_more(rest)
        return Pipeline(commands, names, bool(names) and tokens[sign].text == ":=")

    def _commands(self, tokens: list[_Token], depth: int) -> tuple[tuple[Operand, ...], ...]:
        """Read commands, taking their tokens away, up to a closing parenthesis or the end."""
        commands: list[tuple[Operand, ...]] = []
        operands: list[Operand] = []
        while tokens and tokens[0].text != ")":
            token = tokens.pop(0)
            if token == token._replace(kind="sign", text="|"):
                commands.append(_command(operands))
                operands = []
                continue
            if operands and not token.spaced:
                raise RuleError(f'a template must have a space before "{token.text}"')
            operands.append(self._operand(token, tokens, depth))
        return (*commands, _command(operands))

    def _operand(self, token: _Token, tokens: list[_Token], depth: int) -> Operand:
        if token.text == "(" and token.kind == "sign" and depth < _DEEPEST:
            inner = Pipeline(self._commands(tokens, depth + 1))
            if not tokens:
                raise RuleError("a template must close its parentheses")
            tokens.pop(0)
            return Operand("pipeline", inner, _fields(tokens))
        if token.kind == "string":
            return Operand("constant", _unquoted(token.text))
        if token.kind == "number":
            return Operand("constant", int(token.text))
        if token.kind == "variable":
            return Operand("variable", token.text, _fields(tokens))
        if token.kind == "fields":
            return Operand("dot", None, tuple(filter(None, token.text.split("."))))
        if token.kind == "word" and token.text in _CONSTANTS:
            return Operand("constant", _CONSTANTS[token.text])
        if token.kind == "word" and token.text in self._functions:
            return Operand("function", token.text)
        raise RuleError(f"a template must not use `{token.text}`, which is not supported")


def _fields(tokens: list[_Token]) -> tuple[str, ...]:
    """Take the fields that follow without a space."""
    if tokens and tokens[0].kind == "fields" and not tokens[0].spaced and tokens[0].text != ".":
        return tuple(tokens.pop(0).text[1:].split("."))
    return ()


def _command(operands: list[Operand]) -> tuple[Operand, ...]:
    if not operands:
        raise RuleError("a template must have a value in every command")
    if operands[0].kind != "function" and len(operands) > 1:
        raise RuleError("a template must not give arguments to what is no function")
    return tuple(operands)


def _unquoted(text: str) -> str:
    if text.startswith("`"):
        return text[1:-1].replace("\r", "")
    try:
        return str(json.loads(text, strict=False))
    except ValueError:
        raise RuleError(f"a template must have texts with plain escapes, but has {text}") from None


def _no_more(tokens: list[_Token]) -> None:
    if tokens:
        raise RuleError(f'a template must not have "{tokens[0].text}" there')
