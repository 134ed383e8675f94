"""What the clusters of a fleet have and can do, from what tools export of them."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from krmfn.sdk import Generated, Package, Result, function

if TYPE_CHECKING:
    from krmfn.cluster_profiler.intents import ClusterProfiler


@function(
    "cluster-profiler",
    config="ClusterProfiler",
    reads=(
        "intent.krmfn.dev/CapabilityRule",
        "intent.krmfn.dev/MetricsSnapshot",
        "intent.krmfn.dev/NodeUsage",
    ),
    facts=(
        "Node",
        "nfd.k8s-sigs.io/NodeFeature",
        "topology.node.k8s.io/NodeResourceTopology",
        "sriovnetwork.openshift.io/SriovNetworkNodeState",
        "ptp.openshift.io/NodePtpDevice",
        "cluster.open-cluster-management.io/ManagedCluster",
        "cluster.open-cluster-management.io/AddOnPlacementScore",
        "cluster.karmada.io/Cluster",
        "cluster.kubernetes-fleet.io/MemberCluster",
        "infra.nephio.org/WorkloadCluster",
    ),
)
def cluster_profiler(config: "ClusterProfiler", package: Package) -> Iterable[Generated | Result]:
    """Write a ClusterProfile and a ClusterCapacity for every cluster that the package tells of."""
    from krmfn.cluster_profiler.emit import emit
    from krmfn.cluster_profiler.resolve import resolve

    profiles, said = resolve(config, package)
    yield from said
    for profile in profiles:
        yield from emit(profile)
