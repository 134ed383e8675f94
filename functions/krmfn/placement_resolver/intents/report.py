"""What placement-resolver tells people: a report for each intent, and a summary of the fleet."""

from typing import Literal

from pydantic import Field

from krmfn.kinds.fields import INTENT_VERSION
from krmfn.sdk.model import Kind, Model

Change = Literal["kept", "moved", "new"]
MOST_EXAMPLES = 5
"""How many examples stand beside a count."""


class GrantedDevices(Model):
    """Devices of one kind for each pod."""

    resource_name: str = Field(description="The name that they have on the cluster.")
    count: int = Field(description="How many a pod gets.")
    container: str = Field("", description="The container that gets them; the first when empty.")


class PlacedPods(Model):
    """Where the pods of a resource run in a cluster."""

    resource: str = Field(description="The resource that runs them.")
    replicas: int | None = Field(None, description="How many run here, where it was decided.")
    node_group: str = Field("", description="The nodes that take them; any when empty.")
    devices: tuple[GrantedDevices, ...] = Field((), description="Their devices.")


class Held(Model):
    """A cluster that an intent holds, or held before."""

    cluster: str = Field(description="The cluster.")
    since: str = Field("", description="When it came there, where that is known.")
    came_from: str = Field("", description="The cluster that it left for this one.")
    replicas: int | None = Field(None, description="How many pods it has.")
    pods: tuple[PlacedPods, ...] = Field(
        (), description="Where in the cluster the pods run; all that have devices, at least."
    )


class PlacedAssignment(Held):
    """A chosen cluster; the first ones with why it was chosen."""

    change: Change = Field(description="What is different from before.")
    forced: bool = Field(False, description="Whether it could not stay where it was.")
    score: float | None = Field(None, description="From 0 to 100; the sum of the terms.")
    terms: dict[str, float] = Field({}, description="What makes up the score.")
    runner_up: str = Field("", description="The best cluster that was not chosen.")
    margin: float | None = Field(None, description="By how much the runner-up is worse.")


class Changes(Model):
    """How many clusters are as before, and how many are not."""

    kept: int = Field(0, description="Chosen as before.")
    moved: int = Field(0, description="Chosen instead of another one.")
    new: int = Field(0, description="Chosen in addition.")
    removed: int = Field(0, description="Chosen before, and no longer.")


class Removal(Model):
    """A cluster that was left."""

    cluster: str = Field(description="The cluster.")
    why: str = Field("", description="Why it was left.")


class RejectedClusters(Model):
    """Clusters that were no candidates for one reason."""

    reason: str = Field(description="Name of the filter.")
    text: str = Field(description="What must be, and is not.")
    count: int = Field(description="How many clusters failed here first.")
    total: int = Field(description="How many clusters fail here at all.")
    examples: tuple[str, ...] = Field((), description="Some of them, with what was found there.")


class MinimalRelaxation(Model):
    """A smallest change of the intent that lets clusters fit."""

    text: str = Field(description="The change.")
    clusters: int = Field(description="How many clusters would fit.")
    examples: tuple[str, ...] = Field((), description="Some of them.")


class Survival(Model):
    """Whether the loss of clusters is absorbed."""

    losses: int = Field(description="How many losses were tried.")
    absorbed: int = Field(description="How many of them are absorbed.")
    not_absorbed: tuple[str, ...] = Field((), description="Some of those that are not.")


class UnknownFacts(Model):
    """Facts that were needed and are not known."""

    count: int = Field(description="How many.")
    examples: tuple[str, ...] = Field((), description="Some of them.")


class ChangedField(Model):
    """A field of a resource that is different in its copies."""

    resource: str = Field(description="The resource.")
    field: str = Field(description="The field.")
    cause: str = Field(description="What it was changed for.")
    clusters: int = Field(description="In how many clusters.")


class PlacementReportStatus(Model):
    """What was decided for an intent, and why."""

    verdict: Literal["Placed", "Partly", "Unplaced"] = Field(
        description="Whether it got the clusters that it wants."
    )
    message: str = Field("", description="Why it did not.")
    wanted: int | None = Field(None, description="How many clusters; all that fit when absent.")
    chosen: int = Field(0, description="How many clusters it got.")
    candidates: int = Field(0, description="How many clusters fit.")
    affinity_group: str = Field("", description="The group of clusters that was used.")
    changes: Changes = Field(Changes(), description="What is different from before, in numbers.")
    assignments: tuple[PlacedAssignment, ...] = Field(
        (), description="The chosen clusters; at most five of them with scores."
    )
    previous: tuple[Held, ...] = Field(
        (), description="What the previous decision said, where it is not the same."
    )
    removed: tuple[Removal, ...] = Field((), description="Some clusters that were left, and why.")
    rejected: tuple[RejectedClusters, ...] = Field((), description="Why clusters do not fit.")
    minimal_relaxations: tuple[MinimalRelaxation, ...] = Field(
        (), description="Smallest changes of the intent that let clusters fit."
    )
    survives: Survival | None = Field(None, description="Losses of clusters that it runs on.")
    unknown_facts: UnknownFacts | None = Field(
        None, description="What had to be known, and is not."
    )
    changed_fields: tuple[ChangedField, ...] = Field(
        (), description="How the copies of its resources differ from the package's."
    )
    more_changed_fields: int = Field(0, description="How many changed fields are not listed.")


class PlacementReport(Kind, api_version=INTENT_VERSION):
    """Why an intent is placed where it is; named like it."""

    status: PlacementReportStatus = Field(description="What was decided.")


class PlacementSummaryStatus(Model):
    """What holds for all placements together."""

    intents: int = Field(description="How many intents were placed together.")
    placed: int = Field(description="How many of them got the clusters that they want.")
    clusters: int = Field(description="How many clusters the fleet has.")
    objective: float = Field(description="The sum of all scores.")
    bound: float = Field(description="The most that the sum could be.")
    gap: float = Field(description="Their relative distance; 0 is proven best.")
    method: str = Field(description="How the placement was found.")
    as_of: str = Field("", description="The time that facts were held against.")
    input_digest: str = Field(description="Digest of all that was decided upon.")
    moves: int = Field(0, description="How many placed workloads were moved.")
    forced: int = Field(0, description="How many of them could not stay.")


class PlacementSummary(Kind, api_version=INTENT_VERSION):
    """How good the placements are together, and how far that is proven."""

    status: PlacementSummaryStatus = Field(description="What was reached.")


class PlacementTargetSpec(Model):
    """A cluster that an intent was placed on, for templates."""

    cluster: str = Field(description="The cluster.")
    cluster_namespace: str = Field("", description="Namespace of its ClusterProfile.")
    placement: str = Field(description="The intent.")
    labels: dict[str, str] = Field({}, description="Labels of the cluster.")
    replicas: int | None = Field(None, description="How many replicas it gets, where divided.")


class PlacementTarget(Kind, api_version=INTENT_VERSION):
    """A chosen cluster in a file of its own, which Argo CD's git generator reads."""

    spec: PlacementTargetSpec = Field(description="The cluster.")
