"""The syntax of Helm's flags `--set`, `--set-string`, `--set-json` and `--set-literal`.

Helm's library reads an expression on its own only, but `a[1].b=x` must change the second item of
the list that the values hold, so the expression has to be read with the values at hand.
"""

import copy
import json
import re
from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any

from krmfn.helm_expand.edge.request import EngineError, RenderRequest

_MAX_INDEX = 65536
_MAX_DEPTH = 30
_WORDS: Mapping[str, Any] = {"true": True, "false": False, "null": None, "0": 0}
_INTEGER = re.compile(r"[+-]?[0-9]+", re.ASCII)
_INT64 = 2**63

Step = str | int


def applied(values: Mapping[str, Any], request: RenderRequest) -> dict[str, Any]:
    """Give the values with a request's expressions applied, in Helm's order; raises EngineError."""
    result: dict[str, Any] = copy.deepcopy(dict(values))
    for flag, expressions, apply in (
        ("set-json", request.set_json, _apply_json),
        ("set", request.set, _apply_typed),
        ("set-string", request.set_string, _apply_strings),
        ("set-literal", request.set_literal, _apply_literal),
    ):
        for expression in expressions:
            try:
                apply(expression, result)
            except (ValueError, RecursionError) as error:
                message = f'`{flag}` must be like "a.b=c", but "{expression}" is not: {error}'
                raise EngineError(message, "values-expression", "values") from error
    return result


class _Text:
    """An expression, read from left to right."""

    def __init__(self, text: str, *, escapes: bool = True) -> None:
        self.text, self.at, self.escapes = text, 0, escapes

    @property
    def ended(self) -> bool:
        return self.at >= len(self.text)

    def until(self, stops: str) -> tuple[str, str]:
        """Give the text up to one of the stops, and that stop ("" at the end)."""
        read: list[str] = []
        while not self.ended:
            character = self.text[self.at]
            self.at += 1
            if character in stops:
                return "".join(read), character
            if character == "\\" and self.escapes:
                character = self.text[self.at : self.at + 1]
                self.at += 1
            read.append(character)
        return "".join(read), ""

    def skip(self, character: str) -> bool:
        """Step over a character if it comes next."""
        found = self.text.startswith(character, self.at)
        self.at += len(character) if found else 0
        return found

    def path(self, stops: str) -> list[Step]:
        """Read keys and indices up to the equals sign."""
        steps: list[Step] = []
        stop = "."
        while stop != "=":
            is_index = stop == "["
            text, stop = self.until("]" if is_index else stops)
            if is_index:
                steps.append(_index(text, closed=stop == "]"))
                between, stop = self.until("[.=")
                if between or not stop:
                    raise ValueError(f'"{between}" must not follow an index')
            elif stop in ("", ","):
                raise ValueError(f'the key "{text}" must have a value')
            elif not text:
                raise ValueError("a key must not be empty")
            else:
                steps.append(text)
        keys = sum(isinstance(step, str) for step in steps)
        if max(keys, len(steps) - keys) > _MAX_DEPTH + 1:
            raise ValueError(f"keys and indices must be nested at most {_MAX_DEPTH} deep")
        return steps


def _index(text: str, *, closed: bool) -> int:
    if not closed or not _INTEGER.fullmatch(text) or not 0 <= int(text) <= _MAX_INDEX:
        raise ValueError(f'an index must be from 0 to {_MAX_INDEX}, but is "{text}"')
    return int(text)


def _apply_typed(expression: str, onto: dict[str, Any]) -> None:
    _apply(expression, onto, _typed)


def _apply_strings(expression: str, onto: dict[str, Any]) -> None:
    _apply(expression, onto, str)


def _apply(expression: str, onto: dict[str, Any], read: Callable[[str], Any]) -> None:
    text = _Text(expression)
    while not text.ended:
        path = text.path("=[,.")
        if text.skip("{"):
            items, stop = [], ","
            while stop == ",":
                item, stop = text.until(",}")
                items.append(read(item))
            if not stop:
                raise ValueError("a list must end with `}`")
            text.skip(",")
            _assign(onto, path, items)
        else:
            _assign(onto, path, read(text.until(",")[0]))


def _apply_json(expression: str, onto: dict[str, Any]) -> None:
    if expression.lstrip().startswith("{"):
        _merge(onto, json.loads(expression))
        return
    text = _Text(expression)
    while not text.ended:
        path, value = text.path("=[,."), None
        _skip_blanks(text)
        if not text.ended and not text.skip(","):
            value, text.at = json.JSONDecoder().raw_decode(text.text, text.at)
            _skip_blanks(text)
            text.skip(",")
        _assign(onto, path, value)


def _apply_literal(expression: str, onto: dict[str, Any]) -> None:
    text = _Text(expression, escapes=False)
    path = text.path("=[.")
    _assign(onto, path, text.text[text.at :])


def _skip_blanks(text: _Text) -> None:
    while not text.ended and text.text[text.at].isspace():
        text.at += 1


def _typed(text: str) -> Any:
    if text.lower() in _WORDS:
        return _WORDS[text.lower()]
    is_integer = _INTEGER.fullmatch(text) and text[0] != "0" and -_INT64 <= int(text) < _INT64
    return int(text) if is_integer else text


def _assign(holder: Any, path: list[Step], value: Any) -> None:
    """Set the value at a path, making the maps and lists on the way."""
    for step, following in pairwise(path):
        holder = _below(holder, step, [] if isinstance(following, int) else {})
    if isinstance(holder, list):
        _lengthen(holder, path[-1])
    holder[path[-1]] = value


def _below(holder: Any, step: Any, empty: Any) -> Any:
    """Give what lies at a key or index; a missing one becomes `empty`, and is then there."""
    if isinstance(holder, list):
        _lengthen(holder, step)
        absent = holder[step] is None or (
            isinstance(empty, dict) and type(holder[step]) is not dict
        )
    else:
        absent = step not in holder
    if absent:
        holder[step] = empty
    if type(holder[step]) is not type(empty):
        expected = "a list" if isinstance(empty, list) else "a map"
        raise ValueError(f"`{step}` must be {expected} in the values")
    return holder[step]


def _lengthen(items: list[Any], index: Any) -> None:
    items += [None] * (index + 1 - len(items))


def _merge(onto: dict[str, Any], source: Mapping[str, Any]) -> None:
    for key, value in source.items():
        if isinstance(value, dict) and isinstance(onto.get(key), dict):
            _merge(onto[key], value)
        else:
            onto[key] = value
