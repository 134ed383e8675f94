"""Clusters and workloads as CEL and Rego see them: plain values."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from krmfn.placement_resolver.amounts import spelled
from krmfn.placement_resolver.demand import Workload
from krmfn.placement_resolver.fleet import Cluster
from krmfn.placement_resolver.reading import AVAILABLE
from krmfn.sdk.resource import is_internal


def cluster_value(cluster: Cluster) -> dict[str, Any]:
    """Give a cluster.

    ``allocatable`` and ``available`` are quantities, summed over all nodes; what is not known to
    be free is not in ``available``. ``capabilities`` are True, False or Unknown, as text.
    """
    return {
        "name": cluster.name,
        "namespace": cluster.namespace,
        "labels": dict(cluster.labels),
        "properties": {name: known.value for name, known in cluster.properties.items()},
        "capabilities": {name: known.status for name, known in cluster.capabilities.items()},
        "taints": [
            {"key": taint.key, "value": taint.value, "effect": taint.effect}
            for taint in cluster.taints
        ],
        "allocatable": _sum((group.count, group.allocatable) for group in cluster.groups),
        "available": _available(cluster),
        "version": cluster.version,
        "healthy": cluster.healthy,
    }


def workload_value(workload: Workload) -> dict[str, Any]:
    """Give a workload: its intent's head, and what all of its pods ask for together."""
    metadata = workload.intent.metadata
    annotations = metadata.annotations.items()
    return {
        "name": metadata.name,
        "namespace": metadata.namespace,
        "labels": dict(metadata.labels),
        "annotations": {key: text for key, text in annotations if not is_internal(key)},
        "priority": workload.intent.spec.priority,
        "replicas": sum(pod.replicas for pod in workload.pods),
        "requests": _sum((pod.replicas, pod.requests) for pod in workload.pods),
    }


def _available(cluster: Cluster) -> dict[str, str]:
    if not all(group.free_known for group in cluster.groups):
        return {}
    whole = _sum((group.count, group.available) for group in cluster.groups)
    if cluster.capacity_known:
        return whole
    return {
        name: text for name, text in whole.items() if f"{AVAILABLE}{name}" in cluster.properties
    }


def _sum(amounts: Iterable[tuple[int, Mapping[str, int]]]) -> dict[str, str]:
    total: Counter[str] = Counter()
    for times, each in amounts:
        for name, amount in each.items():
            total[name] += times * amount
    return {name: spelled(name, total[name]) for name in sorted(total)}
