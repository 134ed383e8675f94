import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from krmfn.helm_expand.archive import ChartArchive
from krmfn.helm_expand.checks import mismatched_dependencies, missing_dependencies, problems

MakeChart = Callable[[Mapping[str, str]], ChartArchive]

HEAD = "apiVersion: v2\nname: demo\nversion: 1.0.0\n"
TWO = f"{HEAD}dependencies:\n- {{name: db, version: ^1.2}}\n- {{name: bus, version: '>=2'}}\n"
DB = {"charts/db/Chart.yaml": "name: db\nversion: 1.9.0\n"}
BUS = {"charts/bus/Chart.yaml": "name: bus\nversion: 2.0.0\n"}


def said(chart: ChartArchive, kube_version: str = "v1.34.0") -> list[tuple[str, str]]:
    return [(problem.code, str(problem)) for problem in problems(chart, kube_version)]


def test_a_chart_with_all_its_dependencies_has_no_problem(make_chart: MakeChart) -> None:
    assert said(make_chart({"Chart.yaml": TWO, **DB, **BUS})) == []


def test_missing_dependencies_are_all_named(make_chart: MakeChart) -> None:
    assert said(make_chart({"Chart.yaml": TWO})) == [
        (
            "chart-dependency-missing",
            'chart "demo" must hold its dependencies in `charts/`, but lacks "db" ^1.2, "bus" >=2',
        )
    ]


def test_a_dependency_that_is_turned_off_must_be_there_all_the_same(make_chart: MakeChart) -> None:
    declared = f"{HEAD}dependencies:\n- {{name: db, version: 1.x, condition: db.enabled}}\n"
    chart = make_chart({"Chart.yaml": declared, "values.yaml": "db: {enabled: false}\n"})
    assert [wanted.name for wanted in missing_dependencies(chart)] == ["db"]


def test_a_dependency_in_another_version_is_known(make_chart: MakeChart) -> None:
    old = {"charts/bus/Chart.yaml": "name: bus\nversion: 1.9.9\n"}
    chart = make_chart({"Chart.yaml": TWO, **DB, **old})
    assert [(wanted.name, is_) for wanted, is_ in mismatched_dependencies(chart)] == [
        ("bus", "1.9.9")
    ]
    assert missing_dependencies(chart) == ()


def test_a_library_is_refused(make_chart: MakeChart) -> None:
    chart = make_chart({"Chart.yaml": f"{HEAD}type: library\n"})
    assert said(chart) == [
        ("chart-library", 'chart "demo" must be an application, but is a library')
    ]


@pytest.mark.parametrize(
    ("wanted", "version", "fits"),
    [
        (">=1.25.0", "v1.34.0", True),
        (">=1.25.0", "1.25", True),
        (">=1.25.0", "v1.33.4-gke.1245000", True),
        (">=1.25.0-0", "v1.24.9", False),
        (">=1.25.0 <1.30.0", "v1.30.0", False),
        ("nonsense", "v1.34.0", False),
    ],
)
def test_the_kubernetes_version_must_fit(
    make_chart: MakeChart, wanted: str, version: str, fits: bool
) -> None:
    chart = make_chart({"Chart.yaml": f"{HEAD}kubeVersion: '{wanted}'\n"})
    expected = [
        (
            "chart-kube-version",
            f'chart "demo" must have Kubernetes "{wanted}", but it is "{version}"',
        )
    ]
    assert said(chart, version) == ([] if fits else expected)


def test_a_kubernetes_version_must_be_one(make_chart: MakeChart) -> None:
    assert said(make_chart({}), "newest") == [
        ("kube-version", 'the Kubernetes version must be like v1.32.0, but is "newest"')
    ]


@pytest.mark.parametrize(
    "schema",
    [
        pytest.param({"$ref": "#/$defs/a", "$defs": {"a": {}}}, id="own-definition"),
        pytest.param({"$id": "https://example.com/s.json", "$ref": "#/$defs/a"}, id="own-id"),
        pytest.param({"properties": {"$ref": {"type": "string"}}}, id="a-value-called-ref"),
        pytest.param({"$schema": "http://json-schema.org/draft-07/schema#"}, id="draft-07"),
        pytest.param({"$schema": "https://json-schema.org/draft/2020-12/schema"}, id="2020-12"),
        pytest.param({"$schema": "http://json-schema.org/schema#"}, id="newest-draft"),
        pytest.param(True, id="true"),
    ],
)
def test_a_schema_that_refers_to_itself_only_is_taken(make_chart: MakeChart, schema: Any) -> None:
    assert said(make_chart({"values.schema.json": json.dumps(schema)})) == []


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        pytest.param(
            {"properties": {"a/b": {"$ref": "file:///etc/passwd"}}},
            '`$ref` at "/properties/a~1b" must begin with `#`, but is "file:///etc/passwd"',
            id="file",
        ),
        pytest.param({"$ref": "http://127.0.0.1/s"}, 'but is "http://127.0.0.1/s"', id="http"),
        pytest.param({"allOf": [{"$ref": "other.json"}]}, '`$ref` at "/allOf/0"', id="relative"),
        pytest.param({"$dynamicRef": "x#y"}, "`$dynamicRef`", id="dynamic"),
        pytest.param({"$recursiveRef": "x"}, "`$recursiveRef`", id="recursive"),
        pytest.param({"default": {"$ref": "x"}}, '"/default"', id="where-a-pointer-may-lead"),
        pytest.param(
            {"$schema": "https://example.com/meta"},
            "must name a JSON Schema draft",
            id="metaschema",
        ),
    ],
)
def test_a_schema_that_would_be_fetched_is_refused(
    make_chart: MakeChart, schema: Any, words: str
) -> None:
    files = {**DB, "charts/db/values.schema.json": json.dumps(schema)}
    [(code, message)] = said(make_chart(files))
    assert code == "chart-schema-reference"
    assert message.startswith("`charts/db/values.schema.json`: ")
    assert words in message


@pytest.mark.parametrize("text", ["{", "[" * 100_000])
def test_a_schema_must_be_json(make_chart: MakeChart, text: str) -> None:
    [(code, message)] = said(make_chart({"values.schema.json": text}))
    assert code == "chart-schema"
    assert message.startswith("`values.schema.json` must be JSON: ")
