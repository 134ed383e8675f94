"""Routing: all intents about one host become its rules, the most specific first."""

from collections.abc import Iterable, Sequence
from itertools import groupby

from krmfn.mesh_intent_expander.intents import TrafficRoute
from krmfn.mesh_intent_expander.plan.discovery import Discovered
from krmfn.mesh_intent_expander.plan.routes import RoutedHost
from krmfn.mesh_intent_expander.routing.directory import Directory
from krmfn.mesh_intent_expander.routing.hosts import route_service
from krmfn.mesh_intent_expander.routing.ingress import route_ingress
from krmfn.mesh_intent_expander.routing.reading import read_routes
from krmfn.mesh_intent_expander.routing.version_services import version_services
from krmfn.mesh_intent_expander.topology import Mesh
from krmfn.mesh_intent_expander.view import Fleet
from krmfn.sdk import Result

__all__ = ["route", "version_services"]


def route(
    mesh: Mesh, fleet: Fleet, routes: Iterable[TrafficRoute], discovered: Sequence[Discovered]
) -> tuple[tuple[RoutedHost, ...], list[Result]]:
    """Decide which requests to which host go where.

    Args:
        mesh: the mesh and its clusters.
        fleet: their objects.
        routes: the intents, in any order.
        discovered: how services are found across clusters.

    Returns:
        the hosts in the order of their services' names, and what is wrong with the intents.
    """
    directory = Directory(mesh, fleet, discovered)
    read, problems = read_routes(routes, directory)
    hosts: list[RoutedHost] = []
    by_service = sorted(read, key=lambda each: each.parent.entry.key)
    for _, same in groupby(by_service, lambda each: each.parent.entry.key):
        made, wrong = route_service([*same], directory)
        hosts += made
        problems += wrong
    made, wrong = route_ingress(read, directory)
    return (*hosts, *made), [*problems, *wrong]
