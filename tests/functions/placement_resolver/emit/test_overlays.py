"""Copies for every chosen cluster: the package's own text, changed only where it must be."""

from collections.abc import Callable
from typing import Any

import pytest

from krmfn.placement_resolver.fleet import Device, Taint
from krmfn.placement_resolver.plan import DeviceGrant, Patch
from krmfn.sdk import Resource

Make = Callable[..., Any]

OVERLAYS = "apply: Overlays"
CONFIG = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: upf}  # as it is\ndata: {a: 'b'}\n"
COPY = """\
# Runs the user plane.
apiVersion: apps/v1
kind: Deployment
metadata:
  name: upf   # the name
  namespace: core
  annotations:
    krmfn.dev/owner: placement-resolver/PlacementIntent/upf
spec:
  replicas: 3
  template:
    metadata: {labels: {app: upf}, annotations: {k8s.v1.cni.cncf.io/networks: core/n3}}
    spec:
      containers:
      - name: upf
        image: "registry/upf:1"
        resources:
          requests: {cpu: 1500m, memory: 1Gi, intel.com/east: "1"}
          limits:
            intel.com/east: "1"
      nodeSelector:
        rt: "true"
      tolerations:
      - key: rt
        operator: Exists
        effect: NoSchedule
"""
VF = Device("sriov-vf", "intel.com/east", 8, attachment="core/n3")
PODS = {
    "replicas": 3,
    "node_labels": {"rt": "true"},
    "taints": (Taint("rt", "", "NoSchedule"),),
    "devices": (DeviceGrant(VF, 1),),
}


def patching(*operations: dict[str, Any]) -> Callable[[tuple[Resource, ...]], tuple[Patch, ...]]:
    """Make what gives each cluster a patch of the first resource."""
    return lambda parsed: (Patch("spec.overrides[0]", operations, parsed[:1]),)


def test_a_copy_differs_only_where_the_cluster_needs_it(world: Make, clusters: Make) -> None:
    written = world(*clusters("waw"), config=OVERLAYS, pods=PODS).write()
    copy = written.find("Deployment", cluster="waw")
    assert (copy.path, copy.text) == ("clusters/waw/app.yaml", COPY)
    assert written.find("Deployment").text != copy.text


def test_every_chosen_cluster_has_every_resource_in_the_files_of_the_package(
    world: Make, clusters: Make
) -> None:
    both = (CONFIG, CONFIG.replace("name: upf", "name: smf"))
    written = world(*clusters("waw", "krk"), config=OVERLAYS, resources=both).write()
    assert sorted(place for place in written.files if "clusters/" in place) == [
        "clusters/krk/app.yaml:0",
        "clusters/krk/app.yaml:1",
        "clusters/waw/app.yaml:0",
        "clusters/waw/app.yaml:1",
    ]


def test_a_second_run_changes_no_byte(world: Make, clusters: Make) -> None:
    app = world(*clusters("waw", "krk"), config=OVERLAYS, pods=PODS)
    first = app.write()
    second = app.write(first.items)
    assert second.files == first.files
    assert second.results == first.results == ()


def test_copies_go_with_the_clusters_they_are_for(world: Make, clusters: Make) -> None:
    first = world(*clusters("waw", "krk"), config=OVERLAYS).write()
    second = world(*clusters("krk"), config=OVERLAYS).write(first.items)
    assert {item.cluster for item in second.items} == {"", "krk"}


def test_internal_annotations_stay_with_the_original(world: Make, clusters: Make) -> None:
    annotated = CONFIG.replace(
        "{name: upf}",
        "{name: upf, annotations: {internal.kpt.dev/upstream-identifier: '|ConfigMap|default|upf',"
        " config.kubernetes.io/path: app.yaml, note: kept}}",
    )
    written = world(*clusters("waw"), config=OVERLAYS, resources=[annotated]).write()
    copy = written.find("ConfigMap", cluster="waw")
    assert copy.annotations == {
        "note": "kept",
        "krmfn.dev/owner": "placement-resolver/PlacementIntent/upf",
    }
    assert written.find("ConfigMap").text == annotated


def test_a_cluster_with_an_odd_name_cannot_leave_its_folder(world: Make, clusters: Make) -> None:
    written = world(*clusters("../up", ".."), config=OVERLAYS).write()
    copies = sorted(item.path for item in written.items if item.kind == "Deployment")
    assert copies == ["app.yaml", "clusters/-/app.yaml", "clusters/..-up/app.yaml"]


@pytest.mark.parametrize(
    ("operation", "field", "value"),
    [
        ({"op": "replace", "path": "/spec/replicas", "value": 7}, ("spec", "replicas"), 7),
        ({"op": "add", "path": "/spec/paused", "value": None}, ("spec", "paused"), None),
        ({"op": "remove", "path": "/spec/template/metadata"}, ("spec", "template", "metadata"), ""),
        ({"op": "copy", "from": "/kind", "path": "/spec/a"}, ("spec", "a"), "Deployment"),
    ],
    ids=["replace", "add-null", "remove", "copy"],
)
def test_overrides_come_last(
    world: Make, clusters: Make, operation: dict[str, Any], field: tuple[str, ...], value: Any
) -> None:
    app = world(
        *clusters("waw"), config=OVERLAYS, pods={"replicas": 3}, patches=patching(operation)
    )
    found: Any = app.write().values("Deployment", cluster="waw")
    for key in field[:-1]:
        found = found[key]
    assert found.get(field[-1], "") == value


@pytest.mark.parametrize(
    ("operations", "at"),
    [
        ([{"op": "remove", "path": "/spec/nothing"}], 0),
        ([{"op": "test", "path": "/spec/replicas", "value": 9}], 0),
        ([{"op": "add", "path": "/spec/a", "value": 1}, {"op": "add", "path": "nowhere"}], 1),
        ([{"op": "replace", "path": "/spec/replicas"}], 0),
        ([{"op": "add", "path": "/kind/inside", "value": 1}], 0),
        ([{"op": "add", "path": "/spec/template/spec/containers/9", "value": {}}], 0),
        ([{"op": "remove", "path": "/kind"}], 0),
        ([{"op": "replace", "path": "/metadata/name", "value": ""}], 0),
        ([{"op": "replace", "path": "", "value": []}], 0),
    ],
    ids=[
        *("absent", "test", "second", "no-value", "in-text", "beyond", "kind", "name", "whole"),
    ],
)
def test_a_patch_that_does_not_fit_is_an_error_of_the_intent(
    world: Make, clusters: Make, operations: list[dict[str, Any]], at: int
) -> None:
    app = world(*clusters("waw", "krk"), config=OVERLAYS, patches=patching(*operations))
    written = app.write()
    (problem,) = written.results
    assert not written.ok
    assert (problem.code, problem.field) == ("patch-failed", f"spec.overrides[0].patch[{at}]")
    assert problem.resource
    assert problem.resource.kind == "PlacementIntent"
    assert problem.message.endswith("(`Deployment upf` in cluster `krk`)")


def test_pods_that_cannot_be_pinned_are_an_error_of_their_resource(
    world: Make, clusters: Make
) -> None:
    bare = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: a}]}\n"
    spec = "requirements: {cpuPinning: true}"
    written = world(*clusters("waw", "krk"), config=OVERLAYS, resources=[bare], spec=spec).write()
    (problem,) = written.results
    assert problem.code == "pod-invalid"
    assert problem.field == "spec.containers[0].resources.limits.cpu"


AUTOSCALER = """\
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: upf}
spec: {minReplicas: 2, scaleTargetRef: {kind: Deployment, name: NAME}}
"""


@pytest.mark.parametrize(
    ("name", "replicas", "codes"),
    [("upf", 3, ["autoscaled"]), ("upf", None, []), ("smf", 3, [])],
    ids=["divided", "not-divided", "of-another"],
)
def test_an_autoscaler_of_divided_replicas_is_told(
    world: Make, clusters: Make, deployment: str, name: str, replicas: int, codes: list[str]
) -> None:
    both = (deployment, AUTOSCALER.replace("NAME", name))
    pods = {"replicas": replicas}
    written = world(*clusters("waw"), config=OVERLAYS, resources=both, pods=pods).write()
    assert [result.code for result in written.results] == codes
    assert written.ok


@pytest.mark.parametrize(
    ("completions", "replicas", "codes"),
    [("completions: 9, ", 3, ["completions"]), ("completions: 9, ", None, []), ("", 3, [])],
    ids=["divided", "not-divided", "none"],
)
def test_completions_of_a_divided_job_are_told(
    world: Make, clusters: Make, completions: str, replicas: int | None, codes: list[str]
) -> None:
    job = (
        "apiVersion: batch/v1\nkind: Job\nmetadata: {name: upf}\n"
        f"spec: {{{completions}template: {{spec: {{containers: []}}}}}}\n"
    )
    pods = {"replicas": replicas}
    written = world(*clusters("waw"), config=OVERLAYS, resources=[job], pods=pods).write()
    assert [result.code for result in written.results] == codes


def test_fields_that_only_newer_versions_of_kubernetes_know_are_kept(
    world: Make, clusters: Make, deployment: str
) -> None:
    newer = deployment.replace(
        "      containers:\n", "      futureField: {at: 0x1F}\n      containers:\n"
    )
    app = world(*clusters("waw"), config=OVERLAYS, resources=[newer], pods=PODS)
    copy = app.write().find("Deployment", cluster="waw")
    assert "      futureField: {at: 0x1F}\n" in copy.text
    assert "creationTimestamp" not in copy.text


def test_changed_fields_are_in_the_report_with_their_cause(world: Make, clusters: Make) -> None:
    app = world(
        *clusters("waw", "krk"),
        config=OVERLAYS,
        pods={"replicas": 3},
        patches=patching({"op": "add", "path": "/spec/paused", "value": True}),
    )
    status = app.write().values("PlacementReport")["status"]
    assert status["changedFields"] == [
        {
            "resource": "Deployment upf",
            "field": field,
            "cause": cause,
            "clusters": 2,
        }
        for field, cause in [
            ("spec.paused", "spec.overrides[0]"),
            ("spec.replicas", "spec.replicaScheduling"),
        ]
    ]
