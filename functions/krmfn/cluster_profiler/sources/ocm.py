"""Open Cluster Management: ManagedCluster and AddOnPlacementScore."""

from collections.abc import Iterator

from krmfn.cluster_profiler.facts import ClusterView
from krmfn.cluster_profiler.reading import (
    amounts_at,
    count_at,
    instant_at,
    map_at,
    maps_at,
    observed_at,
    taints_at,
    text_at,
)
from krmfn.cluster_profiler.sources.objects import Objects
from krmfn.cluster_profiler.sources.shared import REGION, condition
from krmfn.kinds.fleet import DOMAIN
from krmfn.kinds.inventory import Property
from krmfn.sdk import Resource, Result, info
from krmfn.sdk.times import parse_instant

_GROUP = "cluster.open-cluster-management.io"
_LABELS_OF_CLAIMS = {"region.open-cluster-management.io": REGION}


def read(objects: Objects) -> Iterator[ClusterView | Result]:
    """Read the ManagedCluster of a cluster and the scores that add-ons give it."""
    for resource in objects.of(f"{_GROUP}/ManagedCluster"):
        allocatable, wrong = amounts_at(resource, "status.allocatable")
        taints, wrong_taints = taints_at(resource, "spec.taints")
        yield from (*wrong, *wrong_taints)
        seen = observed_at(resource)
        claims = {
            text_at(claim, "name"): text_at(claim, "value")
            for claim in maps_at(resource.body, "status.clusterClaims")
        }
        yield ClusterView(
            of=resource,
            labels={
                label: claims[claim]
                for claim, label in _LABELS_OF_CLAIMS.items()
                if claim in claims
            }
            | resource.labels,
            properties={name: Property(value, seen) for name, value in claims.items() if name},
            taints=taints,
            allocatable=allocatable if map_at(resource.body, "status.allocatable") else None,
            version=text_at(resource.body, "status.version.kubernetes"),
            health=condition(resource, "ManagedClusterConditionAvailable"),
            observed_at=seen,
        )
    for resource in objects.of(f"{_GROUP}/AddOnPlacementScore"):
        yield from _scores(resource, objects.as_of)


def _scores(resource: Resource, as_of: float) -> Iterator[ClusterView | Result]:
    """Read scores; those that have expired are unknown."""
    valid_until = instant_at(resource.body, "status.validUntil")
    if valid_until and parse_instant(valid_until) < as_of:
        yield info(
            f"expired at {valid_until}, so its scores are unknown",
            code="fact-unknown",
            at=resource,
            field="status.validUntil",
        )
        return
    seen = observed_at(resource)
    properties = {}
    for score in maps_at(resource.body, "status.scores"):
        name, value = text_at(score, "name"), count_at(score, "value")
        if name and value is not None:
            properties[f"score.{DOMAIN}/{resource.name}.{name}"] = Property(str(value), seen)
    yield ClusterView(of=resource, properties=properties, observed_at=seen)
