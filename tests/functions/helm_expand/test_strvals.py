import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from krmfn.helm_expand.archive import ChartArchive
from krmfn.helm_expand.edge import EngineError, HelmEngine, RenderRequest

MakeChart = Callable[[Mapping[str, str]], ChartArchive]

VALUES: dict[str, Any] = {"a": {"b": 1, "c": [1, {"d": 2}, [3]]}, "l": [{"x": 1}, {"y": 2}]}


def values_after(engine: HelmEngine, make_chart: MakeChart, **expressions: str) -> Any:
    """What a template sees of VALUES after the expressions, by the name of the flag."""
    chart = make_chart({"templates/x.yaml": "seen: {{ .Values | toJson | quote }}"})
    flags = {flag: (expression,) for flag, expression in expressions.items()}
    rendering = engine.render(RenderRequest(chart, values=json.dumps(VALUES), **flags))
    text = rendering.templates["demo/templates/x.yaml"].strip().removeprefix("seen: ")
    return json.loads(json.loads(text))


@pytest.mark.parametrize(
    ("flag", "expression", "changed"),
    [
        pytest.param("set", "n=5", {"n": 5}, id="integer"),
        pytest.param("set", "n=007,m=1.5,o=-2", {"n": "007", "m": "1.5", "o": -2}, id="numbers"),
        pytest.param("set", "t=true,f=FALSE,z=0", {"t": True, "f": False, "z": 0}, id="words"),
        pytest.param("set", "n=9223372036854775808", {"n": "9223372036854775808"}, id="int64"),
        pytest.param("set", "s=a b,e=", {"s": "a b", "e": ""}, id="strings"),
        pytest.param("set", r"s=a\,b,k\.l=1", {"s": "a,b", "k.l": 1}, id="escapes"),
        pytest.param("set", "s={x,1,true}", {"s": ["x", 1, True]}, id="list"),
        pytest.param("set", "s={}", {"s": [""]}, id="list-of-nothing"),
        pytest.param("set", "s={a,b},t=1", {"s": ["a", "b"], "t": 1}, id="after-a-list"),
        pytest.param("set", "p.q.r=1", {"p": {"q": {"r": 1}}}, id="new-maps"),
        pytest.param("set", "p[1].q=x", {"p": [None, {"q": "x"}]}, id="new-list"),
        pytest.param("set", "p[0][1]=x", {"p": [[None, "x"]]}, id="nested-lists"),
        pytest.param("set", "l[1].y=x", {"l": [{"x": 1}, {"y": "x"}]}, id="item-of-a-list"),
        pytest.param("set", "l[2]=x", {"l": [{"x": 1}, {"y": 2}, "x"]}, id="longer-list"),
        pytest.param(
            "set",
            "a.c[1].e=3,a.c[2][1]=4",
            {"a": {"b": 1, "c": [1, {"d": 2, "e": 3}, [3, 4]]}},
            id="deep",
        ),
        pytest.param("set", "l={x}", {"l": ["x"]}, id="a-list-replaces"),
        pytest.param("set_string", "n=5,t=true", {"n": "5", "t": "true"}, id="string"),
        pytest.param("set_string", "l={1,2}", {"l": ["1", "2"]}, id="strings-in-a-list"),
        pytest.param(
            "set_json",
            'n={"k": [1, null]} ,s="x",e=',
            {"n": {"k": [1, None]}, "s": "x", "e": None},
            id="json",
        ),
        pytest.param(
            "set_json", 'l[0].x={"z":1}', {"l": [{"x": {"z": 1}}, {"y": 2}]}, id="json-at"
        ),
        pytest.param("set_literal", r"s=a,b={c}\d", {"s": r"a,b={c}\d"}, id="literal"),
        pytest.param("set_literal", "l[0].x=1", {"l": [{"x": "1"}, {"y": 2}]}, id="literal-at"),
    ],
)
def test_an_expression_changes_the_values_as_helm_says(
    engine: HelmEngine,
    make_chart: MakeChart,
    flag: str,
    expression: str,
    changed: Mapping[str, Any],
) -> None:
    assert values_after(engine, make_chart, **{flag: expression}) == {**VALUES, **changed}


def test_expressions_apply_in_helms_order(engine: HelmEngine, make_chart: MakeChart) -> None:
    seen = values_after(
        engine, make_chart, set_literal="n=4", set_string="n=3", set="n=2", set_json="n=1,m=1"
    )
    assert seen == {**VALUES, "n": "4", "m": 1}


def test_set_json_merges_an_object_as_helm_4_does(
    native: HelmEngine, make_chart: MakeChart
) -> None:
    seen = values_after(native, make_chart, set_json=' {"a": {"z": 1}, "n": null}')
    assert seen == {**VALUES, "a": {**VALUES["a"], "z": 1}, "n": None}


@pytest.mark.parametrize("expression", ["a=null", "a.b=null,a.c=null"])
def test_null_removes_a_value_of_the_chart(
    engine: HelmEngine, make_chart: MakeChart, expression: str
) -> None:
    files = {"values.yaml": "a: {b: 1, c: 2}\nd: 3\n", "templates/x.yaml": "{{ .Values | toJson }}"}
    rendering = engine.render(RenderRequest(make_chart(files), set=(expression,)))
    seen = json.loads(rendering.templates["demo/templates/x.yaml"])
    assert seen == ({"d": 3} if expression == "a=null" else {"a": {}, "d": 3})


@pytest.mark.parametrize(
    ("flag", "expression", "words"),
    [
        ("set", "n", 'the key "n" must have a value'),
        ("set", "n,m=1", 'the key "n" must have a value'),
        ("set", "a..b=1", "a key must not be empty"),
        ("set", "n={x", "a list must end with `}`"),
        ("set", "n[-1]=x", 'an index must be from 0 to 65536, but is "-1"'),
        ("set", "n[99999]=x", "an index must be from 0 to 65536"),
        ("set", "n[0]x=1", '"x" must not follow an index'),
        ("set", "l.x=1", "`l` must be a map"),
        ("set", "a[0]=1", "`a` must be a list"),
        ("set", f"{'k.' * 31}k=1", "at most 30 deep"),
        ("set_json", "n={", "Expecting property name"),
        ("set_literal", "n", 'the key "n" must have a value'),
    ],
)
def test_a_wrong_expression_is_named(
    native: HelmEngine, make_chart: MakeChart, flag: str, expression: str, words: str
) -> None:
    with pytest.raises(EngineError) as refused:
        values_after(native, make_chart, **{flag: expression})
    assert (refused.value.kind, refused.value.code) == ("values", "values-expression")
    shown = flag.replace("_", "-")
    assert f'`{shown}` must be like "a.b=c", but "{expression}" is not: ' in str(refused.value)
    assert words in str(refused.value)
