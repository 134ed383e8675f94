"""What pods need on the cluster that was chosen for them, as changes of plain values."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from krmfn.kinds.pods import (
    PodError,
    PodTemplate,
    effective_requests,
    mapping,
    pod_template,
)
from krmfn.placement_resolver.emit.differences import Path, differences, put
from krmfn.placement_resolver.emit.pods.hugepages import with_hugepages
from krmfn.placement_resolver.emit.pods.networks import NETWORKS, in_json, with_networks
from krmfn.placement_resolver.emit.pods.nodes import (
    with_node_affinity,
    with_node_labels,
    with_runtime_class,
    with_tolerations,
)
from krmfn.placement_resolver.emit.pods.resources import (
    with_devices,
    with_equal_amounts,
    with_own_cpus,
)
from krmfn.placement_resolver.emit.pods.template import Change, Target, Template
from krmfn.sdk.messages import path_of

__all__ = ["CHANGES", "Mutation", "Target", "with_pods_changed"]

CHANGES: tuple[tuple[str, Change], ...] = (
    ("labels of the node group", with_node_labels),
    ("taints of the node group", with_tolerations),
    ("labels of the other node groups", with_node_affinity),
    ("spec.requirements.devices", with_devices),
    ("Kubernetes does not overcommit it", with_equal_amounts),
    ("spec.requirements.cpuPinning", with_own_cpus),
    ("hugepages are used through a volume", with_hugepages),
    ("networks of spec.requirements.devices", with_networks),
    ("spec.runtimeClassName", with_runtime_class),
)
"""All changes of a pod template, each with what it is for."""


@dataclass(frozen=True, slots=True)
class Mutation:
    """A field that was changed, as its path, and what for."""

    field: Path
    cause: str


def with_pods_changed(
    body: Mapping[str, Any], target: Target
) -> tuple[Mapping[str, Any], list[Mutation]]:
    """Give a resource with pods that run on the target, and what was changed.

    Raises:
        PodError: the pods are not of the form that Kubernetes wants, or cannot be pinned.
    """
    found = pod_template(body)
    if found is None:
        return body, []
    path = found.path[:-1]
    template = _at(body, path)
    _check_networks(template, found)
    try:
        template, mutations = _changed(template, target, path)
    except PodError as problem:
        raise PodError(str(problem), found.field(problem.field)) from None
    if mutations:
        body = put(body, path, template) if path else template
    decided = target.plan.replicas
    if found.replicas_path and decided not in (None, found.replicas):
        mutations.append(Mutation(found.replicas_path, "spec.replicaScheduling"))
        body = put(body, found.replicas_path, decided)
    return body, mutations


def _changed(template: Template, target: Target, path: Path) -> tuple[Template, list[Mutation]]:
    effective_requests(template["spec"])  # all amounts can be read from here on
    mutations: list[Mutation] = []
    for cause, change in CHANGES:
        changed = change(template, target)
        mutations += [Mutation(field, cause) for field in differences(template, changed, path)]
        template = changed
    return template, mutations


def _check_networks(template: Template, found: PodTemplate) -> None:
    holder = ".".join(found.metadata_path)
    metadata = mapping(template, "metadata", holder.removesuffix("metadata"))
    annotations = mapping(metadata, "annotations", f"{holder}.")
    try:
        in_json(str(annotations.get(NETWORKS) or ""))
    except ValueError as problem:
        field = path_of((*found.metadata_path, "annotations", NETWORKS))
        raise PodError(str(problem), field) from None


def _at(body: Mapping[str, Any], path: Path) -> Template:
    held: Any = body
    for key in path:
        held = held[key]
    return dict(held)
