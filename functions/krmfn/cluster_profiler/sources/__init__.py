"""Where facts come from: one module a source, gathered in `SOURCES`.

A source is given the objects of one cluster and yields what they say about nodes and about the
cluster as a whole, with a result for what is wrong with them. The order is that of precedence:
where two sources differ, the first one holds.
"""

from collections.abc import Callable, Iterable

from krmfn.cluster_profiler.facts import ClusterView, NodeView
from krmfn.cluster_profiler.sources import (
    about,
    karmada,
    kubelet,
    member_cluster,
    metrics,
    nephio,
    nfd,
    node,
    ocm,
    ptp,
    sriov,
    topology,
    usage,
)
from krmfn.cluster_profiler.sources.objects import Objects
from krmfn.sdk import Result

Source = Callable[[Objects], Iterable[NodeView | ClusterView | Result]]

SOURCES: tuple[Source, ...] = (
    node.read,
    nfd.read,
    topology.read,
    kubelet.read,
    sriov.read,
    ptp.read,
    usage.read,
    about.read,
    nephio.read,
    ocm.read,
    karmada.read,
    member_cluster.read,
    metrics.read,
)

__all__ = ["SOURCES", "Objects", "Source"]
