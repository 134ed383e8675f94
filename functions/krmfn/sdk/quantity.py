"""Kubernetes quantities, exactly: `4Gi`, `1500m`, `2e3`.

The format is that of `resource.Quantity` in k8s.io/apimachinery. A quantity is read as an exact
number, an int wherever it is whole, so that sums and comparisons never round; what is finer than
`1n` is rounded away from zero, as Kubernetes does.
"""

import math
import re
from fractions import Fraction
from functools import lru_cache
from typing import Any

Exact = int | Fraction

_DECIMAL = {-9: "n", -6: "u", -3: "m", 0: "", 3: "k", 6: "M", 9: "G", 12: "T", 15: "P", 18: "E"}
_BINARY = {10: "Ki", 20: "Mi", 30: "Gi", 40: "Ti", 50: "Pi", 60: "Ei"}
_UNITS: dict[str, Exact] = {
    **{suffix: Fraction(10) ** exponent for exponent, suffix in _DECIMAL.items()},
    **{suffix: 2**exponent for exponent, suffix in _BINARY.items()},
}
_NANO = 10**9
_MAX_LENGTH = 64
_QUANTITY = re.compile(
    r"(?P<number>[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+))"
    r"(?:[eE](?P<exponent>[-+]?0*[0-9]{1,2})|(?P<suffix>[numkMGTPE]?|[KMGTPE]i))"
)


def parse(value: Any) -> Exact:
    """Read a quantity: a string, or a number as YAML gives it.

    Returns:
        an exact number: an int when it is whole, else a Fraction.

    Raises:
        ValueError: the value is no quantity, or one of more than 64 characters or two digits of
            exponent, which nothing measures.
    """
    if type(value) is str:
        return _parse_text(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return int(value)
    if isinstance(value, float):
        return _parse_text(repr(float(value)))
    if isinstance(value, str):
        return _parse_text(str(value))
    raise _no_quantity(value)


def is_quantity(value: Any) -> bool:
    """Say whether the value is a quantity that `parse` reads."""
    try:
        parse(value)
    except ValueError:
        return False
    return True


def as_float(value: Any) -> float:
    """Read a quantity as a float, for scores and matrices.

    Raises:
        ValueError: the value is no quantity.
    """
    return float(parse(value))


def to_text(value: Exact, like: str = "") -> str:
    """Write a number as a quantity in canonical form: no fraction, the largest suffix.

    Args:
        value: the number; finer than `1n`, it is rounded away from zero.
        like: a quantity or a suffix whose family is wanted: `Mi` for powers of 1024, `e3` for
            exponents, anything else for powers of 1000. Powers of 1024 are written only for whole
            numbers of 1024 and above, as Kubernetes does.
    """
    exact = _to_nano(value)
    if like.endswith("i") and isinstance(exact, int) and abs(exact) >= 1024:
        for exponent in sorted(_BINARY, reverse=True):
            if exact % 2**exponent == 0:
                return f"{exact >> exponent}{_BINARY[exponent]}"
        return str(exact)
    nanos, exponent = int(exact * _NANO), -9
    largest = 99 if _is_exponent(like) else 18
    while nanos and exponent < largest and nanos % 1000 == 0:
        nanos, exponent = nanos // 1000, exponent + 3
    if not nanos or not exponent:
        return str(nanos)
    return f"{nanos}e{exponent}" if _is_exponent(like) else f"{nanos}{_DECIMAL[exponent]}"


@lru_cache(maxsize=1 << 16)
def _parse_text(text: str) -> Exact:
    match = _QUANTITY.fullmatch(text) if len(text) <= _MAX_LENGTH else None
    if match is None:
        raise _no_quantity(text)
    number, exponent, suffix = match["number"], match["exponent"], match["suffix"]
    unit = Fraction(10) ** int(exponent) if exponent else _UNITS[suffix]
    return _to_nano(Fraction(number) * unit)


def _to_nano(value: Exact) -> Exact:
    """Give a whole number as an int, any other rounded away from zero to a multiple of 10⁻⁹."""
    if value == int(value):
        return int(value)
    nanos = math.ceil(abs(Fraction(value)) * _NANO)
    rounded = Fraction(nanos if value > 0 else -nanos, _NANO)
    return int(rounded) if rounded.denominator == 1 else rounded


def _is_exponent(like: str) -> bool:
    return like[-1:].isdigit() and "e" in like.lower()


def _no_quantity(value: Any) -> ValueError:
    shown = repr(value) if not isinstance(value, str) else f'"{value[:_MAX_LENGTH]}"'
    return ValueError(f'must be a quantity such as "500m", "2" or "4Gi", but is {shown}')
