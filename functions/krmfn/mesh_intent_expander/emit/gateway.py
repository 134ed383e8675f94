"""Istio's Gateway: what east-west gateways let in from other networks."""

from collections.abc import Iterable, Iterator

from krmfn.mesh_intent_expander.plan.common import Emitted
from krmfn.mesh_intent_expander.plan.discovery import CrossNetworkGateway
from krmfn.mesh_intent_expander.topology import SIDECAR_PORT


def gateways(cross_network: Iterable[CrossNetworkGateway]) -> Iterator[Emitted]:
    """Yield a Gateway that passes TLS on to exactly these hosts.

    It listens where the pods of an east-west gateway do; the port that other networks see may be
    another one.
    """
    for each in cross_network:
        server = {
            "port": {"number": SIDECAR_PORT, "name": "tls", "protocol": "TLS"},
            "tls": {"mode": "AUTO_PASSTHROUGH"},
            "hosts": list(each.hosts),
        }
        body = {
            "apiVersion": "networking.istio.io/v1",
            "kind": "Gateway",
            "metadata": {"name": each.name, "namespace": each.namespace},
            "spec": {"selector": dict(each.selector), "servers": [server]},
        }
        yield Emitted(body, each.clusters, "exposure", each.by)
