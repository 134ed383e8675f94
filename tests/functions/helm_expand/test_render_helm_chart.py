"""render-helm-chart's own configuration, as a functionConfig, as an item, and as a ConfigMap."""

from collections.abc import Callable
from typing import Any

import pytest

from krmfn.sdk import Place, Resource, yaml_load

Make = Callable[..., Any]

TEMPLATE = """\
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .Release.Name }}
data:
  namespace: {{ .Release.Namespace }}
  api: {{ .Capabilities.APIVersions.Has "monitoring.coreos.com/v1" | quote }}
  values: {{ omit .Values "global" | toJson | quote }}
"""
TEST = """\
apiVersion: v1
kind: Pod
metadata: {name: test, annotations: {helm.sh/hook: test}}
"""
CRD = """\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: pools.example.com}
spec: {group: example.com, names: {kind: Pool}}
"""
FILES = {
    "templates/cm.yaml": TEMPLATE,
    "templates/test.yaml": TEST,
    "crds/pool.yaml": CRD,
    "values.yaml": "a: chart\nb: chart\n",
    "values-prod.yaml": "a: prod\n",
}
HELD = Resource.parse(
    "apiVersion: intent.krmfn.dev/v1alpha1\nkind: HelmValues\nmetadata: {name: v}\n"
    "values: {a: file, c: {d: file}}\n",
    place=Place("values/v.yaml", 0),
)


def request(text: str, name: str = "render", path: str = "render.yaml") -> Resource:
    head = f"apiVersion: fn.kpt.dev/v1alpha1\nkind: RenderHelmChart\nmetadata: {{name: {name}}}\n"
    return Resource.parse(head + text, place=Place(path, 0))


def one(options: str = "", args: str = "name: demo") -> str:
    return f"helmCharts:\n- chartArgs: {{{args}}}\n  templateOptions: {{{options}}}\n"


def config_map(**data: str) -> Resource:
    return Resource.new("v1", "ConfigMap", "function-input", data=data)


@pytest.fixture(params=["functionConfig", "item", "both"])
def ask(request: pytest.FixtureRequest, render: Make, helm_chart: Make) -> Make:
    """Render with a RenderHelmChart that is given in every way in which kpt may give it."""

    def ask(wanted: Resource, *items: Resource, files: dict[str, str] = FILES) -> Any:
        given = [helm_chart(files), HELD, *items]
        if request.param == "functionConfig":
            return render(*given, config=wanted)
        if request.param == "item":
            return render(wanted, *given)
        return render(wanted, *given, config=wanted)

    return ask


def test_release_name_and_namespace_have_defaults_that_stay(ask: Make) -> None:
    found = ask(request(one()))
    assert sorted(found.files) == ["demo/configmap_demo.yaml", "demo/pod_test.yaml"]
    assert found["demo/configmap_demo.yaml"]["data"]["namespace"] == "default"


@pytest.mark.parametrize(
    ("options", "names"),
    [
        ("", {"ConfigMap", "Pod"}),
        ("includeCRDs: true", {"ConfigMap", "Pod", "CustomResourceDefinition"}),
        ("skipTests: true", {"ConfigMap"}),
    ],
)
def test_definitions_and_tests_come_out_as_in_render_helm_chart(
    ask: Make, options: str, names: set[str]
) -> None:
    found = ask(request(one(options)))
    assert {found[path]["kind"] for path in found.files} == names


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ("releaseName: upf", "upf"),
        ('releaseName: "", nameTemplate: "fixed"', "fixed"),
        ('nameTemplate: "{{ .Chart.Name }}-{{.Chart.Name}}"', "demo-demo"),
        ('releaseName: upf, nameTemplate: "x"', "upf"),
    ],
)
def test_the_release_name_comes_from_a_name_or_a_template(
    ask: Make, options: str, name: str
) -> None:
    found = ask(request(one(options)))
    assert f"{name}/configmap_{name}.yaml" in found.files


def test_a_random_release_name_is_refused(ask: Make) -> None:
    found = ask(request(one('nameTemplate: "x-{{ randAlpha 5 | lower }}"')))
    [line] = found.said()
    assert "helmCharts[0].templateOptions.nameTemplate: must use nothing but" in line
    assert not found.ok


def test_namespace_and_api_versions_reach_the_templates(ask: Make) -> None:
    options = "namespace: ran, apiVersions: [monitoring.coreos.com/v1], description: not read"
    data = ask(request(one(options)))["demo/configmap_demo.yaml"]["data"]
    assert (data["namespace"], data["api"]) == ("ran", "true")


@pytest.mark.parametrize(
    ("values", "reached"),
    [
        ("", {"a": "chart", "b": "chart"}),
        ("valuesFiles: [values/v.yaml]", {"a": "file", "b": "chart", "c": {"d": "file"}}),
        (
            "valuesFiles: [values/v.yaml], valuesInline: {a: in, c: {e: in}}",
            {"a": "in", "b": "chart", "c": {"d": "file", "e": "in"}},
        ),
        (
            "valuesFiles: [values/v.yaml], valuesInline: {a: in, e: in}, valuesMerge: merge",
            {"a": "file", "b": "chart", "c": {"d": "file"}, "e": "in"},
        ),
        (
            "valuesFiles: [values/v.yaml], valuesInline: {a: in}, valuesMerge: replace",
            {"a": "in", "b": "chart"},
        ),
        ("valuesInline: {b: null}", {"a": "chart"}),
        ("valuesFiles: [tmp/charts/demo/values-prod.yaml]", {"a": "prod", "b": "chart"}),
        (
            "valuesFiles: [./tmp/charts/demo/values.yaml, values/v.yaml]",
            {"a": "file", "b": "chart", "c": {"d": "file"}},
        ),
    ],
    ids=[
        "the chart's own",
        "a file",
        "override",
        "merge",
        "replace",
        "null",
        "another file of the chart",
        "the chart's own by its path",
    ],
)
def test_values_are_merged_as_in_render_helm_chart(
    ask: Make, values: str, reached: dict[str, Any]
) -> None:
    found = ask(request(one(f"values: {{{values}}}")))
    assert yaml_load(found["demo/configmap_demo.yaml"]["data"]["values"]) == reached


def test_values_files_lie_in_the_chart_home_that_is_said(ask: Make) -> None:
    values = "values: {valuesFiles: [pulled/demo/values-prod.yaml]}"
    text = f"helmGlobals: {{chartHome: ./pulled/, configHome: ''}}\n{one(values)}"
    found = ask(request(text))
    assert '"a":"prod"' in found["demo/configmap_demo.yaml"]["data"]["values"]


def test_where_a_chart_came_from_is_ignored_without_complaint(ask: Make) -> None:
    auth = "auth: {kind: Secret, name: creds, namespace: default, apiVersion: v1}"
    source = f"repo: https://charts.example.com, registry: oci://r.example.com, {auth}"
    found = ask(request(one(args=f"name: demo, version: 1.0.0, {source}")))
    assert found.ok
    assert found.said() == []


@pytest.mark.parametrize("version", ["1.0.0", "^1.0", ">=1, <2", "v1.0.0", '""'])
def test_a_version_may_be_a_range(ask: Make, version: str) -> None:
    assert ask(request(one(args=f"name: demo, version: {version!r}".replace("'\"\"'", '""')))).ok


@pytest.mark.parametrize(
    ("args", "line"),
    [
        (
            "name: demo, version: 2.0.0",
            'chartArgs.version: must be a version in the package, 1.0.0, but is "2.0.0"',
        ),
        (
            "name: other",
            'chartArgs.name: must be a chart of the package, but no HelmChart holds "other"; ',
        ),
    ],
)
def test_a_chart_that_is_not_in_the_package_is_named(ask: Make, args: str, line: str) -> None:
    found = ask(request(one(args=args)))
    assert found.said()[0].startswith(f"[error] RenderHelmChart/render helmCharts[0].{line}")
    assert not found.ok
    assert found.files == {}


def test_two_charts_of_one_name_must_be_told_apart(ask: Make, helm_chart: Make) -> None:
    other = helm_chart({"Chart.yaml": "name: demo\nversion: 2.0.0\n"}, "other")
    [line] = ask(request(one()), other).said()
    assert (
        "must choose one chart, but `HelmChart demo` and `HelmChart other` hold "
        '"demo"; say its `version`'
    ) in line
    found = ask(request(one(args="name: demo, version: 1.0.0")), other)
    assert list(found.files) == ["demo/configmap_demo.yaml", "demo/pod_test.yaml"]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("helmCharts: [{chartArg: {name: demo}}]", "did you mean `chartArgs`?"),
        (one("namspace: ran"), "did you mean `namespace`?"),
        (one("values: {valuesFile: a.yaml}"), "did you mean `valuesFiles`?"),
        (one("includeCRDs: 'yes'"), "must be true or false"),
        (one("values: {valuesMerge: deep}"), "must be override, merge or replace"),
        (one("releaseName: Up"), "must be a release name"),
        (one("namespace: a.b"), "must be a DNS label"),
        (one(args="version: 1.0.0"), "helmCharts[0].chartArgs.name: must be set"),
        ("helmChart: []", "did you mean `helmCharts`?"),
    ],
)
def test_a_wrong_field_is_named_with_what_was_meant(ask: Make, text: str, line: str) -> None:
    found = ask(request(text))
    assert line in found.said()[0]
    assert not found.ok


def test_several_charts_of_one_request_come_out_beside_each_other(
    ask: Make, helm_chart: Make
) -> None:
    other = helm_chart({"Chart.yaml": "name: other\nversion: 1.0.0\n", **FILES}, "another")
    text = one("releaseName: a, skipTests: true") + one(
        "releaseName: b, skipTests: true", "name: other"
    ).removeprefix("helmCharts:\n")
    found = ask(request(text), other)
    assert sorted(found.files) == ["a/configmap_a.yaml", "b/configmap_b.yaml"]


def test_a_chart_that_is_asked_for_is_not_rendered_by_itself(ask: Make, helm_chart: Make) -> None:
    other = helm_chart({"Chart.yaml": "name: other\nversion: 1.0.0\n", **FILES}, "another")
    found = ask(request(one("skipTests: true")), other)
    assert sorted(found.files) == [
        "another/configmap_another.yaml",
        "another/customresourcedefinition_pools.example.com.yaml",
        "demo/configmap_demo.yaml",
    ]


def test_a_values_file_that_is_missing_is_named(ask: Make) -> None:
    [line] = ask(request(one("values: {valuesFiles: [values/prod.yaml]}"))).said()
    assert line.startswith(
        "[error] RenderHelmChart/render helmCharts[0].templateOptions.values.valuesFiles[0]: "
        'must name a file of the package that holds a resource, but "values/prod.yaml" is none'
    )


def test_a_schema_violation_is_told_in_the_file_of_the_chart(ask: Make) -> None:
    schema = '{"properties": {"a": {"type": "integer"}, "b": {"type": "integer"}}}'
    values = "values: {valuesFiles: [tmp/charts/demo/values-prod.yaml], valuesInline: {b: x}}"
    found = ask(request(one(values)), files={**FILES, "values.schema.json": schema})
    field = "[error] RenderHelmChart/render helmCharts[0].templateOptions.values"
    assert [line.partition(": chart")[0] for line in found.said()] == [
        f"{field}.valuesFiles[0]: a",
        f"{field}.valuesInline.b",
    ]


def test_a_second_render_changes_nothing(ask: Make, render: Make) -> None:
    wanted = request(one("includeCRDs: true"))
    once = ask(wanted)
    assert render(once, config=wanted).texts == once.texts


def test_options_for_all_charts_hold_for_requests_too(render: Make, helm_chart: Make) -> None:
    config = Resource.parse(
        "apiVersion: fn.krmfn.dev/v1alpha1\nkind: HelmExpand\nmetadata: {name: c}\n"
        "spec: {tests: Drop, namespaces: Leave, crds: Include}\n"
    )
    found = render(request(one()), helm_chart(FILES), config=config)
    assert sorted(found.files) == ["demo/configmap_demo.yaml", "demo/pod_test.yaml"]
    assert "namespace" not in found["demo/configmap_demo.yaml"]["metadata"]


def test_a_config_map_says_all_that_its_flat_form_has(render: Make, helm_chart: Make) -> None:
    config = config_map(
        chartHome="pulled",
        configHome="",
        name="demo",
        version="1.0.0",
        repo="https://charts.example.com",
        releaseName="upf",
        namespace="ran",
        nameTemplate="",
        description="x",
        includeCRDs="true",
        skipTests="true",
        valuesFile="values/v.yaml",
    )
    found = render(helm_chart(FILES), HELD, config=config)
    assert sorted(found.files) == [
        "upf/configmap_upf.yaml",
        "upf/customresourcedefinition_pools.example.com.yaml",
    ]
    data = found["upf/configmap_upf.yaml"]["data"]
    assert data["namespace"] == "ran"
    assert yaml_load(data["values"]) == {"a": "file", "b": "chart", "c": {"d": "file"}}
    assert render(found, config=config).texts == found.texts


@pytest.mark.parametrize(
    ("data", "line"),
    [
        ({"name": "other"}, "data.name: must be a chart of the package"),
        ({"name": "demo", "version": "2"}, "data.version: must be a version in the package"),
        ({"name": "demo", "valuesFile": "x"}, "data.valuesFile: must name a file of the package"),
        ({"name": "demo", "nameTemplate": "{{ uuidv4 }}"}, "data.nameTemplate: must use nothing"),
        ({"name": "demo", "releasename": "x"}, "data.releasename: is not a field of"),
        ({"name": "demo", "skipTests": "perhaps"}, "data.skipTests: must be true or false"),
        ({"name": "demo", "namespace": "A"}, "data.namespace: must be a DNS label"),
        ({"valuesFile": "x"}, "data.name: must be set"),
    ],
)
def test_a_wrong_key_of_a_config_map_is_named(
    render: Make, helm_chart: Make, data: dict[str, str], line: str
) -> None:
    found = render(helm_chart(FILES), HELD, config=config_map(**data))
    assert found.said()[0].startswith(f"[error] ConfigMap/function-input {line}")
    assert found.files == {}


def test_a_config_map_may_name_a_values_file_of_the_chart(render: Make, helm_chart: Make) -> None:
    config = config_map(name="demo", chartHome="a/b", valuesFile="a/b/demo/values-prod.yaml")
    found = render(helm_chart(FILES), config=config)
    assert '"a":"prod"' in found["demo/configmap_demo.yaml"]["data"]["values"]


def test_steps_of_a_pipeline_do_not_prune_what_other_steps_make(
    render: Make, helm_chart: Make
) -> None:
    steps = [{"name": "demo", "releaseName": name, "skipTests": "true"} for name in ("a", "b")]
    mutators = [{"image": "example.com/helm-expand:v1", "configMap": step} for step in steps]
    mutators += [{"image": "example.com/set-image:v1", "configMap": {"name": "app"}}]
    kptfile = Resource.new(
        "kpt.dev/v1",
        "Kptfile",
        "p",
        pipeline={"mutators": mutators},
        place=Place("Kptfile", 0, "/pkg"),
    )
    found = render(kptfile, helm_chart(FILES).at(Place("demo.yaml", 0, "/pkg")))
    for config in (*(config_map(**step) for step in steps), None):
        found = render(found, config=config)
        assert found.said() == []
        assert sorted(found.files) == ["a/configmap_a.yaml", "b/configmap_b.yaml"]


def test_a_request_prefers_the_chart_of_its_own_package(render: Make, helm_chart: Make) -> None:
    root, db = (
        helm_chart({**FILES, "values.yaml": f"a: {name}"}, name).at(
            Place("chart.yaml", 0, f"/pkg/{name}".rstrip("/"))
        )
        for name in ("root", "db")
    )
    wanted = request(one("skipTests: true")).at(Place("render.yaml", 0, "/pkg/db"))
    found = render(root, db, wanted)
    assert '"a":"db"' in found["demo/configmap_demo.yaml"]["data"]["values"]
    assert '"a":"root"' in found["root/configmap_root.yaml"]["data"]["values"]
