"""What holds of a service: the policies at its servers, and the route of each of its clients."""

from collections.abc import Iterable, Iterator

from krmfn.mesh_intent_expander.report.population import Caller
from krmfn.mesh_intent_expander.report.targets import Target
from krmfn.mesh_intent_expander.semantics.authorization import Policy
from krmfn.mesh_intent_expander.semantics.request import Request
from krmfn.mesh_intent_expander.semantics.routes import RouteObject
from krmfn.mesh_intent_expander.semantics.waypoints import waypoint_of
from krmfn.mesh_intent_expander.semantics.world import World
from krmfn.mesh_intent_expander.view import Workload
from krmfn.sdk import Resource


def policies_at(world: World, target: Target) -> tuple[Policy, ...]:
    """Give the AuthorizationPolicies at the servers of a target and at their waypoints."""
    having = world.fleet.clusters_with(*target.service)
    clusters = dict.fromkeys((*target.clusters, *having))
    return tuple(each for name in clusters for each in policies_in(world, target, name))


def policies_in(world: World, target: Target, cluster: str) -> tuple[Policy, ...]:
    """Give those of one cluster."""
    if cluster not in world.fleet.views:
        return ()
    found: dict[int, Policy] = {}
    for workload in _servers(world, target, cluster):
        held = world.plane(cluster).policies.of_pods(workload.namespace, workload.labels)
        found.update((id(each.resource), each) for each in held)
    found.update((id(each.resource), each) for each in _at_waypoint(world, cluster, target))
    return tuple(found.values())


def policies_behind(
    world: World, target: Target, routes: Iterable[RouteObject]
) -> tuple[Policy, ...]:
    """Give the policies at the servers of other services that routes of a target lead to."""
    hosts = {
        to.host
        for route in routes
        for rules in route.rules.values()
        for rule in rules
        for to in rule.targets
    }
    found: dict[int, Policy] = {}
    for host in sorted(hosts - {target.host}):
        for cluster, view in world.fleet.views.items():
            service = view.services_by_host.get(host)
            for workload in view.workloads_of(service) if service else ():
                held = world.plane(cluster).policies.of_pods(workload.namespace, workload.labels)
                found.update((id(each.resource), each) for each in held)
    return tuple(found.values())


def tokens_at(world: World, target: Target) -> tuple[Resource, ...]:
    """Give the RequestAuthentications at the servers of a target."""
    found: dict[int, Resource] = {}
    for cluster in target.clusters:
        for workload in _servers(world, target, cluster):
            held = world.plane(cluster).tokens.of(workload.namespace, workload.labels)
            found.update((id(each), each) for each in held)
    return tuple(found.values())


def routes_to(world: World, target: Target, callers: Iterable[Caller]) -> list[RouteObject]:
    """Give what routes the HTTP requests of some clients to a target, each object once."""
    if not target.is_http:
        return []
    found: dict[int, RouteObject] = {}
    for caller in callers:
        route = _route(world, target, caller)
        if route is not None:
            found.setdefault(id(route), route)
    return list(found.values())


def _route(world: World, target: Target, caller: Caller) -> RouteObject | None:
    client, port = caller.client, target.port.number
    if client.data_plane == "none":
        return None
    plane, listener = world.plane(client.cluster), None
    if client.data_plane == "sidecar":
        listener = plane.scopes.of(client.namespace, client.labels).listener(port)
        if listener is None:
            return None
    asked = Request(client, target.host, port)
    return plane.routes.of(asked, target.host, "http", listener).route


def _servers(world: World, target: Target, cluster: str) -> tuple[Workload, ...]:
    view = world.fleet.views.get(cluster)
    service = view.services.get(target.service) if view else None
    return view.workloads_of(service) if view and service else ()


def _at_waypoint(world: World, cluster: str, target: Target) -> Iterator[Policy]:
    plane = world.plane(cluster)
    for host in plane.registry.find(target.host):
        waypoint = waypoint_of(plane, world.fleet[cluster], host)
        if waypoint is not None:
            at = (waypoint.namespace, waypoint.name)
            yield from plane.policies.of_waypoint(at, target.service)
