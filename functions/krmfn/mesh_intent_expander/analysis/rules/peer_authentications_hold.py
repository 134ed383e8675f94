"""Every PeerAuthentication holds: Istio takes the oldest one of a scope, and ignores all others.

Source: ``ComposePeerAuthentication`` of Istio's ``pilot/pkg/security/authn``.
"""

from collections.abc import Iterable, Iterator, Mapping

from krmfn.mesh_intent_expander.analysis.finding import Code, Finding, Level
from krmfn.mesh_intent_expander.analysis.planes import governed, plane_of
from krmfn.mesh_intent_expander.analysis.reading import quoted
from krmfn.mesh_intent_expander.semantics.ordering import age
from krmfn.mesh_intent_expander.semantics.selecting import selecting
from krmfn.mesh_intent_expander.view import (
    ISTIO_SECURITY,
    ClusterView,
    Fleet,
    Workload,
    namespace_of,
    selects,
)
from krmfn.sdk import Resource

SECOND = Code(
    "second-peer-authentication",
    Level.WARNING,
    "A mesh, a namespace and a workload must have one PeerAuthentication each.",
)
IN_ROOT = Code(
    "peer-authentication-in-root-ignored",
    Level.WARNING,
    "A PeerAuthentication of the root namespace must not select workloads.",
)
CODES = (SECOND, IN_ROOT)

_Narrow = tuple[Mapping[str, str], Resource]
"""A selector, and the object that has it."""


def check(view: ClusterView, fleet: Fleet) -> Iterable[Finding]:
    """Yield PeerAuthentications that are ignored, wholly or for some pods."""
    plane = plane_of(view, fleet)
    if plane is None:
        return
    wide: dict[str, Resource] = {}
    narrow: dict[str, list[_Narrow]] = {}
    for resource in sorted(view.of("PeerAuthentication", ISTIO_SECURITY), key=age):
        namespace, selector = namespace_of(resource), selecting(resource).selector
        if not selector:
            first = wide.setdefault(namespace, resource)
            if first is not resource:
                yield _second(resource, first, f'all of namespace "{namespace}"', "spec")
        elif namespace == view.root_namespace:
            message = "must be left out, or the object be where the pods are: here it is ignored"
            yield Finding(IN_ROOT, resource, message, "spec.selector")
        else:
            narrow.setdefault(namespace, []).append((selector, resource))
    for namespace, objects in narrow.items():
        pods = [pod for each in governed(plane, fleet) for pod in each.selected(namespace, {})]
        yield from _rivals(objects, pods)


def _rivals(objects: list[_Narrow], pods: list[Workload]) -> Iterator[Finding]:
    """Yield the objects that an older one takes some or all pods from."""
    distinct: dict[frozenset[tuple[str, str]], _Narrow] = {}
    for each in objects:
        selector, resource = each
        _, first = distinct.setdefault(frozenset(selector.items()), each)
        if first is not resource:
            yield _second(resource, first, "the same pods", "spec.selector")
    lost: dict[Resource, tuple[Resource, set[str]]] = {}
    for pod in pods if len(distinct) > 1 else ():
        held = [one for selector, one in distinct.values() if selects(selector, pod.labels)]
        for ignored in held[1:]:
            lost.setdefault(ignored, (held[0], set()))[1].add(pod.name)
    for resource, (first, names) in lost.items():
        yield _second(resource, first, f"the pods of {quoted(sorted(names))}", "spec.selector")


def _second(resource: Resource, first: Resource, what: str, field: str) -> Finding:
    message = (
        f"must not be for {what}, for which PeerAuthentication "
        f'"{namespace_of(first)}/{first.name}" holds: it comes first, and this one is ignored'
    )
    return Finding(SECOND, resource, message, field, (first,))
