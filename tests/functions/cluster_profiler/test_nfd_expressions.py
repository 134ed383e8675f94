"""Operators of NFD's expressions; the tables say what NFD v0.19 itself decides."""

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from krmfn.cluster_profiler.nfd import (
    FLAG,
    MISSING,
    Expression,
    FeatureValueError,
    RuleError,
    check_expression,
    match_expression,
)
from krmfn.cluster_profiler.nfd.expressions import Presence

COMPARING = ("Gt", "Ge", "Lt", "Le")
TAKING_VALUES = ("In", "NotIn", "InRegexp", *COMPARING, "GtLt", "GeLe")
ALL = (*TAKING_VALUES, "Exists", "DoesNotExist", "IsTrue", "IsFalse", "")


def matches(text: str, value: str | Presence) -> bool:
    """Match an expression written as `Op value value`, `Op:version value` for versions."""
    head, *values = text.split(" ") if text else [""]
    op, _, kind = head.partition(":")
    return match_expression(Expression(op, tuple(values), kind), value)


@pytest.mark.parametrize(
    ("text", "value", "expected"),
    [
        ("In 0200 0280", "0280", True),
        ("In 0200", "200", False),
        ("NotIn amd arm", "intel", True),
        ("NotIn amd arm", "arm", False),
        ("InRegexp ^02", "0200", True),
        ("InRegexp ^03 80$", "0280", True),
        ("InRegexp (?i)^avx", "AVX2", True),
        ("InRegexp ^a$", "a\n", False),
        ("Gt 9999", "10000", True),
        ("Gt 9999", "9999", False),
        ("Ge -1", "-1", True),
        ("Lt +5", "004", True),
        ("Le 9223372036854775807", "9223372036854775807", True),
        ("GtLt 1 4", "4", False),
        ("GtLt 1 4", "2", True),
        ("GeLe 1 4", "4", True),
        ("Gt:version 5.14", "5.14.1", True),
        ("Gt:version 5.14", "5.14.0-70.13.1", False),
        ("Ge:version v5.14", "5.14.0-rc1", True),
        ("Lt:version 5.9", "5.10", False),
        ("Le:version 2", "2.0.0+build", True),
        ("GtLt:version 4 6", "5.14", True),
        ("GeLe:version 6 4", "5", False),
        ("IsTrue", "true", True),
        ("IsTrue", "True", False),
        ("IsFalse", "false", True),
        ("IsFalse", "no", False),
        ("Exists", "", True),
        ("DoesNotExist", "", False),
        ("", "anything", True),
    ],
)
def test_an_operator_decides_on_a_value(text: str, value: Any, expected: Any) -> None:
    assert matches(text, value) is expected


@pytest.mark.parametrize("op", ALL)
def test_only_presence_matters_where_there_is_no_value(op: str) -> None:
    assert match_expression(Expression(op), MISSING) is (op in ("DoesNotExist", ""))
    assert match_expression(Expression(op), FLAG) is (op in ("Exists", ""))


@pytest.mark.parametrize("op", TAKING_VALUES)
def test_wrong_operands_pass_where_the_element_is_missing(op: str) -> None:
    assert match_expression(Expression(op), MISSING) is False
    with pytest.raises(RuleError, match="`value` of"):
        match_expression(Expression(op), "1")
    with pytest.raises(RuleError, match="`value` of"):
        check_expression(Expression(op))


@pytest.mark.parametrize("value", [MISSING, FLAG, "1"])
@pytest.mark.parametrize(
    ("expression", "message"),
    [
        (Expression("Equals", ("1",)), '`op` must be one of .*, but is "Equals"'),
        (Expression("in", ("1",)), "`op` must be one of"),
        (Expression("Exists", ("1",)), 'Exists must have no value, has "1"'),
        (Expression("", ("1",)), "must have no value"),
    ],
    ids=["unknown", "case", "operand", "any"],
)
def test_what_is_wrong_without_looking_is_an_error_everywhere(
    expression: Expression, message: str, value: Any
) -> None:
    with pytest.raises(RuleError, match=message):
        match_expression(expression, value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Gt 1 2", "exactly one value"),
        ("GtLt 1", "exactly two values"),
        ("GtLt 4 4", "a smaller value before a larger one"),
        ("GeLe 9 4", "a smaller value before a larger one"),
        ("Gt 2.0", 'Gt must be an integer, but is "2.0"'),
        ("Gt 1_000", "must be an integer"),
        ("Gt 9223372036854775808", "must be an integer"),
        ("Gt:version latest", 'must be a version such as "1.2.3", but is "latest"'),
        ("Gt:int 1", '`type` of Gt must be "version" or absent, but is "int"'),
        ("InRegexp a [b", r'regular expressions in RE2 syntax, but has "\[b"'),
        ("InRegexp (?=a)", "RE2 syntax"),
        (r"InRegexp \C", "RE2 syntax"),
        ("InRegexp " + "a" * 5000, "at most 4096 characters"),
        ("IsTrue x", "IsTrue must have no value"),
    ],
)
def test_an_error_says_what_operands_must_be(text: str, message: str) -> None:
    with pytest.raises(RuleError, match=message) as caught:
        matches(text, "2")
    assert not isinstance(caught.value, FeatureValueError)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("Gt 1", "1.0"),
        ("Gt 1", ""),
        ("Gt 1", " 2"),
        ("Gt 1", "٣"),
        ("Gt:version 1", "-1"),
        ("Gt:version 1", "4.18.0-305.el8.x86_64"),
        ("Gt:version 1", "1.2.3-01"),
        ("Gt:version 1", "1.2.3.4"),
        ("Gt:version 1", "18446744073709551616"),
        ("Gt:version 1", "1." + "0" * 255),
    ],
)
def test_a_value_that_cannot_be_compared_is_told_from_a_wrong_rule(text: str, value: Any) -> None:
    with pytest.raises(FeatureValueError, match=r"must be an? (integer|version)"):
        matches(text, value)


def test_a_hostile_regular_expression_ends_in_time() -> None:
    started = time.monotonic()
    assert matches("InRegexp (a+)+$", "a" * 20_000 + "b") is False
    assert time.monotonic() - started < 2


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("Exists", "must be a mapping"),
        ({"value": ["1"]}, "with a text `op`"),
        ({"op": "In", "value": "1"}, "must be a list of texts"),
        ({"op": "In", "value": [10000]}, "must be a list of texts"),
        ({"op": "In", "values": ["1"]}, 'must not have the field "values"'),
        ({"op": "Gt", "value": ["1"], "type": 1}, "`type` must be a text"),
    ],
    ids=str,
)
def test_an_expression_of_another_shape_is_refused(value: Any, message: str) -> None:
    with pytest.raises(RuleError, match=message):
        Expression.of(value)


@given(st.integers(-(2**63), 2**63 - 1), st.integers(-(2**63), 2**63 - 1))
def test_comparisons_agree_with_the_integers(left: int, right: int) -> None:
    outcome = [matches(f"{op} {right}", str(left)) for op in COMPARING]
    assert outcome == [left > right, left >= right, left < right, left <= right]


@given(st.sampled_from(ALL), st.lists(st.text(max_size=4), max_size=3), st.text(max_size=4))
def test_checked_operands_raise_no_more_than_the_value_can(
    op: str, values: list[str], value: str
) -> None:
    expression = Expression(op, tuple(values))
    try:
        check_expression(expression)
    except RuleError:
        return
    try:
        assert match_expression(expression, value) in (True, False)
    except FeatureValueError:
        assert op in (*COMPARING, "GtLt", "GeLe")
