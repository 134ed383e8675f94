"""Conversions between CEL's own types, and the greatest and least of numbers."""

import math
import re
from decimal import Decimal

from krmfn.sdk.cel.library.registry import NO_OVERLOAD, Fault, Items, Number, Object, function

_INT = re.compile(r"[-+]?[0-9]{1,19}")
_DOUBLE = re.compile(
    r"[-+]?(?:[0-9]+\.?[0-9]*(?:[eE][-+]?[0-9]+)?|\.[0-9]+(?:[eE][-+]?[0-9]+)?|inf|infinity|nan)",
    re.IGNORECASE,
)
_BOOLS = {
    **dict.fromkeys(("1", "t", "T", "true", "TRUE", "True"), True),
    **dict.fromkeys(("0", "f", "F", "false", "FALSE", "False"), False),
}


@function("int")
def _to_int(value: Number | str) -> int:
    if type(value) is str:
        number = int(value) if _INT.fullmatch(value) else None
        if number is None or not -(2**63) <= number < 2**63:
            raise Fault(f'int() takes the text of a whole number, but is given "{value[:64]}"')
        return number
    if isinstance(value, float) and not -(2.0**63) < value < 2.0**63:
        raise Fault("integer overflow")
    return int(value)


@function("double")
def _to_double(value: Number | str) -> float:
    if type(value) is str and not _DOUBLE.fullmatch(value):
        raise Fault(f'double() takes the text of a number, but is given "{value[:64]}"')
    return float(value)


@function("bool")
def _to_bool(value: bool | str) -> bool:
    if type(value) is bool:
        return value
    if value not in _BOOLS:
        raise Fault(f'bool() takes "true" or "false", but is given "{str(value)[:64]}"')
    return _BOOLS[str(value)]


@function("string")
def to_string(value: bool | Number | str) -> str:
    """Write a value as text."""
    if type(value) is bool:
        return "true" if value else "false"
    if type(value) is float:
        return _go_text(value)
    return str(value)


@function("string")
def _object_to_string(value: Object) -> str:
    """Give the text of an address; Kubernetes gives it for no other object."""
    match value:
        case {"net.IP": text} | {"net.CIDR": text} if len(value) == 1:
            return str(text)
    raise Fault(NO_OVERLOAD)


@function("math.greatest")
def _greatest(numbers: Items) -> Number:
    greatest: Number = max(_numbers("math.greatest", numbers))
    return greatest


@function("math.least")
def _least(numbers: Items) -> Number:
    least: Number = min(_numbers("math.least", numbers))
    return least


@function("math.greatest")
@function("math.least")
def _only(number: Number) -> Number:
    return number


def _numbers(name: str, values: Items) -> Items:
    if not values or not all(type(value) in {int, float} for value in values):
        raise Fault(f"{name}() takes numbers")
    return values


def _go_text(value: float) -> str:
    """Write a double as Go's `%g` does: the shortest digits, an exponent below -4 or from 6 on."""
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else "+Inf" if value > 0 else "-Inf"
    exact = Decimal(repr(value)).normalize()
    exponent = exact.adjusted() if value else 0
    if -4 <= exponent < 6:
        return f"{exact:f}"
    return f"{exact.scaleb(-exponent):f}e{exponent:+03d}"
