"""What happens to one request, worked out from the objects of a fleet."""

from krmfn.mesh_intent_expander.semantics.backends import Backends, Sent
from krmfn.mesh_intent_expander.semantics.outcome import Outcome, Step, Trace, best
from krmfn.mesh_intent_expander.semantics.request import Request
from krmfn.mesh_intent_expander.semantics.routes import Layer, Rule, Target
from krmfn.mesh_intent_expander.semantics.routing import NOT_ROUTED, Routed
from krmfn.mesh_intent_expander.semantics.seeing import Seen, see
from krmfn.mesh_intent_expander.semantics.waypoints import Waypoint, waypoint_of
from krmfn.mesh_intent_expander.semantics.world import ControlPlane, World, world_of
from krmfn.mesh_intent_expander.topology import Mesh
from krmfn.mesh_intent_expander.view import L7, Fleet, Port

_TLS = frozenset(("tls", "https"))
_ALL = 100.0


def trace(fleet: Fleet, mesh: Mesh, request: Request) -> Trace:
    """Say what happens to one request; for many of them, keep a `Tracer`."""
    return Tracer(fleet, mesh).trace(request)


class Tracer:
    """Says what happens to requests; what is worked out for one is kept for the next.

    Args:
        fleet: the objects of each cluster; they must not change.
        mesh: what is known of the clusters beside their objects.
    """

    def __init__(self, fleet: Fleet, mesh: Mesh) -> None:
        self.world = world_of(fleet) if fleet.mesh is mesh else World(fleet, mesh)
        self._backends = Backends(self.world)

    def trace(self, request: Request) -> Trace:
        """Say what happens to a request.

        Raises:
            KeyError: the fleet has no cluster of the client's name.
        """
        plane = self.world.plane(request.client.cluster)
        seen = see(self.world, plane, request)
        if seen.problem:
            return Trace(request, seen.name, seen.steps, "unroutable", seen.problem)
        if seen.is_plain:
            backend = self._backends.plain(Sent(request, plane, seen, http=True))
            done = (backend.outcome, backend.reason)
            return Trace(request, seen.name, seen.steps, *done, backends=(backend,))
        port = seen.host.port(request.port) if seen.host else Port(request.port)
        if port is None:
            return _no_port(request, seen)
        return self._routed(request, plane, seen, _layer(port))

    def _routed(self, request: Request, plane: ControlPlane, seen: Seen, layer: Layer) -> Trace:
        waypoint, steps = self._waypoint(request, plane, seen)
        if request.client.data_plane == "ambient" and waypoint is None:
            routed = NOT_ROUTED
        else:
            is_known = seen.host is not None
            routed = plane.routes.of(request, seen.name, layer, seen.listener, is_known=is_known)
        steps = (*seen.steps, *steps, _route_step(routed, layer))
        if routed.route is not None and routed.rule is None:
            reason = "404: no rule of the route fits" if layer == "http" else "no rule fits: closed"
            return Trace(request, seen.name, steps, "unroutable", reason)
        if routed.rule is not None and (answer := _answer(routed.rule)):
            return Trace(request, seen.name, steps, "answered", answer, routed.rule)
        sent = Sent(request, plane, seen, layer == "http", routed, waypoint)
        targets = routed.rule.targets if routed.rule else (Target(seen.name, request.port),)
        backends = tuple(self._backends.of(sent, targets))
        outcome: Outcome = best(tuple(each.outcome for each in backends))
        reason = next((each.reason for each in backends if each.outcome == outcome), "")
        return Trace(request, seen.name, steps, outcome, reason, routed.rule, backends)

    def _waypoint(
        self, request: Request, plane: ControlPlane, seen: Seen
    ) -> tuple[Waypoint | None, tuple[Step, ...]]:
        """Give the waypoint that clients of ambient go through; sidecars go past it."""
        if request.client.data_plane != "ambient" or seen.host is None:
            return None, ()
        view = self.world.fleet[request.client.cluster]
        found = waypoint_of(plane, view, seen.host)
        if found is None:
            return None, ()
        name = f"{found.namespace}/{found.name}"
        if found.resource is None:
            return None, (Step("waypoint", f"waypoint {name} is asked for, but is not there"),)
        return found, (Step("waypoint", f"waypoint {name} stands before it", found.resource),)


def _layer(port: Port) -> Layer:
    if port.protocol in L7:
        return "http"
    return "tls" if port.protocol in _TLS else "tcp"


def _no_port(request: Request, seen: Seen) -> Trace:
    ports = ", ".join(str(port.number) for port in seen.host.ports) if seen.host else ""
    reason = f"port {request.port} must be a port of {seen.name}: {ports or 'it has none'}"
    return Trace(request, seen.name, seen.steps, "unroutable", reason)


def _answer(rule: Rule) -> str:
    """Give what the proxy itself answers to all requests of a rule."""
    if rule.answer:
        return rule.answer
    if rule.percent_aborted >= _ALL:
        return rule.extras.fault
    return "" if rule.targets else "503: the rule has no destination"


def _route_step(routed: Routed, layer: Layer) -> Step:
    if routed.route is None:
        return Step("route", "no object routes it: it goes to the host itself")
    if routed.rule is None:
        return Step("route", "none of its rules fits", routed.route.resource, f"spec.{layer}")
    name = f'rule "{routed.rule.name}"' if routed.rule.name else "a rule"
    rule = routed.rule
    return Step("route", f"{name} fits", rule.resource, rule.field)
