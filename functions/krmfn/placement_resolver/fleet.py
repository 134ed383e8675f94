"""The clusters of a fleet as placement sees them: one frozen record a cluster."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from krmfn.kinds.inventory import Property

Amounts = Mapping[str, int]
"""Amounts by resource name, in the smallest unit: milli-CPUs, bytes, pieces."""

CAPACITY = "ClusterCapacity"
"""The name under which a whole ClusterCapacity counts as a stale fact."""


@dataclass(frozen=True, slots=True)
class Taint:
    """A taint of a node or a cluster; `added` is in seconds since 1970, None when not known."""

    key: str
    value: str
    effect: str
    added: float | None = None


@dataclass(frozen=True, slots=True)
class Device:
    """Devices of one kind on one node (see `krmfn.kinds.fleet.Device`)."""

    kind: str
    resource_name: str
    available: int
    allocatable: int = 0
    driver: str = ""
    vendor: str = ""
    model: str = ""
    speed_gbps: float = 0
    memory_mib: float = 0
    network: str = ""
    attachment: str = ""
    zone: str = ""


@dataclass(frozen=True, slots=True)
class Zone:
    """A NUMA zone of one node, with what is free in it and what it offers at all."""

    name: str
    available: Amounts
    allocatable: Amounts = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class NodeGroup:
    """Nodes that are alike; amounts are those of one node.

    Attributes:
        available: what is free; what they offer at all where `free_known` is false.
        single_zone: whether the kubelet refuses aligned pods that no single zone can take.
    """

    name: str
    count: int
    available: Amounts
    allocatable: Amounts = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    taints: tuple[Taint, ...] = ()
    features: frozenset[str] = frozenset()
    single_zone: bool = False
    zones: tuple[Zone, ...] = ()
    devices: tuple[Device, ...] = ()
    free_known: bool = True


@dataclass(frozen=True, slots=True)
class Capability:
    """A decided capability: `status` is ``True``, ``False`` or ``Unknown``, as text."""

    status: str
    node_groups: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Cluster:
    """A cluster.

    Attributes:
        labels, properties: those of its ClusterProfile.
        healthy: whether nothing says that its control plane is not healthy.
        capacity_known: whether a ClusterCapacity stands beside the profile.
        counted_until: the time up to which what runs is known to be taken from what is free, in
            seconds since 1970; None when nothing was taken, or nobody knows.
        stale: the facts that are too old to count, by name.
    """

    name: str
    namespace: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    properties: Mapping[str, Property] = field(default_factory=dict)
    taints: tuple[Taint, ...] = ()
    groups: tuple[NodeGroup, ...] = ()
    capabilities: Mapping[str, Capability] = field(default_factory=dict)
    version: str = ""
    healthy: bool = True
    capacity_known: bool = False
    counted_until: float | None = None
    stale: tuple[str, ...] = ()
