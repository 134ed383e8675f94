"""Which object routes a request, by which rule, and to whom.

Source: Istio's API reference, "Virtual Service" and "Gateway API", and
``pilot/pkg/networking/core/httproute.go``.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from krmfn.mesh_intent_expander.semantics.gateway_routes import gateway_routes
from krmfn.mesh_intent_expander.semantics.hosts import covers, is_wildcard, most_specific
from krmfn.mesh_intent_expander.semantics.ordering import age, is_exported
from krmfn.mesh_intent_expander.semantics.request import Client, Request
from krmfn.mesh_intent_expander.semantics.routes import MESH, Layer, RouteObject, Rule
from krmfn.mesh_intent_expander.semantics.scopes import Listener
from krmfn.mesh_intent_expander.semantics.virtual_services import virtual_services
from krmfn.mesh_intent_expander.view import ClusterView


@dataclass(frozen=True, slots=True)
class Routed:
    """What routes a request.

    Attributes:
        route: None when nothing routes the host: the request goes to the host itself.
        rule: None when there is a route but none of its rules fits: HTTP is answered with 404.
    """

    route: RouteObject | None = None
    rule: Rule | None = None


NOT_ROUTED = Routed()


class Routes:
    """The routes of a control plane.

    Args:
        config: its objects.
        known: the hosts that the backend of a Gateway API route may be.
    """

    def __init__(self, config: ClusterView, known: frozenset[str]) -> None:
        services = sorted(virtual_services(config), key=lambda each: age(each.resource))
        gateway = tuple(gateway_routes(config, known))
        self._exact: dict[str, list[RouteObject]] = {}
        self._wild: dict[str, list[RouteObject]] = {}
        for route in (*gateway, *services):
            if MESH in route.gateways:
                for host in route.hosts:
                    table = self._wild if is_wildcard(host) else self._exact
                    table.setdefault(host, []).append(route)
        self._by_label = any(_tests_labels(each) for each in services)
        self._rules: dict[tuple[object, ...], tuple[tuple[RouteObject, tuple[Rule, ...]], ...]] = {}

    def is_about(self, host: str) -> bool:
        """Say whether a route is about a host, be it known or not."""
        return host in self._exact or any(covers(each, host) for each in self._wild)

    def of(
        self,
        request: Request,
        host: str,
        layer: Layer,
        listener: Listener | None,
        *,
        is_known: bool = True,
    ) -> Routed:
        """Give what routes a request to a host.

        Args:
            request: the request.
            host: the full name of the called host.
            layer: how the port is spoken to.
            listener: what the client's sidecar sees; None for a waypoint, which sees everything.
            is_known: whether the client's proxy knows the host otherwise.
        """
        found = self._holding(request, host, layer, listener, is_known=is_known)
        if layer == "http":
            return _http(request, found)
        return _connection(host, layer, found)

    def _holding(
        self,
        request: Request,
        host: str,
        layer: Layer,
        listener: Listener | None,
        *,
        is_known: bool,
    ) -> tuple[tuple[RouteObject, tuple[Rule, ...]], ...]:
        """Give the routes of a host with those of their rules that are there for a client.

        A known host takes of its closest wildcard the first route only, be there rules or not.
        """
        client, port = request.client, request.port
        labels = frozenset(client.labels.items()) if self._by_label else None
        key = (client.namespace, labels, port, host, layer, listener, is_known)
        if key not in self._rules:
            if layer == "http":
                exact, wild = self._closest(client.namespace, host, listener)
                seen = exact or (wild[:1] if is_known else wild)
            else:
                seen = self._all(client.namespace, host, listener)
            held = ((route, tuple(_held(route, client, port, layer))) for route in seen)
            self._rules[key] = tuple((route, rules) for route, rules in held if rules)
        return self._rules[key]

    def _closest(
        self, namespace: str, host: str, listener: Listener | None
    ) -> tuple[list[RouteObject], list[RouteObject]]:
        """Give the routes of a host and of its closest wildcard that a namespace sees."""
        if exact := _seen(self._exact.get(host, ()), namespace, listener):
            return exact, []
        wild = {
            name: found
            for name, routes in self._wild.items()
            if (found := _seen(routes, namespace, listener))
        }
        closest = most_specific(host, wild)
        return [], wild[closest] if closest else []

    def _all(self, namespace: str, host: str, listener: Listener | None) -> list[RouteObject]:
        """Give all routes of a host that a namespace sees: for connections no host goes first."""
        tables = [self._exact.get(host, [])]
        tables += [routes for name, routes in self._wild.items() if covers(name, host)]
        found = {id(route): route for routes in tables for route in routes}
        oldest_first = sorted(found.values(), key=lambda each: age(each.resource))
        return _seen(oldest_first, namespace, listener)


def _seen(
    routes: Iterable[RouteObject], namespace: str, listener: Listener | None
) -> list[RouteObject]:
    """Give the routes that a namespace sees, those that go first first."""
    found = (each for each in routes if _sees(each, namespace, listener))
    return sorted(found, key=lambda each: _rank(each, namespace))


def _tests_labels(route: RouteObject) -> bool:
    rules = (rule for rules in route.rules.values() for rule in rules)
    return any(match.labels for rule in rules for match in rule.matches)


def _sees(route: RouteObject, namespace: str, listener: Listener | None) -> bool:
    if route.consumers not in ("", namespace):
        return False
    if listener is None:
        return True
    return is_exported(route.export_to, route.namespace, namespace) and (
        listener.lets_route(route.namespace, route.hosts)
    )


def _rank(route: RouteObject, namespace: str) -> tuple[bool, bool, int]:
    """Give what goes first: the Gateway API, the consumer's own, then as ``exportTo`` tells.

    What is exported to the client's namespace by name goes before what is exported to all, and
    what is of that namespace before what is not.
    """
    if not route.export_to or "*" in route.export_to:
        visibility = 2
    else:
        visibility = 0 if route.namespace == namespace else 1
    return (not route.is_gateway_api, route.consumers != namespace, visibility)


def _held(route: RouteObject, client: Client, port: int, layer: Layer) -> Iterator[Rule]:
    if route.port not in (None, port):
        return
    for rule in route.rules.get(layer, ()):
        if not rule.matches:
            yield rule
        elif matches := tuple(each for each in rule.matches if each.holds_for(client, port)):
            yield replace(rule, matches=matches)


def _http(request: Request, found: tuple[tuple[RouteObject, tuple[Rule, ...]], ...]) -> Routed:
    """Give the first rule that fits of the route that goes first: routes are not merged."""
    for route, rules in found[:1]:
        for rule in rules:
            if not rule.matches or any(match.fits(request) for match in rule.matches):
                return Routed(route, rule)
        return Routed(route)
    return NOT_ROUTED


def _connection(
    host: str, layer: Layer, found: tuple[tuple[RouteObject, tuple[Rule, ...]], ...]
) -> Routed:
    """Give the first rule of all routes that fits a connection.

    A TLS connection that no rule knows the name of is closed where any rule is there.
    """
    for route, rules in found:
        for rule in rules:
            if layer == "tls" and any(match.fits_name(host) for match in rule.matches):
                return Routed(route, rule)
            if layer == "tcp" and (
                not rule.matches or any(not match.is_undecidable for match in rule.matches)
            ):
                return Routed(route, rule)
    return Routed(found[0][0]) if found and layer == "tls" else NOT_ROUTED
