"""Nephio's WorkloadCluster: the name of a cluster, its labels, and its network interfaces."""

from collections.abc import Iterator

from krmfn.cluster_profiler.facts import ClusterView
from krmfn.cluster_profiler.reading import observed_at, text_at, value_at
from krmfn.cluster_profiler.sources.objects import Objects
from krmfn.kinds.fleet import DOMAIN
from krmfn.kinds.inventory import Property

CNIS = f"cnis.{DOMAIN}"
"""The domain of the properties that tell the network plugins of a cluster."""


def read(objects: Objects) -> Iterator[ClusterView]:
    """Read the WorkloadClusters of a cluster."""
    for resource in objects.of("infra.nephio.org/WorkloadCluster"):
        seen = observed_at(resource)
        cnis = value_at(resource.body, "spec.cnis")
        names = (
            [each for each in cnis if each and isinstance(each, str)]
            if isinstance(cnis, list)
            else []
        )
        properties = {f"{CNIS}/{name}": Property("true", seen) for name in names}
        if interface := text_at(resource.body, "spec.masterInterface"):
            properties[f"network.{DOMAIN}/master-interface"] = Property(interface, seen)
        yield ClusterView(
            of=resource, labels=resource.labels, properties=properties, observed_at=seen
        )
