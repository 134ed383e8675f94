"""Karmada's Cluster: place, taints, sums of resources, and grades of nodes."""

from collections.abc import Iterator, Mapping
from typing import Any

from krmfn.cluster_profiler.facts import ClusterView, Grade
from krmfn.cluster_profiler.reading import (
    amounts_at,
    count_at,
    less,
    map_at,
    maps_at,
    observed_at,
    read_amounts,
    taints_at,
    text_at,
    total,
    value_at,
)
from krmfn.cluster_profiler.sources.objects import Objects
from krmfn.cluster_profiler.sources.shared import PROVIDER, REGION, ZONE, condition
from krmfn.kinds.fleet import DOMAIN
from krmfn.kinds.inventory import Property
from krmfn.sdk import Resource, Result

_SUMMARY = "status.resourceSummary"


def read(objects: Objects) -> Iterator[ClusterView | Result]:
    """Read the Cluster object of a cluster."""
    for resource in objects.of("cluster.karmada.io/Cluster"):
        allocatable, wrong = amounts_at(resource, f"{_SUMMARY}.allocatable")
        allocated, also_wrong = amounts_at(resource, f"{_SUMMARY}.allocated")
        allocating, still_wrong = amounts_at(resource, f"{_SUMMARY}.allocating")
        taints, wrong_taints = taints_at(resource, "spec.taints")
        yield from (*wrong, *also_wrong, *still_wrong, *wrong_taints)
        grades, wrong_grades = _grades(resource)
        yield from wrong_grades
        seen = observed_at(resource)
        zones = _zones(resource)
        labels = {
            REGION: text_at(resource.body, "spec.region"),
            PROVIDER: text_at(resource.body, "spec.provider"),
            ZONE: zones[0] if len(zones) == 1 else "",
        }
        yield ClusterView(
            of=resource,
            labels={key: text for key, text in labels.items() if text} | resource.labels,
            properties={f"zone.topology.{DOMAIN}/{zone}": Property("true", seen) for zone in zones},
            taints=taints,
            allocatable=allocatable or None,
            available=less(allocatable, total([allocated, allocating])) if allocatable else None,
            grades=grades,
            version=text_at(resource.body, "status.kubernetesVersion"),
            health=condition(resource, "Ready"),
            ready=count_at(resource.body, "status.nodeSummary.readyNum"),
            observed_at=seen,
        )


def _zones(resource: Resource) -> list[str]:
    listed = value_at(resource.body, "spec.zones")
    zones = (
        [zone for zone in listed if zone and isinstance(zone, str)]
        if isinstance(listed, list)
        else []
    )
    return zones or list(filter(None, [text_at(resource.body, "spec.zone")]))


def _grades(resource: Resource) -> tuple[tuple[Grade, ...], list[Result]]:
    """Read how many nodes have at least how much free, by the grades of `spec.resourceModels`."""
    least, problems = {}, []
    for number, model in enumerate(maps_at(resource.body, "spec.resourceModels")):
        given: Mapping[str, Any] = {
            text_at(each, "name"): each.get("min", 0) for each in maps_at(model, "ranges")
        }
        path = f"spec.resourceModels[{number}].ranges"
        least[text_at(model, "grade")], wrong = read_amounts(given, resource, path)
        problems += wrong
    listed = maps_at(map_at(resource.body, _SUMMARY), "allocatableModelings")
    counts = {text_at(each, "grade"): count_at(each, "count") for each in listed}
    grades = tuple(
        Grade(f"grade-{grade}", count, least[grade])
        for grade, count in sorted(counts.items())
        if grade in least and count and count > 0
    )
    return grades, problems
