"""PlacementPolicy: how a fleet's workloads are placed together."""

from typing import Annotated, Literal

from pydantic import Field

from krmfn.kinds.fields import INTENT_VERSION, Instant, Name, Percent, Span
from krmfn.placement_resolver.intents.intent import Disruption, Objective, Share
from krmfn.placement_resolver.intents.selectors import Preference
from krmfn.sdk.model import Kind, Model


class Solver(Model):
    """How far the search for the best placement goes."""

    name: Literal["Auto", "Greedy", "HiGHS"] = Field(
        "Auto",
        description="`Auto` takes HiGHS where it is installed and greedy is not proven best.",
    )
    relative_gap: Annotated[float, Field(ge=0, le=1)] = Field(
        0.01, description="How near to the proven bound is near enough."
    )
    node_limit: Annotated[int, Field(ge=1, le=10_000_000)] = Field(
        10_000,
        description="Most nodes of the branch-and-bound tree; a number, so that every "
        "machine gives the same answer.",
    )
    candidates: Annotated[int, Field(ge=1, le=1_000)] = Field(
        20, description="How many of its best clusters each workload is considered on."
    )


class Survive(Model):
    """Losses that the fleet must bear."""

    cluster_losses: Annotated[int, Field(ge=0, le=3)] = Field(
        0, description="How many clusters may be lost at once."
    )
    when_violated: Literal["Warn", "Fail"] = Field(
        "Warn", description="Whether the render fails when the loss cannot be borne."
    )


class RegoPolicy(Model):
    """Rego that filters and scores clusters: `data.placement.decision`."""

    config_map: Name = Field(
        description="ConfigMap whose `.rego` keys are modules, and whose `.json` and `.yaml` keys "
        "are put together as `data`."
    )
    namespace: str | None = Field(None, description="Its namespace, where a name is not enough.")
    weight: Share = Field(20, description="What its scores, from 0 to 100, count.")


class PlacementPolicySpec(Model):
    """What holds for all placements of the package."""

    solver: Solver = Field(Solver(), description="The search.")
    objectives: tuple[Objective, ...] = Field(
        (
            Objective(name="latency", weight=50),
            Objective(name="loadBalance", weight=25),
            Objective(name="cost", weight=15),
            Objective(name="carbon", weight=10),
        ),
        description="What the best place is, where an intent says nothing.",
    )
    disruption: Disruption = Field(Disruption(), description="When workloads may be moved.")
    survive: Survive = Field(Survive(), description="Losses that must be borne.")
    when_unplaced: Literal["Fail", "Warn"] = Field(
        "Fail", description="Whether the render fails when a workload gets too few clusters."
    )
    headroom: dict[str, Percent] = Field(
        {}, description="Share of each resource that stays free, as `cpu: 15%`."
    )
    max_fact_age: Span | None = Field(
        None, description="Age at which facts no longer count; they never expire when absent."
    )
    as_of: Instant | None = Field(
        None, description="The time of the render; the newest observation when absent."
    )
    cel_requirements: tuple[str, ...] = Field(
        (), description="CEL over `cluster` and `workload` that must be true for every placement."
    )
    preferences: tuple[Preference, ...] = Field(
        (), description="What is wished of every placement."
    )
    rego: RegoPolicy | None = Field(None, description="Rego that filters and scores.")


class PlacementPolicy(Kind, api_version=INTENT_VERSION):
    """How the workloads of a fleet are placed together; one a package."""

    spec: PlacementPolicySpec = Field(PlacementPolicySpec(), description="The policy.")
