"""What all routes of the Gateway API have in common: parents, backends and permissions."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from krmfn.mesh_intent_expander.intents.treatment import HeaderChange
from krmfn.mesh_intent_expander.plan.common import Emitted
from krmfn.mesh_intent_expander.plan.destinations import service_name, shortened
from krmfn.mesh_intent_expander.plan.routes import Protocol, RoutedHost, RoutedRule, Share
from krmfn.mesh_intent_expander.topology import Mesh
from krmfn.mesh_intent_expander.view import GATEWAY_API

Shape = Callable[[RoutedRule, RoutedHost], Iterable[Mapping[str, Any]]]
"""Gives the values of a rule of a host; some rules become several."""

_KINDS: dict[Protocol, str] = {
    "http": "HTTPRoute",
    "grpc": "GRPCRoute",
    "tls": "TLSRoute",
    "tcp": "TCPRoute",
}
_MOST_RULES = 16


def routes_of(
    protocol: Protocol,
    hosts: Iterable[RoutedHost],
    mesh: Mesh,
    shape: Shape,
) -> Iterator[Emitted]:
    """Yield the routes of one protocol, with the grants that their backends need.

    Source: a route in the Service's own namespace holds for all clients (GEP-1294). Its parent is
    one port; more rules than a route may have go on in a second one, since Istio puts the rules
    of all routes of a parent in order together.

    Args:
        protocol: which hosts are written.
        hosts: what is routed.
        mesh: the mesh.
        shape: what a rule looks like.
    """
    for host in hosts:
        if host.flavor != "gateway-api" or host.protocol != protocol:
            continue
        clusters = tuple(sorted({mesh.clusters[each].config_cluster for each in host.clusters}))
        by_port: dict[int | None, list[Mapping[str, Any]]] = {}
        for rule in host.rules:
            by_port.setdefault(rule.port, []).extend(shape(rule, host))
        for port, rules in by_port.items():
            for number, start in enumerate(range(0, len(rules), _MOST_RULES), 1):
                part = rules[start : start + _MOST_RULES]
                name = _name(host, port if len(by_port) > 1 else None, number)
                yield Emitted(_body(host, name, port, part), clusters, "routes", host.by[0])
        for body in _grants(host):
            yield Emitted(body, clusters, "destinations", host.by[0])


def _name(host: RoutedHost, port: int | None, number: int) -> str:
    parts = (host.name or host.service.name, port or "", number if number > 1 else "")
    return shortened("-".join(str(part) for part in parts if part))


def _body(
    host: RoutedHost, name: str, port: int | None, rules: Sequence[Mapping[str, Any]]
) -> Mapping[str, Any]:
    spec: dict[str, Any] = {"parentRefs": [_parent(host, port)]}
    if host.gateways or host.protocol == "tls":
        spec["hostnames"] = list(host.hosts)
    return {
        "apiVersion": f"{GATEWAY_API}/v1",
        "kind": _KINDS[host.protocol],
        "metadata": {"name": name, "namespace": host.service.namespace},
        "spec": spec | {"rules": list(rules)},
    }


def _parent(host: RoutedHost, port: int | None) -> Mapping[str, Any]:
    if host.gateways:
        namespace, _, name = host.gateways[0].partition("/")
        return {"group": GATEWAY_API, "kind": "Gateway", "namespace": namespace, "name": name}
    at_port = {} if port is None else {"port": port}
    return {"group": "", "kind": "Service", "name": host.service.name, **at_port}


def _grants(host: RoutedHost) -> Iterator[Mapping[str, Any]]:
    """Yield what lets a route use Services of other namespaces."""
    own, by_namespace = host.service.namespace, dict[str, set[str]]()
    for rule in host.rules:
        for share in (*rule.shares, *([rule.mirror] if rule.mirror else [])):
            if share.service.namespace != own:
                by_namespace.setdefault(share.service.namespace, set()).add(service_name(share))
    for namespace, names in sorted(by_namespace.items()):
        yield {
            "apiVersion": f"{GATEWAY_API}/v1beta1",
            "kind": "ReferenceGrant",
            "metadata": {
                "name": shortened(f"{own}-{host.name or host.service.name}-{host.protocol}"),
                "namespace": namespace,
            },
            "spec": {
                "from": [{"group": GATEWAY_API, "kind": _KINDS[host.protocol], "namespace": own}],
                "to": [{"group": "", "kind": "Service", "name": name} for name in sorted(names)],
            },
        }


def backends(rule: RoutedRule, host: RoutedHost) -> dict[str, Any]:
    """Give where a rule's requests go; what gets none is left out unless a cluster is seen."""
    shown = [share for share in rule.shares if share.weight or share.cluster] or rule.shares
    weighted = len(shown) > 1
    references = [
        {**reference(share, host), **({"weight": share.weight} if weighted else {})}
        for share in shown
    ]
    return {"backendRefs": references} if references else {}


def reference(share: Share, host: RoutedHost) -> dict[str, Any]:
    """Give a Service as a route names it, without the namespace where it is the route's own."""
    namespace = share.service.namespace
    elsewhere = {} if namespace == host.service.namespace else {"namespace": namespace}
    name = service_name(share)
    return {"group": "", "kind": "Service", "name": name, **elsewhere, "port": share.port}


def shared_filters(rule: RoutedRule, host: RoutedHost) -> Iterator[Mapping[str, Any]]:
    """Yield the filters of HTTPRoutes and GRPCRoutes alike: headers and copies."""
    if rule.action is None:
        return
    for kind, change in (
        ("RequestHeaderModifier", rule.action.request_headers),
        ("ResponseHeaderModifier", rule.action.response_headers),
    ):
        if change and (body := _change(change)):
            yield {"type": kind, f"{kind[0].lower()}{kind[1:]}": body}
    if rule.action.mirror and rule.mirror:
        body = {"backendRef": reference(rule.mirror, host)}
        yield {"type": "RequestMirror", "requestMirror": body | _part(rule.action.mirror.percent)}


def _part(percent: float) -> dict[str, Any]:
    if percent == 100:
        return {}
    if percent.is_integer():
        return {"percent": int(percent)}
    return {"fraction": {"numerator": round(percent * 10_000), "denominator": 1_000_000}}


def _change(change: HeaderChange) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for part, headers in (("set", change.set), ("add", change.add)):
        if headers:
            found[part] = [
                {"name": name.lower(), "value": value} for name, value in sorted(headers.items())
            ]
    if change.remove:
        found["remove"] = sorted(name.lower() for name in change.remove)
    return found
