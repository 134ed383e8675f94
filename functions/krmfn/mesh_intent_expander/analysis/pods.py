"""The pods of a cluster as rules see them, its gateways included."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from krmfn.mesh_intent_expander.analysis.reading import text
from krmfn.mesh_intent_expander.mesh_config import mesh_config
from krmfn.mesh_intent_expander.topology import AMBIENT_PORT, SIDECAR_PORT
from krmfn.mesh_intent_expander.view import (
    ISTIO_NETWORKING,
    ClusterView,
    Port,
    Service,
    Workload,
    labels_in,
    mapping,
)
from krmfn.sdk import Resource

_INGRESS_LABELS = {"istio": "ingressgateway"}
_INGRESS_PORTS = (80, 443, 31400, 15443)


def pods(view: ClusterView) -> tuple[Workload, ...]:
    """Give the workloads of a cluster, and its gateways.

    Packages seldom hold the gateways that stand in the cluster already. Istio's own ingress gateway
    istioctl takes for granted too, unless the MeshConfig sets ``ingressControllerMode: OFF``; the
    east-west gateway is where the mesh says.
    """
    return (*view.workloads, *_gateway_pods(view))


def services(view: ClusterView) -> Iterable[Service]:
    """Give the Services of a cluster, and those of its gateways."""
    known = {(each.namespace, each.name): each for each in _gateway_services(view)}
    return (known | view.services).values()


def selector_of(gateway: Resource) -> dict[str, str]:
    """Give the labels of the pods that a Gateway configures; none stand for all pods."""
    return labels_in(mapping(gateway.body.get("spec")).get("selector"))


def gateways(view: ClusterView) -> tuple[Resource, ...]:
    """Give Istio's own Gateways of a cluster."""
    return view.of("Gateway", ISTIO_NETWORKING)


def selector_text(selector: Mapping[str, Any]) -> str:
    """Write a selector as ``kubectl`` takes it, as in ``app=web,istio=ingressgateway``."""
    return ",".join(f"{key}={value}" for key, value in sorted(selector.items()))


def _gateway_pods(view: ClusterView) -> tuple[Workload, ...]:
    return tuple(
        Workload("Pod", each.namespace, each.name, labels=each.selector)
        for each in _gateway_services(view)
    )


def _gateway_services(view: ClusterView) -> Iterator[Service]:
    config = mesh_config(view)
    if config.get("ingressControllerMode") != "OFF":
        name = text(config.get("ingressService")) or "istio-ingressgateway"
        ports = tuple(Port(number, target=number) for number in _INGRESS_PORTS)
        yield Service(view.root_namespace, name, ports=ports, selector=_INGRESS_LABELS)
    if gateway := view.gateway:
        numbers = dict.fromkeys((SIDECAR_PORT, AMBIENT_PORT, gateway.port))
        ports = tuple(Port(number, target=number) for number in numbers)
        yield Service(
            gateway.namespace, "istio-eastwestgateway", ports=ports, selector=gateway.selector
        )
