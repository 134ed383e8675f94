"""The Services that select one Deployment agree about its ports."""

from collections.abc import Iterable, Iterator, Sequence

from krmfn.mesh_intent_expander.analysis.finding import Code, Finding, Level
from krmfn.mesh_intent_expander.analysis.reading import quoted, text
from krmfn.mesh_intent_expander.view import (
    ClusterView,
    Fleet,
    Service,
    mappings,
    number,
    selects,
    spec_of,
)
from krmfn.sdk import Resource

OTHER_TRANSPORT = Code(
    "IST0116",
    Level.WARNING,
    "Services with the same port that select one Deployment must use the same transport.",
    "DeploymentAssociatedToMultipleServices",
)
OTHER_PORT = Code(
    "IST0137",
    Level.WARNING,
    "Services with the same target port that select one Deployment must use the same port.",
    "DeploymentConflictingPorts",
)
CODES = (OTHER_TRANSPORT, OTHER_PORT)

_MANAGED, _WAYPOINT = "gateway.istio.io/managed", "istio.io-mesh-controller"


def check(view: ClusterView, _fleet: Fleet) -> Iterable[Finding]:
    """Yield Deployments of the mesh to which several Services give unlike ports."""
    services: dict[str, list[Service]] = {}
    for service in view.services.values():
        if service.selector:
            services.setdefault(service.namespace, []).append(service)
    for workload in view.workloads:
        resource = workload.resource
        if resource is None or workload.kind != "Deployment" or not view.is_meshed(workload):
            continue
        if resource.labels.get(_MANAGED) != _WAYPOINT:
            own = services.get(workload.namespace, ())
            selecting = [each for each in own if selects(each.selector, workload.labels)]
            yield from _transports(resource, selecting)
            yield from _targets(resource, selecting)


def _transports(deployment: Resource, services: Sequence[Service]) -> Iterator[Finding]:
    found: dict[int, dict[str, list[str]]] = {}
    for service in services:
        for port in mappings(spec_of(service.resource).get("ports") if service.resource else None):
            if (own := number(port.get("port"))) is not None:
                transport = text(port.get("protocol")) or "TCP"
                found.setdefault(own, {}).setdefault(transport, []).append(service.name)
    for own, transports in sorted(found.items()):
        if len(transports) > 1:
            names = sorted(name for each in transports.values() for name in each)
            message = (
                f"port {own} must have one transport in the Services {quoted(names)}, "
                f"but has {' and '.join(sorted(transports))}"
            )
            yield Finding(OTHER_TRANSPORT, deployment, message)


def _targets(deployment: Resource, services: Sequence[Service]) -> Iterator[Finding]:
    found: dict[str, dict[int, str]] = {}
    for service in services:
        for port in service.ports:
            found.setdefault(str(port.target), {})[port.number] = service.name
    for target, ports in sorted(found.items()):
        if len(ports) > 1:
            names, numbers = sorted(ports.values()), " and ".join(map(str, sorted(ports)))
            message = (
                f'target port "{target}" must have one port in the Services {quoted(names)}, '
                f"but has {numbers}"
            )
            yield Finding(OTHER_PORT, deployment, message)
