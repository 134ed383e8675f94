"""Sidecars show hosts that exist, with their routes, and routes lead to what their clients see.

The destinations of a route that a Sidecar lets in are seen without being named; what hides them is
their own ``exportTo`` only. Source: ``collectImportedServices`` and ``selectVirtualServices`` of
Istio's ``pilot/pkg/model/sidecar.go``.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from krmfn.mesh_intent_expander.analysis.finding import Code, Finding, Level
from krmfn.mesh_intent_expander.analysis.hosts import (
    EVERYWHERE,
    full_host,
    scopes_of,
    service_scopes,
)
from krmfn.mesh_intent_expander.analysis.planes import plane_of
from krmfn.mesh_intent_expander.analysis.reading import quoted
from krmfn.mesh_intent_expander.analysis.virtual_services import (
    destinations,
    is_in_mesh,
    virtual_services,
)
from krmfn.mesh_intent_expander.semantics.hosts import is_wildcard
from krmfn.mesh_intent_expander.semantics.ordering import is_exported
from krmfn.mesh_intent_expander.semantics.registry import Host
from krmfn.mesh_intent_expander.semantics.scopes import Scope
from krmfn.mesh_intent_expander.semantics.world import ControlPlane
from krmfn.mesh_intent_expander.view import (
    CLUSTER_SET,
    ISTIO_NETWORKING,
    ClusterView,
    Fleet,
    labels_in,
    mapping,
    namespace_of,
    spec_of,
    strings,
)
from krmfn.sdk import Resource

UNKNOWN = Code(
    "sidecar-host-unknown",
    Level.WARNING,
    "A host that a Sidecar shows must be one of the namespace that it names.",
)
NO_ROUTE = Code(
    "sidecar-hides-route",
    Level.WARNING,
    "A Sidecar that shows a host must show its routes as well.",
)
NOT_SEEN = Code(
    "destination-not-visible",
    Level.WARNING,
    "Where a route leads to must be visible to all clients that see the route.",
)
CODES = (UNKNOWN, NO_ROUTE, NOT_SEEN)


@dataclass(frozen=True, slots=True)
class _Route:
    """A VirtualService of the mesh.

    Attributes:
        hosts: in full, in lower case.
        known: those of them that the control plane knows by their names.
    """

    resource: Resource
    namespace: str
    export_to: tuple[str, ...]
    hosts: tuple[str, ...]
    known: tuple[Host, ...]


def check(view: ClusterView, fleet: Fleet) -> Iterable[Finding]:
    """Yield what Sidecars show in vain or hide, and destinations that clients do not see."""
    plane, sidecars = plane_of(view, fleet), view.of("Sidecar", ISTIO_NETWORKING)
    if plane is None:
        return
    are_private = fleet.once(_are_some_private, fleet)
    routes = list(_routes(plane)) if sidecars or are_private else []
    named = {(each.namespace, host) for each in routes for host in each.hosts}
    foreign = [each for each in routes if any(h.namespace != each.namespace for h in each.known)]
    for resource in sidecars:
        scope = plane.scopes.of(namespace_of(resource), _selector(resource))
        if scope.resource is resource:
            yield from _unknown(plane, scope, resource, named)
            yield from _without_route(scope, resource, foreign)
    for route in routes if are_private else ():
        yield from _unseen(plane, route)


def _routes(plane: ControlPlane) -> Iterator[_Route]:
    for resource in filter(is_in_mesh, virtual_services(plane.config)):
        spec, namespace = spec_of(resource), namespace_of(resource)
        hosts = [
            full_host(each, namespace, plane.config.domain) for each in strings(spec.get("hosts"))
        ]
        exact = [host.lower() for host in hosts if not is_wildcard(host)]
        yield _Route(
            resource=resource,
            namespace=namespace,
            export_to=tuple(strings(spec.get("exportTo"))),
            hosts=tuple(host.lower() for host in hosts),
            known=tuple(
                host for name in exact for host in plane.registry.find(name) if host.name == name
            ),
        )


def _selector(sidecar: Resource) -> dict[str, str]:
    return labels_in(mapping(spec_of(sidecar).get("workloadSelector")).get("labels"))


def _unknown(
    plane: ControlPlane, scope: Scope, resource: Resource, named: set[tuple[str, str]]
) -> Iterator[Finding]:
    for each in (each for listener in scope.listeners for each in listener.imports):
        if is_wildcard(each.host) or each.is_excluded or (each.namespace, each.host) in named:
            continue
        name = each.host.replace(f".svc.{CLUSTER_SET}", f".svc.{plane.config.domain}")
        owners = sorted({host.namespace for host in plane.registry.find(name)})
        if each.namespace not in ("*", *owners) or not owners:
            where = f"which is of namespace {quoted(owners)}" if owners else "which nobody knows"
            message = f'must be a host of the namespace before it, but is "{each.host}", {where}'
            yield Finding(UNKNOWN, resource, message, each.field)


def _without_route(scope: Scope, resource: Resource, routes: Iterable[_Route]) -> Iterator[Finding]:
    namespace = namespace_of(resource)
    for route in routes:
        shown = [
            host.name
            for host in route.known
            if any(each.of_host(host.namespace, host.name) for each in scope.listeners)
        ]
        is_let_in = any(each.lets_route(route.namespace, route.hosts) for each in scope.listeners)
        if shown and not is_let_in and is_exported(route.export_to, route.namespace, namespace):
            message = (
                f'must have "{route.namespace}/{shown[0]}" as well, or clients see the host '
                f'without the routes of VirtualService "{route.namespace}/{route.resource.name}"'
            )
            yield Finding(NO_ROUTE, resource, message, "spec.egress", (route.resource,))


def _are_some_private(fleet: Fleet) -> bool:
    """Say whether any Service or ServiceEntry is not for everybody."""
    services = (each for view in fleet.views.values() for each in view.services.values())
    entries = (
        each for view in fleet.views.values() for each in view.of("ServiceEntry", ISTIO_NETWORKING)
    )
    return any(EVERYWHERE not in service_scopes(each) for each in services) or any(
        spec_of(each).get("exportTo") for each in entries
    )


def _unseen(plane: ControlPlane, route: _Route) -> Iterator[Finding]:
    """Yield destinations that the route's own namespace sees, but not all clients of the route."""
    clients = frozenset(scopes_of(route.export_to, route.namespace))
    callers = _scopes(route.known)
    if EVERYWHERE not in callers:
        clients = callers if EVERYWHERE in clients else clients & callers
    for each in destinations(route.resource) if callers else ():
        host = full_host(each.host, route.namespace, plane.config.domain).lower()
        seen = _scopes(plane.registry.find(host))
        if EVERYWHERE in seen or route.namespace not in seen or clients <= seen:
            continue
        who = quoted(sorted(clients - seen)) if EVERYWHERE not in clients else "all namespaces"
        message = (
            f'must be a host that all clients of the route see, but "{host}" is only for '
            f"{quoted(sorted(seen))}, and the route for {who}"
        )
        yield Finding(NOT_SEEN, route.resource, message, f"{each.field}.host")


def _scopes(hosts: Iterable[Host]) -> frozenset[str]:
    """Give the namespaces that see one of some hosts, ``*`` among them for all."""
    return frozenset(scope for host in hosts for scope in scopes_of(host.export_to, host.namespace))
