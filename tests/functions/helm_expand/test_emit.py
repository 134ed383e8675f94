"""What a chart renders becomes files that stay readable and where they are."""

from collections.abc import Callable
from typing import Any

import pytest

from krmfn.sdk import Place, Resource

Make = Callable[..., Any]

COMMENTED = """\
# Copyright of the chart.
apiVersion: v1
kind: ConfigMap
metadata:
  name: app   # the app
  labels: {a: "b", tier: 'web'}
data:
  # How much to say.
  level: {{ .Values.level | default "low" }}  # default: low
  script: |
    #!/bin/sh
    echo hello
  mode: 0644
"""


def named(kind: str, name: str, version: str = "v1", namespace: str = "") -> str:
    place = f", namespace: {namespace}" if namespace else ""
    return f'---\napiVersion: {version}\nkind: {kind}\nmetadata: {{name: "{name}"{place}}}\n'


def test_text_and_comments_of_a_template_are_kept(render: Make, helm_chart: Make) -> None:
    assert render(helm_chart({"templates/cm.yaml": COMMENTED})).files == {
        "demo/configmap_app.yaml": """\
# Source: demo/templates/cm.yaml
# Copyright of the chart.
apiVersion: v1
kind: ConfigMap
metadata:
  name: app   # the app
  namespace: default
  labels: {a: "b", tier: 'web'}
  annotations:
    krmfn.dev/owner: helm-expand/HelmChart/demo
data:
  # How much to say.
  level: low  # default: low
  script: |
    #!/bin/sh
    echo hello
  mode: 0644
"""
    }


@pytest.mark.parametrize(
    ("templates", "paths"),
    [
        (named("Service", "a") + named("ConfigMap", "a"), ["configmap_a", "service_a"]),
        (
            named("Service", "a") + named("Service", "a", "serving.knative.dev/v1"),
            ["service.serving.knative.dev_a", "service_a"],
        ),
        (
            named("Ingress", "a", "x.io/v1") + named("Ingress", "a", "networking.k8s.io/v1"),
            ["ingress.networking.k8s.io_a", "ingress.x.io_a"],
        ),
        (
            named("Service", "a") + named("Service", "a", namespace="b"),
            ["service_a", "service_b_a"],
        ),
        (
            named("ClusterRole", "system:Reader/all", "rbac.authorization.k8s.io/v1"),
            ["clusterrole_system-reader-all"],
        ),
        (
            named("Role", "Reader", "rbac.authorization.k8s.io/v1")
            + named("Role", "reader", "rbac.authorization.k8s.io/v1"),
            [
                "role.rbac.authorization.k8s.io_reader",
                "role.rbac.authorization.k8s.io_reader",
            ],
        ),
        (named("Service", "../../up"), ["service_----up"]),
    ],
    ids=[
        "two kinds",
        "two groups, one the core",
        "two groups",
        "two namespaces",
        "a name with colon, slash and capital",
        "two names that differ in a capital",
        "a name that leads outside",
    ],
)
def test_every_resource_has_a_file_of_its_own(
    render: Make, helm_chart: Make, templates: str, paths: list[str]
) -> None:
    rendered = render(helm_chart({"templates/all.yaml": templates}))
    placed = [(item.path, item.index) for item in rendered.items[1:]]
    assert sorted(path for path, _ in placed) == [f"demo/{path}.yaml" for path in paths]
    assert len(set(placed)) == len(placed)
    assert render(rendered).texts == rendered.texts


def test_charts_and_clusters_have_folders_of_their_own(render: Make, helm_chart: Make) -> None:
    files = {"templates/a.yaml": named("Service", "{{ .Release.Name }}")}
    clusters = [{"name": "waw"}, {"name": "krk"}]
    rendered = render(
        helm_chart(files, "one"),
        helm_chart(files, "two", clusters=clusters),
        helm_chart(files, "three", path="clusters/waw/three.yaml"),
        helm_chart(files, "four", path="a/four.yaml").merged({"spec": {"path": "./apps/four/"}}),
        helm_chart(files, "five").merged({"spec": {"path": "."}}),
    )
    assert sorted(rendered.files) == [
        "apps/four/service_four.yaml",
        "clusters/krk/two/service_two.yaml",
        "clusters/waw/three/service_three.yaml",
        "clusters/waw/two/service_two.yaml",
        "one/service_one.yaml",
        "service_five.yaml",
    ]


def test_two_charts_must_not_make_the_same_resource(render: Make, helm_chart: Make) -> None:
    files = {"templates/a.yaml": named("Service", "a")}
    rendered = render(helm_chart(files, "one"), helm_chart(files, "two"))
    [line] = rendered.said()
    assert "`Service default/a` must be made once" in line
    assert "`HelmChart one`" in line
    assert "`HelmChart two`" in line
    assert rendered.files == {}


def with_values(rendered: Any, **values: Any) -> Any:
    intent, *rest = rendered.items
    return [intent.merged({"spec": {"values": {"valuesInline": values}}}), *rest]


def test_a_generated_resource_is_updated_where_it_is(render: Make, helm_chart: Make) -> None:
    files = {"templates/a.yaml": COMMENTED, "templates/b.yaml": named("Service", "b")}
    once = render(helm_chart(files))
    twice = render(*with_values(once, level="high"))
    assert [item.slot for item in twice.items] == [0, 1, 2]
    changed = [path for path in once.files if once.files[path] != twice.files[path]]
    assert changed == ["demo/configmap_app.yaml"]
    assert "level: high  # default: low" in twice.files["demo/configmap_app.yaml"]


def test_kpts_annotations_stay_on_what_is_updated(render: Make, helm_chart: Make) -> None:
    once = render(helm_chart({"templates/a.yaml": COMMENTED}))
    internal = {
        "internal.config.kubernetes.io/path": "demo/configmap_app.yaml",
        "internal.config.kubernetes.io/index": "0",
        "internal.config.kubernetes.io/id": "2",
    }
    chart, item = with_values(once, level="high")
    item = Resource(item.raw).merged({"metadata": {"annotations": internal}})
    changed = render(chart, item)["demo/configmap_app.yaml"]
    assert internal.items() <= changed["metadata"]["annotations"].items()
    assert changed["data"]["level"] == "high"


@pytest.mark.parametrize(
    ("ordering", "annotation", "value"),
    [
        ("DependsOn", "client.lifecycle.config.k8s.io/deletion", "detach"),
        ("ArgoCD", "argocd.argoproj.io/sync-options", "Replace=true,Prune=false,Delete=false"),
        ("Flux", "kustomize.toolkit.fluxcd.io/prune", "disabled"),
    ],
)
@pytest.mark.parametrize("policy", ["Convert", "Leave"])
def test_a_resource_to_keep_is_kept_by_the_tool_that_applies_it(
    render: Make, helm_chart: Make, ordering: str, annotation: str, value: str, policy: str
) -> None:
    argo = "argocd.argoproj.io/sync-options"
    template = (
        "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata:\n  name: disk\n  annotations:\n"
        f"    helm.sh/resource-policy: ' Keep'\n    {argo}: Replace=true\n"
    )
    chart = helm_chart(
        {"templates/a.yaml": template},
        ordering=ordering,
        resourcePolicy=policy,
        flux={"sourceName": "edge"},
    )
    [path] = [path for path in render(chart).files if "disk" in path]
    found = render(chart)[path]["metadata"]["annotations"]
    kept = {annotation: value} if policy == "Convert" else {}
    assert found == {
        "helm.sh/resource-policy": " Keep",
        argo: "Replace=true",
        **kept,
        "krmfn.dev/owner": "helm-expand/HelmChart/demo",
    }


def test_definitions_come_out_or_not(render: Make, helm_chart: Make) -> None:
    crd = (
        "# A definition.\napiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\n"
        "metadata: {name: pools.example.com}\nspec: {group: example.com, names: {kind: Pool}}\n"
    )
    files = {"crds/pool.yaml": crd, "templates/a.yaml": named("Service", "a")}
    path = "demo/customresourcedefinition_pools.example.com.yaml"
    included = render(helm_chart(files)).files[path]
    assert included.startswith("# Source: demo/crds/pool.yaml\n# A definition.\n")
    assert list(render(helm_chart(files, crds="Skip")).files) == ["demo/service_a.yaml"]


def test_what_the_chart_no_longer_renders_is_pruned(render: Make, helm_chart: Make) -> None:
    def chart(version: str, *names: str) -> Resource:
        head = f"apiVersion: v2\nname: demo\nversion: {version}\n"
        templates = {f"templates/{name}.yaml": named("Service", name) for name in names}
        return helm_chart({"Chart.yaml": head, **templates})

    hand = Resource.parse(named("Service", "hand")[4:], place=Place("hand.yaml", 0))
    once = render(chart("1.0.0", "a", "b"), hand)
    twice = render(chart("2.0.0", "b", "c"), *once.items[1:])
    assert sorted(twice.files) == ["demo/service_b.yaml", "demo/service_c.yaml"]
    assert [line for line in twice.said() if "pruned" in line]
    assert hand.text in [item.text for item in twice.items]


def test_nothing_of_a_chart_stays_when_its_intent_goes(render: Make, helm_chart: Make) -> None:
    kptfile = Resource.parse(
        "apiVersion: kpt.dev/v1\nkind: Kptfile\nmetadata: {name: p}\n", place=Place("Kptfile", 0)
    )
    other = helm_chart({"templates/a.yaml": named("Service", "other")}, "other")
    once = render(kptfile, other, helm_chart({"templates/a.yaml": named("Service", "a")}))
    rest = [item for item in once.items if item.path != "demo.yaml"]
    assert list(render(*rest).files) == ["other/service_other.yaml"]


def test_what_people_wrote_is_never_overwritten(render: Make, helm_chart: Make) -> None:
    text = "apiVersion: v1\nkind: Service\nmetadata: {name: a, namespace: default}\n"
    hand = Resource.parse(text, place=Place("hand.yaml", 0))
    rendered = render(helm_chart({"templates/a.yaml": named("Service", "a")}), hand)
    assert not rendered.ok
    assert rendered.items[1].text == text
    [line] = rendered.said()
    assert line.startswith(
        "[error] Service/a: must not stand where `HelmChart demo` makes the same"
    )
