"""Whom a client calls: what its name means, and whether its proxy knows it."""

from collections.abc import Iterable
from dataclasses import dataclass

from krmfn.mesh_intent_expander.semantics.hosts import covers, most_specific
from krmfn.mesh_intent_expander.semantics.ordering import is_exported
from krmfn.mesh_intent_expander.semantics.outcome import Step
from krmfn.mesh_intent_expander.semantics.registry import Host, preferred
from krmfn.mesh_intent_expander.semantics.request import Request
from krmfn.mesh_intent_expander.semantics.scopes import Listener, Scope
from krmfn.mesh_intent_expander.semantics.world import ControlPlane, World
from krmfn.mesh_intent_expander.view import CLUSTER_SET

_HTTP_PORT = 80


@dataclass(frozen=True, slots=True)
class Seen:
    """Whom a client calls.

    Attributes:
        host: None for a host that its proxy does not know.
        listener: through which a sidecar sees it; None for ambient, which sees everything.
        is_plain: whether the proxy lets it pass unseen, as plaintext to what DNS tells.
        problem: why the request ends here, "" when it does not.
    """

    name: str
    steps: tuple[Step, ...]
    host: Host | None = None
    listener: Listener | None = None
    is_plain: bool = False
    problem: str = ""


def see(world: World, plane: ControlPlane, request: Request) -> Seen:
    """Give whom a client calls."""
    client, registry = request.client, plane.registry
    name = registry.called(request.host, client.namespace)
    hosts = registry.find(name)
    if problem := _unresolved(world, request, name, hosts):
        return Seen(name, (Step("name", problem),), problem=problem)
    named = (Step("name", f"{request.host} is {name}"),) if name != request.host else ()
    if client.data_plane == "none":
        return Seen(name, named, is_plain=True)
    if client.data_plane == "ambient":
        host = preferred(hosts, client.namespace)
        return Seen(name, named, host) if host else Seen(name, named, is_plain=True)
    scope = plane.scopes.of(client.namespace, client.labels)
    listener = scope.listener(request.port)
    host = _visible(hosts, name, client.namespace, listener)
    if host is None:
        return _unseen(plane, request, scope, listener, Seen(name, named))
    return Seen(name, (*named, _visibility(scope, listener, host, name)), host, listener)


def _unresolved(world: World, request: Request, name: str, hosts: Iterable[Host]) -> str:
    """Say why DNS has no answer for a name, "" when it has one."""
    services = [host for host in hosts if host.service is not None]
    cluster = world.clusters[request.client.cluster]
    if not services or (cluster.dns_capture and request.client.data_plane != "none"):
        return ""
    if any(cluster.name in host.clusters for host in services) or name.endswith(CLUSTER_SET):
        return ""
    return (
        f'{name} does not resolve in cluster "{cluster.name}": it must have a Service of that name,'
        " or proxies must answer DNS"
    )


def _visible(
    hosts: Iterable[Host], name: str, namespace: str, listener: Listener | None
) -> Host | None:
    seen = [
        host
        for host in hosts
        if is_exported(host.export_to, host.namespace, namespace)
        and listener is not None
        and listener.of_host(host.namespace, name) is not None
    ]
    return preferred(seen, namespace)


def _visibility(scope: Scope, listener: Listener | None, host: Host, name: str) -> Step:
    by = listener.of_host(host.namespace, name) if listener else None
    if scope.resource is None or by is None:
        return Step("visibility", "no Sidecar narrows what the client sees", host.resource)
    return Step("visibility", "the Sidecar lets the client see it", scope.resource, by.field)


def _is_routed(plane: ControlPlane, request: Request, listener: Listener, name: str) -> bool:
    """Say whether a route is about a host that is not known: on HTTP's own port that is enough.

    The proxy has that port only where it knows some other host by it, and such a host only by its
    full name; a wildcard stands for the known hosts among its own, if there are any.
    """
    routes, registry = plane.routes, plane.registry
    if request.port != _HTTP_PORT or not routes.is_about(name):
        return False
    route = routes.of(request, name, "http", listener, is_known=False).route
    about = most_specific(name, route.hosts) if route else None
    if about is None or not covers(about, request.host.lower()):
        return False
    namespace = request.client.namespace
    others = [
        each
        for each in registry.names
        if (host := _visible(registry.find(each), each, namespace, listener))
        and host.port(_HTTP_PORT)
    ]
    return bool(others) and (about == name or not any(covers(about, each) for each in others))


def _unseen(
    plane: ControlPlane, request: Request, scope: Scope, listener: Listener | None, seen: Seen
) -> Seen:
    """Give what happens to a host that the proxy does not know."""
    if listener and _is_routed(plane, request, listener, seen.name):
        return Seen(seen.name, seen.steps, listener=listener)
    mode = scope.mode or plane.outbound_mode
    hidden = "does not see" if plane.registry.find(seen.name) else "does not know"
    text = f"the client's proxy {hidden} {seen.name}; its outbound traffic policy is {mode}"
    step = Step("visibility", text, scope.resource, "spec.egress" if scope.resource else "")
    if mode == "REGISTRY_ONLY":
        return Seen(seen.name, (*seen.steps, step), problem=text)
    return Seen(seen.name, (*seen.steps, step), is_plain=True)
