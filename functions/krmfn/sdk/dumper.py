"""Plain values to block YAML, as kyaml writes it: two spaces, compact sequences, no aliases.

A string is quoted whenever any dialect in use (YAML 1.1, go-yaml v2 and v3, YAML 1.2) would read
it as something else.
"""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from krmfn.sdk.scalars import PlainStr, SpelledFloat, SpelledInt, is_ambiguous

_PRINTABLE = r"\x20-\x7e\xa1-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd"  # to every reader
_PLAIN = re.compile(rf"[A-Za-z0-9_./$+\\^()~;<=\xa1-\u2027\u202a-\ud7ff-][{_PRINTABLE}]*")
_NOT_PLAIN_INSIDE = re.compile(r":(?:\s|$)|\s#|\s$|^(?:-(?:\s|$)|---|\.\.\.)")
_FLOW_INDICATOR = re.compile(r"[,\[\]{}?:]")
_NOT_LITERAL = re.compile(rf"[^\n\t{_PRINTABLE}]|[ \t](?:\n|$)|^\n*\t")
_ESCAPED = re.compile(rf'["\\]|[^{_PRINTABLE}]')
_LONGEST_SIMPLE_KEY = 1000  # YAML's own limit is 1024; a longer one needs a `?`
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r", "\0": "\\0"}


def dump(value: Any) -> str:
    """Give the block YAML of a plain value, ending in a newline.

    Raises:
        TypeError: a value is of a type that YAML has no words for.
    """
    return "\n".join(_block(value, "", "")) + "\n"


def dump_scalar(value: Any, *, style: str = "", flow: bool = False) -> str:
    """Give a scalar on one line, in the given quoting style where it can be kept."""
    if isinstance(value, str) and not isinstance(value, PlainStr):
        if style == "'" and not _must_escape(value):
            return "'" + value.replace("'", "''") + "'"
        if style == '"':
            return _double_quoted(value)
        return _string(value, flow=flow)
    return _SCALARS[type(value)](value) if type(value) in _SCALARS else _other(value)


def dump_flow(value: Any) -> str:
    """Give a value in flow style on one line, as in ``{a: [1, 2]}``."""
    if isinstance(value, Mapping):
        pairs = (f"{_key(key, ' ', flow=True)} {dump_flow(item)}" for key, item in value.items())
        return "{" + ", ".join(pairs) + "}"
    if _is_sequence(value):
        return "[" + ", ".join(dump_flow(item) for item in value) + "]"
    return dump_scalar(value, flow=True)


def dump_entry(key: Any, value: Any, indent: str, *, dash: str = "") -> str:
    """Give the lines of one ``key: value`` entry, indented, without the last newline.

    `dash` is the extra indentation of sequences below their key: "" compact, "  " wide.
    """
    return "\n".join(_entry(key, value, indent, dash))


def dump_item(value: Any, indent: str, *, dash: str = "") -> str:
    """Give the lines of one ``- item`` of a sequence, indented, without the last newline."""
    return "\n".join(_item(value, indent, dash))


def dump_literal(value: str, indent: str) -> list[str] | None:
    """Give a string as the lines of a literal block scalar; None where it cannot be one."""
    if "\n" not in value or _NOT_LITERAL.search(value) or value.endswith("\n\n") or value == "\n":
        return None
    chomping = "" if value.endswith("\n") else "-"
    indicator = "2" if value.lstrip("\n").startswith(" ") else ""
    lines = value.removesuffix("\n").split("\n")
    return [f"|{indicator}{chomping}", *(f"{indent}{line}" if line else "" for line in lines)]


def _block(value: Any, indent: str, dash: str) -> Iterator[str]:
    if isinstance(value, Mapping) and value:
        for key, item in value.items():
            yield from _entry(key, item, indent, dash)
    elif _is_sequence(value) and value:
        for item in value:
            yield from _item(item, indent, dash)
    elif isinstance(value, str) and (literal := dump_literal(value, indent + "  ")):
        yield f"{indent}{literal[0]}"
        yield from literal[1:]
    else:
        is_empty = isinstance(value, Mapping) or _is_sequence(value)
        yield f"{indent}{dump_flow(value) if is_empty else dump_scalar(value)}"


def _entry(key: Any, value: Any, indent: str, dash: str) -> Iterator[str]:
    name = indent + _key(key, f"\n{indent}")
    if isinstance(value, Mapping) and value:
        yield name
        yield from _block(value, indent + "  ", dash)
    elif _is_sequence(value) and value:
        yield name
        yield from _block(value, indent + dash, dash)
    else:
        first, *rest = _block(value, indent, dash)
        yield f"{name} {first.removeprefix(indent)}"
        yield from rest


def _key(key: Any, separator: str, *, flow: bool = False) -> str:
    text = dump_scalar(key, flow=flow)
    return f"{text}:" if len(text) <= _LONGEST_SIMPLE_KEY else f"? {text}{separator}:"


def _item(value: Any, indent: str, dash: str) -> Iterator[str]:
    inner = "" if isinstance(value, str) else "  "
    first, *rest = _block(value, indent + inner, dash)
    yield f"{indent}- {first.removeprefix(indent + inner)}"
    yield from rest


def _is_sequence(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str | bytes)


def _string(value: str, *, flow: bool) -> str:
    if (
        _PLAIN.fullmatch(value)
        and not is_ambiguous(value)
        and not _NOT_PLAIN_INSIDE.search(value)
        and not (flow and _FLOW_INDICATOR.search(value))
    ):
        return value
    if ('"' in value or "\\" in value) and "'" not in value and not _must_escape(value):
        return f"'{value}'"
    return _double_quoted(value)


def _must_escape(value: str) -> bool:
    """Say whether a string holds characters that only double quotes can carry."""
    return _ESCAPED.search(value.replace('"', "").replace("\\", "")) is not None


def _double_quoted(value: str) -> str:
    return f'"{_ESCAPED.sub(_escape, value)}"'


def _escape(match: re.Match[str]) -> str:
    character = match[0]
    if character in _ESCAPES:
        return _ESCAPES[character]
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else character


def _float(value: float) -> str:
    if math.isnan(value):
        return ".nan"
    if math.isinf(value):
        return ".inf" if value > 0 else "-.inf"
    text = repr(value)
    return text if "." in text or "e" not in text else text.replace("e", ".0e")


def _other(value: Any) -> str:
    for kind, write in ((int, str), (float, _float)):
        if isinstance(value, kind):
            return write(value)
    raise TypeError(f"a {type(value).__name__} cannot be written as YAML")


_SCALARS: dict[type, Any] = {
    type(None): lambda _: "null",
    bool: lambda value: "true" if value else "false",
    int: str,
    float: _float,
    PlainStr: str,
    SpelledInt: lambda value: value.text,
    SpelledFloat: lambda value: value.text,
}
