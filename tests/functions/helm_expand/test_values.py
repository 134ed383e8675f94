"""How values reach Helm, and how what is wrong with one is traced to where it was written."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from krmfn.helm_expand.intents import Values
from krmfn.helm_expand.sources import Neighbourhood, layers_of
from krmfn.helm_expand.values import Layer, origin
from krmfn.sdk import Package, Place, Resource, yaml_load

Make = Callable[..., Any]

DUMP = """\
apiVersion: v1
kind: ConfigMap
metadata:
  name: dump
data:
  values.json: {{ omit .Values "global" | toJson | quote }}
"""
ASKING = Resource.new("intent.krmfn.dev/v1alpha1", "HelmChart", "upf", place=Place("upf.yaml", 0))


def config_map(name: str, values: str) -> Resource:
    place = Place(f"{name}.yaml", 0)
    return Resource.new("v1", "ConfigMap", name, place=place, data={"values.yaml": values})


def helm_values(name: str, **values: Any) -> Resource:
    place = Place(f"{name}.yaml", 0)
    return Resource.new("intent.krmfn.dev/v1alpha1", "HelmValues", name, place=place, values=values)


def layers(values: Mapping[str, Any], *items: Resource) -> list[Layer]:
    near = Neighbourhood(ASKING, Package([ASKING, *items]))
    found = [*layers_of(Values.model_validate(values), "spec.values", near)]
    assert all(isinstance(each, Layer) for each in found)
    return [each for each in found if isinstance(each, Layer)]


ORIGINS = {
    "valuesFrom": [
        {"name": "text"},
        {"name": "targeted", "targetPath": "log.probe"},
        {"kind": "HelmValues", "name": "plain"},
    ],
    "valuesFiles": ["file.yaml"],
    "valuesInline": {"inline": {"ports": [1, {"name": "n"}], "a.b/c": 1}, "both": 1},
    "set": ["both=2", "one=1,two[1].x=2"],
    "setString": ["text2=1"],
}
WRITTEN = (
    config_map("text", "text: {list: [a, b]}\nover: {x: 1}"),
    config_map("targeted", "level: 1"),
    helm_values("plain", plain={"x": 1}, over={"x": 2}),
    helm_values("file", file=True),
)


@pytest.mark.parametrize(
    ("path", "name", "field", "current"),
    [
        ("text.list.1", "text", "data[values.yaml]: text.list[1]", "b"),
        ("text.list", "text", "data[values.yaml]: text.list", None),
        ("log.probe.level", "targeted", "data[values.yaml]: level", "1"),
        ("log", "targeted", "data[values.yaml]", None),
        ("plain.x", "plain", "values.plain.x", "1"),
        ("over.x", "plain", "values.over.x", "2"),
        ("file", "file", "values.file", "true"),
        ("inline.ports.1.name", "upf", "spec.values.valuesInline.inline.ports[1].name", "n"),
        ("inline.a|b/c", "upf", "spec.values.valuesInline.inline[a.b/c]", "1"),
        ("inline.missing", "upf", "spec.values.valuesInline.inline", None),
        ("both", "upf", "spec.values.set[0]", "2"),
        ("two.1.x", "upf", "spec.values.set[1]", "2"),
        ("text2", "upf", "spec.values.setString[0]", "1"),
    ],
)
def test_a_value_is_traced_to_where_it_was_written(
    path: str, name: str, field: str, current: str | None
) -> None:
    found = layers(ORIGINS, *WRITTEN)
    written = origin(found, [step.replace("|", ".") for step in path.split(".")])
    assert written
    assert (written.resource.name, written.field, written.current) == (name, field, current)


@pytest.mark.parametrize("path", [[], ["default"], ["default", "of", "chart"]], ids=str)
def test_what_nobody_wrote_has_no_origin(path: list[str]) -> None:
    found = layers(ORIGINS, *WRITTEN)
    assert origin(found, path) is None


def test_the_value_of_a_secret_is_not_told() -> None:
    secret = Resource.new("v1", "Secret", "a", stringData={"values.yaml": "password: hidden"})
    values = {"valuesFrom": [{"kind": "Secret", "name": "a"}]}
    written = origin(layers(values, secret), ["password"])
    assert written
    assert written.current is None


def dumped(rendered: Any) -> Any:
    return json.loads(rendered["demo/configmap_dump.yaml"]["data"]["values.json"])


@pytest.mark.parametrize(
    ("default", "values", "reached"),
    [
        ("a: 1\nb: 2", "b: null", {"a": 1}),
        ("m: {a: 1, b: 2}", "m: {a: ~}", {"m": {"b": 2}}),
        ("m: {a: 1}", "m: null", {}),
        ("", "a: yes\nb: on\nc: 'yes'", {"a": True, "b": True, "c": "yes"}),
        ("", "a: 012\nb: 0x1F\nc: '012'", {"a": 10, "b": 31, "c": "012"}),
        ("", "a: 12:30\nb: 1_000", {"a": "12:30", "b": 1000}),
        ("", "a: 1.10\nb: 1e3\nc: 123456789012", {"a": 1.1, "b": 1000, "c": 123456789012}),
        ("", "a: 2001-01-01\nb: ''\nc: 'null'", {"a": "2001-01-01", "b": "", "c": "null"}),
        ("tcp: {}", "tcp: {8080: ran/amf:38412}", {"tcp": {"8080": "ran/amf:38412"}}),
        ("", "a: &x [1]\nb: *x", {"a": [1], "b": [1]}),
        ("", "a: |\n  one\n  two\n", {"a": "one\ntwo\n"}),
    ],
    ids=[
        "null takes a default away",
        "null takes a nested default away",
        "null takes a map away",
        "words that YAML 1.1 reads as booleans",
        "numbers of another base",
        "times and underscores",
        "numbers of unusual spelling",
        "dates and quoted words",
        "keys that are numbers",
        "aliases",
        "text of several lines",
    ],
)
@pytest.mark.parametrize("place", ["inline", "ConfigMap"])
def test_values_reach_helm_as_they_were_written(
    render: Make, helm_chart: Make, default: str, values: str, reached: Any, place: str
) -> None:
    files = {"templates/dump.yaml": DUMP, "values.yaml": default}
    if place == "inline":
        items = [helm_chart(files, values={"valuesInline": yaml_load(values)})]
    else:
        sources = {"valuesFrom": [{"name": "held"}]}
        items = [helm_chart(files, values=sources), config_map("held", values)]
    assert dumped(render(*items)) == reached


ODD = st.sampled_from(
    [
        *(
            "yes",
            "on",
            "~",
            "null",
            "1_000",
            "0o17",
            "017",
            "0x1F",
            "1e3",
            ".5",
            "=",
            "<<",
            "12:30",
        ),
        *("2001-01-01", "- a", "a: b", "a #b", "!x", "&a", "*a", "|", "{a", "a\nb", "\n", " a "),
    ]
)
TEXTS = ODD | st.text(max_size=8)
SCALARS = st.booleans() | st.integers(-(2**53), 2**53) | TEXTS
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=60, deadline=None)
@given(values=st.dictionaries(TEXTS.filter(lambda key: key != "global"), VALUES, max_size=3))
def test_whatever_a_value_is_helm_gets_it(
    render: Make, helm_chart: Make, values: dict[str, Any]
) -> None:
    chart = helm_chart({"templates/dump.yaml": DUMP}, values={"valuesInline": values})
    assert dumped(render(chart)) == values


SCHEMA = json.dumps(
    {
        "required": ["site"],
        "properties": {
            "replicas": {"type": "integer"},
            "db": {"required": ["host"], "additionalProperties": False, "properties": {"host": {}}},
            "ports": {"items": {"type": "integer"}},
        },
    }
)


@pytest.mark.parametrize(
    ("values", "held", "field", "message"),
    [
        (
            {"valuesInline": {"site": 1, "replicas": "two"}},
            "",
            "HelmChart/demo spec.values.valuesInline.replicas",
            "`replicas` must be an integer, but is a string",
        ),
        (
            {"valuesInline": {"site": 1}, "valuesFrom": [{"name": "held"}]},
            "ports: [1, x]",
            "ConfigMap/held data[values.yaml]: ports[1]",
            "`ports[1]` must be an integer, but is a string",
        ),
        (
            {"valuesInline": {"site": 1}, "set": ["db.host=a", "replicas=two"]},
            "",
            "HelmChart/demo spec.values.set[1]",
            "`replicas` must be an integer, but is a string",
        ),
        (
            {"valuesInline": {"site": 1, "db": {}}},
            "",
            "HelmChart/demo spec.values.valuesInline.db",
            "`db` must have 'host'",
        ),
        (
            {"valuesInline": {"site": 1, "db": {"host": "a", "port": 1}}},
            "",
            "HelmChart/demo spec.values.valuesInline.db",
            "`db` must not have 'port'",
        ),
        ({}, "", "HelmChart/demo spec.values", "the values must have 'site'"),
    ],
    ids=[
        "inline",
        "an item of a list in a ConfigMap",
        "an expression",
        "a missing field is its parent's",
        "a field too many is its parent's",
        "a missing value at the top",
    ],
)
def test_a_schema_violation_is_told_where_the_value_was_written(
    render: Make,
    helm_chart: Make,
    values: dict[str, Any],
    held: str,
    field: str,
    message: str,
) -> None:
    chart = helm_chart({"templates/dump.yaml": DUMP, "values.schema.json": SCHEMA}, values=values)
    rendered = render(chart, config_map("held", held))
    [said] = rendered.said()
    assert said.startswith(f'[error] {field}: chart "demo": {message} (')
    assert not rendered.ok


def test_values_of_a_cluster_win_over_all_common_ones(render: Make, helm_chart: Make) -> None:
    chart = helm_chart(
        {"templates/dump.yaml": DUMP},
        values={"valuesInline": {"a": 1, "b": 1, "c": 1}, "set": ["a=2", "b=2"]},
        clusters=[{"name": "waw", "values": {"valuesInline": {"a": 3}}}, {"name": "krk"}],
    )
    rendered = render(chart)
    path = "clusters/{}/demo/configmap_dump.yaml"
    waw, krk = (
        json.loads(rendered[path.format(it)]["data"]["values.json"]) for it in ("waw", "krk")
    )
    assert waw == {"a": 3, "b": 2, "c": 1}
    assert krk == {"a": 2, "b": 2, "c": 1}
