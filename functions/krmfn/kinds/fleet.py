"""What is known about the clusters of a fleet, beyond what a ClusterProfile can say.

A ClusterProfile (`multicluster.x-k8s.io`) holds flat strings. Whether a pod fits is decided per
node and per NUMA zone, so these kinds stand beside it.
"""

from typing import Literal

from pydantic import Field

from krmfn.kinds.fields import INTENT_VERSION, Amount, Instant, Name, Span
from krmfn.sdk import Resource
from krmfn.sdk.model import Kind, Model
from krmfn.sdk.ownership import owner_of

DOMAIN = "krmfn.dev"
"""The domain of our properties on a ClusterProfile, as in ``allocatable.krmfn.dev/cpu``."""

CLUSTER = f"{DOMAIN}/cluster"
"""The annotation that says which cluster an object was read from."""

OBSERVED_AT = f"{DOMAIN}/observed-at"
"""The annotation that says when an object was read from its cluster."""

COLLECTED = "collect-"
"""How the owner's stamp begins on what `krmfn collect` read from a cluster."""


def is_made(resource: Resource) -> bool:
    """Say whether a function made a resource, so that it is no observation of a cluster."""
    owner = owner_of(resource)
    return bool(owner) and not owner.startswith(COLLECTED)


Effect = Literal[
    "NoSchedule", "PreferNoSchedule", "NoExecute", "NoSelect", "PreferNoSelect", "NoSelectIfNew"
]
Verdict = Literal["True", "False", "Unknown"]
TopologyPolicy = Literal["none", "best-effort", "restricted", "single-numa-node"]


class Taint(Model):
    """A taint, of a node or of a cluster as a whole."""

    key: str = Field(min_length=1, description="The taint's key.")
    value: str = Field("", description="The taint's value.")
    effect: Effect = Field(description="What it keeps away: Kubernetes' effects, or OCM's.")
    time_added: Instant | None = Field(None, description="When the taint was added.")


class NumaZone(Model):
    """A NUMA zone of one node."""

    name: Name = Field(description="Name of the zone, such as `node-0`.")
    allocatable: dict[str, Amount] = Field({}, description="What the zone offers to pods.")
    available: dict[str, Amount] | None = Field(
        None, description="What of it is free; unknown when absent."
    )


class Device(Model):
    """Devices of one kind on one node, behind one resource name."""

    class_: str = Field(
        min_length=1, description="What they are, such as `sriov-vf`, `gpu` or `fpga`."
    )
    resource_name: str = Field(min_length=1, description="The name under which pods ask for them.")
    driver: str | None = Field(None, description="The driver they are bound to.")
    vendor: str | None = Field(None, description="PCI vendor, or the maker's name.")
    model: str | None = Field(None, description="The model.")
    speed_gbps: Amount | None = Field(None, description="Speed of the link, in Gbit/s.")
    memory_mib: Amount | None = Field(
        None, alias="memoryMiB", description="Memory of one device, in MiB."
    )
    network: str | None = Field(None, description="The network they lead to, such as `n3`.")
    attachment: str | None = Field(
        None, description="NetworkAttachmentDefinition that hands them out, as `namespace/name`."
    )
    zone: str | None = Field(None, description="The NUMA zone they sit in.")
    allocatable: int = Field(ge=0, description="How many one node offers.")
    available: int | None = Field(
        None, ge=0, description="How many of them are free; unknown when absent."
    )


class NodeGroup(Model):
    """Ready, schedulable nodes that are alike; amounts are those of one node."""

    name: Name = Field(description="Name of the group.")
    count: int = Field(ge=0, description="How many nodes there are.")
    allocatable: dict[str, Amount] = Field({}, description="What one node offers to pods.")
    available: dict[str, Amount] | None = Field(
        None, description="What is free on each of the nodes; unknown when absent."
    )
    labels: dict[str, str] = Field({}, description="Labels that all its nodes have.")
    taints: tuple[Taint, ...] = Field((), description="Taints of its nodes.")
    features: tuple[str, ...] = Field(
        (), description="NFD's flags in short form, such as `cpu.AVX512F`."
    )
    topology_policy: TopologyPolicy | None = Field(
        None, description="The kubelet's topology manager policy; unknown when absent."
    )
    zones: tuple[NumaZone, ...] = Field((), description="NUMA zones of one node.")
    devices: tuple[Device, ...] = Field((), description="Devices of one node.")


class Capability(Model):
    """A capability of a cluster, as its CapabilityRules decide it."""

    name: Name = Field(description="The capability, such as `dpdk`.")
    status: Verdict = Field(description="Whether the cluster has it.")
    node_groups: tuple[str, ...] = Field((), description="The node groups that have it.")
    evidence: tuple[str, ...] = Field((), description="What shows it, or shows the contrary.")
    missing: tuple[str, ...] = Field((), description="Evidence that is needed and not there.")


class ClusterCapacitySpec(Model):
    """Nodes, devices and capabilities of a cluster."""

    observed_at: Instant | None = Field(
        None, description="When the oldest of the facts was observed."
    )
    taints: tuple[Taint, ...] = Field((), description="Taints of the cluster as a whole.")
    node_groups: tuple[NodeGroup, ...] = Field((), description="Its nodes, alike ones together.")
    capabilities: tuple[Capability, ...] = Field((), description="What its nodes can do.")


class ClusterCapacity(Kind, api_version=INTENT_VERSION):
    """What a cluster has; named like its ClusterProfile."""

    spec: ClusterCapacitySpec = Field(description="Nodes, devices and capabilities.")


class Area(Model):
    """A place that users come from, such as a city, a cell or a tracking area."""

    name: Name = Field(description="Name of the area.")
    region: str | None = Field(None, description="The region it belongs to.")


class Link(Model):
    """A path between two areas or clusters."""

    from_: Name = Field(description="The area or cluster at one end.")
    to: Name = Field(description="The area or cluster at the other end.")
    latency_ms: Amount = Field(description="Round-trip time, in milliseconds.")
    bandwidth_mbps: Amount | None = Field(None, description="Bandwidth, in Mbit/s.")
    one_way: bool = Field(False, description="Whether it holds in this direction only.")


class ClusterTopologySpec(Model):
    """Areas, and how far the clusters are from them."""

    areas: tuple[Area, ...] = Field((), description="The areas.")
    links: tuple[Link, ...] = Field((), description="The paths.")


class ClusterTopology(Kind, api_version=INTENT_VERSION):
    """How far clusters are from users and from each other."""

    spec: ClusterTopologySpec = Field(description="Areas and paths.")


class Sample(Model):
    """One value of a metric."""

    labels: dict[str, str] = Field({}, description="The labels of the series.")
    value: str = Field(
        min_length=1, description="The number as text; `NaN` and `+Inf` count as unknown."
    )


class Metric(Model):
    """The answer to one query."""

    name: Name = Field(description="Name of the metric.")
    query: str = Field("", description="The query, in PromQL.")
    window: Span | None = Field(None, description="The span of time that the query looks at.")
    unit: str = Field("", description="The unit, such as `ratio` or `ms`.")
    observed_at: Instant = Field(description="When the values were observed.")
    valid_until: Instant | None = Field(
        None, description="When they stop to count; a value that has expired is unknown."
    )
    property: str = Field(
        "",
        description="The ClusterProfile property that the values become; `{label}` stands for a "
        "label of the series, as in `latency.krmfn.dev/{source}`.",
    )
    cluster_label: str = Field("cluster", description="The label that names the cluster.")
    samples: tuple[Sample, ...] = Field((), description="The values, one a series.")


class MetricsSnapshotSpec(Model):
    """Metrics as they were at one time."""

    source: str = Field("", description="Where they were asked for; for people.")
    metrics: tuple[Metric, ...] = Field((), description="The metrics.")


class MetricsSnapshot(Kind, api_version=INTENT_VERSION):
    """Metrics of the fleet, asked for outside of the render and committed with it."""

    spec: MetricsSnapshotSpec = Field(description="The metrics.")
