"""What a plain YAML scalar means, and which strings must be quoted.

Reading follows the YAML 1.2 core schema with the habits of kyaml (go-yaml v3), as Kubernetes tools
read it. Where dialects disagree, the spelling is kept with the value, so that writing the value
again changes neither its value nor its type for any reader.
"""

import math
import re
from functools import lru_cache
from typing import Any


class PlainStr(str):
    """A string that was written plain although some YAML dialect reads it as something else."""

    __slots__ = ()


class SpelledInt(int):
    """An integer that remembers its unusual spelling, such as ``0644`` or ``0x1F``."""

    text: str


class SpelledFloat(float):
    """A float that remembers its spelling, such as ``1.10`` or ``1e3``."""

    text: str


_WORDS: dict[str, Any] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), math.inf),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), -math.inf),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), math.nan),
}
_FIRST_OF_NON_STRINGS = frozenset("0123456789+-.~tTfFnNyYoO=<")
_INT = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,99})")  # a longer one is a float, as in go-yaml
_INT_OF_OTHER_BASE = re.compile(r"([-+]?)(?:0x([0-9a-fA-F]{1,99})|0o?([0-7]{1,99}))")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")

# Matched with 0 for the underscores, which several dialects skip in numbers.
_AMBIGUOUS = re.compile(
    r"""
    y|Y|yes|Yes|YES|n|N|no|No|NO|on|On|ON|off|Off|OFF|=|<<     # YAML 1.1 words
  | [-+]?0+[bB][01]* | [-+]?0+[xX][0-9a-fA-F]* | [-+]?0+[oO][-+0-7]*
  | [-+]?[0-9]+(?::[0-9]+)*(?:\.[0-9]*)?(?:[eE][-+0-9]*)?   # 12:30 is 750 in YAML 1.1
  | [-+]?\.[0-9]+(?:[eE][-+0-9]*)?
  | [0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt\ \t][-+0-9:.TtZz\ \t]*)?   # timestamps
    """,
    re.VERBOSE,
)


def is_ambiguous(text: str) -> bool:
    """Say whether some YAML dialect in use reads this plain scalar as something else than text."""
    return text in _WORDS or (
        text[0] in _FIRST_OF_NON_STRINGS
        and _AMBIGUOUS.fullmatch(text.replace("_", "0")) is not None
    )


def read_plain(text: str) -> Any:
    """Give the value of a plain scalar: None, a bool, an int, a float or a str."""
    if text and text[0] not in _FIRST_OF_NON_STRINGS:
        return text
    return _read_suspect(text)


@lru_cache(maxsize=4096)
def _read_suspect(text: str) -> Any:
    if text in _WORDS:
        return _WORDS[text]
    if _INT.fullmatch(text):
        return _spelled(SpelledInt(text), text) if text[0] == "+" or text == "-0" else int(text)
    if other := _INT_OF_OTHER_BASE.fullmatch(text):
        sign, hexadecimal, octal = other.groups()
        value = int(hexadecimal, 16) if hexadecimal else int(octal, 8)
        return _spelled(SpelledInt(-value if sign == "-" else value), text)
    if _FLOAT.fullmatch(text):
        number = float(text)
        usual = repr(number) == text and "e" not in text
        return number if usual else _spelled(SpelledFloat(number), text)
    return PlainStr(text) if text != "<<" and is_ambiguous(text) else text


def _spelled(number: Any, text: str) -> Any:
    number.text = text
    return number
