"""What has to do with one service: all that a proof about it needs to look at, again and again."""

from collections.abc import Iterator

from krmfn.mesh_intent_expander.intents import (
    ServiceAuthorization,
    ServiceDiscovery,
    TrafficRoute,
)
from krmfn.mesh_intent_expander.intents.traffic_route import Backend, Mirror
from krmfn.mesh_intent_expander.plan.common import ServiceKey
from krmfn.mesh_intent_expander.reading import view_of
from krmfn.mesh_intent_expander.topology import Mesh
from krmfn.mesh_intent_expander.view import (
    GATEWAY_API,
    ISTIO_NETWORKING,
    ISTIO_SECURITY,
    Fleet,
    namespace_of,
)
from krmfn.sdk import Package, Resource

_CONFIGURATION = frozenset((ISTIO_NETWORKING, ISTIO_SECURITY, GATEWAY_API))


def sliced_fleet(fleet: Fleet, mesh: Mesh, namespaces: frozenset[str]) -> Fleet:
    """Give the clusters with the pods of these namespaces only; Services are there in all."""
    views = (
        view_of(name, [each for each in view.resources if _matters(each, namespaces)], mesh)
        for name, view in fleet.views.items()
    )
    return Fleet(views, mesh)


def _matters(resource: Resource, namespaces: frozenset[str]) -> bool:
    return (
        resource.group in _CONFIGURATION
        or (not resource.group and resource.kind in ("Namespace", "Service"))
        or namespace_of(resource) in namespaces
    )


def sliced_package(package: Package, service: ServiceKey) -> Package:
    """Give a package without the routes, discoveries and permissions of other services.

    Raises:
        FunctionError: an intent is not valid in itself.
    """
    others = {id(each) for each in _about_others(package, service)}
    return Package(each for each in package if id(each) not in others)


def _about_others(package: Package, service: ServiceKey) -> Iterator[Resource | None]:
    for discovery in package.of(ServiceDiscovery):
        said = discovery.spec.service
        if _key(said.name, said.namespace, discovery.metadata.namespace) != service:
            yield discovery.resource
    for route in package.of(TrafficRoute):
        if service not in _routed(route):
            yield route.resource
    for authorization in package.of(ServiceAuthorization):
        target, own = authorization.spec.target, authorization.metadata.namespace
        name = target.service or service.name
        if _key(name, target.namespace, own) != service:
            yield authorization.resource


def _routed(route: TrafficRoute) -> Iterator[ServiceKey]:
    parent = route.spec.parent_ref
    key = _key(parent.service, parent.namespace, route.metadata.namespace)
    yield key
    for rule in route.spec.rules:
        backends: tuple[Backend | Mirror, ...] = rule.backends
        for each in (*backends, *([rule.mirror] if rule.mirror else [])):
            yield _key(each.service or key.name, each.namespace, key.namespace)


def _key(name: str, namespace: str | None, own: str) -> ServiceKey:
    return ServiceKey(namespace or own or "default", name)
