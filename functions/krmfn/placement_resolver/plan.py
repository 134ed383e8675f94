"""The plan: everything that was decided, ready to be written down."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from krmfn.placement_resolver.fleet import Cluster, Device, NodeGroup, Taint
from krmfn.placement_resolver.intents import PlacementIntent, PlacementPolicy
from krmfn.sdk import Resource

Change = Literal["kept", "moved", "new"]


@dataclass(frozen=True, slots=True)
class Granted:
    """Devices that each pod of a resource has, by their local name.

    Attributes:
        resource: kind and name of the resource.
    """

    resource: str
    resource_name: str
    count: int
    container: str = ""


@dataclass(frozen=True, slots=True)
class Standing:
    """What was decided before: a workload on a cluster.

    Attributes:
        since: when it came there, "" when that is not known.
        came_from: the cluster that it left for this one, "" when there was none.
        replicas: how many pods it has there.
        devices: what they were granted.
    """

    since: str = ""
    came_from: str = ""
    replicas: int | None = None
    devices: tuple[Granted, ...] = ()


@dataclass(frozen=True, slots=True)
class DeviceGrant:
    """Devices that each pod of a workload gets on one cluster, under that cluster's name."""

    device: Device
    count: int
    container: str = ""


@dataclass(frozen=True, slots=True)
class PodPlan:
    """How the pods of one resource run on one cluster.

    Attributes:
        resource: the resource of the package that holds the pod template.
        replicas: how many pods this cluster gets; None leaves the template's number.
        group: the node group that takes them, or several with commas; "" when any node will do.
        node_labels: labels that tell the group's nodes from the cluster's others.
        rivals: groups that the scheduler would use as well, and that `node_labels` keep not out.
        taints: taints of the group that the pods must tolerate.
    """

    resource: Resource
    replicas: int | None = None
    group: str = ""
    node_labels: Mapping[str, str] = field(default_factory=dict)
    rivals: tuple[NodeGroup, ...] = ()
    taints: tuple[Taint, ...] = ()
    devices: tuple[DeviceGrant, ...] = ()


@dataclass(frozen=True, slots=True)
class Patch:
    """A JSON patch of the intent, for the copies on one cluster.

    Attributes:
        field: the override of the intent, as in ``spec.overrides[0]``.
        operations: what to do, in the words of RFC 6902.
        resources: those of the placed resources that it is for.
    """

    field: str
    operations: tuple[Mapping[str, Any], ...]
    resources: tuple[Resource, ...]


@dataclass(frozen=True, slots=True)
class Assignment:
    """A workload on one cluster.

    Attributes:
        score: from 0 to 100, the sum of `terms`.
        came_from: the cluster that it left, when it was moved; "" otherwise.
        since: when it came to this cluster.
        forced: whether the move could not be avoided.
        runner_up: the best cluster that was not chosen, and by how much it is worse.
        patches: what the intent overrides on this cluster, in order.
    """

    cluster: Cluster
    change: Change
    score: float
    terms: Mapping[str, float] = field(default_factory=dict)
    replicas: int | None = None
    came_from: str = ""
    since: str = ""
    forced: bool = False
    runner_up: str = ""
    margin: float = 0.0
    pods: tuple[PodPlan, ...] = ()

    @property
    def granted(self) -> tuple[Granted, ...]:
        """The devices of all its pods."""
        return tuple(
            Granted(
                f"{pods.resource.kind} {pods.resource.name}",
                grant.device.resource_name,
                grant.count,
                grant.container,
            )
            for pods in self.pods
            for grant in pods.devices
        )

    patches: tuple[Patch, ...] = ()


@dataclass(frozen=True, slots=True)
class Rejection:
    """A reason for which clusters were no candidates.

    Attributes:
        reason: stable name of the filter.
        text: what must be and is not, in words.
        count: how many clusters failed here first; `total` counts those that fail here at all.
        examples: some of the clusters, at most five, each with what was found there.
    """

    reason: str
    text: str
    count: int
    total: int
    examples: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Relaxation:
    """A smallest change of the intent that would let clusters fit."""

    text: str
    clusters: int
    examples: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided for one intent.

    Attributes:
        resources: the resources of the package that are placed.
        group: the affinity group that was used, "" when the intent has none.
        wanted: how many clusters it asked for; None for all that fit.
        removed: clusters it was on and is no longer, with why, by name.
        survives: for every lost cluster that it runs on, whether the loss is absorbed.
        unknown: facts that were needed and are not known, as text.
    """

    intent: PlacementIntent
    resources: tuple[Resource, ...] = ()
    assignments: tuple[Assignment, ...] = ()
    group: str = ""
    wanted: int | None = None
    candidates: int = 0
    removed: Mapping[str, str] = field(default_factory=dict)
    rejections: tuple[Rejection, ...] = ()
    relaxations: tuple[Relaxation, ...] = ()
    unplaced: str = ""
    survives: Mapping[str, bool] = field(default_factory=dict)
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """All decisions, and what is proven of them together.

    Attributes:
        objective, bound: sum of the scores, and the most that any placement could reach.
        gap: their relative distance; 0 is proven best.
        digest: of everything that was decided upon, but the previous decision.
        moves, forced: how many placed workloads were moved, and how many had to.
        baseline: the decisions that stood before, by intent and cluster.
        namespace: that of the ClusterProfiles, "" when they have none.
        policy: the policy that held, None when the package has none.
    """

    decisions: tuple[Decision, ...]
    clusters: int = 0
    objective: float = 0.0
    bound: float = 0.0
    gap: float = 0.0
    method: str = "greedy"
    as_of: str = ""
    digest: str = ""
    moves: int = 0
    forced: int = 0
    baseline: Mapping[str, Mapping[str, Standing]] = field(default_factory=dict)
    namespace: str = ""
    policy: PlacementPolicy | None = None
