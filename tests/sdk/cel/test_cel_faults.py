"""What is wrong with an expression is told before it is evaluated, with line and column."""

from typing import Any

import pytest

from krmfn.sdk import cel

SYNTAX = [
    ("", "must be CEL: the end is not expected", 1, 1),
    ("x +", "must be CEL: the end is not expected", 1, 4),
    ("1 2", 'must be CEL: "2" is not expected', 1, 3),
    ("x ==\n  == 1", 'must be CEL: "==" is not expected', 2, 3),
    ("(x", "must be CEL: the end is not expected", 1, 3),
    ("[1, 2", "must be CEL: the end is not expected", 1, 6),
    ("{'a' 1}", 'must be CEL: "1" is not expected', 1, 6),
    ("size(x,)", 'must be CEL: ")" is not expected', 1, 8),
    ("x ? 1", "must be CEL: the end is not expected", 1, 6),
    ("x.1", 'must be CEL: ".1" is not expected', 1, 2),
    ("x.in", "must be CEL: a field's name must follow the dot", 1, 3),
    ("x?.a", 'must be CEL: "." is not expected', 1, 3),
    ("x = 1", "must be CEL: cannot read '= 1'", 1, 3),
    ("x & x", "must be CEL: cannot read '& x'", 1, 3),
    ("'abc", 'must be CEL: cannot read "\'abc"', 1, 1),
    ("'a\nb'", "must be CEL: cannot read \"'a\\nb'\"", 1, 1),
    (r"'\q'", r'must be CEL: "\q" is no escape', 1, 1),
    (r"'\ud800'", r'must be CEL: "\ud800" is no escape', 1, 1),
    (r"b'\u0041'", r'must be CEL: "\u0041" is no escape', 1, 1),
    ("9223372036854775808", "must be CEL: 9223372036854775808 has more than 64 bits", 1, 1),
    ("-1u", "must be CEL: -1 has more than 64 bits", 1, 1),
    ("for", 'must be CEL: "for" is a reserved word', 1, 1),
    ("x.all(1, true)", "must be CEL: all() takes a variable and an expression", 1, 3),
    ("x.map(i)", "must be CEL: map() takes a variable and an expression", 1, 3),
    ("x.filter(i, true, i)", "must be CEL: filter() takes a variable and an expression", 1, 3),
    ("has(x)", "must be CEL: has() takes a field, as in has(a.b)", 1, 1),
    ("has(x.a, x.b)", "must be CEL: has() takes a field, as in has(a.b)", 1, 1),
    ("(" * 40, "must be CEL: is nested deeper than 32", 1, 33),
    ("!" * 40 + "x", "must be CEL: is nested deeper than 32", 1, 33),
    ("x" + ".a" * 200, "must be CEL: is a chain of more than 100 links", 1, 201),
    ("1" + "+1" * 200, "must be CEL: is a chain of more than 100 links", 1, 200),
    ("x" * 20_000, "must be CEL of at most 16384 characters, but has 20000", 1, 1),
]
NAMES = [
    ("z", '"z" must be a variable, one of x, y', 1, 1),
    ("x == 1 ||\n y == zz", '"zz" must be a variable, one of x, y', 2, 7),
    ("x.all(i, i) && i", '"i" must be a variable, one of x, y', 1, 16),
    ("google.protobuf.Timestamp", '"google" must be a variable, one of x, y', 1, 1),
    ("lookup(x)", '"lookup" must be a function', 1, 1),
    ("x.lookup()", '"lookup" must be a function', 1, 3),
    ("sets.lookup(x)", '"lookup" must be a function', 1, 6),
    ("__keys(x)", '"__keys" must be a function', 1, 1),
    ("size()", "size() cannot be called with these arguments", 1, 1),
    ("size(x, y)", "size() cannot be called with these arguments", 1, 1),
    ("startsWith(x, 'a')", "startsWith() cannot be called with these arguments", 1, 1),
    ("x.quantity()", "quantity() cannot be called with these arguments", 1, 3),
    ("math.greatest()", "math.greatest() cannot be called with these arguments", 1, 1),
    ("x.getHours(1, 2)", "getHours() cannot be called with these arguments", 1, 3),
    ("x.map(int, int)", '"int" must be the name of no type', 1, 3),
    ("x.map(__k, 1)", '"__k" must be the name of no type', 1, 3),
    ("{1: x, 'a': y}", "the keys of a map must be of one type", 1, 1),
]


@pytest.mark.parametrize(("expression", "message", "line", "column"), SYNTAX + NAMES)
def test_a_fault_has_a_line_and_a_column(
    engine: Any, expression: str, message: str, line: int, column: int
) -> None:
    with pytest.raises(cel.CelError) as caught:
        cel.compile(expression, variables=["y", "x"], expect="any", engine=engine)
    fault = caught.value
    assert (fault.message, fault.line, fault.column) == (message, line, column)
    assert str(fault) == f"{message} at line {line}, column {column}"


@pytest.mark.parametrize(
    ("expression", "expect", "found"),
    [
        ("'a'", "boolean", "a string"),
        ("1", "boolean", "a number"),
        ("null", "boolean", "null"),
        ("[x]", "boolean", "a list"),
        ("{'a': x}", "boolean", "a map"),
        ("x == 1", "number", "a boolean"),
        ("!x", "number", "a boolean"),
        ("has(x.a)", "string", "a boolean"),
        ("x.all(i, i)", "number", "a boolean"),
        ("x.map(i, i)", "boolean", "a list"),
        ("x.trim()", "boolean", "a string"),
        ("x.split(',')", "string", "a list"),
        ("x.isSorted()", "number", "a boolean"),
        ("x.sum()", "boolean", "a number"),
        ("quantity('1')", "number", "a map"),
        ("x ? 'a' : 'b'", "boolean", "a string"),
    ],
)
def test_a_type_that_can_only_be_wrong_is_told_at_once(
    expression: str, expect: Any, found: str
) -> None:
    with pytest.raises(cel.CelError, match=f"^must give a {expect}, but gives {found} at line 1"):
        cel.compile(expression, variables=["x"], expect=expect)


@pytest.mark.parametrize(
    ("expression", "expect", "found"),
    [("x", "boolean", "a number"), ("x", "string", "a number"), ("y", "number", "null")],
)
def test_a_type_that_turns_out_wrong_is_told(
    engine: Any, expression: str, expect: Any, found: str
) -> None:
    program = cel.compile(expression, variables=["x", "y"], expect=expect, engine=engine)
    with pytest.raises(cel.CelError, match=f"^must give a {expect}, but gives {found}$"):
        program.evaluate({"x": 1, "y": None})


@pytest.mark.parametrize(
    "user_value", ["x' || true || '", '" || true || "', "\\' || true", "'''", "é\u2028\x7f"]
)
def test_a_value_never_becomes_part_of_an_expression(engine: Any, user_value: str) -> None:
    program = cel.compile("x == 'safe'", variables=["x"], engine=engine)
    assert program.evaluate({"x": user_value}) is False
