"""The Gateways of ambient meshes: waypoints, and the way in from other networks."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from krmfn.mesh_intent_expander.plan.common import Emitted
from krmfn.mesh_intent_expander.plan.discovery import HboneGateway, Waypoint
from krmfn.mesh_intent_expander.topology import AMBIENT_PORT, NETWORK

_TERMINATE = {
    "mode": "Terminate",
    "options": {"gateway.istio.io/tls-terminate-mode": "ISTIO_MUTUAL"},
}


def waypoint_gateways(waypoints: Iterable[Waypoint]) -> Iterator[Emitted]:
    """Yield the waypoint of each namespace; its own Service is as global as those behind it."""
    for each in waypoints:
        spec = {
            "gatewayClassName": "istio-waypoint",
            "infrastructure": {"labels": {"istio.io/global": "true"}},
            "listeners": [{"name": "mesh", "port": AMBIENT_PORT, "protocol": "HBONE"}],
        }
        labels = {"istio.io/waypoint-for": "service"}
        body = _gateway(each.name, each.namespace, labels, spec)
        yield Emitted(body, each.clusters, "exposure", each.by)


def east_west_gateways(hbone: Iterable[HboneGateway]) -> Iterator[Emitted]:
    """Yield the gateway by which other networks reach an ambient cluster."""
    for each in hbone:
        listener = {"name": "mesh", "port": each.port, "protocol": "HBONE", "tls": _TERMINATE}
        spec = {"gatewayClassName": "istio-east-west", "listeners": [listener]}
        body = _gateway("istio-eastwestgateway", each.namespace, {NETWORK: each.network}, spec)
        yield Emitted(body, each.clusters, "exposure", each.by)


def _gateway(
    name: str, namespace: str, labels: Mapping[str, str], spec: Mapping[str, Any]
) -> dict[str, Any]:
    return {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "Gateway",
        "metadata": {"name": name, "namespace": namespace, "labels": dict(labels)},
        "spec": spec,
    }
