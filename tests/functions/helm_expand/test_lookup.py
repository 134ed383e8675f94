import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest

from krmfn.helm_expand.archive import ChartArchive
from krmfn.helm_expand.edge import HelmEngine, RenderRequest
from krmfn.helm_expand.edge.lookup import Cluster
from krmfn.helm_expand.manifests import read

MakeChart = Callable[[Mapping[str, str]], ChartArchive]
Object = dict[str, Any]


def thing(kind: str, name: str, namespace: str = "", **fields: Any) -> Object:
    versions = {"Deployment": "apps/v1", "Widget": "example.com/v1", "Zone": "example.com/v1"}
    metadata = {"name": name, **({"namespace": namespace} if namespace else {})}
    return {"apiVersion": versions.get(kind, "v1"), "kind": kind, "metadata": metadata, **fields}


CRD = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "zones.example.com"},
    "spec": {"group": "example.com", "names": {"kind": "Zone"}, "scope": "Cluster"},
}
OBJECTS = [
    thing("Secret", "pw", data={"a": "eA=="}, stringData={"b": "y"}),
    thing("Secret", "other", "far"),
    thing("Namespace", "ran"),
    thing("Deployment", "web", "ran"),
    thing("Widget", "w"),
    thing("Zone", "z"),
    CRD,
    {"kind": "Secret"},
    {"apiVersion": "v1", "kind": "Secret", "metadata": None},
]


@pytest.fixture
def cluster() -> Cluster:
    return Cluster(OBJECTS, "ran", "v1.29.3", ["a.io/v1", "b.io/v1beta1/B", "b.io/v1/B"])


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/api/v1/namespaces/ran/secrets/pw", "pw"),
        ("/api/v1/namespaces/far/secrets/other", "other"),
        ("/api/v1/namespaces/ran", "ran"),
        ("/apis/apps/v1/namespaces/ran/deployments/web", "web"),
        ("/apis/example.com/v1/namespaces/ran/widgets/w", "w"),
        ("/apis/example.com/v1/zones/z", "z"),
        ("/api/v1/namespaces/ran/secrets/pw?timeout=1s", "pw"),
    ],
)
def test_an_object_is_got_by_its_name(cluster: Cluster, path: str, name: str) -> None:
    found = cluster.answer(path)
    assert found
    assert found["metadata"]["name"] == name
    assert found["metadata"]["resourceVersion"]


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/api",
        "/api/v2/namespaces/x/y",
        "/api/v1/namespaces/far",
        "/api/v1/namespaces/far/secrets/pw",
        "/api/v1/namespaces/ran/things/pw",
        "/api/v1/namespaces/ran/secrets/pw/status",
        "/apis/nope.io/v1/namespaces/x/y/z",
        "/apis/apps/v1beta1/namespaces/ran/deployments/web",
        "/openapi/v2",
    ],
)
def test_what_is_not_there_is_not_found(cluster: Cluster, path: str) -> None:
    assert cluster.answer(path) is None


@pytest.mark.parametrize(
    ("path", "kind", "names"),
    [
        ("/api/v1/secrets", "SecretList", ["pw", "other"]),
        ("/api/v1/namespaces/far/secrets", "SecretList", ["other"]),
        ("/api/v1/namespaces/none/secrets", "SecretList", []),
        ("/api/v1/pods", "PodList", []),
        ("/apis/example.com/v1/zones", "ZoneList", ["z"]),
    ],
)
def test_objects_are_listed(cluster: Cluster, path: str, kind: str, names: list[str]) -> None:
    found = cluster.answer(path)
    assert found
    assert found["kind"] == kind
    assert [item["metadata"]["name"] for item in found["items"]] == names


def test_a_secret_is_kept_as_the_api_server_keeps_it(cluster: Cluster) -> None:
    secret = cluster.answer("/api/v1/namespaces/ran/secrets/pw")
    assert secret
    assert secret["data"] == {"a": "eA==", "b": "eQ=="}
    assert "stringData" not in secret


def test_what_was_given_is_not_changed() -> None:
    given = json.dumps(OBJECTS)
    Cluster(OBJECTS, "ran")
    assert json.dumps(OBJECTS) == given


def test_discovery_knows_kubernetes_and_what_the_package_has(cluster: Cluster) -> None:
    found = cluster.answer("/apis/example.com/v1")
    assert found
    assert [(each["kind"], each["namespaced"]) for each in found["resources"]] == [
        ("Widget", True),
        ("Zone", False),
    ]
    groups = cluster.answer("/apis")
    assert groups
    versions = {
        group["name"]: [version["version"] for version in group["versions"]]
        for group in groups["groups"]
    }
    assert versions["b.io"] == ["v1", "v1beta1"]
    assert {"a.io", "apps", "example.com"} <= versions.keys()
    assert cluster.answer("/api?timeout=32s") == {"kind": "APIVersions", "versions": ["v1"]}


def test_an_unknown_group_has_no_types(cluster: Cluster) -> None:
    found = cluster.answer("/apis/nope.io/v1")
    assert found
    assert found["resources"] == []


def test_the_server_tells_the_version_of_the_request(cluster: Cluster) -> None:
    assert cluster.answer("/version") == {"major": "1", "minor": "29", "gitVersion": "v1.29.3"}


def rendered(
    engine: HelmEngine, chart: ChartArchive, objects: Sequence[Object] | None
) -> list[Object]:
    rendering = engine.render(RenderRequest(chart, namespace="ran", objects=objects))
    found = read(rendering.templates, rendering.crds, chart="demo")
    assert found.problems == ()
    return [dict(manifest.body) for manifest in found.resources]


def looked_up(engine: HelmEngine, make_chart: MakeChart, call: str) -> Any:
    text = f"apiVersion: v1\nkind: X\nmetadata: {{name: x}}\nfound: {{{{ {call} | toJson }}}}"
    return rendered(engine, make_chart({"templates/x.yaml": text}), OBJECTS)[0]["found"]


@pytest.mark.network
@pytest.mark.parametrize(
    ("call", "names"),
    [
        ('lookup "v1" "Secret" "ran" "pw"', "pw"),
        ('lookup "v1" "Secret" "ran" "gone"', None),
        ('lookup "v1" "Namespace" "" "ran"', "ran"),
        ('lookup "v1" "Secret" "" ""', ["pw", "other"]),
        ('lookup "v1" "Secret" "far" ""', ["other"]),
        ('lookup "apps/v1" "Deployment" "ran" "web"', "web"),
        ('lookup "example.com/v1" "Widget" "ran" "w"', "w"),
        ('lookup "example.com/v1" "Zone" "" "z"', "z"),
        ('lookup "nope.io/v1" "Nope" "ran" "x"', None),
        ('lookup "nope.io/v1" "Nope" "" ""', None),
        ('lookup "v1" "Nope" "ran" "x"', None),
    ],
)
def test_a_chart_finds_the_objects_of_the_package(
    engine: HelmEngine, make_chart: MakeChart, call: str, names: Any
) -> None:
    found = looked_up(engine, make_chart, call)
    if "items" in found:
        assert [item["metadata"]["name"] for item in found["items"]] == names
    else:
        assert found.get("metadata", {}).get("name") == names


SECRET = """
{{- $old := lookup "v1" "Secret" .Release.Namespace "pw" }}
apiVersion: v1
kind: Secret
metadata: {name: pw}
{{- if $old }}
data: {{ toJson $old.data }}
{{- else }}
stringData: {key: {{ randAlphaNum 12 }}}
{{- end }}
"""
WIDGET = """
apiVersion: example.com/v1
kind: Widget
metadata:
  name: w
  annotations:
    checksum: {{ include (print $.Template.BasePath "/secret.yaml") . | sha256sum }}
    generation: {{ .Capabilities.KubeVersion }}
"""


@pytest.mark.network
def test_a_random_secret_stays_once_the_chart_can_look_it_up(
    engine: HelmEngine, make_chart: MakeChart
) -> None:
    chart = make_chart({"templates/secret.yaml": SECRET, "templates/widget.yaml": WIDGET})
    first = rendered(engine, chart, [])
    second = rendered(engine, chart, first)
    third = rendered(engine, chart, second)
    fourth = rendered(engine, chart, third)
    assert list(second[0]["data"]) == ["key"]
    assert fourth == third
    assert rendered(engine, chart, [])[0] != first[0]


SUBCHART = {
    "charts/a/Chart.yaml": "{name: a, version: 1.0.0}",
    "charts/a/templates/x": "lookup",
}


def test_without_objects_a_lookup_finds_nothing(engine: HelmEngine, make_chart: MakeChart) -> None:
    text = 'apiVersion: v1\nkind: X\nfound: {{ lookup "v1" "Secret" "ran" "pw" | toJson }}'
    [body] = rendered(engine, make_chart({"templates/x.yaml": text}), None)
    assert body["found"] == {}


@pytest.mark.parametrize(
    ("files", "values", "objects", "expected"),
    [
        pytest.param({"templates/x": "lookup"}, "", [], True, id="in-a-template"),
        pytest.param(SUBCHART, "", [], True, id="in-a-subchart"),
        pytest.param({}, "a: '{{ lookup }}'", [], True, id="in-a-value"),
        pytest.param({"templates/x": "look up"}, "", [], False, id="nowhere"),
        pytest.param({"templates/x": "lookup"}, "", None, False, id="nothing-to-find"),
    ],
)
def test_a_server_is_started_only_for_a_chart_that_looks_up(
    make_chart: MakeChart,
    files: Mapping[str, str],
    values: str,
    objects: list[Object] | None,
    expected: bool,
) -> None:
    request = RenderRequest(make_chart(files), values=values, objects=objects)
    assert request.looks_up is expected
