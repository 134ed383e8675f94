"""What an operator's configuration makes of nodes: PerformanceProfile and KubeletConfig.

They tell what nodes are meant to be, so what a node itself shows holds against them.
"""

from collections.abc import Iterator, Mapping

from krmfn.cluster_profiler.facts import NodeView
from krmfn.cluster_profiler.nfd import Features, Inferred
from krmfn.cluster_profiler.reading import map_at, observed_at, text_at, texts_at, value_at
from krmfn.cluster_profiler.sources.objects import Objects
from krmfn.cluster_profiler.sources.topology import POLICIES
from krmfn.sdk import Resource

_ROLE = "node-role.kubernetes.io/"
_POOL_ROLES = (
    "machineconfiguration.openshift.io/role",
    "pools.operator.machineconfiguration.openshift.io/",
)


def read(objects: Objects) -> Iterator[NodeView]:
    """Read the PerformanceProfiles and KubeletConfigs of a cluster."""
    for resource in objects.of("performance.openshift.io/PerformanceProfile"):
        if selector := texts_at(resource.body, "spec.nodeSelector"):
            yield _performance(resource, selector)
    for resource in objects.of("machineconfiguration.openshift.io/KubeletConfig"):
        if selector := _nodes_of_pool(resource):
            yield _kubelet(resource, selector)


def _performance(resource: Resource, selector: dict[str, str]) -> NodeView:
    """Read a PerformanceProfile, whose operator sets the kubelet up for pinned CPUs.

    Its default topology policy is `best-effort`, as in the operator. A real-time kernel that it
    asks for shows in the kernel's name once nodes run it.
    """
    isolated = text_at(resource.body, "spec.cpu.isolated")
    policy = text_at(resource.body, "spec.numa.topologyPolicy") or "best-effort"
    sets: dict[str, Mapping[str, str]] = {
        "performance.profile": {"isolated": isolated, "name": resource.name}
    }
    if isolated:
        sets["kubelet.config"] = {"cpuManagerPolicy": "static", "topologyManagerPolicy": policy}
    if value_at(resource.body, "spec.realTimeKernel.enabled") is False:
        fact = f'PerformanceProfile "{resource.name}" realTimeKernel.enabled false'
        sets["kernel.config"] = {"PREEMPT_RT": Inferred("n", fact)}
    return NodeView(
        of=resource,
        selector=selector,
        weak=Features(attributes=sets, partial=frozenset({"kernel.config", "kubelet.config"})),
        topology_policy=policy if isolated and policy in POLICIES else "",
        observed_at=observed_at(resource),
    )


def _kubelet(resource: Resource, selector: dict[str, str]) -> NodeView:
    given = map_at(resource.body, "spec.kubeletConfig")
    texts = {str(key): text_at(given, str(key)) for key in given if text_at(given, str(key))}
    policy = texts.get("topologyManagerPolicy", "")
    return NodeView(
        of=resource,
        selector=selector,
        weak=Features(attributes={"kubelet.config": texts}, partial=frozenset({"kubelet.config"})),
        topology_policy=policy if policy in POLICIES else "",
        observed_at=observed_at(resource),
    )


def _nodes_of_pool(resource: Resource) -> dict[str, str]:
    """Give the labels of the nodes of the selected pool, which is named after their role."""
    labels = texts_at(resource.body, "spec.machineConfigPoolSelector.matchLabels")
    exact, prefix = _POOL_ROLES
    roles = [labels[exact]] if exact in labels else []
    roles += [key.removeprefix(prefix) for key in labels if key.startswith(prefix)]
    return {f"{_ROLE}{role}": "" for role in roles}
