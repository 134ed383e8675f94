"""PlacementIntent: where an application wants to run."""

from typing import Annotated, Any, Literal

from pydantic import Field, field_validator

from krmfn.kinds.fields import INTENT_VERSION, Amount, Name, Quantity, Span
from krmfn.placement_resolver.intents.selectors import (
    ClusterSelectorTerm,
    LabelSelector,
    Preference,
)
from krmfn.sdk.model import CelRule, DnsName, Kind, Model, Pattern

Share = Annotated[int, Field(ge=0, le=1_000_000)]
CountryCode = Annotated[str, Pattern("^[A-Z]{2}$", "an ISO 3166 code of two capitals, as in PL")]


class AffinityGroup(Model):
    """A group of clusters; the first group that can take the workload is used."""

    name: Name = Field(description="Name of the group; decisions and reports name it.")
    cluster_selector_terms: tuple[ClusterSelectorTerm, ...] = Field(
        (), description="Its clusters: those that one of the terms selects; all when empty."
    )
    exclude: tuple[str, ...] = Field((), description="Clusters that are not of the group.")


class CapabilityRequirement(Model):
    """A capability that CapabilityRules decide, required or wished."""

    name: Name = Field(description="The capability, such as `dpdk`.")
    support_mandatory: bool = Field(
        True, description="Whether a cluster without it is no candidate."
    )
    weight: Share = Field(10, description="What it counts where it is not mandatory.")
    workload: str | None = Field(
        None,
        description="Name of the workload whose pods need it on their nodes; all selected ones "
        "when absent.",
    )


class DeviceRequirement(Model):
    """Devices for every pod, by what they are; every cluster has its own name for them."""

    class_: str = Field(min_length=1, description="What they are, such as `sriov-vf` or `gpu`.")
    instead_of: str | None = Field(
        None,
        description="A resource name that pod templates ask for, and that this replaces, as "
        "`intel.com/sriov_n3` of a chart that knows one site only.",
    )
    count: int = Field(1, ge=1, le=1_000, description="How many a pod gets.")
    network: str | None = Field(None, description="The network they must lead to, such as `n3`.")
    min_speed_gbps: Amount | None = Field(None, description="Least speed of the link, in Gbit/s.")
    drivers: tuple[str, ...] = Field((), description="Drivers that will do; any when empty.")
    vendors: tuple[str, ...] = Field((), description="Vendors that will do; any when empty.")
    models: tuple[str, ...] = Field((), description="Models that will do; any when empty.")
    min_memory_mib: Amount | None = Field(
        None, alias="minMemoryMiB", description="Least memory of one device, in MiB."
    )
    workload: str | None = Field(
        None, description="Name of the workload whose pods get them; all selected ones when absent."
    )
    container: str | None = Field(
        None, description="The container that gets them; the first one when absent."
    )


class UserShare(Model):
    """Users of one area."""

    area: Name = Field(description="The area, as in a ClusterTopology.")
    users: Annotated[int, Field(ge=0)] = Field(1, description="How many users come from there.")


class LatencyRequirement(Model):
    """How near the cluster must be to its users."""

    max_milliseconds: Amount = Field(description="Longest round-trip time from every area.")
    from_: tuple[UserShare, ...] = Field(min_length=1, description="The areas and their users.")


class Residency(Model):
    """The countries that data may be in."""

    country_codes: tuple[CountryCode, ...] = Field(min_length=1, description="The countries.")


class PodRequest(Model):
    """What one pod asks for, where the package holds no pod template."""

    name: Name = Field("pod", description="Name of the pod's workload, for the report.")
    replicas: Annotated[int, Field(ge=0, le=1_000_000)] = Field(1, description="How many pods.")
    requests: dict[str, Amount] = Field({}, description="What each asks for.")
    node_selector: dict[str, str] = Field({}, description="Labels that its node must have.")


class Requirements(Model):
    """What a cluster must offer."""

    capabilities: tuple[CapabilityRequirement, ...] = Field((), description="Capabilities.")
    resources: Literal["FromPackage", "None"] | tuple[PodRequest, ...] = Field(
        "FromPackage",
        description="What the pods ask for: as the package's own pod templates say, nothing, or "
        "as listed here.",
    )
    numa_alignment: Literal["Auto", "Required", "Never"] = Field(
        "Auto",
        description="Whether a pod must fit into one NUMA zone: `Auto` where the kubelet's policy "
        "enforces it.",
    )
    devices: tuple[DeviceRequirement, ...] = Field((), description="Devices for the pods.")
    cpu_pinning: bool = Field(
        False,
        description="Whether the pods get CPUs of their own: whole CPUs, requests equal to limits.",
    )
    latency: LatencyRequirement | None = Field(None, description="Nearness to users.")
    residency: Residency | None = Field(None, description="Countries.")


class TopologySpreadConstraint(Model):
    """How evenly the chosen clusters are spread."""

    topology_key: str = Field(min_length=1, description="Label or property that names the domain.")
    max_skew: Annotated[int, Field(ge=1)] = Field(1, description="Greatest difference in number.")
    when_unsatisfiable: Literal["DoNotSchedule", "ScheduleAnyway"] = Field(
        "DoNotSchedule", description="Whether the constraint is a demand or a wish."
    )
    min_groups: Annotated[int, Field(ge=0)] = Field(
        0, description="Least number of domains, as Karmada's `minGroups`."
    )
    max_groups: Annotated[int, Field(ge=0)] = Field(
        0, description="Greatest number of domains; 0 is no limit."
    )


class WorkloadGroup(Model):
    """Intents that have the same value of a label."""

    group_by_label_key: str = Field(
        min_length=1, description="The label of the PlacementIntents whose value tells the group."
    )


_NO_VALUE = CelRule(
    "self.operator != 'Exists' || self.value == ''",
    "must be absent with `operator: Exists`",
    lambda self: self.operator != "Exists" or not self.value,
    field="value",
)
_EVERY_KEY = CelRule(
    "self.key != '' || self.operator == 'Exists'",
    "must be `Exists` where no key is given",
    lambda self: bool(self.key) or self.operator == "Exists",
    field="operator",
)


class Toleration(Model):
    """A taint of a cluster that the workload bears."""

    cel_rules = (_NO_VALUE, _EVERY_KEY)

    key: str = Field("", description="The taint's key; every key when empty.")
    operator: Literal["Exists", "Equal"] = Field("Equal", description="How the value is compared.")
    value: str = Field("", description="The taint's value.")
    effect: Literal[
        "",
        "NoSchedule",
        "PreferNoSchedule",
        "NoExecute",
        "NoSelect",
        "PreferNoSelect",
        "NoSelectIfNew",
    ] = Field("", description="The taint's effect; every effect when empty.")
    toleration_seconds: Annotated[int, Field(ge=0)] | None = Field(
        None, description="How long after `timeAdded` it is borne; for ever when absent."
    )


class StaticWeight(Model):
    """The weight of some clusters in dividing replicas."""

    target_clusters: ClusterSelectorTerm = Field(description="The clusters.")
    weight: Share = Field(description="Their weight.")


class WeightPreference(Model):
    """By what weights replicas are divided."""

    static_weight_list: tuple[StaticWeight, ...] = Field(
        (), description="Weights that people chose; a cluster in several entries has the greatest."
    )
    dynamic_weight: Literal["AvailableReplicas"] | None = Field(
        None, description="Weigh clusters by how many more replicas fit."
    )


class ReplicaScheduling(Model):
    """How many replicas each chosen cluster gets."""

    replica_scheduling_type: Literal["Duplicated", "Divided"] = Field(
        "Duplicated", description="All replicas in every cluster, or divided among them."
    )
    replica_division_preference: Literal["Aggregated", "Weighted"] = Field(
        "Weighted", description="Into as few clusters as can be, or by weight."
    )
    weight_preference: WeightPreference = Field(
        WeightPreference(), description="The weights; all clusters alike when nothing is said."
    )


class Objective(Model):
    """A thing to be good at."""

    name: Literal["latency", "loadBalance", "cost", "carbon", "binPacking"] = Field(
        description="What to be good at."
    )
    weight: Share = Field(description="How much it counts beside the others.")
    limit: Quantity | None = Field(
        None, description="The value that scores nothing; a fixed scale when absent."
    )


class Disruption(Model):
    """When a workload that runs may be moved."""

    stickiness: Literal["LeastMoves", "None"] = Field(
        "LeastMoves", description="Keep what is placed, or decide afresh every time."
    )
    min_improvement_percent: Annotated[int, Field(ge=0, le=1_000)] = Field(
        10, description="By how much a new place must be better."
    )
    min_dwell: Span = Field("30m", description="How long it stays after a move, unless forced.")
    failback: Literal["Never", "WhenBetter", "Manual"] = Field(
        "Manual", description="Whether it returns when a lost cluster is back."
    )


_FIXED = CelRule(
    "(self.placementType == 'PickFixed') == (size(self.clusterNames) > 0)",
    "must name clusters with `placementType: PickFixed`, and only then",
    lambda spec: (spec.placement_type == "PickFixed") == bool(spec.cluster_names),
    field="clusterNames",
)
_NUMBER = CelRule(
    "self.placementType == 'PickN' ? has(self.numberOfClusters) : !has(self.numberOfClusters)",
    "must be given with `placementType: PickN`, and only then",
    lambda spec: (spec.placement_type == "PickN") == (spec.number_of_clusters is not None),
    field="numberOfClusters",
)


class ResourceSelector(Model):
    """Resources of the package."""

    api_version: str | None = Field(None, description="The `apiVersion`.")
    kind: str | None = Field(None, description="The `kind`.")
    name: str | None = Field(None, description="The name.")
    namespace: str | None = Field(None, description="The namespace.")
    label_selector: LabelSelector | None = Field(None, description="Demands on its labels.")
    path: str | None = Field(
        None, description="The folder of the package that it stands in, or below."
    )


class PatchOperation(Model):
    """One operation of a JSON patch (RFC 6902)."""

    op: Literal["add", "remove", "replace", "move", "copy", "test"] = Field(
        description="What to do."
    )
    path: str = Field(description="JSON pointer to the place.")
    from_: str | None = Field(None, description="JSON pointer to the source of `move` and `copy`.")
    value: Any = Field(None, description="The value of `add`, `replace` and `test`.")


class Override(Model):
    """What is different in some clusters."""

    clusters: ClusterSelectorTerm | None = Field(
        None, description="The clusters; every chosen one when absent."
    )
    target: ResourceSelector | None = Field(
        None, description="The resources; every placed one when absent."
    )
    patch: tuple[PatchOperation, ...] = Field(
        min_length=1, description="The JSON patch that is applied to their copies."
    )


class PlacementIntentSpec(Model):
    """What to place, where it may go, and what is best."""

    cel_rules = (_FIXED, _NUMBER)

    resource_selectors: tuple[ResourceSelector, ...] = Field(
        (),
        description="The resources to place: those that one of these selects; when empty, all of "
        "the intent's own package that belong to no other intent.",
    )
    shares_resources: bool = Field(
        False,
        description="Whether other intents that say so too may place the same resources, each on "
        "clusters of its own.",
    )
    placement_type: Literal["PickAll", "PickFixed", "PickN"] = Field(
        "PickAll", description="All clusters that fit, those named, or a number of them."
    )
    number_of_clusters: Annotated[int, Field(ge=0, le=100_000)] | None = Field(
        None, description="How many clusters, with `PickN`."
    )
    cluster_names: tuple[str, ...] = Field((), description="The clusters, with `PickFixed`.")
    cluster_selector_terms: tuple[ClusterSelectorTerm, ...] = Field(
        (), description="Candidates: clusters that one of the terms selects; all when empty."
    )
    exclude: tuple[str, ...] = Field((), description="Clusters that are never candidates.")
    cluster_affinities: tuple[AffinityGroup, ...] = Field(
        (), description="Groups of candidates in order; the first one that fits is used."
    )
    requirements: Requirements = Field(Requirements(), description="What a cluster must offer.")
    preferences: tuple[Preference, ...] = Field((), description="What is wished.")
    topology_spread_constraints: tuple[TopologySpreadConstraint, ...] = Field(
        (), description="How the chosen clusters are spread."
    )
    workload_affinity: WorkloadGroup | None = Field(
        None, description="Intents of the group go to the same clusters."
    )
    workload_anti_affinity: WorkloadGroup | None = Field(
        None, description="Intents of the group go to different clusters."
    )
    tolerations: tuple[Toleration, ...] = Field((), description="Taints of clusters to bear.")
    replica_scheduling: ReplicaScheduling = Field(
        ReplicaScheduling(), description="How many replicas each cluster gets."
    )
    runtime_class_name: DnsName | None = Field(
        None, description="The pods' `runtimeClassName` in the chosen clusters."
    )
    overrides: tuple[Override, ...] = Field(
        (), description="What is different in some of the chosen clusters, in order."
    )
    objectives: tuple[Objective, ...] = Field(
        (), description="What the best place is; the policy's when empty."
    )
    disruption: Disruption | None = Field(
        None, description="When a workload may be moved; the policy's when absent."
    )
    priority: Annotated[int, Field(ge=-1_000_000, le=1_000_000)] = Field(
        0, description="Higher ones are placed first, and push out lower ones."
    )
    survive: Annotated[int, Field(ge=0, le=3)] | None = Field(
        None, description="How many lost clusters must be absorbed; the policy's when absent."
    )

    @field_validator("cluster_names")
    @classmethod
    def _are_different(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(names)) < len(names):
            raise ValueError("must name every cluster once")
        return names


class PlacementIntent(Kind, api_version=INTENT_VERSION):
    """Where an application wants to run."""

    spec: PlacementIntentSpec = Field(description="What to place, and where.")
