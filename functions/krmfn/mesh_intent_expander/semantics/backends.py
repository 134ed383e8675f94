"""What happens to the shares of a request's route."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from krmfn.mesh_intent_expander.semantics.arriving import Servers, facts, identity
from krmfn.mesh_intent_expander.semantics.authorization import Verdict, authorize
from krmfn.mesh_intent_expander.semantics.destinations import DestinationRule
from krmfn.mesh_intent_expander.semantics.legs import Called, Legs
from krmfn.mesh_intent_expander.semantics.outcome import Arrival, Backend, Leg, Outcome, best
from krmfn.mesh_intent_expander.semantics.registry import Host
from krmfn.mesh_intent_expander.semantics.request import Request
from krmfn.mesh_intent_expander.semantics.routes import Target
from krmfn.mesh_intent_expander.semantics.routing import NOT_ROUTED, Routed
from krmfn.mesh_intent_expander.semantics.seeing import Seen
from krmfn.mesh_intent_expander.semantics.waypoints import Waypoint
from krmfn.mesh_intent_expander.semantics.world import ControlPlane, World
from krmfn.mesh_intent_expander.view import Port
from krmfn.sdk import Resource

_NO_CLUSTER = 503


@dataclass(frozen=True, slots=True)
class Sent:
    """A request on its way.

    Attributes:
        http: whether it is read as HTTP.
        routed: what routes it.
        waypoint: who routes it instead of the client's proxy.
    """

    request: Request
    plane: ControlPlane
    seen: Seen
    http: bool
    routed: Routed = NOT_ROUTED
    waypoint: Waypoint | None = None


class Backends:
    """The backends of a mesh; the ways to them are worked out once.

    Args:
        world: the mesh.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._legs, self._servers = Legs(world), Servers(world)
        self._known: dict[tuple[object, ...], tuple[Leg, ...]] = {}

    def of(self, sent: Sent, targets: Iterable[Target]) -> Iterator[Backend]:
        """Yield what happens to the share of each target."""
        listed = tuple(targets)
        total = sum(target.weight for target in listed)
        for target in listed:
            yield self._backend(sent, target, 100 * target.weight / total)

    def plain(self, sent: Sent) -> Backend:
        """Give what happens to plaintext that no proxy of the client's knows."""
        request, name = sent.request, sent.seen.name
        legs = self._legs.plain(request.client, name, request.port)
        arrivals = self._arrivals(sent, legs)
        text = "" if legs else "it is no host of the mesh, and leaves it as it is"
        backend = Backend(name, request.port, "", 100.0, "unroutable", text)
        return _judged(backend, arrivals) if legs else backend

    def _backend(self, sent: Sent, target: Target, percent: float) -> Backend:
        request = sent.request
        found = self._found(sent, target)
        port, problem = _port(target, found, sent)
        backend = Backend(
            host=target.host,
            port=port.number if port else target.port or request.port,
            subset=target.subset,
            percent=percent,
            outcome="unroutable",
            reason=problem,
            resource=sent.routed.rule.resource if sent.routed.rule else None,
            field=target.field,
        )
        if found is None or port is None:
            return backend
        if not _is_imported(sent, found, port.number):
            text = f"{_NO_CLUSTER}: the client's Sidecar must let it see port {port.number} of it"
            return replace(backend, reason=text)
        rule = self._rule(sent, found, target.host)
        if target.subset and (rule is None or target.subset not in rule.subsets):
            text = f'{_NO_CLUSTER}: subset "{target.subset}" must be one of its DestinationRule'
            by = rule.resources[0] if rule else None
            return replace(backend, reason=text, rule=by)
        called = Called(found, target.host, port, target.subset, rule)
        arrivals = self._arrivals(sent, self._ways(sent, called))
        return _judged(replace(backend, rule=_resource(rule, target.subset)), arrivals)

    def _found(self, sent: Sent, target: Target) -> Host | None:
        if not target.is_known:
            return None
        if sent.seen.host is not None and target.host == sent.seen.name:
            return sent.seen.host
        return sent.plane.registry.of_namespace(target.host, sent.request.client.namespace)

    def _rule(self, sent: Sent, host: Host, name: str) -> DestinationRule | None:
        """Give the DestinationRule that holds; ztunnel knows none."""
        client = sent.request.client
        if sent.waypoint is not None:
            return sent.plane.rules.of(host, name, sent.waypoint.namespace, {})
        if client.data_plane == "ambient":
            return None
        return sent.plane.rules.of(host, name, client.namespace, client.labels)

    def _ways(self, sent: Sent, called: Called) -> tuple[Leg, ...]:
        client = sent.request.client
        labels = frozenset(client.labels.items()) if _tests_labels(called) else None
        key = (
            client.cluster,
            client.data_plane,
            called.host,
            called.name,
            called.port.number,
            called.subset,
            called.rule,
            labels,
        )
        if key not in self._known:
            self._known[key] = self._legs.of(client, called)
        return self._known[key]

    def _arrivals(self, sent: Sent, legs: Iterable[Leg]) -> Iterator[Arrival]:
        principal, verdict = self._principal(sent), None
        if sent.waypoint is not None:
            verdict = _at_waypoint(sent, sent.waypoint, principal)
            domain = self._world.clusters[sent.request.client.cluster].trust_domain
            principal = f"{domain}/{sent.waypoint.account}"
        for leg in legs:
            way = leg
            if sent.waypoint is not None and leg.path == "direct":
                way = replace(leg, path="waypoint", via=sent.waypoint.name)
            if verdict is not None and not verdict.allowed:
                by = (verdict, verdict.resource, verdict.field)
                yield Arrival(way, "denied", f"at the waypoint, {verdict.reason}", *by)
            else:
                yield self._servers.arrive(sent.request, way, principal, http=sent.http)

    def _principal(self, sent: Sent) -> str:
        client = sent.request.client
        return identity(self._world, client) if client.data_plane != "none" else ""


def _at_waypoint(sent: Sent, waypoint: Waypoint, principal: str) -> Verdict | None:
    """Say whether the waypoint lets a request pass, before it is routed: by the called Service."""
    service = sent.seen.host.service if sent.seen.host else None
    if service is None:
        return None
    policies = sent.plane.policies
    held = policies.of_waypoint(
        (waypoint.namespace, waypoint.name), (service.namespace, service.name)
    )
    known = facts(sent.request, principal, {}, port=sent.request.port, http=sent.http)
    return authorize(held, known, policies.providers)


def _is_imported(sent: Sent, host: Host, port: int) -> bool:
    """Say whether a sidecar knows a port that a route leads to.

    A listener for one port takes in, for its routes, only that port of other hosts.
    """
    listener, client, route = sent.seen.listener, sent.request.client, sent.routed.route
    if listener is None or listener.port in (None, port):
        return True
    others = sent.plane.scopes.of(client.namespace, client.labels).listeners
    return any(
        each.of_host(host.namespace, host.name) is not None
        or (route is not None and each.lets_route(route.namespace, route.hosts))
        for each in others
        if each.port in (None, port)
    )


def _tests_labels(called: Called) -> bool:
    """Say whether the ways to a host depend on the labels of the client's pods."""
    setting = called.policy.balancer.get("localityLbSetting")
    return bool(setting) and "failoverPriority" in str(setting)


def _port(target: Target, host: Host | None, sent: Sent) -> tuple[Port | None, str]:
    """Give the port that a target means, or why there is none.

    Without a number it is the called one; only connections, and waypoints, know a host's only port.
    """
    if not target.is_known:
        return None, "500: Istio cannot resolve the backend"
    if host is None:
        return None, f"{_NO_CLUSTER}: it must be a host of the mesh"
    wanted = sent.request.port if target.port is None else target.port
    if target.port is None and len(host.ports) == 1 and not (sent.http and sent.waypoint is None):
        wanted = host.ports[0].number
    if (port := host.port(wanted)) is None:
        have = ", ".join(str(each.number) for each in host.ports) or "none"
        return None, f"{_NO_CLUSTER}: port {wanted} must be one of its ports: {have}"
    return port, ""


def _resource(rule: DestinationRule | None, subset: str) -> Resource | None:
    if rule is None:
        return None
    return rule.subsets[subset][1] if subset else rule.resources[0]


def _judged(backend: Backend, arrivals: Iterable[Arrival]) -> Backend:
    """Give a backend with what happens at its endpoints, and so to its share."""
    done = replace(backend, arrivals=tuple(arrivals))
    if not done.arrivals:
        return replace(done, outcome="no-endpoint", reason="no pods are behind it")
    outcome: Outcome = best(tuple(each.outcome for each in done.served))
    told = done.served or done.arrivals
    reason = next((each.reason for each in told if each.outcome == outcome), "")
    return replace(done, outcome=outcome, reason=reason)
