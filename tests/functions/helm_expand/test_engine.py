import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from krmfn.helm_expand.archive import ChartArchive
from krmfn.helm_expand.edge import (
    EngineError,
    HelmEngine,
    NativeEngine,
    RenderRequest,
    Violation,
)
from krmfn.helm_expand.manifests import Manifests, read

MakeChart = Callable[[Mapping[str, str]], ChartArchive]

HEAD = "apiVersion: v2\nname: demo\nversion: 1.0.0\n"
DB = {
    "charts/db/Chart.yaml": "apiVersion: v2\nname: db\nversion: 1.4.0\n",
    "charts/db/values.yaml": "size: 1\nkeep: me\nexports: {shared: {port: 5432}}\nnet: {mtu: 9}\n",
    "charts/db/templates/seen.yaml": "{{ .Values | toJson }}\n",
    "charts/db/crds/table.yaml": "apiVersion: apiextensions.k8s.io/v1\n"
    "kind: CustomResourceDefinition\nmetadata: {name: tables.example.com}\n",
}
SEEN = {"templates/seen.yaml": "{{ .Values | toJson }}\n"}


def declared(rest: str) -> dict[str, str]:
    """A chart with the subchart `db`, declared with these further fields."""
    return {"Chart.yaml": f"{HEAD}dependencies:\n- {{name: db, version: 1.x{rest}}}\n", **DB}


def seen(engine: HelmEngine, request: RenderRequest) -> dict[str, Any]:
    """What each chart sees of its values, by the path of its template; globals aside."""
    rendered = engine.render(request).templates
    found = {path: json.loads(text) for path, text in rendered.items()}
    return {
        path: {key: value for key, value in values.items() if key != "global" or value}
        for path, values in found.items()
    }


MAIN, SUB = "demo/templates/seen.yaml", "demo/charts/db/templates/seen.yaml"
DEFAULTS = {
    "size": 1,
    "keep": "me",
    "exports": {"shared": {"port": 5432}},
    "net": {"mtu": 9},
}


@pytest.mark.parametrize(
    ("files", "values", "expected"),
    [
        pytest.param(
            {**SEEN, "values.yaml": "a: {b: 1, c: [1, 2]}\n"},
            "a: {c: [3]}\n",
            {MAIN: {"a": {"b": 1, "c": [3]}}},
            id="maps-merge-and-lists-replace",
        ),
        pytest.param(
            {**SEEN, "values.yaml": "a: {b: 1, c: 2}\nd: 3\n"},
            "a: {b: null}\nd: null\n",
            {MAIN: {"a": {"c": 2}}},
            id="null-removes",
        ),
        pytest.param(
            {**SEEN},
            "a: on\nb: 0644\nc: '0644'\n",
            {MAIN: {"a": True, "b": 420, "c": "0644"}},
            id="values-are-read-as-helm-reads-them",
        ),
        pytest.param(
            declared(""), "db: {size: 2}\n", {SUB: {**DEFAULTS, "size": 2}}, id="subchart"
        ),
        pytest.param(
            declared(""),
            "db: {net: null}\n",
            {SUB: {key: value for key, value in DEFAULTS.items() if key != "net"}},
            id="null-removes-a-value-of-a-subchart",
        ),
        pytest.param(
            declared(", alias: store"),
            "store: {size: 3}\n",
            {"demo/charts/store/templates/seen.yaml": {**DEFAULTS, "size": 3}},
            id="alias",
        ),
        pytest.param(
            declared(", condition: 'db.enabled,global.db'"), "db: {enabled: false}\n", {}, id="off"
        ),
        pytest.param(
            declared(", tags: [back]"), "tags: {back: false}\n", {}, id="turned-off-by-tag"
        ),
        pytest.param(
            declared(", tags: [back], condition: db.enabled"),
            "tags: {back: false}\ndb: {enabled: true}\n",
            {SUB: {**DEFAULTS, "enabled": True}},
            id="a-condition-wins-over-a-tag",
        ),
        pytest.param(
            declared(""),
            "global: {zone: waw}\n",
            {SUB: {**DEFAULTS, "global": {"zone": "waw"}}},
            id="globals",
        ),
        pytest.param(
            {**declared(", import-values: [shared, {child: net, parent: link}]"), **SEEN},
            "",
            {MAIN: {"port": 5432, "link": {"mtu": 9}, "db": DEFAULTS}, SUB: DEFAULTS},
            id="import-values",
        ),
        pytest.param(
            {
                "Chart.yaml": f"{HEAD}dependencies:\n- {{name: lib, version: 1.x}}\n",
                "charts/lib/Chart.yaml": "name: lib\nversion: 1.0.0\ntype: library\n",
                "charts/lib/templates/_f.tpl": '{{ define "lib.f" }}{"a": 1}{{ end }}',
                "templates/seen.yaml": '{{ include "lib.f" . }}',
            },
            "",
            {MAIN: {"a": 1}},
            id="library",
        ),
    ],
)
def test_values_reach_the_charts_as_in_helm(
    engine: HelmEngine,
    make_chart: MakeChart,
    files: Mapping[str, str],
    values: str,
    expected: Mapping[str, Any],
) -> None:
    found = seen(engine, RenderRequest(make_chart(files), values=values))
    imported = {key: value for key, value in found.get(MAIN, {}).items() if key != "global"}
    if "db" in imported:
        imported["db"].pop("global", None)
    assert {**found, **({MAIN: imported} if MAIN in found else {})} == expected


def test_the_release_and_the_cluster_are_what_the_request_says(
    engine: HelmEngine, make_chart: MakeChart
) -> None:
    template = (
        "release: {{ .Release.Name }} {{ .Release.Namespace }} {{ .Release.Revision }}"
        " {{ .Release.IsInstall }} {{ .Release.IsUpgrade }}\n"
        'cluster: {{ .Capabilities.KubeVersion }} {{ .Capabilities.APIVersions.Has "x.io/v1" }}'
        ' {{ .Capabilities.APIVersions.Has "y.io/v1/Y" }} {{ .Capabilities.APIVersions.Has "z" }}\n'
    )
    request = RenderRequest(
        make_chart({"templates/x.yaml": template}),
        release_name="upf-1",
        namespace="ran",
        kube_version="v1.29.3",
        api_versions=("x.io/v1", "y.io/v1/Y"),
        is_upgrade=True,
    )
    rendering = engine.render(request)
    assert rendering.templates["demo/templates/x.yaml"].strip() == (
        "release: upf-1 ran 1 false true\ncluster: v1.29.3 true true false"
    )
    assert (rendering.engine, rendering.version) == (engine.name, engine.version)


def read_all(engine: HelmEngine, chart: ChartArchive, values: str = "") -> Manifests:
    rendering = engine.render(RenderRequest(chart, values=values))
    return read(rendering.templates, rendering.crds, chart=chart.name)


def shape(found: Manifests) -> dict[str, list[tuple[str, str, Any]]]:
    return {
        part: [(each.template, each.name, each.body.get("data")) for each in getattr(found, part)]
        for part in ("resources", "hooks", "tests", "crds")
    }


def test_all_engines_give_the_same_manifests(engine: HelmEngine, make_chart: MakeChart) -> None:
    hook = (
        "apiVersion: batch/v1\nkind: Job\nmetadata:\n"
        "  name: {}\n  annotations: {{helm.sh/hook: {}}}\n"
    )
    both = (
        "{{- /* one file, two objects */}}\n---\n# first\napiVersion: v1\nkind: Service\n"
        "metadata: {name: s}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n"
        "data:\n  text: |\n    # Source: demo/templates/_none.yaml\n    kept  \n"
        '  x: {{ include "x" . }}\n'
    )
    one, two = (
        f"apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\n"
        f"metadata: {{name: {name}}}\n"
        for name in ("one", "two")
    )
    files = {
        **declared(", alias: store"),
        "templates/_x.tpl": '{{ define "x" }}helped{{ end }}',
        "templates/NOTES.txt": "Do {not: [read",
        "templates/both.yaml": both,
        "templates/empty.yaml": "{{ if false }}x{{ end }}",
        "templates/hook.yaml": hook.format("h", "pre-install"),
        "templates/test.yaml": hook.format("t", "test"),
        "templates/crds/a.yaml": "apiVersion: v1\nkind: Secret\nmetadata: {name: no-crd}\n",
        "charts/db/templates/seen.yaml": "apiVersion: v1\nkind: Secret\nmetadata: {name: db}\n",
        "crds/a.yaml": f"---\n# Source: demo/templates/both.yaml\n{one}---\n{two}\n\n",
    }
    found = read_all(engine, make_chart(files))
    assert (found.problems, found.warnings) == ((), ())
    assert shape(found) == {
        "resources": [
            ("demo/charts/store/templates/seen.yaml", "db", None),
            ("demo/templates/crds/a.yaml", "no-crd", None),
            (
                "demo/templates/both.yaml",
                "c",
                {"text": "# Source: demo/templates/_none.yaml\nkept  \n", "x": "helped"},
            ),
            ("demo/templates/both.yaml", "s", None),
        ],
        "hooks": [("demo/templates/hook.yaml", "h", None)],
        "tests": [("demo/templates/test.yaml", "t", None)],
        "crds": [
            ("demo/charts/store/crds/table.yaml", "tables.example.com", None),
            ("demo/crds/a.yaml", "one", None),
            ("demo/crds/a.yaml", "two", None),
        ],
    }


def test_crds_of_a_subchart_that_is_off_are_left_out(
    engine: HelmEngine, make_chart: MakeChart
) -> None:
    chart = make_chart(declared(", condition: db.enabled"))
    assert read_all(engine, chart, "db: {enabled: false}\n").crds == ()


def test_a_chart_of_crds_only_renders_them(engine: HelmEngine, make_chart: MakeChart) -> None:
    crd = f"{DB['charts/db/crds/table.yaml']}\n\n"
    rendering = engine.render(RenderRequest(make_chart({"crds/x.yaml": crd})))
    assert (dict(rendering.templates), rendering.crds) == ({}, (("demo/crds/x.yaml", crd),))


def test_the_native_engine_gives_the_notes(native: NativeEngine, make_chart: MakeChart) -> None:
    chart = make_chart({"templates/NOTES.txt": "Welcome to {{ .Release.Name }}"})
    assert read_all(native, chart).notes == "Welcome to release-name"


def test_a_chart_learns_nothing_of_this_machine(
    engine: HelmEngine, make_chart: MakeChart, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HELM_NAMESPACE", "leaked")
    monkeypatch.setenv("KUBECONFIG", "/leaked")
    text = 'a: {{ getHostByName "localhost" | quote }}\nb: {{ .Files.Get "/etc/hostname" | quote }}'
    rendering = engine.render(RenderRequest(make_chart({"templates/x.yaml": text})))
    assert rendering.templates["demo/templates/x.yaml"].strip() == 'a: ""\nb: ""'
    with pytest.raises(EngineError, match='function "env" not defined'):
        engine.render(RenderRequest(make_chart({"templates/x.yaml": '{{ env "HOME" }}'})))


@pytest.mark.parametrize(
    ("files", "values", "expected", "words"),
    [
        pytest.param(
            {"templates/x.yaml": 'a: 1\nb: {{ required "a name\\nis needed" .Values.name }}\n'},
            "",
            ("template", "template-failed", "demo/templates/x.yaml", 2, ""),
            "a name\nis needed",
            id="required",
        ),
        pytest.param(
            {"templates/x.yaml": '{{ fail "Error: no: way" }}\n'},
            "",
            ("template", "template-failed", "demo/templates/x.yaml", 1, ""),
            "does not render: Error: no: way",
            id="fail",
        ),
        pytest.param(
            {"templates/x.yaml": "\n\na: {{ .Values.x.y.z }}\n"},
            "",
            ("template", "template-failed", "demo/templates/x.yaml", 3, "x.y.z"),
            "`.Values.x.y.z`: nil pointer evaluating interface {}.y",
            id="nil",
        ),
        pytest.param(
            {
                **declared(""),
                "charts/db/templates/_f.tpl": '{{ define "f" }}\n\n{{ .Values.a.b }}{{ end }}',
                "charts/db/templates/seen.yaml": 'a: {{ include "f" . }}',
            },
            "",
            ("template", "template-failed", "demo/charts/db/templates/_f.tpl", 3, "db.a.b"),
            "reached from `demo/charts/db/templates/seen.yaml` line 1",
            id="nil-in-a-partial-of-a-subchart",
        ),
        pytest.param(
            {"templates/x.yaml": "a: 1\n{{ if }}\n"},
            "",
            ("template", "template-syntax", "demo/templates/x.yaml", 2, ""),
            "missing value for if",
            id="syntax",
        ),
        pytest.param(
            {"templates/x.yaml": "a: {{ nope }}\n"},
            "",
            ("template", "template-syntax", "demo/templates/x.yaml", 1, ""),
            'function "nope" not defined',
            id="unknown-function",
        ),
        pytest.param(
            {"templates/x.yaml": 'a: {{ include "nope" . }}\n'},
            "",
            ("template", "template-failed", "demo/templates/x.yaml", 1, ""),
            'no template "nope"',
            id="unknown-partial",
        ),
        pytest.param(
            {"values.yaml": "a: [\n"},
            "",
            ("chart", "chart-unreadable", "", 0, ""),
            "cannot load values.yaml",
            id="values-of-the-chart",
        ),
        pytest.param(
            {}, "a: [\n", ("values", "values-syntax", "", 0, ""), "a YAML mapping", id="values"
        ),
        pytest.param(
            {}, "- a\n", ("values", "values-syntax", "", 0, ""), "a YAML mapping", id="values-list"
        ),
        pytest.param(
            declared(""),
            "db: 1\n",
            ("values", "values-type", "", 0, "db"),
            'the value "db" must be a mapping',
            id="values-of-a-subchart",
        ),
        pytest.param(
            {"Chart.yaml": f"{HEAD}type: library\n"},
            "",
            ("chart", "chart-library", "", 0, ""),
            "is a library",
            id="library",
        ),
        pytest.param(
            {"values.schema.json": '{"type": "nothing"}'},
            "",
            ("chart", "chart-schema", "", 0, ""),
            "must be a JSON Schema",
            id="broken-schema",
        ),
    ],
)
def test_an_error_says_what_where_and_which_value(
    engine: HelmEngine,
    make_chart: MakeChart,
    files: Mapping[str, str],
    values: str,
    expected: tuple[str, str, str, int, str],
    words: str,
) -> None:
    with pytest.raises(EngineError) as refused:
        engine.render(RenderRequest(make_chart(files), values=values))
    error = refused.value
    found = (error.kind, error.code, error.template, error.line, error.value_path)
    assert found == expected
    assert words in str(error)


def test_output_that_is_no_yaml_is_found_by_every_engine(
    engine: HelmEngine, make_chart: MakeChart
) -> None:
    chart = make_chart({"templates/x.yaml": "kind: X\na: [1\nb: 2\n"})
    request = RenderRequest(chart)
    if engine.name == "native":
        rendering = engine.render(request)
        [problem] = read(rendering.templates, chart="demo").problems
        template, message = problem.template, problem.message
    else:
        with pytest.raises(EngineError) as refused:
            engine.render(request)
        template, message = refused.value.template, str(refused.value)
    assert template == "demo/templates/x.yaml"
    assert 'chart "demo"' in message


def test_values_that_break_a_schema_are_all_named(
    engine: HelmEngine, make_chart: MakeChart
) -> None:
    schema = {
        "required": ["name"],
        "properties": {
            "replicas": {"type": "integer"},
            "ports": {"items": {"type": "integer"}},
            "image": {"type": "object", "additionalProperties": False, "properties": {"tag": {}}},
        },
    }
    below = {"properties": {"size": {"minimum": 5}}}
    files = {
        **declared(", alias: store"),
        "values.schema.json": json.dumps(schema),
        "charts/db/values.schema.json": json.dumps(below),
    }
    values = "replicas: two\nports: [1, x]\nimage: {tag: a, flag: b}\n"
    with pytest.raises(EngineError) as refused:
        engine.render(RenderRequest(make_chart(files), values=values))
    error = refused.value
    assert (error.kind, error.code) == ("schema", "values-schema")
    assert [violation.path for violation in error.violations] == [
        (),
        ("image",),
        ("ports", "1"),
        ("replicas",),
        ("store", "size"),
    ]
    assert all(violation.message for violation in error.violations)
    assert "`ports.1`" in str(error)


def test_alternatives_that_all_fail_are_one_violation(
    native: NativeEngine, make_chart: MakeChart
) -> None:
    schema = {"properties": {"a/b": {"anyOf": [{"type": "string"}, {"type": "null"}]}}}
    chart = make_chart({"values.schema.json": json.dumps(schema)})
    with pytest.raises(EngineError) as refused:
        native.render(RenderRequest(chart, values="a/b: 1\n"))
    assert refused.value.violations == (
        Violation(
            ("a/b",),
            "'anyOf' failed (at '/a~1b': got number, want string; "
            "at '/a~1b': got number, want null)",
        ),
    )


@pytest.mark.parametrize("name", ["-rf", "UPF", "a" * 54, "", "a_b", "--set=a"])
def test_a_release_name_that_helm_refuses_is_refused(
    engine: HelmEngine, make_chart: MakeChart, name: str
) -> None:
    with pytest.raises(EngineError, match="the release name must be a DNS name of at most 53"):
        engine.render(RenderRequest(make_chart({}), release_name=name))


def test_what_helm_remarks_is_a_warning_without_the_time(
    native: NativeEngine, make_chart: MakeChart
) -> None:
    files = declared(", condition: db.enabled")
    warnings = native.render(RenderRequest(make_chart(files), values="db: {enabled: 1}\n")).warnings
    assert (
        warnings
        == native.render(RenderRequest(make_chart(files), values="db: {enabled: 1}\n")).warnings
    )
    assert len(warnings) == 1
    assert "non-bool value" in warnings[0]
