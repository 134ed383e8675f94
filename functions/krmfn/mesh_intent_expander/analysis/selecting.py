"""Objects that each hold for the pods they select, of which every pod is to have one."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple

from krmfn.mesh_intent_expander.analysis.annotations import REDIRECTION
from krmfn.mesh_intent_expander.analysis.finding import Code, Finding
from krmfn.mesh_intent_expander.analysis.injection import (
    AMBIENT,
    DATAPLANE,
    ENABLED,
    INJECTION,
    REVISION,
)
from krmfn.mesh_intent_expander.analysis.pods import pods
from krmfn.mesh_intent_expander.analysis.reading import quoted
from krmfn.mesh_intent_expander.view import ClusterView, Workload, namespace_of, selects
from krmfn.sdk import Resource


class Selected(NamedTuple):
    """A pod, and the objects of its namespace that select it."""

    pod: Workload
    by: list[Resource]


def selected_pods(
    view: ClusterView,
    resources: Iterable[Resource],
    selector: Callable[[Resource], Mapping[str, str]],
) -> list[Selected]:
    """Give the pods that objects of their own namespace select by at least one label."""
    selectors: dict[str, list[tuple[Resource, Mapping[str, str]]]] = {}
    for resource in resources:
        if labels := selector(resource):
            selectors.setdefault(namespace_of(resource), []).append((resource, labels))
    found = []
    for pod in pods(view):
        own = selectors.get(pod.namespace, ())
        if by := [each for each, labels in own if selects(labels, pod.labels)]:
            found.append(Selected(pod, by))
    return found


def same_pods(selected: Iterable[Selected], code: Code, field: str) -> Iterator[Finding]:
    """Yield each object that selects a pod which another of its kind selects as well, once."""
    shared: dict[int, tuple[Resource, dict[int, Resource], Workload]] = {}
    for pod, by in selected:
        if len(by) > 1:
            for own in by:
                _, rivals, _ = shared.setdefault(id(own), (own, {}, pod))
                rivals.update((id(other), other) for other in by if other is not own)
    for resource, rivals, pod in shared.values():
        others = tuple(rivals.values())
        message = (
            f"must not select pods that {resource.kind} {_names(others)} selects too, "
            f'such as those of {pod.kind} "{pod.namespace}/{pod.name}"'
        )
        yield Finding(code, resource, message, field, others)


def same_namespace(resources: Iterable[Resource], code: Code, field: str) -> Iterator[Finding]:
    """Yield each of several objects that hold for a whole namespace, of which one is to do so."""
    found: dict[str, list[Resource]] = {}
    for resource in resources:
        found.setdefault(namespace_of(resource), []).append(resource)
    for together in found.values():
        for resource in together:
            if others := tuple(other for other in together if other is not resource):
                message = (
                    "must be set, since the namespace has another "
                    f"{resource.kind} without one: {_names(others)}"
                )
                yield Finding(code, resource, message, field, others)


def _names(resources: Iterable[Resource]) -> str:
    return quoted(sorted(each.name for each in resources))


def is_captured(view: ClusterView, pod: Workload) -> bool:
    """Say whether ztunnel captures a pod, which has no sidecar then."""
    if pod.annotations.get(REDIRECTION) == ENABLED:
        return True
    return view.is_ambient(pod) and not view.is_meshed(pod)


def is_ambient_namespace(view: ClusterView, namespace: str) -> bool:
    """Say whether the pods of a namespace are ztunnel's unless they say otherwise."""
    labels = view.namespaces.get(namespace, {})
    is_injected = labels.get(INJECTION) == ENABLED or labels.get(REVISION)
    return labels.get(DATAPLANE) == AMBIENT and not is_injected
