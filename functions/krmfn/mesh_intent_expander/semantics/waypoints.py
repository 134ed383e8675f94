"""Waypoints: who stands before a Service of ambient and routes for its clients.

Source: Istio's "Configure waypoint proxies".
"""

from dataclasses import dataclass

from krmfn.mesh_intent_expander.semantics.registry import Host
from krmfn.mesh_intent_expander.semantics.world import ControlPlane
from krmfn.mesh_intent_expander.view import GATEWAY_API, ClusterView, namespace_of, spec_of
from krmfn.sdk import Resource

_USE, _USE_NAMESPACE = "istio.io/use-waypoint", "istio.io/use-waypoint-namespace"
_FOR, _CLASS = "istio.io/waypoint-for", "istio-waypoint"


@dataclass(frozen=True, slots=True)
class Waypoint:
    """The waypoint of a host.

    Attributes:
        resource: its Gateway, None when it is asked for but not there.
    """

    namespace: str
    name: str
    resource: Resource | None

    @property
    def account(self) -> str:
        """The end of its identity."""
        return f"ns/{self.namespace}/sa/{self.name}"


def waypoint_of(plane: ControlPlane, view: ClusterView, host: Host) -> Waypoint | None:
    """Give the waypoint that the Service of a host asks for, or else its namespace."""
    if host.service is None:
        return None
    service = view.services.get((host.service.namespace, host.service.name), host.service)
    for labels in (service.labels, view.namespaces.get(host.namespace, {})):
        if _USE in labels:
            name, namespace = labels[_USE], labels.get(_USE_NAMESPACE, host.namespace)
            if name in ("", "none"):
                return None
            return Waypoint(namespace, name, _gateway(plane, namespace, name))
    return None


def _gateway(plane: ControlPlane, namespace: str, name: str) -> Resource | None:
    for each in plane.config.of("Gateway", GATEWAY_API):
        is_waypoint = spec_of(each).get("gatewayClassName") == _CLASS
        if is_waypoint and (namespace_of(each), each.name) == (namespace, name):
            return each if each.labels.get(_FOR, "service") in ("service", "all") else None
    return None
