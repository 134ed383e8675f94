"""Programs and activations: what is given, what is kept, and what may be any value."""

import math
import subprocess
import sys
from typing import Any

import pytest

from krmfn.sdk import cel
from krmfn.sdk.cel import cost
from krmfn.sdk.loader import load


def evaluate(expression: str, engine: Any, /, **values: Any) -> Any:
    program = cel.compile(expression, variables=values, expect="any", engine=engine)
    return program.evaluate(values)


def test_an_expression_is_compiled_once() -> None:
    first = cel.compile("x > 1", variables=["x", "y"])
    assert cel.compile("x > 1", variables=["y", "x"]) is first
    assert cel.compile("x > 1", variables=["x"]) is not first


def test_the_fastest_engine_that_is_there_is_taken() -> None:
    assert cel.compile("true", variables=[]).engine == cel.engines()[0]
    assert cel.engines()[-1] == "cel-python"


def test_importing_the_door_imports_no_engine() -> None:
    script = "import sys; from krmfn.sdk import cel; print(*sys.modules)"
    modules = subprocess.check_output([sys.executable, "-c", script], text=True).split()
    assert not {"celpy", "lark", "cel_expr_python", "re2", "dataclasses"} & {*modules}


@pytest.mark.parametrize(
    ("yaml", "expression"),
    [
        ("yes", "x == 'yes'"),
        ("0644", "x == 420"),
        ("1.10", "x == 1.1"),
        ("1e3", "x == 1000 && type(x) == double"),
        ("{1: a, false: b, null: c}", "x['1'] == 'a' && x['false'] == 'b' && x['null'] == 'c'"),
        ("9223372036854775808", "x == 9223372036854775808.0 && type(x) == double"),
        ("-9223372036854775808", "x == -9223372036854775808 && type(x) == int"),
        (".inf", "x > 1e308"),
        (".nan", "x != x"),
        ("[1, [2, {a: ~}]]", "x[1][1].a == null"),
        (r'"a\0b"', r"x == 'a\u0000b' && x.size() == 3"),
        (r'{"k\0": 1}', r"x['k\u0000'] == 1"),
        (r'["\0"]', r"x[0] != ''"),
    ],
)
def test_values_of_yaml_are_taken_as_kubernetes_reads_them(
    engine: Any, yaml: str, expression: str
) -> None:
    assert evaluate(expression, engine, x=load(yaml)) is True


def test_a_value_that_json_does_not_have_is_refused() -> None:
    with pytest.raises(cel.CelError, match=r"^must be evaluated on values of JSON, not on a set$"):
        cel.Activation({"x": [{1}]})


def test_a_value_that_is_nested_without_end_is_refused() -> None:
    endless: list[Any] = []
    endless.append(endless)
    with pytest.raises(cel.CelError, match=r"^must be evaluated on values nested at most 64 deep$"):
        cel.Activation({"x": endless})


def test_every_variable_must_have_a_value(engine: Any) -> None:
    program = cel.compile("x == 1 || y", variables=["x", "y"], engine=engine)
    with pytest.raises(cel.CelError, match=r'^must be evaluated with a value of "y"$'):
        program.evaluate({"x": 1})


def test_a_variable_named_like_a_type_is_a_mistake_of_the_program() -> None:
    with pytest.raises(ValueError, match="int"):
        cel.compile("true", variables=["int"])


def test_what_is_given_stays_as_it_is(engine: Any) -> None:
    given = {"x": {"b": [1, {"c": 2}]}}
    cel.compile("x.b.map(i, i)", variables=["x"], expect="list", engine=engine).evaluate(given)
    assert given == {"x": {"b": [1, {"c": 2}]}}


def test_an_activation_serves_many_expressions(engine: Any) -> None:
    activation = cel.Activation({"x": [1, 2, 3]})
    given = [
        cel.compile(text, variables=["x"], expect="any", engine=engine).evaluate(activation)
        for text in ("x.sum()", "x.size()", "x.exists(i, i > 2)", "x.map(i, i * 2)")
    ]
    assert given == [6, 3, True, [2, 4, 6]]


def test_maps_come_out_in_the_order_of_their_keys(engine: Any) -> None:
    value = {"z": 1, "a": {"y": 1, "b": 2}, "é": 3, "B": 4}
    given = evaluate("{'m': x, 'a': [x]}", engine, x=value)
    assert list(given) == ["a", "m"]
    assert list(given["m"]) == ["B", "a", "z", "é"]
    assert list(given["m"]["a"]) == ["b", "y"]
    assert evaluate("x.map(k, k)", engine, x=value) == ["B", "a", "z", "é"]
    assert evaluate("(true ? x : x).filter(k, k < 'b')", engine, x=value) == ["B", "a"]


def test_the_first_of_several_errors_is_told(engine: Any) -> None:
    value = {key: {} for key in "hgfedcba"}
    with pytest.raises(cel.CelError, match='no such key: "n"'):
        evaluate("x.all(k, x[k].n > 0)", engine, x=value)
    with pytest.raises(cel.CelError, match="division by zero"):
        evaluate("[1 / 0, x.zz]", engine, x=value)


def test_the_system_is_left_as_it_was() -> None:
    limit = sys.getrecursionlimit()
    evaluate("x + 1", "cel-python", x=1)
    assert sys.getrecursionlimit() == limit


@pytest.mark.parametrize(
    "expression",
    [
        "(" * 31 + "x" + ")" * 31 + " == 1",
        "!" * 30 + "(x == 1)",
        "x" + " + x" * 98 + " == 99",
        " || ".join(["x == 0"] * 500 + ["x == 1"]),
        "[" * 31 + "x" + "]" * 31 + " != [x]",
        "[1].all(a, " * 15 + "x == 1" + ")" * 15,
    ],
    ids=["brackets", "signs", "a sum", "a disjunction", "lists", "macros"],
)
def test_the_deepest_expression_is_evaluated(engine: Any, expression: str) -> None:
    assert evaluate(expression, engine, x=1) is True


def test_the_weight_of_values_is_their_characters_and_elements() -> None:
    assert cost.weight({"ab": [1, None, "x"]}) == 1 + 3 + 1 + 1 + 1 + 2
    assert cel.Activation({"x": "abc", "y": 1}).weight == 4 + 1


@pytest.mark.parametrize("index", [math.inf, -math.inf, math.nan, 0.5, -1, 3, "0", True, None])
def test_what_is_no_index_is_an_error(engine: Any, index: Any) -> None:
    with pytest.raises(cel.CelError, match=r"no such overload|index out of range"):
        evaluate("[1, 2, 3][x]", engine, x=index)


def test_a_reserved_word_may_be_a_field(engine: Any) -> None:
    value = {"namespace": "a", "if": 1}
    assert evaluate("has(x.namespace) && x.namespace == 'a' && x.if == 1", engine, x=value)


def test_infinite_results_are_floats(engine: Any) -> None:
    assert evaluate("x / 0.0", engine, x=-1.5) == -math.inf
