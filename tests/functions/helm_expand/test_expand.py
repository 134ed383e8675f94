"""From a chart in the package to its resources: all of them, or one clear error."""

from collections.abc import Callable
from typing import Any

import pytest

from krmfn.helm_expand.edge import EngineError, Rendering, RenderRequest
from krmfn.helm_expand.edge.request import Place
from krmfn.helm_expand.expand import engine_of, expand_release
from krmfn.helm_expand.intents import HelmExpand
from krmfn.helm_expand.resolve import resolve
from krmfn.helm_expand.violations import demand
from krmfn.sdk import FunctionError, Generated, Package, Resource, Result

Make = Callable[..., Any]

CM = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"


def test_nothing_that_a_chart_renders_is_lost(render: Make, helm_chart: Make) -> None:
    def config_map(name: str) -> str:
        return CM.replace("name: a", f"name: {name}")

    crd = "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: "
    files = {
        "Chart.yaml": "apiVersion: v2\nname: demo\nversion: 1.0.0\ndependencies:\n"
        "- {name: db, version: 1.x, alias: sql}\n- {name: off, version: 1.x, tags: [off]}\n",
        "values.yaml": "tags: {off: false}\n",
        "templates/two.yaml": f"{config_map('one')}---\n# nothing\n---# and\n{config_map('two')}",
        "templates/deep/er.yml": config_map("deeper"),
        "templates/list.yaml": "apiVersion: v1\nkind: List\nitems:\n"
        + "".join(
            f"- {{apiVersion: v1, kind: ConfigMap, metadata: {{name: l{n}}}}}\n" for n in "12"
        ),
        "templates/j.json": '{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "j"}}',
        "templates/_helpers.tpl": "{{ define `x` }}x{{ end }}",
        "templates/NOTES.txt": "Well done.",
        "templates/empty.yaml": "{{ if false }}x{{ end }}\n",
        "crds/one.yaml": f"{crd}one.x.io}}\n---\n{crd}two.x.io}}\n",
        "charts/db/Chart.yaml": "name: db\nversion: 1.2.0\n",
        "charts/db/templates/a.yaml": config_map("{{ .Chart.Name }}-{{ .Release.Name }}"),
        "charts/db/crds/three.yaml": f"{crd}three.x.io}}\n",
        "charts/off/Chart.yaml": "name: off\nversion: 1.2.0\n",
        "charts/off/templates/a.yaml": config_map("off"),
    }
    rendered = render(helm_chart(files))
    assert rendered.said() == []
    assert {path.partition("_")[2].removesuffix(".yaml") for path in rendered.files} == {
        *("one", "two", "deeper", "l1", "l2", "j", "sql-demo"),
        *("one.x.io", "two.x.io", "three.x.io"),
    }


def test_a_chart_may_render_nothing(render: Make, helm_chart: Make) -> None:
    rendered = render(helm_chart({"templates/a.yaml": "# {{ .Release.Name }}\n"}))
    assert (rendered.ok, rendered.files, rendered.said()) == (True, {}, [])


NO = 'chart "demo" does not render: '
GAVE = 'chart "demo": what `demo/templates/a.yaml` renders'


@pytest.mark.parametrize(
    ("template", "values", "field", "message"),
    [
        (
            '{{ required "`db.host` must be set" .Values.db.host }}',
            {"db": {"port": 1}},
            "values",
            f"{NO}`db.host` must be set (`demo/templates/a.yaml`, line 1)",
        ),
        (
            "a: {{ .Values.db.auth.user }}",
            {"db": {"port": 1}},
            "values.valuesInline.db",
            f"{NO}`.Values.db.auth.user`",
        ),
        ('{{ fail "never" }}', {}, "values", f"{NO}never"),
        ("{{ nosuch }}", {}, "chart", f'{NO}function "nosuch" not defined'),
        ("{{ if }}", {}, "chart", f"{NO}missing value for if"),
        ('{{ include "none" . }}', {}, "values", f'{NO}`include "none" .`'),
        (
            "{{ define `x` }}{{ include `x` . }}{{ end }}{{ include `x` . }}",
            {},
            "values",
            f"{NO}`include `x` .`",
        ),
        (
            "{{ tpl .Values.t . }}",
            {"t": "{{ tpl .Values.t . }}"},
            "chart",
            'rendering chart "demo" must take at most',
        ),
        (f"{CM}data: {{{{ .Values.a }}}}\n", {"a": "{a: b"}, "chart", f"{GAVE} at line "),
        (
            "\nkind: ConfigMap\n",
            {},
            "chart",
            f"{GAVE} at line 2 must have `apiVersion` and `kind`",
        ),
        ("- a\n", {}, "chart", f"{GAVE} at line 1 must be a Kubernetes object"),
        (
            CM.replace("name: a", "generateName: a-"),
            {},
            "chart",
            f"{GAVE} must have `metadata.name`, but a ConfigMap has none",
        ),
        (
            CM.replace("{name: a}", "[a]"),
            {},
            "chart",
            f"{GAVE} at line 1 must be a Kubernetes object",
        ),
        (
            f"{CM}---\n{CM}data: {{}}\n",
            {},
            "chart",
            'chart "demo" must render `ConfigMap default/a` once, but two of them come from',
        ),
    ],
    ids=[
        "a required value",
        "a value below one that is missing",
        "fail",
        "an unknown function",
        "broken syntax",
        "an unknown template",
        "a template that includes itself",
        "a tpl that calls itself",
        "no YAML",
        "no kind",
        "no object",
        "no name",
        "metadata that is none",
        "two of one name",
    ],
)
def test_what_does_not_render_is_one_error_and_changes_nothing(
    render: Make,
    helm_chart: Make,
    template: str,
    values: dict[str, Any],
    field: str,
    message: str,
) -> None:
    chart = helm_chart({"templates/a.yaml": template}, values={"valuesInline": values})
    fine = helm_chart({"templates/a.yaml": CM.replace("name: a", "name: b")}, "fine")
    rendered = render(chart, fine)
    [said] = rendered.said()
    assert said.startswith(f"[error] HelmChart/demo spec.{field}: {message}")
    assert "(demo.yaml)" in said
    assert not rendered.ok
    assert [item.text for item in rendered.items] == [chart.text, fine.text]


def test_all_documents_that_are_wrong_are_told_together(render: Make, helm_chart: Make) -> None:
    files = {"templates/a.yaml": "kind: A\n---\nkind: B\n", "templates/b.yaml": "x: ["}
    rendered = render(helm_chart(files))
    assert len(rendered.said()) == 3
    assert rendered.results[0].tags["template"] == "demo/templates/a.yaml"


def test_the_same_resource_twice_is_made_once(render: Make, helm_chart: Make) -> None:
    rendered = render(helm_chart({"templates/a.yaml": f"{CM}---\n{CM}"}))
    assert list(rendered.files) == ["demo/configmap_a.yaml"]


def test_what_helm_remarks_is_told(render: Make, helm_chart: Make) -> None:
    values = {"valuesInline": {"a": 1}}
    files = {"templates/a.yaml": f"{CM}data: {{a: b, a: c}}\n", "values.yaml": "a: {b: 1}\n"}
    warnings = render(helm_chart(files, values=values)).said("warning")
    assert all(line.startswith("[warning] HelmChart/demo spec.chart: ") for line in warnings)
    assert any("duplicate key" in line for line in warnings)


class Stub:
    """An engine that answers as it is told, and keeps what it was asked."""

    name, version = "stub", "v0"

    def __init__(self, answer: Rendering | EngineError) -> None:
        self.answer = answer
        self.asked: list[RenderRequest] = []

    def start(self) -> None: ...

    def close(self) -> None: ...

    def render(self, request: RenderRequest) -> Rendering:
        self.asked.append(request)
        if isinstance(self.answer, EngineError):
            raise self.answer
        return self.answer


def expanded(stub: Stub, *items: Resource) -> list[Generated | Result]:
    config, _ = HelmExpand.from_config_map({})
    package = Package(items)
    releases, _ = resolve(config, package)
    return [each for release in releases for each in expand_release(stub, release, package)]


EMPTY = Rendering({}, (), "stub", "v0")


def test_an_engine_is_asked_for_what_the_intent_says(helm_chart: Make) -> None:
    stub = Stub(EMPTY)
    chart = helm_chart(
        {},
        releaseName="upf",
        namespace="ran",
        kubeVersion="v1.33.1",
        apiVersions=["a/v1"],
        values={"valuesInline": {"a": 1}, "set": ["b=2"]},
        trusted=True,
    )
    assert expanded(stub, chart) == []
    [asked] = stub.asked
    assert (asked.release_name, asked.namespace, asked.values) == ("upf", "ran", "a: 1\nb: 2\n")
    assert (asked.kube_version, asked.api_versions, asked.trusted) == ("v1.33.1", ("a/v1",), True)
    assert asked.objects is None


def test_the_package_is_shown_only_to_charts_that_look_into_it(helm_chart: Make) -> None:
    there = Resource.new("v1", "ConfigMap", "there", namespace="ran")
    for template, shown in ((CM, None), ('{{ lookup "v1" "ConfigMap" "" "" }}', [there.body])):
        stub = Stub(EMPTY)
        expanded(stub, helm_chart({"templates/a.yaml": template}), there)
        assert stub.asked[0].objects == shown


@pytest.mark.parametrize(
    ("problem", "field"),
    [
        (EngineError("said", "c", "values"), "spec.values"),
        (EngineError("said", "c", "values", value_path="a.b"), "spec.values.valuesInline.a"),
        (EngineError("said", "c", "values", value_path="z"), "spec.values"),
        (EngineError("said", "template-failed", "template"), "spec.values"),
        (EngineError("said", "template-syntax", "template"), "spec.chart"),
        (EngineError("said", "c", "output"), "spec.chart"),
        (EngineError("said", "c", "limit"), "spec.chart"),
        (EngineError("said", "c", "chart"), "spec.chart"),
        (EngineError("said", "c", "engine"), "spec.chart"),
    ],
)
def test_an_engines_error_is_told_at_the_field_that_can_be_changed(
    helm_chart: Make, problem: EngineError, field: str
) -> None:
    chart = helm_chart({}, values={"valuesInline": {"a": {"c": 1}}})
    [said] = expanded(Stub(problem), chart)
    assert isinstance(said, Result)
    assert (said.field, said.message, said.severity) == (field, "said", "error")


def test_the_place_in_the_chart_is_told_once(helm_chart: Make) -> None:
    for message in ("wrong", "wrong in `t.yaml`"):
        problem = EngineError(message, "c", "template", place=Place("t.yaml", 7, 0))
        [said] = expanded(Stub(problem), helm_chart({}))
        assert isinstance(said, Result)
        assert said.message.count("t.yaml") == 1


@pytest.mark.parametrize(
    ("data", "field"),
    [({"engine": "cli"}, "spec.engine"), ({"engineVersion": ">=99"}, "spec.engineVersion")],
)
def test_an_engine_that_is_missing_is_told_at_the_field_that_asks_for_it(
    data: dict[str, str], field: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    config, _ = HelmExpand.from_config_map(data)
    with (
        pytest.raises(FunctionError, match="there must be a Helm engine") as raised,
        engine_of(config),
    ):
        pass
    assert [result.field for result in raised.value.results] == [field]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("got string, want integer", "must be an integer, but is a string"),
        ("got number, want null or string", "must be null or a string, but is a number"),
        ("got object, want array", "must be a list, but is a map"),
        ("got null, want boolean", "must be true or false, but is null"),
        ("value must be one of 'a', 'b'", "must be one of 'a', 'b'"),
        ("missing property 'host'", "must have 'host'"),
        ("missing properties 'a', 'b'", "must have 'a', 'b'"),
        ("additional properties 'x' not allowed", "must not have 'x'"),
        ("minimum: got 0, want 1", "must be 1 or more, but is 0"),
        ("exclusiveMaximum: got 7, want 5", "must be less than 5, but is 7"),
        ("multipleOf: got 3, want 5", "must be a multiple of 5, but is 3"),
        ("minLength: got 1, want 3", "must have 3 characters or more, but has 1"),
        ("maxItems: got 2, want 1", "must have 1 items or fewer, but has 2"),
        ("'1' does not match pattern '^[a-z]+$'", "must match '^[a-z]+$', but is '1'"),
        ("items at 0 and 1 are equal", "must not have an item twice, as 0 and 1"),
        ("'oneOf' failed, none matched", "must fit the schema: 'oneOf' failed, none matched"),
    ],
)
def test_a_schemas_demand_is_said_as_what_a_value_must_be(words: str, sentence: str) -> None:
    assert demand(words) == sentence
