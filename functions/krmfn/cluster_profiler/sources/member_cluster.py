"""Fleet's MemberCluster (cluster.kubernetes-fleet.io): properties, usage and taints."""

from collections.abc import Iterator, Mapping
from typing import Any

from krmfn.cluster_profiler.facts import ClusterView
from krmfn.cluster_profiler.reading import (
    amounts_at,
    instant_at,
    map_at,
    observed_at,
    taints_at,
    text_at,
)
from krmfn.cluster_profiler.sources.objects import Objects
from krmfn.cluster_profiler.sources.shared import condition
from krmfn.kinds.fleet import DOMAIN
from krmfn.kinds.inventory import Property
from krmfn.sdk import Result

_OUR_NAMES = {"kubernetes.azure.com/per-cpu-core-cost": f"cost.{DOMAIN}/cpu-hour"}
_NODE_COUNT = "kubernetes-fleet.io/node-count"


def read(objects: Objects) -> Iterator[ClusterView | Result]:
    """Read the MemberCluster of a cluster."""
    for resource in objects.of("cluster.kubernetes-fleet.io/MemberCluster"):
        allocatable, wrong = amounts_at(resource, "status.resourceUsage.allocatable")
        available, also_wrong = amounts_at(resource, "status.resourceUsage.available")
        taints, wrong_taints = taints_at(resource, "spec.taints")
        yield from (*wrong, *also_wrong, *wrong_taints)
        observation = instant_at(resource.body, "status.resourceUsage.observationTime")
        seen = observation or observed_at(resource)
        properties = _properties(map_at(resource.body, "status.properties"), seen)
        count = properties[_NODE_COUNT].value if _NODE_COUNT in properties else ""
        yield ClusterView(
            of=resource,
            labels=resource.labels,
            properties=properties,
            taints=taints,
            allocatable=allocatable or None,
            available=available or None,
            health=condition(resource, "Joined"),
            ready=int(count) if count.isdecimal() and len(count) < 10 else None,
            observed_at=seen,
        )


def _properties(given: Mapping[str, Any], seen: str) -> dict[str, Property]:
    """Read properties by the names they have, and by ours where we have one for the same."""
    properties: dict[str, Property] = {}
    for name, each in given.items():
        found = Property(text_at(each, "value"), instant_at(each, "observationTime") or seen)
        for key in filter(None, (str(name), _OUR_NAMES.get(str(name)))):
            properties[key] = found
    return properties
