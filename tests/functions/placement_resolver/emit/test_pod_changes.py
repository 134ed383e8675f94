"""Pods get what they need on the chosen cluster, and nothing else about them changes."""

from collections.abc import Callable
from typing import Any

import pytest

from krmfn.kinds.pods import (
    PodError,
    nodes_allowed,
    scheduling_demands,
)
from krmfn.placement_resolver.fleet import Cluster, Device, NodeGroup, Taint
from krmfn.placement_resolver.plan import DeviceGrant
from krmfn.sdk import yaml_load

Make = Callable[..., Any]

NETWORKS = "k8s.v1.cni.cncf.io/networks"
VF = Device("sriov-vf", "intel.com/east", 8, attachment="core/n3")
GPU = Device("gpu", "nvidia.com/gpu", 8)


def pod(spec: str, metadata: str = "{name: a}") -> dict[str, Any]:
    """Make a Pod, whose paths are the shortest."""
    head = {"apiVersion": "v1", "kind": "Pod"}
    return {**head, "metadata": yaml_load(metadata), "spec": yaml_load(spec)}


def containers(resources: str, more: str = "") -> str:
    return f"containers: [{{name: app, resources: {resources}{more}}}]"


CHANGES: dict[str, tuple[str, dict[str, Any], str]] = {
    "nothing-is-asked-for": (containers("{requests: {cpu: 1}}"), {}, ""),
    "labels-of-the-group": (
        "{containers: [], nodeSelector: {disk: ssd}}",
        {"node_labels": {"rt": "true", "disk": "ssd"}},
        "{containers: [], nodeSelector: {disk: ssd, rt: 'true'}}",
    ),
    "a-selector-of-the-author-stays": (
        "{containers: [], nodeSelector: {zone: a}}",
        {"node_labels": {"zone": "b"}},
        "",
    ),
    "taints-of-the-group": (
        "containers: []",
        {
            "taints": (
                Taint("rt", "true", "NoSchedule"),
                Taint("gpu", "", "NoExecute"),
                Taint("old", "", "PreferNoSchedule"),
            )
        },
        (
            "{containers: [], tolerations: ["
            "{key: rt, operator: Equal, value: 'true', effect: NoSchedule},"
            "{key: gpu, operator: Exists, effect: NoExecute}]}"
        ),
    ),
    "a-taint-that-is-borne": (
        "{containers: [], tolerations: [{key: rt, operator: Exists}]}",
        {"taints": (Taint("rt", "true", "NoSchedule"),)},
        "",
    ),
    "one-more-taint": (
        "{containers: [], tolerations: [{key: a, operator: Exists}]}",
        {"taints": (Taint("b", "", "NoSchedule"),) * 2},
        (
            "{containers: [], tolerations: [{key: a, operator: Exists},"
            "{key: b, operator: Exists, effect: NoSchedule}]}"
        ),
    ),
    "devices-for-the-first-container": (
        "containers: [{name: a}, {name: b}]",
        {"devices": (DeviceGrant(GPU, 2),)},
        (
            "containers: [{name: a, resources: "
            "{requests: {nvidia.com/gpu: '2'}, limits: {nvidia.com/gpu: '2'}}}, {name: b}]"
        ),
    ),
    "devices-for-a-named-container": (
        "containers: [{name: a}, {name: b}]",
        {"devices": (DeviceGrant(GPU, 2, "b"), DeviceGrant(GPU, 1, "b"))},
        (
            "containers: [{name: a}, {name: b, resources: "
            "{requests: {nvidia.com/gpu: '3'}, limits: {nvidia.com/gpu: '3'}}}]"
        ),
    ),
    "devices-that-are-asked-for": (
        containers("{limits: {nvidia.com/gpu: 1}, requests: {nvidia.com/gpu: 1}}"),
        {"devices": (DeviceGrant(GPU, 1),)},
        "",
    ),
    "devices-for-an-init-container": (
        "{initContainers: [{name: i}], containers: [{name: a}]}",
        {"devices": (DeviceGrant(GPU, 1, "i"),)},
        (
            "{initContainers: [{name: i, resources: "
            "{requests: {nvidia.com/gpu: '1'}, limits: {nvidia.com/gpu: '1'}}}],"
            "containers: [{name: a}]}"
        ),
    ),
    "requests-of-extended-resources-become-limits": (
        containers("{requests: {cpu: 1, a.b/c: 2}}"),
        {},
        containers("{requests: {cpu: 1, a.b/c: 2}, limits: {a.b/c: 2}}"),
    ),
    "limits-of-extended-resources-are-enough": (containers("{limits: {a.b/c: 2}}"), {}, ""),
    "extended-resources-that-differ": (
        containers("{requests: {a.b/c: 1}, limits: {a.b/c: 2}}"),
        {},
        containers("{requests: {a.b/c: 2}, limits: {a.b/c: 2}}"),
    ),
    "pinned-cpus": (
        containers("{requests: {cpu: 1500m, memory: 1Gi}}"),
        {"spec": "requirements: {cpuPinning: true}"},
        containers("{requests: {cpu: '2', memory: 1Gi}, limits: {cpu: '2', memory: 1Gi}}"),
    ),
    "hugepages-get-a-volume": (
        containers("{requests: {hugepages-1Gi: 2Gi}}"),
        {},
        containers(
            "{requests: {hugepages-1Gi: 2Gi}, limits: {hugepages-1Gi: 2Gi}}",
            ", volumeMounts: [{name: hugepages-1gi, mountPath: /dev/hugepages}]",
        )
        + "\nvolumes: [{name: hugepages-1gi, emptyDir: {medium: HugePages-1Gi}}]",
    ),
    "hugepages-of-two-sizes": (
        containers("{limits: {hugepages-1Gi: 2Gi, hugepages-2Mi: 4Mi}}"),
        {},
        containers(
            "{limits: {hugepages-1Gi: 2Gi, hugepages-2Mi: 4Mi}}",
            ", volumeMounts: [{name: hugepages-1gi, mountPath: /dev/hugepages-1Gi},"
            "{name: hugepages-2mi, mountPath: /dev/hugepages-2Mi}]",
        )
        + "\nvolumes: [{name: hugepages-1gi, emptyDir: {medium: HugePages-1Gi}},"
        "{name: hugepages-2mi, emptyDir: {medium: HugePages-2Mi}}]",
    ),
    "hugepages-that-have-a-volume": (
        containers("{limits: {hugepages-1Gi: 2Gi}}")
        + "\nvolumes: [{name: pages, emptyDir: {medium: HugePages}}]",
        {},
        "",
    ),
    "hugepages-from-the-host": (
        containers(
            "{limits: {hugepages-1Gi: 2Gi}}",
            ", volumeMounts: [{name: pages, mountPath: /dev/hugepages/}]",
        ),
        {},
        "",
    ),
    "no-hugepages-after-all": (containers("{limits: {hugepages-1Gi: 0}}"), {}, ""),
    "a-volume-of-that-name-is-something-else": (
        containers("{limits: {hugepages-2Mi: 2Mi}}")
        + "\nvolumes: [{name: hugepages-2mi, emptyDir: {}}]",
        {},
        containers(
            "{limits: {hugepages-2Mi: 2Mi}}",
            ", volumeMounts: [{name: hugepages-2mi-2, mountPath: /dev/hugepages}]",
        )
        + "\nvolumes: [{name: hugepages-2mi, emptyDir: {}},"
        "{name: hugepages-2mi-2, emptyDir: {medium: HugePages-2Mi}}]",
    ),
    "runtime-class": (
        "containers: []",
        {"spec": "runtimeClassName: performance"},
        "{containers: [], runtimeClassName: performance}",
    ),
}


@pytest.mark.parametrize(("before", "where", "after"), CHANGES.values(), ids=CHANGES.keys())
def test_pods_are_changed_where_they_must_be(
    changed: Make, before: str, where: dict[str, Any], after: str
) -> None:
    made, causes = changed(pod(before), **where)
    assert made == pod(after or before)
    assert bool(causes) == bool(after)


ANNOTATIONS = {
    "none": ("{name: a}", "core/n3, core/n3"),
    "another": (f"{{annotations: {{{NETWORKS}: mgmt@eth9}}}}", "mgmt@eth9, core/n3, core/n3"),
    "one-of-them": (f"{{annotations: {{{NETWORKS}: 'core/n3@n3'}}}}", "core/n3@n3, core/n3"),
    "one-of-the-own-namespace": (
        f"{{namespace: core, annotations: {{{NETWORKS}: n3}}}}",
        "n3, core/n3",
    ),
    "json-of-the-own-namespace": (
        f'{{namespace: core, annotations: {{{NETWORKS}: \'[{{"name": "n3"}}]\'}}}}',
        '[{"name": "n3"}, {"name": "n3", "namespace": "core"}]',
    ),
    "json": (
        f'{{annotations: {{{NETWORKS}: \'[{{"name": "n3", "namespace": "core"}}]\'}}}}',
        '[{"name": "n3", "namespace": "core"}, {"name": "n3", "namespace": "core"}]',
    ),
}


@pytest.mark.parametrize(("metadata", "expected"), ANNOTATIONS.values(), ids=ANNOTATIONS.keys())
def test_pods_are_attached_to_the_network_of_each_device(
    changed: Make, metadata: str, expected: str
) -> None:
    body = pod("containers: [{name: a}]", metadata)
    made, causes = changed(body, devices=(DeviceGrant(VF, 2),))
    assert made["metadata"]["annotations"][NETWORKS] == expected
    assert "networks of spec.requirements.devices" in causes.values()


def group(labels: dict[str, str], *taints: Taint, name: str = "g1") -> NodeGroup:
    """Make a node group."""
    return NodeGroup(name, count=1, available={}, labels=labels, taints=taints)


OWN = group({"zone": "a"}, name="g0")


@pytest.mark.parametrize(
    ("rivals", "expected"),
    [
        ([], []),
        ([group({"zone": "b"})], [{"key": "zone", "operator": "NotIn", "values": ["b"]}]),
        (
            [group({"zone": "a", "gpu": "yes"}), group({"zone": "a", "gpu": "no"})],
            [{"key": "gpu", "operator": "NotIn", "values": ["no", "yes"]}],
        ),
        ([group({})], [{"key": "zone", "operator": "Exists"}]),
        (
            [group({}), group({"zone": "a", "gpu": "yes"})],
            [
                {"key": "gpu", "operator": "NotIn", "values": ["yes"]},
                {"key": "zone", "operator": "Exists"},
            ],
        ),
        ([group({"zone": "a", "kubernetes.io/hostname": "w1"})], []),
        ([group({"gpu": "yes"}, Taint("gpu", "", "NoSchedule"))], []),
    ],
    ids=["none", "value", "two-of-a-label", "absent", "two-labels", "not-by-hostname", "tainted"],
)
def test_pods_keep_off_groups_that_a_selector_does_not_keep_out(
    changed: Make, rivals: list[NodeGroup], expected: list[Any]
) -> None:
    cluster = Cluster("waw", groups=(OWN, *rivals))
    made, _ = changed(pod("containers: []"), cluster=cluster, group="g0", rivals=tuple(rivals))
    terms = [{"matchExpressions": expected}] if expected else None
    affinity = made["spec"].get("affinity", {}).get("nodeAffinity", {})
    required = affinity.get("requiredDuringSchedulingIgnoredDuringExecution", {})
    assert required.get("nodeSelectorTerms") == terms


def test_what_keeps_off_a_group_holds_for_all_own_groups(changed: Make) -> None:
    own = (group({"zone": "a", "rack": "1"}, name="g0"), group({"zone": "b"}, name="g2"))
    rival = group({"zone": "a", "rack": "2"})
    cluster = Cluster("waw", groups=(*own, rival))
    made, _ = changed(pod("containers: []"), cluster=cluster, group="g0,g2", rivals=(rival,))
    demands = scheduling_demands(made["spec"])
    assert all(nodes_allowed(demands, each.labels) for each in own)
    assert not nodes_allowed(demands, rival.labels)


def test_every_term_of_an_affinity_keeps_off_other_groups(changed: Make) -> None:
    terms = "[{matchExpressions: [{key: zone, operator: Exists}]}, {matchFields: []}]"
    required = f"{{requiredDuringSchedulingIgnoredDuringExecution: {{nodeSelectorTerms: {terms}}}}}"
    spec = f"{{containers: [], affinity: {{podAffinity: {{}}, nodeAffinity: {required}}}}}"
    rival = group({"zone": "a", "gpu": "yes"})
    cluster = Cluster("waw", groups=(OWN, rival))
    made, _ = changed(pod(spec), cluster=cluster, group="g0", rivals=(rival,))
    off = {"key": "gpu", "operator": "NotIn", "values": ["yes"]}
    affinity = made["spec"]["affinity"]
    assert affinity["podAffinity"] == {}
    assert affinity["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"] == {
        "nodeSelectorTerms": [{"matchExpressions": [{"key": "zone", "operator": "Exists"}, off]}]
    }


WORKLOADS = {
    "Deployment": ("apps/v1", "replicas"),
    "StatefulSet": ("apps/v1", "replicas"),
    "ReplicaSet": ("apps/v1", "replicas"),
    "Job": ("batch/v1", "parallelism"),
    "DaemonSet": ("apps/v1", ""),
}


@pytest.mark.parametrize("kind", WORKLOADS)
@pytest.mark.parametrize("decided", [0, 1, 3, None])
def test_only_decided_replicas_are_written(changed: Make, kind: str, decided: int | None) -> None:
    version, name = WORKLOADS[kind]
    template: dict[str, Any] = {"template": {"spec": {"containers": []}}}
    body = {"apiVersion": version, "kind": kind, "metadata": {"name": "a"}, "spec": template}
    made, causes = changed(body, replicas=decided)
    is_written = bool(name) and decided not in (None, 1)
    assert made["spec"] == (template | {name: decided} if is_written else template)
    assert causes == ({f"spec.{name}": "spec.replicaScheduling"} if is_written else {})


def test_every_kind_of_workload_is_changed_below_its_template(changed: Make) -> None:
    spec = {"template": {"spec": {"containers": [{"name": "a"}]}}}
    body = {"apiVersion": "batch/v1", "kind": "CronJob", "spec": {"jobTemplate": {"spec": spec}}}
    made, causes = changed({**body, "metadata": {"name": "a"}}, node_labels={"rt": "true"})
    inner = made["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    assert inner == {"containers": [{"name": "a"}], "nodeSelector": {"rt": "true"}}
    assert causes == {
        "spec.jobTemplate.spec.template.spec.nodeSelector": "labels of the node group"
    }


def test_a_resource_without_pods_stays(changed: Make) -> None:
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"a": "b"}}
    assert changed(body, replicas=3, node_labels={"a": "b"}) == (body, {})


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (pod(containers("{requests: {cpu: x}}")), "spec.containers[0].resources.requests.cpu"),
        (pod("{containers: [], tolerations: 4}"), "spec.tolerations"),
        (pod("containers: []", "{annotations: [a]}"), "metadata.annotations"),
        (
            pod("containers: []", f"{{annotations: {{{NETWORKS}: '[1'}}}}"),
            f"metadata.annotations[{NETWORKS}]",
        ),
        (
            pod("containers: []", f"{{annotations: {{{NETWORKS}: '[1]'}}}}"),
            f"metadata.annotations[{NETWORKS}]",
        ),
    ],
)
def test_pods_of_the_wrong_form_are_located(
    changed: Make, body: dict[str, Any], field: str
) -> None:
    with pytest.raises(PodError) as raised:
        changed(body, taints=(Taint("a", "", "NoSchedule"),))
    assert raised.value.field == field
