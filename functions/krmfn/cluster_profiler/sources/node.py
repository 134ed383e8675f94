"""Kubernetes' Node: what it offers, its labels and taints, and the name of its kernel."""

import re
from collections.abc import Iterator, Mapping

from krmfn.cluster_profiler.facts import NodeView
from krmfn.cluster_profiler.nfd import Features, Inferred, features_of_labels
from krmfn.cluster_profiler.reading import (
    instant_at,
    map_at,
    maps_at,
    observed_at,
    read_amounts,
    taints_at,
    text_at,
    texts_at,
    value_at,
)
from krmfn.cluster_profiler.sources.objects import Objects
from krmfn.sdk import Resource, Result, warning

_REAL_TIME = re.compile(r"(?:[-+._]|^)(?:rt[0-9]*|realtime)(?:[-+._]|$)")


def read(objects: Objects) -> Iterator[NodeView | Result]:
    """Read the Nodes of a cluster."""
    for resource in objects.of("Node"):
        if not resource.name:
            yield warning(
                "must have a name; the node is passed over",
                code="node-unnamed",
                at=resource,
                field="metadata.name",
            )
            continue
        given = map_at(resource.body, "status.allocatable")
        allocatable, wrong = read_amounts(given, resource, "status.allocatable")
        taints, wrong_taints = taints_at(resource, "spec.taints")
        yield from (*wrong, *wrong_taints)
        ready = _ready(resource)
        if not given:
            yield warning(
                "must say what it offers in `status.allocatable`; it counts as offering nothing",
                code="node-incomplete",
                at=resource,
                field="status.allocatable",
            )
        labels = texts_at(resource.body, "metadata.labels")
        yield NodeView(
            of=resource,
            node=resource.name,
            offers=ready in ("True", "")
            and value_at(resource.body, "spec.unschedulable") is not True,
            allocatable=allocatable,
            unreadable=tuple(sorted(given.keys() - allocatable.keys())),
            labels=labels,
            taints=tuple(taint._replace(time_added="") for taint in taints),
            weak=features_of_labels(labels).merged(_kernel(resource)),
            observed_at=observed_at(resource) or _heartbeat(resource),
        )


def _ready(resource: Resource) -> str:
    """Give the status of the condition Ready, "" where there is none."""
    conditions = maps_at(resource.body, "status.conditions")
    return next((text_at(each, "status") for each in conditions if each.get("type") == "Ready"), "")


def _heartbeat(resource: Resource) -> str:
    conditions = maps_at(resource.body, "status.conditions")
    beats = [instant_at(each, "lastHeartbeatTime") for each in conditions]
    return max(beats, default="")


def _kernel(resource: Resource) -> Features:
    """Read from the kernel's name its version, and that it is a real-time kernel.

    A name that does not say so says nothing: since Linux 6.12 any kernel may have PREEMPT_RT.
    """
    name = text_at(resource.body, "status.nodeInfo.kernelVersion")
    sets: dict[str, Mapping[str, str]] = {"kernel.version": {"full": name}} if name else {}
    if _REAL_TIME.search(name):
        sets["kernel.config"] = {"PREEMPT_RT": Inferred("y", f'kernel name "{name}"')}
    return Features(attributes=sets, partial=frozenset(sets))
