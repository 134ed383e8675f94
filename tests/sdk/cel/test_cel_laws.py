"""What holds for every expression and every value."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from krmfn.sdk import cel
from krmfn.sdk.cel import cost
from krmfn.sdk.cel.parser import parse

VALUES = {
    "x": {"b": {"n": None, "t": True}, "i": 3, "f": 1.5, "s": "a-b", "l": [1, 2.0, "a", [1]]},
    "m": {"k": "v", "é": 1, "a b": [], "": {}},
}
ENGINES = pytest.mark.skipif(
    len(cel.engines()) < 2, reason="cel-expr-python is not installed: nothing to compare with"
)

_LEAVES = st.sampled_from(
    "x x.b x.b.n x.b.t x.i x.f x.s x.l x.zz m m.k m.zz x.l[0] x.l[9] x.l[3] x['i'] m['é'] m['']"
    " 0 1 -1 2.0 0.5 'a' '' 'v' true false null [] {} [1,2] ['a'] {'a':1} v".split(" ")
)
_JOINED = "+ - * / % == != < <= > >= in && ||".split()
_CALLS = """
    size(①) type(①) string(①) int(①) double(①) bool(①) dyn(①) isQuantity(①) quantity(①) isIP(①)
    isSemver(①) ①.size() ①.contains(②) ①.startsWith(②) ①.matches(②) ①.indexOf(②) ①.split(②)
    ①.replace(②,③) ①.substring(②) ①.trim() ①.join(②) ①.find(②) ①.min() ①.max() ①.sum() ①.isSorted()
    sets.contains(①,②) math.greatest(①,②) ①.charAt(②) ①.lowerAscii() ①.format(②)
    ①[②] ①.b has(①.b) !① -① (①?②:③) [①,②] {'k':①,'l':②}
    ①.map(v,②) ①.filter(v,②) ①.all(v,②) ①.exists(v,②) ①.exists_one(v,②) ①.map(v,②,③)
""".split()


def _composed(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    def filled(shape: str, *parts: str) -> str:
        return shape.translate(
            {ord(sign): f"({part})" for sign, part in zip("①②③", parts, strict=True)}
        )

    joined = st.builds("({}) {} ({})".format, inner, st.sampled_from(_JOINED), inner)
    called = st.builds(filled, st.sampled_from(_CALLS), inner, inner, inner)
    return joined | called


EXPRESSIONS = st.recursive(_LEAVES, _composed, max_leaves=8)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=12,
)


def _outcome(expression: str, engine: Any, values: dict[str, Any]) -> str:
    try:
        names = {*values, "v"}
        program = cel.compile(expression, variables=names, expect="any", engine=engine)
        return repr(program.evaluate(values | {"v": 0}))
    except cel.CelError as error:
        return f"fails: {error}"


@ENGINES
@settings(deadline=None, max_examples=120)
@given(EXPRESSIONS)
def test_what_an_expression_gives_does_not_depend_on_the_engine(expression: str) -> None:
    outcomes = {_outcome(expression, engine, VALUES) for engine in cel.engines()}
    assert len(outcomes) == 1


@ENGINES
@settings(deadline=None)
@given(JSON, JSON)
def test_any_values_are_equal_in_every_engine_or_in_none(left: Any, right: Any) -> None:
    values = {"a": left, "b": right}
    for expression in ("a == b", "a == a", "[a] == [b]", "a in [b]", "a", "[a, b]"):
        outcomes = {_outcome(expression, engine, values) for engine in cel.engines()}
        assert len(outcomes) == 1


@given(EXPRESSIONS)
def test_what_is_called_cheap_is_within_the_limit(expression: str) -> None:
    node = parse(expression)
    values = VALUES | {"v": 0}
    total = sum(map(cost.weight, values.values()))
    assert not cost.is_cheap(cost.shape(node), total) or cost.steps(node, values) <= cost.LIMIT


@given(st.text())
def test_any_text_is_cel_or_told_with_line_and_column(text: str) -> None:
    told = [(1, 1)]
    try:
        cel.compile(text, variables=["x"], expect="any")
    except cel.CelError as error:
        told.append((error.line, error.column))
    assert min(told) == (1, 1)


@given(st.text())
def test_a_quoted_text_is_that_text(text: str) -> None:
    literal = "".join(f"\\U{ord(letter):08x}" for letter in text)
    for engine in cel.engines():
        program = cel.compile(f"'{literal}' == x", variables=["x"], engine=engine)
        assert program.evaluate({"x": text})
