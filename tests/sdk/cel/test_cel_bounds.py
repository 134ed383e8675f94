"""An expression that would run without end is refused: by a count, and by every engine alike."""

import time
from typing import Any

import pytest

from krmfn.sdk import cel
from krmfn.sdk.cel import cost

VALUES = {
    "l": list(range(1000)),
    "s": "a" * 10_000,
    "m": {f"k{i}": {"n": i} for i in range(200)},
    "rows": [[1] * 30] * 30,
}
TOO_MUCH = [
    "l.all(i, l.all(j, i * j >= 0))",
    "l.all(i, l.all(j, l.all(k, true)))",
    "l.map(i, l)",
    "[s]" + ".map(v, v.replace(v, v))" * 90,
    "l.map(i, s)",
    "s.findAll('a').map(c, s)",
    "l.map(i, l + l).map(i, i + i).map(i, i.map(j, i))",
    "[[[[l]]]].map(a, [a, a, a, a].map(b, [b, b, b, b].map(c, [c, c, c, c].map(d, [d, d, d, d]))))",
    "[s].map(a, [a + a].map(b, [b + b].map(c, [c + c].map(d, [d + d + d + d + d + d]))))",
    "s.replace('a', s)",
    "s.replace('', s).replace('', s)",
    "l.map(i, string(i)).join(s)",
    "'%s'.format([s]).replace('a', s)",
    "s.split('').exists(c, s.contains(c) && s.endsWith(c))",
    "m.map(k, m.map(j, [m[j], m[j], m[j]]))",
    "l.all(i, l.filter(j, j != i).indexOf(i) < 0)",
    "l.exists(i, sets.contains(l, [i]) && s.matches('(a+)+$'))",
    "s.find('" + "(a|b)*" * 200 + "') == ''",
]
ENOUGH = [
    "l.all(i, i >= 0)",
    "m.all(k, m[k].n >= 0)",
    "rows.all(r, r.all(c, c > 0))",
    "l.filter(i, i in l).size() == 1000",
    "sets.contains(l, l)",
    "l.map(i, l.indexOf(i)) == l",
    "s.matches('(a+)+$')",
    "s.find('(x+x+)+y') == ''",
    "s.split('').size() == 10000",
    "(s + s + s + s).size() == 40000",
    "l.map(i, [i, i]).map(p, p[0]).sum() == 499500",
]


@pytest.mark.parametrize("expression", TOO_MUCH, ids=lambda text: text[:60])
def test_what_may_take_too_many_steps_is_refused(engine: Any, expression: str) -> None:
    program = cel.compile(expression, variables=VALUES, expect="any", engine=engine)
    started = time.process_time()
    with pytest.raises(cel.CelError, match=r"^must take at most 1000000 steps, but may take [0-9]"):
        program.evaluate(VALUES)
    assert time.process_time() - started < 1


@pytest.mark.parametrize("expression", ENOUGH, ids=lambda text: text[:60])
def test_what_takes_long_but_ends_is_evaluated(engine: Any, expression: str) -> None:
    program = cel.compile(expression, variables=VALUES, engine=engine)
    assert program.evaluate(VALUES) is True


@pytest.mark.parametrize(
    ("expression", "steps"),
    [
        ("1", 1),
        ("l", 1),
        ("l[0] == 1", 1 + 3 + 1),
        ("l.all(i, true)", 1 + 1 + 1000 * 2),
        ("rows.all(r, r.all(c, true))", 1 + 1 + 30 * (1 + 1 + 1 + 30 * 2)),
        ("m.all(k, true)", 1 + 1 + 200 * 2),
        ("s + s", 1 + 2 + 2 * 10_001 // 10),
        ("l.map(i, 1)", 1 + 1 + 1000 * 2 + 1 + 1000),
    ],
)
def test_steps_are_counted_by_the_values_that_are_there(expression: str, steps: int) -> None:
    node = cel.compile(expression, variables=VALUES, expect="any").node
    assert cost.steps(node, VALUES) == steps


@pytest.mark.parametrize(
    "pattern", ["(", "a{1,99999}", "((a{1,30}){1,30}){1,30}{1,30}", "(?=a)", r"\1", "[b-a]"]
)
def test_a_regular_expression_that_re2_refuses_is_an_error(engine: Any, pattern: str) -> None:
    for function in ("matches", "find", "findAll"):
        program = cel.compile(f"s.{function}(p)", variables="sp", expect="any", engine=engine)
        with pytest.raises(cel.CelError, match="invalid regular expression"):
            program.evaluate({"s": "abc", "p": pattern})
