"""Services without pods: clients can resolve the name of a service in another cluster."""

from collections.abc import Iterable, Iterator
from typing import Any

from krmfn.mesh_intent_expander.plan.common import Emitted
from krmfn.mesh_intent_expander.plan.discovery import StubService
from krmfn.mesh_intent_expander.view import Port, protocol_of


def stub_services(stubs: Iterable[StubService]) -> Iterator[Emitted]:
    """Yield a Service with the ports of the real one, which Istio takes for the same."""
    for each in stubs:
        spec: dict[str, Any] = {"clusterIP": "None"} if each.headless else {}
        spec["ports"] = [_port(port) for port in each.ports]
        body = {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": each.service.name, "namespace": each.service.namespace},
            "spec": spec,
        }
        yield Emitted(body, each.clusters, "exposure", each.by)


def _port(port: Port) -> dict[str, Any]:
    transport = "UDP" if port.protocol == "udp" else "TCP"
    found: dict[str, Any] = {"name": port.name} if port.name else {}
    found |= {"port": port.number, "targetPort": port.target, "protocol": transport}
    if port.app_protocol or protocol_of(port.name, "", transport) != port.protocol:
        found["appProtocol"] = port.app_protocol or port.protocol
    return found
