"""What CEL's operators mean for values of JSON: equality and order across types, 64-bit integers.

The meaning is that of cel-go, which Kubernetes runs: numbers of different types are equal when
their values are, values of other different types are not, and integers never wrap.
"""

import math
from typing import Any

from krmfn.sdk.cel.library.registry import NO_OVERLOAD, Fault

_NUMBERS = (int, float)
_UNORDERED = (type(None), list, dict, type)


def equal(left: Any, right: Any) -> bool:
    """Say whether two values are equal; values of different types are not, but for numbers."""
    a, b = type(left), type(right)
    if a is not b:
        return _is_number(left) and _is_number(right) and float(left) == float(right)
    if a is list:
        return len(left) == len(right) and all(map(equal, left, right))
    if a is dict:
        return len(left) == len(right) and all(
            holds(right, key) and equal(value, right[key]) for key, value in left.items()
        )
    return bool(left == right)


def less(left: Any, right: Any) -> bool:
    """Say whether a value is less than another of the same type, or than another number."""
    if type(left) is type(right) and type(left) not in _UNORDERED:
        return bool(left < right)
    if not _is_number(left) or not _is_number(right):
        raise Fault(NO_OVERLOAD)
    return float(left) < float(right)


def less_or_equal(left: Any, right: Any) -> bool:
    """Say whether a value is less than another or equal to it."""
    return less(left, right) or (not less(right, left) and equal(left, right))


def holds(source: Any, key: Any) -> bool:
    """Say whether a list has an element, or a map a key."""
    if type(source) is list:
        return any(equal(item, key) for item in source)
    if type(source) is not dict:
        raise Fault(NO_OVERLOAD)
    if type(key) is str:
        return key in source
    if not _is_key(key):
        raise Fault(NO_OVERLOAD)
    return any(equal(each, key) for each in source)


def item(source: Any, key: Any) -> Any:
    """Give an element of a list or a map."""
    if type(source) is dict and _is_key(key):
        if not holds(source, key):
            raise Fault(f"no such key: {shown(key)}")
        return source[key]
    if type(source) is not list or not _is_number(key) or not float(key).is_integer():
        raise Fault(NO_OVERLOAD)
    if not 0 <= key < len(source):
        raise Fault(f"index out of range: {int(key)}")
    return source[int(key)]


def add(left: Any, right: Any) -> Any:
    """Add numbers; join strings and lists."""
    if type(left) is not type(right) or type(left) not in {int, float, str, list}:
        raise Fault(NO_OVERLOAD)
    return _int64(left + right)


def subtract(left: Any, right: Any) -> Any:
    """Subtract a number from another of its type."""
    return _int64(_same(left, right)[0] - right)


def multiply(left: Any, right: Any) -> Any:
    """Multiply two numbers of one type."""
    return _int64(_same(left, right)[0] * right)


def divide(left: Any, right: Any) -> Any:
    """Divide; integers are cut towards zero, and no integer is divided by zero."""
    _same(left, right)
    if type(left) is int:
        if right == 0:
            raise Fault("division by zero")
        quotient = abs(left) // abs(right)
        return _int64(quotient if (left < 0) == (right < 0) else -quotient)
    if right == 0:
        sign = math.copysign(1.0, left) * math.copysign(1.0, right)
        return math.nan if left == 0 or math.isnan(left) else sign * math.inf
    return left / right


def remainder(left: Any, right: Any) -> int:
    """Give what a division of integers leaves, with the sign of the dividend."""
    if type(left) is not int or type(right) is not int:
        raise Fault(NO_OVERLOAD)
    if right == 0:
        raise Fault("modulus by zero")
    return int(math.copysign(1, left)) * (abs(left) % abs(right))


def negate(value: Any) -> Any:
    """Turn the sign of a number."""
    if type(value) not in _NUMBERS:
        raise Fault(NO_OVERLOAD)
    return _int64(-value)


def negation(value: Any) -> bool:
    """Say the opposite of a boolean."""
    if type(value) is not bool:
        raise Fault(NO_OVERLOAD)
    return not value


def shown(key: Any) -> str:
    """Write a key as in an error."""
    return f'"{key}"' if isinstance(key, str) else str(key).lower()


def _is_number(value: Any) -> bool:
    return isinstance(value, _NUMBERS) and type(value) is not bool


def _is_key(value: Any) -> bool:
    return isinstance(value, (bool, int, float, str))


def _same(left: Any, right: Any) -> tuple[Any, Any]:
    if type(left) is not type(right) or type(left) not in _NUMBERS:
        raise Fault(NO_OVERLOAD)
    return left, right


def _int64(value: Any) -> Any:
    if type(value) is int and not -(2**63) <= value < 2**63:
        raise Fault("integer overflow")
    return value
