"""Gateways select pods, and listen on ports that a Service of those pods exposes."""

from collections.abc import Iterable, Iterator, Mapping

from krmfn.mesh_intent_expander.analysis.finding import Code, Finding, Level
from krmfn.mesh_intent_expander.analysis.pods import (
    gateways,
    pods,
    selector_of,
    selector_text,
    services,
)
from krmfn.mesh_intent_expander.analysis.reading import items
from krmfn.mesh_intent_expander.analysis.references import NOT_FOUND
from krmfn.mesh_intent_expander.view import (
    ClusterView,
    Fleet,
    Service,
    Workload,
    number,
    selects,
    spec_of,
)
from krmfn.sdk import Resource

PORT_NOT_EXPOSED = Code(
    "IST0162",
    Level.WARNING,
    "A Gateway's port must be exposed by a Service of its pods.",
    "GatewayPortNotDefinedOnService",
)
CODES = (NOT_FOUND, PORT_NOT_EXPOSED)


def check(view: ClusterView, _fleet: Fleet) -> Iterable[Finding]:
    """Yield Gateways whose selector matches no pod, and ports that no Service exposes."""
    all_pods, all_services = pods(view), list(services(view))
    for gateway in gateways(view):
        selector = selector_of(gateway)
        chosen = [pod for pod in all_pods if selects(selector, pod.labels)]
        if chosen:
            yield from _unexposed(gateway, _exposed(chosen, all_services))
        else:
            message = f'must match the labels of some pod, but "{selector_text(selector)}" does not'
            yield Finding(NOT_FOUND, gateway, message, "spec.selector")


def _unexposed(gateway: Resource, exposed: set[int]) -> Iterator[Finding]:
    for path, server in items(spec_of(gateway).get("servers"), "spec.servers"):
        if not isinstance(server.get("port"), Mapping):
            continue
        port = number(server["port"].get("number")) or 0
        if port not in exposed:
            listed = ", ".join(map(str, sorted(exposed))) or "none"
            message = (
                f"must be exposed by a Service of the Gateway's pods ({listed}), but is {port}"
            )
            yield Finding(PORT_NOT_EXPOSED, gateway, message, f"{path}.port.number")


def _exposed(chosen: Iterable[Workload], all_services: list[Service]) -> set[int]:
    """Give the ports of the pods' Services, and the pods' own ports behind them."""
    labels = {(pod.namespace, frozenset(pod.labels.items())) for pod in chosen}
    found: set[int] = set()
    for service in all_services:
        if any(
            namespace == service.namespace and selects(service.selector, dict(pairs))
            for namespace, pairs in labels
        ):
            for port in service.ports:
                found |= {port.number, _numeric(port.target)}
    return found - {0}


def _numeric(target: int | str) -> int:
    text = str(target)
    return int(text) if text.isdecimal() and len(text) <= len("65535") else 0
