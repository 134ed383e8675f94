"""The release namespace in what a chart renders."""

from collections.abc import Callable
from typing import Any

import pytest

from krmfn.sdk import Place, Resource

Make = Callable[..., Any]

TEMPLATE = """\
apiVersion: v1
kind: Service
metadata:
  name: bare
  labels: {a: b}
---
apiVersion: v1
kind: Service
metadata: {name: empty, namespace: ""}
---
apiVersion: v1
kind: Service
metadata: {name: own, namespace: elsewhere}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: binding}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: a}
subjects:
- {kind: ServiceAccount, name: a}
- {kind: ServiceAccount, name: b, namespace: other}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: role}
---
apiVersion: v1
kind: Namespace
metadata: {name: made}
---
apiVersion: example.com/v1
kind: Global
metadata: {name: by-chart}
---
apiVersion: example.com/v1
kind: Planet
metadata: {name: by-template}
---
apiVersion: example.com/v1
kind: Site
metadata: {name: by-package}
---
apiVersion: example.com/v1
kind: Nobody
metadata: {name: knows}
---
apiVersion: v1
kind: List
items:
- {apiVersion: v1, kind: Service, metadata: {name: listed}}
- {apiVersion: v1, kind: PersistentVolume, metadata: {name: listed}}
"""


def definition(kind: str, scope: str = "Cluster") -> str:
    return (
        "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\n"
        f"metadata: {{name: {kind.lower()}s.example.com}}\n"
        f"spec: {{group: example.com, scope: {scope}, names: {{kind: {kind}}}}}\n"
    )


FILES = {
    "templates/all.yaml": TEMPLATE,
    "templates/planet.yaml": definition("Planet"),
    "crds/global.yaml": definition("Global"),
}
NAMES = {
    "Service/bare": ("ran", "ran", ""),
    "Service/empty": ("ran", "ran", ""),
    "Service/own": ("elsewhere", "ran", "elsewhere"),
    "Service/listed": ("ran", "ran", ""),
    "RoleBinding/binding": ("ran", "ran", ""),
    "Nobody/knows": ("ran", "ran", ""),
}


def namespaces(rendered: Any) -> dict[str, str]:
    return {
        f"{item.kind}/{item.name}": item.namespace
        for item in rendered.items
        if "krmfn.dev/owner" in item.annotations
    }


@pytest.mark.parametrize(("number", "mode"), [(0, "SetMissing"), (1, "Override"), (2, "Leave")])
@pytest.mark.parametrize("crds", ["Include", "Skip"])
def test_namespaces_are_set_as_configured(
    render: Make, helm_chart: Make, number: int, mode: str, crds: str
) -> None:
    site = Resource.parse(definition("Site"), place=Place("site.yaml", 0))
    chart = helm_chart(FILES, namespace="ran", namespaces=mode, crds=crds)
    found = namespaces(render(chart, site))
    assert {name: found.pop(name) for name in NAMES} == {
        name: expected[number] for name, expected in NAMES.items()
    }
    assert set(found.values()) == {""}, "what is cluster-scoped has no namespace"
    assert len(found) == 7 + (crds == "Include")


@pytest.mark.parametrize("mode", ["SetMissing", "Override"])
def test_only_the_namespace_in_the_metadata_changes(
    render: Make, helm_chart: Make, mode: str
) -> None:
    binding = render(helm_chart(FILES, namespace="ran", namespaces=mode))[
        "demo/rolebinding_binding.yaml"
    ]
    assert [subject.get("namespace") for subject in binding["subjects"]] == [None, "other"]


def test_the_namespace_stands_behind_the_name(render: Make, helm_chart: Make) -> None:
    rendered = render(helm_chart(FILES, namespace="ran"))
    assert (
        "  name: bare\n  namespace: ran\n  labels: {a: b}\n"
        in rendered.files["demo/service_bare.yaml"]
    )
    assert "metadata: {name: empty, namespace: ran" in rendered.files["demo/service_empty.yaml"]


def test_the_namespace_of_a_release_is_default_unless_it_is_said(
    render: Make, helm_chart: Make
) -> None:
    assert namespaces(render(helm_chart(FILES)))["Service/bare"] == "default"


def test_a_cluster_may_have_a_namespace_of_its_own(render: Make, helm_chart: Make) -> None:
    clusters = [{"name": "waw", "namespace": "edge"}, {"name": "krk"}]
    rendered = render(helm_chart(FILES, namespace="ran", clusters=clusters))
    found = [
        rendered[f"clusters/{name}/demo/service_bare.yaml"]["metadata"]["namespace"]
        for name in ("waw", "krk")
    ]
    assert found == ["edge", "ran"]
