"""Match expressions of Node Feature Discovery: one operator over one value.

Semantics are those of NFD v0.19, package `pkg/apis/nfd/nodefeaturerule`: an expression is checked
only where it is applied, so a wrong one passes where the element it names is missing. Who wants
to know beforehand calls `check_expression`. Regular expressions are RE2's, which Go uses as well,
and take time linear in the text.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import Any, Final, NamedTuple, TypeVar

_Ordered = TypeVar("_Ordered", int, "tuple[int, int, int]")

_INTEGER = re.compile(r"([+-]?)0*([0-9]{1,19})")
_LARGEST_SEGMENT, _LONGEST_VERSION = 2**64 - 1, 256
_IDENTIFIERS = r"[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*"
_VERSION = re.compile(
    r"v?([0-9]+)(?:\.([0-9]+))?(?:\.([0-9]+))?"
    rf"(?:-({_IDENTIFIERS}))?(?:\+{_IDENTIFIERS})?"
)
_LEADING_ZERO = re.compile(r"(?:^|\.)0[0-9]+(?:\.|$)")
_LONGEST_REGEXP = 4096
_SINGLE_BYTE = re.compile(r"(?<!\\)(?:\\\\)*\\C")
"""RE2's class for one byte, which Go does not know."""


class RuleError(ValueError):
    """A rule is wrong; the message says what must be."""


class FeatureValueError(RuleError):
    """A rule is right, but the node reports a value that its operator cannot compare."""


class Presence(Enum):
    """What is known of an element that has no value."""

    MISSING = "missing"
    FLAG = "flag"


MISSING: Final = Presence.MISSING
"""There is no such element."""

FLAG: Final = Presence.FLAG
"""The element is there, and is no more than its name."""


@dataclass(frozen=True, slots=True)
class Expression:
    """An operator and its operands.

    Attributes:
        op: `In`, `NotIn`, `InRegexp`, `Exists`, `DoesNotExist`, `Gt`, `Ge`, `Lt`, `Le`, `GtLt`,
            `GeLe`, `IsTrue` or `IsFalse`; "" matches anything.
        values: the operands.
        type: how `Gt` to `GeLe` compare: as integers, or, when `version`, as versions.
    """

    op: str
    values: tuple[str, ...] = ()
    type: str = ""

    @classmethod
    def of(cls, value: Any) -> "Expression":
        """Read an expression as YAML writes it: `{op, value, type}`.

        Raises:
            RuleError: it is not of that shape.
        """
        if not isinstance(value, Mapping) or not isinstance(value.get("op"), str):
            raise RuleError(f"an expression must be a mapping with a text `op`, but is {value!r}")
        if unknown := sorted(set(map(str, value)) - {"op", "value", "type"}):
            raise RuleError(f'an expression must not have the field "{unknown[0]}"')
        values, kind = value.get("value") or [], value.get("type") or ""
        if not isinstance(values, list | tuple) or not all(isinstance(v, str) for v in values):
            raise RuleError(f"`value` must be a list of texts, but is {values!r}")
        if not isinstance(kind, str):
            raise RuleError(f"`type` must be a text, but is {kind!r}")
        return cls(value["op"], tuple(values), kind)

    def __str__(self) -> str:
        return " ".join([self.op, ", ".join(self.values)]).rstrip()


def match_expression(expression: Expression, value: str | Presence = MISSING) -> bool:
    """Say whether an expression matches a value, an element without one, or a missing one.

    Raises:
        FeatureValueError: the value is no integer or version, as the operator needs it.
        RuleError: the operator is unknown, or its operands are not what it takes.
    """
    operator = _operator(expression)
    if operator.of_presence is not None:
        operator.check(expression)
        return operator.of_presence(value is not MISSING)
    if isinstance(value, Presence):
        return False
    operator.check(expression)
    return operator.of_value(expression, value)


def check_expression(expression: Expression) -> None:
    """Check all of an expression that can be checked without a node.

    Raises:
        RuleError: the operator is unknown, or its operands are not what it takes.
    """
    _operator(expression).check(expression)


def is_lower_bound(op: str) -> bool:
    """Say whether an operator that matches a value matches every larger one, too."""
    return op in ("Gt", "Ge")


class _Operator(NamedTuple):
    """What an operator does.

    Attributes:
        check: raises RuleError unless the operands are what the operator takes.
        of_value: decides on a value.
        of_presence: decides on whether the element is there, when that is all that counts.
    """

    check: Callable[[Expression], object]
    of_value: Callable[[Expression, str], bool] = lambda *_: False
    of_presence: Callable[[bool], bool] | None = None


def _operator(expression: Expression) -> _Operator:
    operator = _OPERATORS.get(expression.op)
    if operator is None:
        known = ", ".join(sorted(filter(None, _OPERATORS)))
        raise RuleError(f'`op` must be one of {known}, but is "{expression.op}"')
    return operator


def _nothing(expression: Expression) -> None:
    if expression.values:
        raise _wrong_operands(expression, "no value")


def _something(expression: Expression) -> None:
    if not expression.values:
        raise _wrong_operands(expression, "at least one value")


def _regexps(expression: Expression) -> list[Any]:
    _something(expression)
    return [_compiled(pattern) for pattern in expression.values]


def _comparison(count: int, holds: Callable[[_Ordered, tuple[_Ordered, ...]], bool]) -> _Operator:
    """Give an operator that compares integers or versions with `count` operands."""

    def operands(expression: Expression) -> tuple[_Ordered, ...]:
        read = _reader(expression)
        if len(expression.values) != count:
            raise _wrong_operands(expression, f"exactly {('one value', 'two values')[count - 1]}")
        try:
            found = tuple(read(value) for value in expression.values)
        except ValueError as wrong:
            raise RuleError(f"`value` of {expression.op} {wrong}") from None
        if count == 2 and not expression.type and not found[0] < found[1]:
            raise _wrong_operands(expression, "a smaller value before a larger one")
        return found

    def decide(expression: Expression, value: str) -> bool:
        expected = operands(expression)
        try:
            return holds(_reader(expression)(value), expected)
        except ValueError as wrong:
            raise FeatureValueError(str(wrong)) from None

    return _Operator(operands, decide)


def _reader(expression: Expression) -> Callable[[str], Any]:
    if expression.type not in _READERS:
        raise RuleError(
            f'`type` of {expression.op} must be "version" or absent, but is "{expression.type}"'
        )
    return _READERS[expression.type]


def _integer(text: str) -> int:
    """Read a signed 64-bit integer, as Go's Atoi does."""
    match = _INTEGER.fullmatch(text)
    if match and -(2**63) <= (number := int(match[1] + match[2])) < 2**63:
        return number
    raise ValueError(f'must be an integer, but is "{text}"')


def _version(text: str) -> tuple[int, int, int]:
    """Read a version loosely, as Masterminds/semver does; NFD leaves the prerelease out."""
    match = _VERSION.fullmatch(text) if len(text) <= _LONGEST_VERSION else None
    if match and not _LEADING_ZERO.search(match[4] or ""):
        segments = [int(segment or 0) for segment in match.groups()[:3]]
        if max(segments) <= _LARGEST_SEGMENT:
            return segments[0], segments[1], segments[2]
    raise ValueError(f'must be a version such as "1.2.3", but is "{text}"')


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> Any:
    """Compile a regular expression for a search.

    Raises:
        RuleError: it is not one that Go reads, or it is too long.
    """
    import re2

    options = re2.Options()
    options.log_errors = False
    if len(pattern) > _LONGEST_REGEXP:
        raise RuleError(
            f"a regular expression must have at most {_LONGEST_REGEXP} characters, "
            f"but has {len(pattern)}"
        )
    try:
        if not _SINGLE_BYTE.search(pattern):
            return re2.compile(pattern, options)
    except (re2.error, UnicodeError):
        pass
    raise RuleError(f'`value` must be regular expressions in RE2 syntax, but has "{pattern}"')


def _wrong_operands(expression: Expression, wanted: str) -> RuleError:
    have = ", ".join(f'"{value}"' for value in expression.values) or "none"
    return RuleError(f"`value` of {expression.op or 'an empty op'} must have {wanted}, has {have}")


_READERS: dict[str, Callable[[str], Any]] = {"": _integer, "version": _version}

_OPERATORS = {
    "": _Operator(_nothing, of_presence=lambda _: True),
    "Exists": _Operator(_nothing, of_presence=lambda there: there),
    "DoesNotExist": _Operator(_nothing, of_presence=lambda there: not there),
    "In": _Operator(_something, lambda expression, value: value in expression.values),
    "NotIn": _Operator(_something, lambda expression, value: value not in expression.values),
    "InRegexp": _Operator(
        _regexps,
        lambda expression, value: any(regexp.search(value) for regexp in _regexps(expression)),
    ),
    "Gt": _comparison(1, lambda value, operands: value > operands[0]),
    "Ge": _comparison(1, lambda value, operands: value >= operands[0]),
    "Lt": _comparison(1, lambda value, operands: value < operands[0]),
    "Le": _comparison(1, lambda value, operands: value <= operands[0]),
    "GtLt": _comparison(2, lambda value, operands: operands[0] < value < operands[1]),
    "GeLe": _comparison(2, lambda value, operands: operands[0] <= value <= operands[1]),
    "IsTrue": _Operator(_nothing, lambda _, value: value == "true"),
    "IsFalse": _Operator(_nothing, lambda _, value: value == "false"),
}
