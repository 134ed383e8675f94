"""What is known of clusters and nodes, as frozen values; amounts are exact and per node."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from krmfn.cluster_profiler.nfd import Features
from krmfn.kinds.inventory import Property
from krmfn.sdk import Resource
from krmfn.sdk.quantity import Exact

Amounts = Mapping[str, Exact]
"""Amounts by resource name: cores, bytes, pieces."""


class Taint(NamedTuple):
    """A taint of a node or of a cluster."""

    key: str
    value: str
    effect: str
    time_added: str = ""


@dataclass(frozen=True, slots=True)
class Zone:
    """A NUMA zone of a node; `available` is None when it is not known."""

    name: str
    allocatable: Amounts
    available: Amounts | None = None


@dataclass(frozen=True, slots=True)
class Pool:
    """What is behind a device resource; "" and 0 stand for what is not known.

    Attributes:
        resource: the name of the resource, a glob, or, for the operators that prefix it, the part
            behind its slash.
        kind: the class of the devices, such as ``sriov-vf``.
        rdma: whether the devices can do RDMA, None when it is not known.
    """

    resource: str
    kind: str = ""
    driver: str = ""
    vendor: str = ""
    model: str = ""
    speed_gbps: Exact = 0
    memory_mib: Exact = 0
    network: str = ""
    attachment: str = ""
    rdma: bool | None = None


@dataclass(frozen=True, slots=True)
class Device:
    """Devices of one kind in one zone of a node; `available` is None when it is not known."""

    pool: Pool
    allocatable: int
    available: int | None = None
    zone: str = ""


@dataclass(frozen=True, slots=True)
class NodeView:
    """What one object says about a node, or about the nodes that a selector chooses.

    Attributes:
        of: the object.
        node: the name of the node, "" where `selector` chooses the nodes.
        selector: labels that the nodes must have.
        offers: whether the node takes pods; only a Node says so.
        unreadable: resources whose amount is no quantity.
        requested: what its pods request; None where no pods were in sight.
        weak: features that count where nothing else tells.
    """

    of: Resource
    node: str = ""
    selector: Mapping[str, str] = field(default_factory=dict)
    offers: bool | None = None
    allocatable: Amounts | None = None
    unreadable: tuple[str, ...] = ()
    requested: Amounts | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    taints: tuple[Taint, ...] = ()
    features: Features | None = None
    weak: Features | None = None
    topology_policy: str = ""
    zones: tuple[Zone, ...] = ()
    pools: tuple[Pool, ...] = ()
    observed_at: str = ""

    def is_of(self, name: str, labels: Mapping[str, str]) -> bool:
        """Say whether it tells about the node of this name and these labels."""
        return self.node == name if self.node else self.selector.items() <= labels.items()


@dataclass(frozen=True, slots=True)
class Node:
    """A node, as all that is said about it makes it.

    Attributes:
        available: what is free; None when that is not known.
        unexplained: device resources of which nobody says what they are.
        unreadable: resources whose amount is no quantity, so that it is unknown.
    """

    name: str
    offers: bool
    allocatable: Amounts
    available: Amounts | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    taints: tuple[Taint, ...] = ()
    features: Features = field(default_factory=Features)
    topology_policy: str = ""
    zones: tuple[Zone, ...] = ()
    devices: tuple[Device, ...] = ()
    unexplained: tuple[str, ...] = ()
    unreadable: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Grade:
    """Nodes of which only a least free amount is known, as Karmada's resource models tell it."""

    name: str
    count: int
    available: Amounts


@dataclass(frozen=True, slots=True)
class Condition:
    """Whether the control plane of a cluster is healthy, as somebody says."""

    status: str
    reason: str
    message: str
    last_transition_time: str


@dataclass(frozen=True, slots=True)
class ClusterView:
    """What one object says about a cluster as a whole.

    Attributes:
        of: the object.
        allocatable, available: totals over its nodes, None where it does not say.
        ready: how many nodes are ready, None where it does not say.
    """

    of: Resource
    labels: Mapping[str, str] = field(default_factory=dict)
    properties: Mapping[str, Property] = field(default_factory=dict)
    taints: tuple[Taint, ...] = ()
    allocatable: Amounts | None = None
    available: Amounts | None = None
    grades: tuple[Grade, ...] = ()
    version: str = ""
    health: Condition | None = None
    ready: int | None = None
    observed_at: str = ""
