"""PlacementDecisions: the chosen clusters, in the form that SIG Multicluster's consumers read."""

import json
from collections.abc import Iterator, Sequence

from krmfn.kinds.fleet import DOMAIN
from krmfn.kinds.inventory import (
    API_VERSION,
    DECISION_INDEX,
    DECISION_KEY,
    MOST_DECISIONS,
    PLACEMENT_DECISION,
    PLACEMENT_KEY,
)
from krmfn.placement_resolver.emit.naming import file_of, slug_of
from krmfn.placement_resolver.plan import Assignment, Decision
from krmfn.sdk import Generated, Place, Resource

SCHEDULER = "placement-resolver"
REPLICAS = f"{DOMAIN}/replicas"
"""The annotation of a slice that gives the decided replicas of its clusters, as JSON."""

_MOST_TERMS = 5


def decisions(decision: Decision, namespace: str) -> Iterator[Generated]:
    """Yield the slices of a decision; one without clusters where nothing was chosen."""
    chosen = sorted(decision.assignments, key=lambda each: each.cluster.name)
    for index in range(max(1, -(-len(chosen) // MOST_DECISIONS))):
        part = chosen[index * MOST_DECISIONS : (index + 1) * MOST_DECISIONS]
        yield _slice(decision, namespace, index, part)


def reason(assignment: Assignment) -> str:
    """Say why a cluster was chosen: ``Kept: score 71.2 (latency 40.0, ...); runner-up b 68.9``."""
    terms = sorted(assignment.terms.items(), key=lambda term: (-term[1], term[0]))
    shown = [f"{name} {points:.1f}" for name, points in terms[:_MOST_TERMS] if round(points, 1)]
    text = f"{_change(assignment)}: score {assignment.score:.1f}"
    if shown:
        text += f" ({', '.join(shown)})"
    if assignment.runner_up:
        text += f"; runner-up {assignment.runner_up} {assignment.score - assignment.margin:.1f}"
    return text


def _change(assignment: Assignment) -> str:
    if assignment.change != "moved":
        return assignment.change.capitalize()
    forced = ", forced" if assignment.forced else ""
    return f"Moved from {assignment.came_from}{forced}"


def _slice(
    decision: Decision, namespace: str, index: int, chosen: Sequence[Assignment]
) -> Generated:
    key = slug_of(decision.intent)
    replicas = {each.cluster.name: each.replicas for each in chosen if each.replicas is not None}
    resource = Resource.new(
        API_VERSION,
        PLACEMENT_DECISION,
        f"{key}-{index}",
        namespace=namespace,
        labels={DECISION_KEY: key, DECISION_INDEX: str(index), PLACEMENT_KEY: key},
        annotations={REPLICAS: json.dumps(replicas, ensure_ascii=False)} if replicas else None,
        place=Place(file_of(decision.intent, f"decision-{index}"), 0),
        schedulerName=SCHEDULER,
        decisions=[_chosen(each, namespace) for each in chosen],
    )
    return Generated(resource, by=decision.intent)


def _chosen(assignment: Assignment, namespace: str) -> dict[str, object]:
    cluster = assignment.cluster
    reference = {"name": cluster.name}
    if cluster.namespace and cluster.namespace != namespace:
        reference["namespace"] = cluster.namespace
    return {"clusterProfileRef": reference, "reason": reason(assignment)}
