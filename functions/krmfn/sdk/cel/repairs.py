"""The operators and functions that cel-python's interpreter is given.

Those of JSON's values are ours. cel-python keeps what JSON does not have: bytes, unsigned
integers, timestamps and durations; its texts of times, and what it takes for one, are repaired.
"""

import re
from collections.abc import Callable
from datetime import UTC, timedelta
from functools import cache, partial
from types import FunctionType
from typing import Any

from celpy import celtypes, evaluation
from celpy.evaluation import CELEvalError

from krmfn.sdk.cel.check import CONVERSIONS, TIMES
from krmfn.sdk.cel.library import LIBRARY, NO_OVERLOAD, Fault, find, operators
from krmfn.sdk.cel.text import function_name

Function = Callable[..., Any]

_ARITHMETIC: dict[str, Function] = {
    "_+_": operators.add,
    "_-_": operators.subtract,
    "_*_": operators.multiply,
    "_/_": operators.divide,
    "_%_": operators.remainder,
    "-_": operators.negate,
}
_RELATIONS: dict[str, Function] = {
    "_==_": operators.equal,
    "_!=_": lambda left, right: not operators.equal(left, right),
    "_<_": operators.less,
    "_<=_": operators.less_or_equal,
    "_>_": lambda left, right: operators.less(right, left),
    "_>=_": lambda left, right: operators.less_or_equal(right, left),
    "_in_": lambda key, source: operators.holds(source, key),
    "_[_]": operators.item,
    "!_": operators.negation,
}
_TYPES: dict[type, type] = {
    bool: celtypes.BoolType,
    float: celtypes.DoubleType,
    int: celtypes.IntType,
    list: celtypes.ListType,
    dict: celtypes.MapType,
    str: celtypes.StringType,
}
_NAMES = {
    celtypes.BoolType: "bool",
    celtypes.BytesType: "bytes",
    celtypes.DoubleType: "double",
    celtypes.IntType: "int",
    celtypes.ListType: "list",
    celtypes.MapType: "map",
    type(None): "null_type",
    celtypes.StringType: "string",
    celtypes.UintType: "uint",
    celtypes.DurationType: "google.protobuf.Duration",
    celtypes.TimestampType: "google.protobuf.Timestamp",
}
_JSON = {type(None), bool, int, float, str, list, dict}
_TIMESTAMP = re.compile(
    r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:Z|[-+]\d{2}:\d{2})", re.ASCII
)
_DURATION = re.compile(r"[-+]?(?:\d*\.?\d+(?:h|ms|m|s|us|µs|ns))+|[-+]?0", re.ASCII)


def plain(value: Any) -> Any:
    """Give a value of cel-python as a plain one; times as their text, types as their names."""
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {plain(key): plain(item) for key, item in value.items()}
    if isinstance(value, type):
        return _NAMES.get(value, "type")
    return _PLAIN[type(value)](value) if type(value) in _PLAIN else value


@cache
def functions() -> dict[str, Function]:
    """Give the functions of the interpreter, by the names that it and `text.to_text` use."""
    theirs = evaluation.base_functions
    return {
        **{name: guarded(ours) for name, ours in _RELATIONS.items()},
        **{name: _arithmetic(ours, theirs[name]) for name, ours in _ARITHMETIC.items()},
        **{function_name(name): guarded(theirs[name]) for name in (*TIMES, *CONVERSIONS)},
        **{function_name(name): _of_library(name) for name in LIBRARY},
        function_name("timestamp"): guarded(_timestamp),
        function_name("duration"): guarded(_duration),
        "type": guarded(_type),
        "_&&_": partial(joined, end=False),
        "_||_": partial(joined, end=True),
        "_?_:_": _chosen,
    }


def guarded(call: Function) -> Function:
    """Give errors as values, as the interpreter wants them, and the first that is passed in."""

    def call_guarded(*values: Any) -> Any:
        for value in values:
            if isinstance(value, CELEvalError):
                return value
        try:
            result = call(*values)
        except Fault as fault:
            return CELEvalError(str(fault))
        except (ValueError, OverflowError):
            return CELEvalError("value out of range")
        except (TypeError, AttributeError):
            return CELEvalError(NO_OVERLOAD)
        return celtypes.BytesType(result) if type(result) is bytes else unwrapped(result)

    return call_guarded


def unwrapped(value: Any) -> Any:
    """Give a value of JSON that cel-python made as a plain one, at its top; any other as it is."""
    return _PLAIN_JSON[type(value)](value) if type(value) in _PLAIN_JSON else value


def joined(left: Any, right: Any, *, end: bool) -> Any:
    """Join two values by `||` when true is the `end` of it, by `&&` when false is.

    An end gives way to nothing, an error to an end, what is no boolean to an error.
    """
    if left is end or right is end:
        return end
    if left is right is (not end):
        return not end
    errors = (value for value in (left, right) if isinstance(value, CELEvalError))
    return next(errors, CELEvalError(NO_OVERLOAD))


def _chosen(test: Any, yes: Any, no: Any) -> Any:
    if isinstance(test, bool):
        return yes if test else no
    return test if isinstance(test, CELEvalError) else CELEvalError(NO_OVERLOAD)


def _arithmetic(ours: Function, theirs: Function) -> Function:
    def call(*values: Any) -> Any:
        is_json = any(type(value) in _JSON for value in values)
        return ours(*values) if is_json else theirs(*values)

    return guarded(call)


def _of_library(name: str) -> Function:
    theirs = _text if name == "string" else evaluation.base_functions.get(name)

    def call(*values: Any) -> Any:
        if overload := find(name, values):
            return overload.call(*values)
        if theirs is None or all(type(value) in _JSON for value in values):
            raise Fault(NO_OVERLOAD)
        return theirs(*values)

    return guarded(call)


def _type(value: Any) -> Any:
    """Give the type of a value; that of a type is `type`, which is this function."""
    return functions()["type"] if isinstance(value, type) else _TYPES.get(type(value), type(value))


def _text(value: Any) -> Any:
    if isinstance(value, bytes):
        return bytes(value).decode()
    return str(int(value)) if isinstance(value, int) else plain(value)


def _timestamp(given: Any) -> Any:
    if type(given) is int:
        return celtypes.TimestampType(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=given)
    if type(given) is str and not _TIMESTAMP.fullmatch(given):
        raise Fault(f'timestamp() takes RFC 3339, but is given "{given[:64]}"')
    return celtypes.TimestampType(given)


def _duration(given: Any) -> Any:
    if type(given) is str and not _DURATION.fullmatch(given):
        raise Fault(f'duration() takes the likes of "1h30m", but is given "{given[:64]}"')
    return celtypes.DurationType(given)


def _time_text(time: celtypes.TimestampType) -> str:
    text, zone = time.isoformat()[:-6], time.isoformat()[-6:]
    text = text.rstrip("0") if "." in text else text
    return text + zone.replace("+00:00", "Z")


def _duration_text(duration: celtypes.DurationType) -> str:
    whole, micros = divmod(abs(duration) // timedelta(microseconds=1), 1_000_000)
    part = f".{micros:06}".rstrip("0").rstrip(".")
    return f"{'-' if duration < timedelta() else ''}{whole}{part}s"


_PLAIN_JSON: dict[type, Function] = {
    celtypes.BoolType: bool,
    celtypes.IntType: int,
    celtypes.DoubleType: float,
    celtypes.StringType: str,
    celtypes.ListType: list,
    celtypes.MapType: dict,
}
_PLAIN: dict[type, Function] = {
    **_PLAIN_JSON,
    celtypes.TimestampType: _time_text,
    celtypes.DurationType: _duration_text,
    celtypes.UintType: int,
    celtypes.BytesType: bytes,
    FunctionType: lambda _type: "type",
}
