"""PlacementReport and PlacementSummary: why, for people, and what the next run has to know."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from krmfn.placement_resolver.emit.naming import FOLDER, file_of
from krmfn.placement_resolver.emit.pods import Mutation
from krmfn.placement_resolver.intents.report import (
    MOST_EXAMPLES,
    ChangedField,
    Changes,
    GrantedDevices,
    Held,
    MinimalRelaxation,
    PlacedAssignment,
    PlacedPods,
    PlacementReport,
    PlacementReportStatus,
    PlacementSummary,
    PlacementSummaryStatus,
    RejectedClusters,
    Removal,
    Survival,
    UnknownFacts,
)
from krmfn.placement_resolver.plan import Assignment, Decision, Granted, Plan, PodPlan, Standing
from krmfn.sdk import Generated, Kind, Metadata, Place, Resource
from krmfn.sdk.messages import path_of
from krmfn.sdk.resource import LOCAL_CONFIG

SUMMARY = "placement"
_MOST_FIELDS = 50
_RANK = {"moved": 0, "new": 1, "kept": 2}

Mutations = Mapping[tuple[str, Mutation], int]
"""In how many clusters each field of each resource was changed."""


def report(decision: Decision, previous: Mapping[str, Standing], mutations: Mutations) -> Generated:
    """Give the report of an intent: its size is bounded by the number of chosen clusters."""
    metadata = decision.intent.metadata
    chosen = sorted(decision.assignments, key=lambda each: each.cluster.name)
    ranked = sorted(chosen, key=lambda each: _RANK[each.change])
    shown = {each.cluster.name for each in ranked[:MOST_EXAMPLES]}
    changes = Counter[str](each.change for each in chosen)
    fields = _changed_fields(mutations)
    status = PlacementReportStatus(
        verdict=_verdict(decision),
        message=decision.unplaced,
        wanted=decision.wanted,
        chosen=len(chosen),
        candidates=decision.candidates,
        affinity_group=decision.group,
        changes=Changes(**changes, removed=len(decision.removed)),
        assignments=tuple(
            _assignment(each, explained=each.cluster.name in shown) for each in chosen
        ),
        previous=tuple(_previous(chosen, previous)),
        removed=tuple(
            Removal(cluster=name, why=why)
            for name, why in sorted(decision.removed.items())[:MOST_EXAMPLES]
        ),
        rejected=_rejected(decision),
        minimal_relaxations=_relaxations(decision),
        survives=_survival(decision.survives),
        unknown_facts=_unknown(decision.unknown),
        changed_fields=tuple(fields[:_MOST_FIELDS]),
        more_changed_fields=max(0, len(fields) - _MOST_FIELDS),
    )
    made = PlacementReport(metadata=_local(metadata.name, metadata.namespace), status=status)
    return Generated(_resource(made, file_of(decision.intent, "report")), by=decision.intent)


def summary(plan: Plan, by: Any) -> Generated:
    """Give what holds for all placements together; `by` is who owns it."""
    status = PlacementSummaryStatus(
        intents=len(plan.decisions),
        placed=sum(_verdict(decision) == "Placed" for decision in plan.decisions),
        clusters=plan.clusters,
        objective=_rounded(plan.objective),
        bound=_rounded(plan.bound),
        gap=_rounded(plan.gap, 4),
        method=plan.method,
        as_of=plan.as_of,
        input_digest=plan.digest,
        moves=plan.moves,
        forced=plan.forced,
    )
    made = PlacementSummary(metadata=_local(SUMMARY), status=status)
    return Generated(_resource(made, f"{FOLDER}/summary.yaml"), by=by)


def _local(name: str, namespace: str = "") -> Metadata:
    return Metadata(name=name, namespace=namespace, annotations={LOCAL_CONFIG: "true"})


def _resource(made: Kind, path: str) -> Resource:
    return Resource.of(made.to_body(), place=Place(path, 0))


def _verdict(decision: Decision) -> Any:
    if not decision.unplaced and len(decision.assignments) >= (decision.wanted or 0):
        return "Placed"
    return "Partly" if decision.assignments else "Unplaced"


def _assignment(each: Assignment, *, explained: bool) -> PlacedAssignment:
    why: dict[str, Any] = {}
    if explained:
        terms = {name: _rounded(points) for name, points in sorted(each.terms.items())}
        why = {"score": _rounded(each.score), "terms": terms}
        if each.runner_up:
            why |= {"runner_up": each.runner_up, "margin": _rounded(each.margin)}
    return PlacedAssignment(
        cluster=each.cluster.name,
        change=each.change,
        since=each.since,
        came_from=each.came_from,
        replicas=each.replicas,
        pods=tuple(_pods(pods) for pods in each.pods if explained or pods.devices),
        forced=each.forced,
        **why,
    )


def _previous(chosen: Iterable[Assignment], previous: Mapping[str, Standing]) -> Iterable[Held]:
    """Give what stood before and cannot be told from what stands now (see `baseline`)."""
    kept = {
        each.cluster.name: Standing(each.since, each.came_from, each.replicas, each.granted)
        for each in chosen
        if each.change == "kept"
    }
    for name, held in sorted(previous.items()):
        if kept.get(name) != held:
            yield Held(
                cluster=name,
                since=held.since,
                came_from=held.came_from,
                replicas=held.replicas,
                pods=tuple(_granted(held.devices)),
            )


def _granted(devices: Iterable[Granted]) -> Iterator[PlacedPods]:
    """Yield devices by the resource whose pods have them."""
    by_resource: dict[str, list[GrantedDevices]] = {}
    for each in devices:
        granted = GrantedDevices(
            resource_name=each.resource_name, count=each.count, container=each.container
        )
        by_resource.setdefault(each.resource, []).append(granted)
    for name, found in by_resource.items():
        yield PlacedPods(resource=name, devices=tuple(found))


def _pods(pods: PodPlan) -> PlacedPods:
    return PlacedPods(
        resource=_name(pods.resource),
        replicas=pods.replicas,
        node_group=pods.group,
        devices=tuple(
            GrantedDevices(
                resource_name=grant.device.resource_name,
                count=grant.count,
                container=grant.container,
            )
            for grant in pods.devices
        ),
    )


def _name(resource: Resource) -> str:
    return f"{resource.kind} {resource.name}"


def _rejected(decision: Decision) -> tuple[RejectedClusters, ...]:
    return tuple(
        RejectedClusters(
            reason=each.reason,
            text=each.text,
            count=each.count,
            total=each.total,
            examples=each.examples[:MOST_EXAMPLES],
        )
        for each in decision.rejections
    )


def _relaxations(decision: Decision) -> tuple[MinimalRelaxation, ...]:
    return tuple(
        MinimalRelaxation(
            text=each.text, clusters=each.clusters, examples=each.examples[:MOST_EXAMPLES]
        )
        for each in decision.relaxations[:MOST_EXAMPLES]
    )


def _survival(survives: Mapping[str, bool]) -> Survival | None:
    if not survives:
        return None
    lost = sorted(name for name, absorbed in survives.items() if not absorbed)
    return Survival(
        losses=len(survives),
        absorbed=len(survives) - len(lost),
        not_absorbed=tuple(lost[:MOST_EXAMPLES]),
    )


def _unknown(facts: Sequence[str]) -> UnknownFacts | None:
    if not facts:
        return None
    return UnknownFacts(count=len(facts), examples=tuple(facts[:MOST_EXAMPLES]))


def _changed_fields(mutations: Mutations) -> list[ChangedField]:
    found = (
        ChangedField(
            resource=resource,
            field=path_of(mutation.field),
            cause=mutation.cause,
            clusters=clusters,
        )
        for (resource, mutation), clusters in mutations.items()
    )
    return sorted(found, key=lambda each: (each.resource, each.field, each.cause))


def _rounded(number: float, digits: int = 1) -> float:
    return round(number, digits) + 0.0
