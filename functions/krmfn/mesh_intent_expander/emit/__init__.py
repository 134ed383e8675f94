"""From the plan to objects: one module a kind, each total, and looking nothing up."""

from collections.abc import Iterator

from krmfn.mesh_intent_expander.emit.ambient import east_west_gateways, waypoint_gateways
from krmfn.mesh_intent_expander.emit.authorization_policy import authorization_policies
from krmfn.mesh_intent_expander.emit.destination_rule import destination_rules
from krmfn.mesh_intent_expander.emit.gateway import gateways
from krmfn.mesh_intent_expander.emit.grpc_route import grpc_routes
from krmfn.mesh_intent_expander.emit.http_route import http_routes
from krmfn.mesh_intent_expander.emit.peer_authentication import peer_authentications
from krmfn.mesh_intent_expander.emit.request_authentication import request_authentications
from krmfn.mesh_intent_expander.emit.service_entry import service_entries
from krmfn.mesh_intent_expander.emit.service_export import service_exports
from krmfn.mesh_intent_expander.emit.sidecar import sidecars
from krmfn.mesh_intent_expander.emit.stream_routes import tcp_routes, tls_routes
from krmfn.mesh_intent_expander.emit.stub_service import stub_services
from krmfn.mesh_intent_expander.emit.version_service import services_of_versions
from krmfn.mesh_intent_expander.emit.virtual_service import virtual_services
from krmfn.mesh_intent_expander.plan import Plan
from krmfn.mesh_intent_expander.plan.common import Emitted

__all__ = ["emit"]


def emit(plan: Plan) -> Iterator[Emitted]:
    """Yield every object of the plan, once for all clusters that get it."""
    yield from peer_authentications(plan.security.peers)
    yield from request_authentications(plan.security.tokens)
    yield from authorization_policies(plan.security.accesses)
    yield from gateways(plan.exposure.gateways)
    yield from east_west_gateways(plan.exposure.hbone_gateways)
    yield from waypoint_gateways(plan.exposure.waypoints)
    yield from stub_services(plan.exposure.stubs)
    yield from services_of_versions(plan.version_services)
    yield from service_exports(plan.discovered)
    yield from service_entries(plan.discovered)
    yield from destination_rules(plan.destinations)
    for routes in (virtual_services, http_routes, grpc_routes, tls_routes, tcp_routes):
        yield from routes(plan.hosts, plan.mesh)
    yield from sidecars(plan.egress)
