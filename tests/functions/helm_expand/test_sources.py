"""Where values come from, and which of them win."""

from collections.abc import Mapping
from typing import Any

import pytest

from krmfn.helm_expand.intents import Values
from krmfn.helm_expand.sources import Neighbourhood, layers_of
from krmfn.helm_expand.values import Layer, laid
from krmfn.sdk import FunctionError, Package, Place, Resource, Result

ASKING = Resource.new("intent.krmfn.dev/v1alpha1", "HelmChart", "upf", place=Place("upf.yaml", 0))


def at(path: str, text: str, package_path: str = "") -> Resource:
    return Resource.parse(text, place=Place(path, 0, package_path))


def config_map(name: str, values: str, path: str = "", **metadata: str) -> Resource:
    return Resource.new(
        "v1",
        "ConfigMap",
        name,
        place=Place(path or f"{name}.yaml", 0),
        data={"values.yaml": values},
    ).merged({"metadata": metadata})


def helm_values(name: str, path: str = "", **values: Any) -> Resource:
    place = Place(path or f"{name}.yaml", 0)
    return Resource.new("intent.krmfn.dev/v1alpha1", "HelmValues", name, place=place, values=values)


def layers(
    values: Mapping[str, Any], *items: Resource, asking: Resource = ASKING, cluster: str = ""
) -> list[Layer | Result]:
    near = Neighbourhood(asking, Package([asking, *items]), cluster)
    return [*layers_of(Values.model_validate(values), "spec.values", near)]


def merged(values: Mapping[str, Any], *items: Resource, **where: Any) -> dict[str, Any]:
    return laid(found for found in layers(values, *items, **where) if isinstance(found, Layer))


def problems(values: Mapping[str, Any], *items: Resource) -> list[tuple[str, str]]:
    found = [each for each in layers(values, *items) if isinstance(each, Result)]
    return [(each.field, each.message) for each in found]


ALL = {
    "valuesFrom": [{"name": "low"}, {"name": "lower"}],
    "valuesFiles": ["file.yaml", "./other/file.yaml"],
    "valuesInline": {"inline": 1, "set": 1},
    "set": ["set=9,typed=09"],
    "setJson": ['set={"a": 1}', "json=[1, 2]"],
    "setString": ["text=1"],
    "setLiteral": ["literal=a,b=c"],
}
SOURCES = (
    config_map("low", "low: 0\nfile: 0\ninline: 0\nset: 0"),
    config_map("lower", "low: 1\nfile: 0\ninline: 0\nset: 0"),
    helm_values("first", "file.yaml", file=0, inline=0, set=0),
    helm_values("second", "other/file.yaml", file=1, inline=0, set=0),
)


def test_the_later_source_wins_and_expressions_win_over_all() -> None:
    assert merged(ALL, *SOURCES) == {
        "low": 1,
        "file": 1,
        "inline": 1,
        "set": 9,
        "typed": "09",
        "json": [1, 2],
        "text": "1",
        "literal": "a,b=c",
    }


@pytest.mark.parametrize(
    ("mode", "value"),
    [
        ("override", {"map": {"a": 1, "b": "inline", "c": 3}, "list": ["inline"], "file": True}),
        ("merge", {"map": {"a": 1, "b": "file", "c": 3}, "list": ["file"], "file": True}),
        ("replace", {"map": {"b": "inline", "c": 3}, "list": ["inline"]}),
    ],
)
def test_values_merge_says_how_inline_values_meet_the_others(
    mode: str, value: dict[str, Any]
) -> None:
    file = {"map": {"a": 1, "b": "file"}, "list": ["file"], "file": True}
    values = {
        "valuesFiles": ["file.yaml"],
        "valuesInline": {"map": {"b": "inline", "c": 3}, "list": ["inline"]},
        "valuesMerge": mode,
    }
    assert merged(values, helm_values("file", **file)) == value


def test_expressions_see_the_values_below_them() -> None:
    values = {"valuesInline": {"ports": [{"name": "a"}, {"name": "b"}]}, "set": ["ports[1].name=c"]}
    assert merged(values) == {"ports": [{"name": "a"}, {"name": "c"}]}


def test_keys_that_are_numbers_are_the_same_as_their_text() -> None:
    values = {"valuesFrom": [{"name": "a"}], "valuesInline": {"tcp": {"8080": "b"}}}
    held = config_map("a", "tcp: {8080: a, 0o17: c, 9090: a}\nlist: [{1: a}]")
    value = {"tcp": {"8080": "b", "15": "c", "9090": "d"}, "list": [{"1": "a"}]}
    assert merged(values | {"set": ["tcp.9090=d"]}, held) == value


@pytest.mark.parametrize(
    ("source", "resource"),
    [
        ({"name": "a"}, "kind: ConfigMap\ndata: {values.yaml: 'x: 1'}"),
        ({"name": "a", "key": "b.yaml"}, "kind: ConfigMap\ndata: {b.yaml: '{x: 1}', c: d}"),
        ({"kind": "Secret", "name": "a"}, "kind: Secret\ndata: {values.yaml: eDogMQ==}"),
        ({"kind": "Secret", "name": "a"}, 'kind: Secret\ndata: {values.yaml: "eDog\\nMQ==\\n"}'),
        ({"kind": "Secret", "name": "a"}, "kind: Secret\nstringData: {values.yaml: 'x: 1'}"),
        ({"kind": "Site", "name": "a"}, "apiVersion: example.com/v1\nkind: Site\nx: 1"),
        (
            {"kind": "Site", "name": "a", "key": "spec.chart"},
            "apiVersion: example.com/v1\nkind: Site\nspec: {chart: {x: 1}}",
        ),
        (
            {"kind": "HelmValues", "name": "a", "key": "upf"},
            "apiVersion: intent.krmfn.dev/v1alpha1\nkind: HelmValues\nvalues: {upf: {x: 1}}",
        ),
        ({"name": "a", "namespace": "ran"}, "kind: ConfigMap\ndata: {values.yaml: 'x: 1'}"),
    ],
    ids=[
        "values.yaml of a ConfigMap",
        "another key",
        "a Secret",
        "a Secret wrapped over lines",
        "a Secret in plain text",
        "the fields of any other kind",
        "a field of any other kind",
        "a part of HelmValues",
        "in a namespace",
    ],
)
def test_values_come_from_a_resource(source: dict[str, Any], resource: str) -> None:
    version = "" if "apiVersion" in resource else "apiVersion: v1\n"
    item = at("a.yaml", f"{version}{resource}\nmetadata: {{name: a, namespace: ran}}\n")
    assert merged({"valuesFrom": [source]}, item) == {"x": 1}


@pytest.mark.parametrize(
    ("key", "text", "value"),
    [
        ("values.yaml", "level: debug", {"log": {"probe": {"level": "debug"}}}),
        ("level", "debug", {"log": {"probe": "debug"}}),
        ("level", "[1, 2]", {"log": {"probe": [1, 2]}}),
    ],
    ids=["a map", "a single value", "a list"],
)
def test_target_path_puts_values_below_a_key(key: str, text: str, value: dict[str, Any]) -> None:
    item = Resource.new("v1", "ConfigMap", "a", data={key: text})
    source = {"name": "a", "key": key, "targetPath": "log.probe"}
    assert merged({"valuesFrom": [source]}, item) == value


def test_what_is_optional_may_be_missing() -> None:
    sources = [{"name": "none", "optional": True}, {"name": "a", "key": "none", "optional": True}]
    assert merged({"valuesFrom": sources}, config_map("a", "x: 1")) == {}


@pytest.mark.parametrize(
    ("values", "items", "field", "words"),
    [
        (
            {"valuesFrom": [{"name": "none"}]},
            (),
            "spec.values.valuesFrom[0]",
            "must be in the package, but there is no `ConfigMap none`",
        ),
        (
            {"valuesFrom": [{"name": "a", "key": "b"}]},
            (config_map("a", "x: 1"),),
            "spec.values.valuesFrom[0].key",
            'must name a key of `ConfigMap a`, but it has no "b"',
        ),
        (
            {"valuesFrom": [{"name": "a"}]},
            (config_map("a", "x: 1", "b.yaml", namespace="n"), config_map("a", "", "c.yaml")),
            "spec.values.valuesFrom[0]",
            "must choose one resource, but `ConfigMap a` stands in b.yaml and c.yaml; say its",
        ),
        (
            {"valuesFrom": [{"name": "a"}]},
            (config_map("a", "x: ["),),
            "data[values.yaml]",
            "must be YAML: line ",
        ),
        (
            {"valuesFrom": [{"name": "a"}]},
            (config_map("a", "- x"),),
            "data[values.yaml]",
            "must be a map of values, but is a list",
        ),
        (
            {"valuesFrom": [{"name": "a"}]},
            (at("a.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: [x]\n"),),
            "data",
            "must be a map of texts",
        ),
        (
            {"valuesFrom": [{"kind": "Secret", "name": "a"}]},
            (Resource.new("v1", "Secret", "a", data={"values.yaml": "x: 1"}),),
            "data[values.yaml]",
            "must be base64",
        ),
        (
            {"valuesFrom": [{"kind": "Secret", "name": "a"}]},
            (Resource.new("v1", "Secret", "a", data={"values.yaml": "gICA"}),),
            "data[values.yaml]",
            "must be UTF-8 text",
        ),
        (
            {"valuesFiles": ["../up.yaml"]},
            (),
            "spec.values.valuesFiles[0]",
            'must name a file of the package that holds a resource, but "../up.yaml" is none',
        ),
        (
            {"valuesFiles": ["a.yaml"]},
            (Resource.new("v1", "ConfigMap", "a", place=Place("a.yaml", 0), data={"x": "1"}),),
            "spec.values.valuesFiles[0]",
            'must hold values, but `ConfigMap a` has no key "values.yaml"',
        ),
        (
            {"set": ["a=1", "replicas"]},
            (),
            "spec.values.set[1]",
            '`set` must be like "a.b=c", but "replicas" is not: ',
        ),
    ],
    ids=[
        "a resource that is missing",
        "a key that is missing",
        "two candidates",
        "no YAML",
        "a list instead of a map",
        "a ConfigMap that is none",
        "no base64",
        "no text",
        "a file outside",
        "a file without values",
        "an expression without a value",
    ],
)
def test_a_wrong_source_is_named(
    values: dict[str, Any], items: tuple[Resource, ...], field: str, words: str
) -> None:
    [(found, message)] = problems(values, *items)
    assert found == field
    assert message.startswith(words)


def test_all_wrong_sources_are_told_together() -> None:
    values = {"valuesFrom": [{"name": "a"}, {"name": "b"}], "valuesFiles": ["c"], "set": ["d"]}
    assert [field.removeprefix("spec.values.") for field, _ in problems(values)] == [
        "valuesFrom[0]",
        "valuesFrom[1]",
        "valuesFiles[0]",
        "set[0]",
    ]


def test_an_expression_must_fit_the_values_it_changes() -> None:
    with pytest.raises(FunctionError, match="`a` must be a list in the values") as raised:
        merged({"valuesInline": {"a": {"b": 1}}, "set": ["a[0]=1"]})
    assert [result.field for result in raised.value.results] == ["spec.values.set[0]"]


def test_all_resources_of_a_values_file_count_in_their_order() -> None:
    one, two = (
        Resource.new(
            "intent.krmfn.dev/v1alpha1",
            "HelmValues",
            name,
            place=Place("a.yaml", index),
            values=held,
        )
        for name, index, held in (("one", 0, {"x": 1, "y": 1}), ("two", 1, {"x": 2}))
    )
    for items in ((one, two), (two, one)):
        assert merged({"valuesFiles": ["a.yaml"]}, *items) == {"x": 2, "y": 1}


@pytest.mark.parametrize(("own", "value"), [("/pkg", "root"), ("/pkg/db", "db"), ("/pkg/ui", None)])
def test_a_chart_reads_the_files_of_its_own_package(own: str, value: str | None) -> None:
    items = [
        at("values.yaml", f"apiVersion: e/v1\nkind: V\nmetadata: {{name: a}}\nx: {name}\n", path)
        for name, path in (("root", "/pkg"), ("db", "/pkg/db"))
    ]
    asking = ASKING.at(Place("upf.yaml", 0, own))
    found = merged({"valuesFiles": ["values.yaml"]}, *items, asking=asking)
    assert found.get("x") == value


def test_a_source_in_the_own_package_wins_over_one_elsewhere() -> None:
    near, far = (
        Resource.new(
            "v1", "ConfigMap", "a", place=Place("a.yaml", 0, path), data={"values.yaml": x}
        )
        for path, x in (("/pkg/db", "x: near"), ("/pkg", "x: far"))
    )
    values = {"valuesFrom": [{"name": "a"}]}
    for path, value in (("/pkg/db", "near"), ("/pkg/ui", None), ("/pkg", "far")):
        asking = ASKING.at(Place("upf.yaml", 0, path))
        assert merged(values, near, far, asking=asking).get("x") == value
    assert merged(values, far, asking=ASKING.at(Place("upf.yaml", 0, "/pkg/db"))) == {"x": "far"}


@pytest.mark.parametrize(
    ("cluster", "value"),
    [("waw", "waw"), ("krk", "all"), ("", "all")],
    ids=["own", "other", "none"],
)
def test_a_cluster_has_facts_of_its_own(cluster: str, value: str) -> None:
    items = [config_map("site", "x: all"), config_map("site", "x: waw", "clusters/waw/site.yaml")]
    found = merged({"valuesFrom": [{"name": "site"}]}, *items, cluster=cluster)
    assert found == {"x": value}


def test_facts_of_another_cluster_are_not_seen() -> None:
    item = config_map("site", "x: 1", "clusters/waw/site.yaml")
    near = Neighbourhood(ASKING, Package([ASKING, item]), "krk")
    [wrong, _] = layers_of(Values.model_validate({"valuesFrom": [{"name": "site"}]}), "v", near)
    assert isinstance(wrong, Result)
