"""GRPCRoute: which calls of a Service go where."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from krmfn.mesh_intent_expander.emit.gateway_routes import backends, routes_of, shared_filters
from krmfn.mesh_intent_expander.emit.http_route import value_match
from krmfn.mesh_intent_expander.intents.matching import Match
from krmfn.mesh_intent_expander.plan.common import Emitted
from krmfn.mesh_intent_expander.plan.routes import RoutedHost, RoutedRule
from krmfn.mesh_intent_expander.topology import Mesh


def grpc_routes(hosts: Iterable[RoutedHost], mesh: Mesh) -> Iterator[Emitted]:
    """Yield a GRPCRoute for each port of a Service, and for each ingress."""
    return routes_of("grpc", hosts, mesh, _rules)


def _rules(rule: RoutedRule, host: RoutedHost) -> Iterator[Mapping[str, Any]]:
    found: dict[str, Any] = {"name": rule.name}
    if rule.matches:
        found["matches"] = [_match(match) for match in rule.matches]
    if filters := [*shared_filters(rule, host)]:
        found["filters"] = filters
    yield found | backends(rule, host)


def _match(match: Match) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if match.grpc is not None:
        said = {"service": match.grpc.service, "method": match.grpc.method}
        named = {name: value for name, value in said.items() if value is not None}
        found["method"] = {"type": "Exact", **named}
    if match.headers:
        found["headers"] = [value_match(each, each.name.lower()) for each in match.headers]
    return found
