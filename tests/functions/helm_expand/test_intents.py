"""What people write for helm-expand, and how what is wrong with it is told."""

import base64
from typing import Any

import pytest

from krmfn.helm_expand.intents import HelmChart, HelmExpand, HelmValues, RenderHelmChart
from krmfn.sdk import Kind, yaml_load

CHART = {"name": "upf", "version": "1.0.0", "archive": "aGk=", "sha256": "0" * 64}


def body(spec: dict[str, Any] | None = None, **chart: Any) -> dict[str, Any]:
    return {
        "apiVersion": "intent.krmfn.dev/v1alpha1",
        "kind": "HelmChart",
        "metadata": {"name": "upf"},
        "spec": {"chart": {**CHART, **chart}, **(spec or {})},
    }


def problems(kind: type[Kind], written: dict[str, Any]) -> list[str]:
    _, found = kind.parse(written)
    return [f"{problem.field}: {problem.message}" for problem in found]


def test_a_chart_needs_nothing_but_itself() -> None:
    chart, wrong = HelmChart.parse(body())
    assert wrong == []
    assert chart
    assert (chart.spec.namespace, chart.spec.release_name, chart.spec.clusters) == (
        "default",
        None,
        (),
    )


def test_the_archive_may_be_wrapped_over_lines() -> None:
    encoded = base64.encodebytes(bytes(200)).decode()
    chart, _ = HelmChart.parse(body(archive=encoded))
    assert chart
    assert chart.spec.chart.content == bytes(200)


@pytest.mark.parametrize(
    ("written", "line"),
    [
        (body({"relaseName": "a"}), "spec.relaseName: is not a field of HelmChart; did you mean"),
        (body({"releaseName": "Upf"}), "spec.releaseName: must be a release name"),
        (body({"releaseName": "a" * 54}), "spec.releaseName: must have 53 characters or fewer"),
        (body({"namespace": "a.b"}), "spec.namespace: must be a DNS label"),
        (body({"kubeVersion": "new"}), "spec.kubeVersion: must be a Kubernetes version such as"),
        (body({"kubeVersion": 1.33}), "spec.kubeVersion: must be a string: quote it"),
        (body({"crds": "include"}), "spec.crds: must be Include or Skip"),
        (body({"hooks": "convert"}), "spec.hooks: must be Convert, Keep or Drop"),
        (body({"ordering": "Argo"}), "spec.ordering: must be DependsOn, ArgoCD or Flux"),
        (body({"trusted": "yes"}), "spec.trusted: must be true or false"),
        (body({"flux": {}}), "spec.flux.sourceName: must be set"),
        (body({"values": {"inline": {}}}), "spec.values.inline: is not a field of HelmChart"),
        (body({"values": {"set": "a=b"}}), "spec.values.set: must be a list"),
        (body({"values": {"set": [1]}}), "spec.values.set[0]: must be a string: quote it"),
        (body({"values": {"valuesInline": []}}), "spec.values.valuesInline: must be a map"),
        (body({"values": {"valuesFrom": [{}]}}), "spec.values.valuesFrom[0].name: must be set"),
        (
            body({"clusters": [{"name": "a"}, {"name": "a"}]}),
            "spec.clusters: must name every cluster once",
        ),
        (body({"path": "../up"}), "spec.path: must be a folder inside the package"),
        (body({"path": "/abs"}), "spec.path: must be a folder inside the package"),
        (body({"path": "a/../../up"}), "spec.path: must be a folder inside the package"),
        (body(archive="no base64!"), "spec.chart.archive: must be base64 of a `.tgz` archive"),
        (body(archive=""), "spec.chart.archive: must not be empty"),
        (body(sha256="ABC"), "spec.chart.sha256: must be 64 lower-case hexadecimal digits"),
        (body(digest="x"), "spec.chart.digest: is not a field of HelmChart"),
        ({**body(), "apiVersion": "intent.krmfn.dev/v1"}, "apiVersion: must be"),
        ({**body(), "metadata": {}}, "metadata.name: must be set"),
        ({**body(), "spec": {}}, "spec.chart: must be set"),
    ],
)
def test_a_wrong_field_of_a_chart_is_named(written: dict[str, Any], line: str) -> None:
    [found] = problems(HelmChart, written)
    assert found.startswith(line)


def test_all_wrong_fields_are_told_together() -> None:
    written = body({"hooks": 1, "tests": 2, "values": {"x": 3}}, sha256="4")
    assert len(problems(HelmChart, written)) == 4


@pytest.mark.parametrize("path", ["a", "a/b", "./a/b/", ".", "./", ".hidden/a", "a..b"])
def test_a_folder_inside_the_package_is_accepted(path: str) -> None:
    assert problems(HelmChart, body({"path": path})) == []


def test_values_are_whatever_people_write() -> None:
    written = {
        "apiVersion": "intent.krmfn.dev/v1alpha1",
        "kind": "HelmValues",
        "metadata": {"name": "v"},
        "values": yaml_load("a: {80: x, b: [1, null]}\nc: yes"),
    }
    assert problems(HelmValues, written) == []
    assert problems(HelmValues, {**written, "value": {}}) != []


@pytest.mark.parametrize(
    ("data", "fields"),
    [
        ({"hooks": "Drop", "kubeVersion": "v1.33"}, {"hooks": "Drop", "kube_version": "v1.33"}),
        ({"trusted": "true", "engine": "cli"}, {"trusted": True, "engine": "cli"}),
        ({"apiVersions": "a/v1, b/v1"}, {"api_versions": ("a/v1", "b/v1")}),
    ],
)
def test_a_config_map_can_say_the_options(data: dict[str, str], fields: dict[str, Any]) -> None:
    config, wrong = HelmExpand.from_config_map(data)
    assert wrong == []
    assert {name: getattr(config.spec, name) for name in fields} == fields


def test_a_config_map_with_the_keys_of_render_helm_chart_is_one() -> None:
    config, wrong = HelmExpand.from_config_map({"name": "upf", "includeCRDs": "true"})
    assert wrong == []
    assert isinstance(config, RenderHelmChart)
    [chart] = config.helm_charts
    assert chart.chart_args.name == "upf"
    assert chart.template_options.include_crds


def test_an_empty_string_of_render_helm_chart_is_as_good_as_none() -> None:
    written = yaml_load(
        "apiVersion: fn.kpt.dev/v1alpha1\nkind: RenderHelmChart\nmetadata: {name: r}\n"
        "helmGlobals: {chartHome: '', configHome: ''}\n"
        "helmCharts: [{chartArgs: {name: a, version: '', repo: ''}, templateOptions: "
        "{releaseName: '', namespace: '', values: {valuesMerge: '', valuesInline: {a: ''}}}}]\n"
    )
    config, wrong = RenderHelmChart.parse(written)
    assert wrong == []
    assert config
    [chart] = config.helm_charts
    assert config.helm_globals.chart_home == "tmp/charts"
    assert chart.template_options.namespace is None
    assert chart.template_options.values.values_inline == {"a": ""}
