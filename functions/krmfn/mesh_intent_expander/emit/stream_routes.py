"""TLSRoute and TCPRoute: where connections to a Service go."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from krmfn.mesh_intent_expander.emit.gateway_routes import backends, routes_of
from krmfn.mesh_intent_expander.plan.common import Emitted
from krmfn.mesh_intent_expander.plan.routes import RoutedHost, RoutedRule
from krmfn.mesh_intent_expander.topology import Mesh


def tls_routes(hosts: Iterable[RoutedHost], mesh: Mesh) -> Iterator[Emitted]:
    """Yield a TLSRoute for each port of a Service that speaks TLS of its own."""
    return routes_of("tls", hosts, mesh, _rules)


def tcp_routes(hosts: Iterable[RoutedHost], mesh: Mesh) -> Iterator[Emitted]:
    """Yield a TCPRoute for each port of a Service whose connections are not looked into."""
    return routes_of("tcp", hosts, mesh, _rules)


def _rules(rule: RoutedRule, host: RoutedHost) -> Iterator[Mapping[str, Any]]:
    yield {"name": rule.name} | backends(rule, host)
