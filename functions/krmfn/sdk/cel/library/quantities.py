"""Kubernetes' quantities and versions, and the comparisons that OCM's placement adds."""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from krmfn.sdk import quantity
from krmfn.sdk.cel.library.registry import Fault, Object, function, member, text_of

_QUANTITY, _SEMVER = "kubernetes.Quantity", "kubernetes.Semver"
_IDENTIFIER = r"(?:0|[1-9][0-9]*|[0-9]*[A-Za-z-][0-9A-Za-z-]*)"
_NUMBER = r"(0|[1-9][0-9]{0,18})"
_VERSION = re.compile(
    rf"{_NUMBER}\.{_NUMBER}\.{_NUMBER}(?:-({_IDENTIFIER}(?:\.{_IDENTIFIER})*))?"
    r"(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?"
)
_LOOSE = re.compile(r"v?([0-9]+)(?:\.([0-9]+))?(?:\.([0-9]+))?([-+].*)?", re.DOTALL)


@function("quantity")
def _to_quantity(text: str) -> Object:
    return _quantity(_parsed(text))


@function("isQuantity")
def _is_quantity(text: str) -> bool:
    return quantity.is_quantity(text)


@member("sign")
def _sign(value: Object) -> int:
    number = _number(value)
    return (number > 0) - (number < 0)


@member("isInteger")
def _is_integer(value: Object) -> bool:
    number = _number(value)
    return type(number) is int and -(2**63) <= number < 2**63


@member("asInteger")
def _as_integer(value: Object) -> int:
    if not _is_integer(value):
        raise Fault("asInteger() takes a quantity that is a whole number of 64 bits")
    return int(_number(value))


@member("asApproximateFloat")
def _as_approximate_float(value: Object) -> float:
    return float(_number(value))


@member("add")
def _add(value: Object, other: Object | int) -> Object:
    return _quantity(_number(value) + _number(other))


@member("sub")
def _subtract(value: Object, other: Object | int) -> Object:
    return _quantity(_number(value) - _number(other))


@function("semver")
def _to_semver(text: str, normalize: bool = False) -> Object:
    version = _normalized(text) if normalize else text
    if _version_key(version) is None:
        raise Fault(f'must be a semantic version such as "1.2.3", but is "{text[:64]}"')
    return {_SEMVER: version}


@function("isSemver")
def _is_semver(text: str, normalize: bool = False) -> bool:
    return _version_key(_normalized(text) if normalize else text) is not None


@member("major")
def _major(value: Object) -> int:
    return int(_version(value)[0])


@member("minor")
def _minor(value: Object) -> int:
    return int(_version(value)[1])


@member("patch")
def _patch(value: Object) -> int:
    return int(_version(value)[2])


@member("compareTo")
def _compare_to(value: Object, other: Object) -> int:
    key: Callable[[Object], Any] = _version if _SEMVER in value else _number
    left, right = key(value), key(other)
    return int(left > right) - int(left < right)


@member("isGreaterThan")
def _is_greater_than(value: Object, other: Object) -> bool:
    return _compare_to(value, other) > 0


@member("isLessThan")
def _is_less_than(value: Object, other: Object) -> bool:
    return _compare_to(value, other) < 0


@function("quantityIsGreaterThan")
def _quantity_is_greater_than(text: str, other: str) -> bool:
    return bool(_parsed(text) > _parsed(other))


@function("quantityIsLessThan")
def _quantity_is_less_than(text: str, other: str) -> bool:
    return bool(_parsed(text) < _parsed(other))


@function("versionIsGreaterThan")
def _version_is_greater_than(text: str, other: str) -> bool:
    return bool(_is_greater_than(_to_semver(text, True), _to_semver(other, True)))


@function("versionIsLessThan")
def _version_is_less_than(text: str, other: str) -> bool:
    return bool(_is_less_than(_to_semver(text, True), _to_semver(other, True)))


def _quantity(number: quantity.Exact) -> Object:
    return {_QUANTITY: quantity.to_text(number)}


def _parsed(text: str) -> quantity.Exact:
    try:
        return quantity.parse(text)
    except ValueError as error:
        raise Fault(str(error)) from None


def _number(value: Object | int) -> quantity.Exact:
    return value if isinstance(value, int) else _parsed(text_of(value, _QUANTITY))


def _version(value: Object) -> Any:
    return _version_key(text_of(value, _SEMVER))


def _normalized(text: str) -> str:
    """Give the version that people mean by `v1.2` or `01.02.03`."""
    if not (found := _LOOSE.fullmatch(text)) or len(text) > 256:
        return ""
    numbers = (str(int(number or "0")) for number in found.groups()[:3])
    return ".".join(numbers) + (found[4] or "")


@lru_cache(maxsize=4096)
def _version_key(text: str) -> Any:
    """Give what orders a version: numbers, then a release above its prereleases."""
    if len(text) > 256 or not (found := _VERSION.fullmatch(text)):
        return None
    *numbers, prerelease = found.groups()
    identifiers = tuple(
        (0, int(part), "") if part.isdecimal() else (1, 0, part)
        for part in (prerelease or "").split(".")
        if part
    )
    return (*map(int, numbers), not prerelease, identifiers)
