"""Scalars as protobuf's JSON has them; a reader says what is wrong, and where."""

from base64 import b64decode
from collections.abc import Callable, Mapping
from math import isfinite
from re import compile as pattern
from typing import Any, TypeAlias

from krmfn.mesh_intent_expander.analysis.validation.durations import Duration, parse_duration
from krmfn.mesh_intent_expander.analysis.validation.faults import ADMISSION, Fault

Reader: TypeAlias = Callable[[Any, str, list[Fault]], Any]
"""Gives what a value is read as; None counts as absent. Faults at a path are put into the list."""

_WHOLE = pattern(r"-?[0-9]{1,30}")
_REAL = pattern(r"-?[0-9]{1,30}(?:\.[0-9]{0,30})?(?:[eE][-+]?[0-9]{1,3})?|NaN|-?Infinity")
_SHOWN = 40


def wrong(wanted: str, value: Any) -> str:
    """Say what a value must be, and what it is."""
    return f"must be {wanted}, but is {_shown(value)}"


def _shown(value: Any) -> str:
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return "a list"
    return "a mapping" if isinstance(value, Mapping) else repr(value)[:_SHOWN]


def _scalar(wanted: str, convert: Callable[[Any], Any]) -> Reader:
    """Give the reader of a scalar; `convert` gives None for what is none."""

    def reader(value: Any, path: str, faults: list[Fault]) -> Any:
        converted = convert(value)
        if converted is None:
            faults.append(Fault(path, wrong(wanted, value)))
        return converted

    return reader


def _number(wanted: str, convert: Callable[[Any], Any]) -> Reader:
    """Give the reader of a number, which Istio reads from a text as well."""
    read = _scalar(wanted, convert)

    def reader(value: Any, path: str, faults: list[Fault]) -> Any:
        number = read(value, path, faults)
        if number is not None and isinstance(value, str):
            faults.append(Fault(path, f"{wrong(wanted, value)} in quotes", ADMISSION))
        return number

    return reader


def _text(value: Any, path: str, faults: list[Fault]) -> str | None:
    if isinstance(value, str):
        return value
    hint = "; put it in quotes" if isinstance(value, bool | int | float) else ""
    faults.append(Fault(path, wrong("text", value) + hint))
    return None


def _filled(value: Any, path: str, faults: list[Fault]) -> str | None:
    if value == "":
        faults.append(Fault(path, "must not be empty", ADMISSION))
    return _text(value, path, faults)


def _flag(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None


def _whole(lowest: int, highest: int) -> Callable[[Any], int | None]:
    def convert(value: Any) -> int | None:
        if isinstance(value, bool) or not _is_whole(value):
            return None
        number = int(value)
        return number if lowest <= number <= highest else None

    return convert


def _is_whole(value: Any) -> bool:
    if isinstance(value, str):
        return _WHOLE.fullmatch(value) is not None
    if isinstance(value, float):
        return isfinite(value) and value.is_integer()
    return isinstance(value, int)


def _real(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    if isinstance(value, str) and not _REAL.fullmatch(value):
        return None
    try:
        return float(value)
    except OverflowError:
        return None


def _duration(value: Any) -> Duration | None:
    return parse_duration(value) if isinstance(value, str) else None


def _bytes(value: Any) -> bytes | None:
    try:
        return b64decode(value, validate=True) if isinstance(value, str) else None
    except ValueError:
        return None


def _mapping(value: Any) -> Mapping[Any, Any] | None:
    return value if isinstance(value, Mapping) else None


SCALARS: dict[str, Reader] = {
    "str": _text,
    "text": _filled,
    "bool": _scalar("true or false", _flag),
    "int32": _number("a whole number of 32 bits", _whole(-(2**31), 2**31 - 1)),
    "uint32": _number("a whole number from 0 on of 32 bits", _whole(0, 2**32 - 1)),
    "uint64": _number("a whole number from 0 on of 64 bits", _whole(0, 2**64 - 1)),
    "double": _number("a number", _real),
    "duration": _scalar('a duration with its unit, such as "5s"', _duration),
    "bytes": _scalar("base64", _bytes),
    "struct": _scalar("a mapping", _mapping),
}
"""The readers of the scalar types."""
