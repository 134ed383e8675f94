"""The words of CEL's grammar, and what its literals stand for."""

import re
from typing import NamedTuple

from krmfn.sdk.cel.nodes import CelError, Uint

_TOKEN = re.compile(
    r"""(?P<string>
      (?:[rR][bB]?|[bB][rR])(?:\"{3}.*?\"{3} | '{3}.*?'{3} | "[^"\r\n]*" | '[^'\r\n]*')
    | [bB]?(?: \"{3}(?:\\.|[^\\])*?\"{3} | '{3}(?:\\.|[^\\])*?'{3}
             | "(?:\\.|[^\\"\r\n])*" | '(?:\\.|[^\\'\r\n])*'))
  | (?P<float>[0-9]*\.[0-9]+(?:[eE][-+]?[0-9]+)? | [0-9]+[eE][-+]?[0-9]+)
  | (?P<int>(?:0x[0-9a-fA-F]+|[0-9]+)[uU]?)
  | (?P<name>[_a-zA-Z][_a-zA-Z0-9]*)
  | (?P<sign>&&|\|\||[=!<>]=|[-+*/%<>!?:.,()\[\]{}])
  | (?P<end>\Z)""",
    re.VERBOSE | re.DOTALL,
)
_SPACE = re.compile(r"(?:[ \t\r\n\f]|//[^\n]*)*")
_ESCAPE = re.compile(
    r"\\(?:([0-3][0-7]{2})|[xX]([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.))",
    re.DOTALL,
)
_ESCAPED = dict(zip("abfnrtv\\'\"`?", "\a\b\f\n\r\t\v\\'\"`?", strict=True))


class Token(NamedTuple):
    """A word: its kind, its text and its offset."""

    kind: str
    text: str
    at: int


def fault(text: str, at: int, message: str) -> CelError:
    """Make an error with the line and column of an offset."""
    line = text.count("\n", 0, at)
    return CelError(message, line + 1, at - text.rfind("\n", 0, at))


def scan(text: str, at: int) -> Token:
    """Give the next word from an offset on.

    Raises:
        CelError: no word of CEL begins there.
    """
    if space := _SPACE.match(text, at):
        at = space.end()
    found = _TOKEN.match(text, at)
    if found is None or found.lastgroup is None:
        raise fault(text, at, f"must be CEL: cannot read {text[at : at + 12]!r}")
    return Token(found.lastgroup, found[found.lastgroup], at)


def number(text: str, *, negative: bool = False) -> int | float:
    """Give the value of a number.

    Raises:
        ValueError: it has more than 64 bits.
    """
    if text[:2] != "0x" and any(letter in text for letter in ".eE"):
        return -float(text) if negative else float(text)
    digits = text.rstrip("uU")
    value = int(digits, 16 if digits[:2] == "0x" else 10)
    value = -value if negative else value
    low, high = (-(2**63), 2**63) if digits == text else (0, 2**64)
    if not low <= value < high:
        raise ValueError(f"{value} has more than 64 bits")
    return value if digits == text else Uint(value)


def string(text: str) -> str | bytes:
    """Give the value of a string or of bytes.

    Raises:
        ValueError: an escape stands for no character, or for none that bytes can hold.
    """
    prefix, quote, _ = re.split("(['\"])", text, maxsplit=1)
    width = 3 if text[len(prefix) :].startswith(quote * 3) else 1
    body = text[len(prefix) + width : -width]
    is_bytes = "b" in prefix.lower()
    if is_bytes:  # one character a byte from here on, so that \xff is one byte
        body = body.encode().decode("latin-1")
    if "r" not in prefix.lower():
        body = _ESCAPE.sub(lambda found: _unescaped(found, is_bytes=is_bytes), body)
    return body.encode("latin-1") if is_bytes else body


def _unescaped(found: re.Match[str], *, is_bytes: bool) -> str:
    octal, short, wide, wider, letter = found.groups()
    if letter in _ESCAPED:
        return _ESCAPED[letter]
    code = int(octal, 8) if octal else int(short or wide or wider or "-1", 16)
    if code < 0 or (is_bytes and (wide or wider)) or code > 0x10FFFF or 0xD800 <= code < 0xE000:
        raise ValueError(f'"{found[0]}" is no escape')
    return chr(code)
