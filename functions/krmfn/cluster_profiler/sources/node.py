"""Kubernetes' Node: what it offers, its labels and taints, and the name of its kernel."""

import re
from collections.abc import Iterator

from krmfn.cluster_profiler.facts import NodeView
from krmfn.cluster_profiler.nfd import Features, features_of_labels
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
_OTHER_FLAVOURS = re.compile(
    r"-(?:generic|lowlatency|kvm|azure|aws|gcp|oracle|gke|default|linuxkit|cloud-amd64|amd64|arm64)"
    r"$|\.(?:el|fc|amzn)[0-9][^.]*\.(?:x86_64|aarch64|ppc64le|s390x)$"
)


def read(objects: Objects) -> Iterator[NodeView | Result]:
    """Read the Nodes of a cluster."""
    for resource in objects.of("Node"):
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
    """Read from the kernel's name its version, and whether it is a real-time kernel.

    Distributions name their real-time kernels; a name of no known flavour says nothing.
    """
    name = text_at(resource.body, "status.nodeInfo.kernelVersion")
    sets = {"kernel.version": {"full": name}} if name else {}
    if _REAL_TIME.search(name):
        sets["kernel.config"] = {"PREEMPT_RT": "y"}
    elif _OTHER_FLAVOURS.search(name):
        sets["kernel.config"] = {"PREEMPT_RT": "n"}
    return Features(attributes=sets, partial=frozenset(sets))
