"""Ambient meshes: labels that make a service global, its waypoint, and the gateways for HBONE."""

from collections.abc import Iterable, Iterator, Sequence

from krmfn.mesh_intent_expander.plan.discovery import (
    Discovered,
    HboneGateway,
    Labelled,
    Waypoint,
)
from krmfn.mesh_intent_expander.topology import Mesh
from krmfn.mesh_intent_expander.view import GATEWAY_API, Fleet, namespace_of, spec_of
from krmfn.sdk import Resource

GLOBAL = "istio.io/global"
USE_WAYPOINT = "istio.io/use-waypoint"
WAYPOINT_CLASS = "istio-waypoint"
NAME = "waypoint"


def ambient_labels(fleet: Fleet, discovered: Iterable[Discovered]) -> Iterator[Labelled]:
    """Yield the labels of global services, in every cluster that has them.

    A cluster honours only its own labels, so that they must be the same everywhere. A Service
    that names a waypoint keeps it.
    """
    for each in discovered:
        for cluster in each.servers + each.clients if each.how == "global" else ():
            service = fleet[cluster].services.get(each.service)
            if service is not None and service.resource is not None:
                waypoint = service.labels.get(USE_WAYPOINT) or _waypoint_of(fleet, cluster, each)
                yield Labelled(service.resource, {GLOBAL: "true", USE_WAYPOINT: waypoint})


def waypoints(fleet: Fleet, discovered: Iterable[Discovered]) -> Iterator[Waypoint]:
    """Yield a waypoint for each namespace of global services, where people have written none.

    It applies what ztunnel cannot: preferences among clusters, and routes.
    """
    found: dict[str, tuple[Resource, set[str]]] = {}
    for each in discovered:
        namespace = each.service.namespace
        for cluster in each.servers if each.how == "global" else ():
            if not _by_hand(fleet, cluster, namespace):
                found.setdefault(namespace, (each.by, set()))[1].add(cluster)
    for namespace, (by, clusters) in sorted(found.items()):
        yield Waypoint(NAME, namespace, tuple(sorted(clusters)), by)


def hbone_gateways(
    mesh: Mesh, fleet: Fleet, discovered: Sequence[Discovered]
) -> Iterator[HboneGateway]:
    """Yield the east-west gateways of ambient clusters, where networks are crossed."""
    owner = mesh.topology or (discovered[0].by if discovered else None)
    if owner is None or not mesh.base_layer or len(mesh.networks) < 2:
        return
    for name, cluster in mesh.clusters.items():
        if cluster.data_plane != "ambient" or cluster.gateway is None:
            continue
        gateways = fleet[name].of("Gateway", GATEWAY_API)
        if not any(spec_of(g).get("gatewayClassName") == "istio-east-west" for g in gateways):
            gateway = cluster.gateway
            yield HboneGateway(gateway.namespace, cluster.network, gateway.port, (name,), owner)


def _waypoint_of(fleet: Fleet, cluster: str, each: Discovered) -> str:
    by_hand = _by_hand(fleet, cluster, each.service.namespace)
    return by_hand[0].name if by_hand else NAME


def _by_hand(fleet: Fleet, cluster: str, namespace: str) -> list[Resource]:
    return [
        gateway
        for gateway in fleet[cluster].of("Gateway", GATEWAY_API)
        if namespace_of(gateway) == namespace
        and spec_of(gateway).get("gatewayClassName") == WAYPOINT_CLASS
    ]
