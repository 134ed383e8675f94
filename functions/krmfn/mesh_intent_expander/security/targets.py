"""Which pods an intent is about, and what their Services call their ports, in each cluster."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from krmfn.mesh_intent_expander.plan.common import ServiceKey
from krmfn.mesh_intent_expander.plan.security import Guarded
from krmfn.mesh_intent_expander.security.inventory import Inventory
from krmfn.mesh_intent_expander.security.words import listed, nearest
from krmfn.mesh_intent_expander.view import Port, Service, selects


@dataclass(frozen=True, slots=True)
class ServedPort:
    """A port of a Service.

    Attributes:
        targets: the same port as the policy's proxies see it; none where the package does not
            tell to which number of the pods a name leads.
    """

    number: int
    protocol: str
    targets: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Protected:
    """Pods, or a Service's waypoint, that one policy protects in some clusters.

    Attributes:
        ports: those of the Services that lead to the pods, in the order of their numbers.
        clusters: where they are.
    """

    guarded: Guarded
    ports: tuple[ServedPort, ...]
    clusters: tuple[str, ...]

    def targets(self, number: int) -> tuple[int, ...] | None:
        """Give what the proxies see of a Service's port, None when there is no such port."""
        found = [port.targets for port in self.ports if port.number == number]
        return tuple(sorted({target for targets in found for target in targets})) if found else None


@dataclass(frozen=True, slots=True)
class Wanted:
    """The pods of a Service, or those with some labels."""

    namespace: str
    service: str | None = None
    selector: Mapping[str, str] | None = None

    def __str__(self) -> str:
        if self.service is not None:
            return f'Service "{self.namespace}/{self.service}"'
        labels = ",".join(f"{key}={value}" for key, value in (self.selector or {}).items())
        return f'pods "{labels}" of namespace "{self.namespace}"'


@dataclass(frozen=True, slots=True)
class Missing:
    """Why pods cannot be protected."""

    message: str
    field: str
    current: str
    proposed: str | None = None


def find(
    inventory: Inventory, wanted: Wanted, *, waypoints: bool = False
) -> tuple[Protected, ...] | Missing:
    """Give the pods that are wanted: those that are alike in several clusters once.

    Args:
        inventory: the fleet.
        wanted: the pods.
        waypoints: whether a Service of an ambient cluster is protected at its waypoint, as it must
            be for what ztunnel does not understand.
    """
    alike: dict[tuple[Guarded, tuple[ServedPort, ...]], list[str]] = {}
    for cluster in _clusters(inventory, wanted, waypoints=waypoints):
        is_ambient = inventory.mesh.clusters[cluster].data_plane == "ambient"
        services, labels = _in(inventory, cluster, wanted)
        if waypoints and is_ambient and wanted.service:
            guarded = Guarded(wanted.namespace, waypoint_of=wanted.service)
        elif labels:
            guarded = Guarded(wanted.namespace, tuple(sorted(labels.items())))
        else:
            continue
        ports = _ports(inventory, cluster, services, own=bool(guarded.waypoint_of))
        alike.setdefault((guarded, ports), []).append(cluster)
    if not alike:
        return _missing(inventory, wanted)
    return tuple(Protected(*key, tuple(clusters)) for key, clusters in alike.items())


def _missing(inventory: Inventory, wanted: Wanted) -> Missing:
    """Say what is wrong with a target that no cluster has."""
    if wanted.service is None:
        return Missing(
            f"must select pods of the package, but there are no {wanted}", "selector", ""
        )
    if (wanted.namespace, wanted.service) in inventory.services:
        message = f"must be a Service with a selector, but {wanted} has none"
        return Missing(message, "service", wanted.service)
    known = [name for namespace, name in inventory.services if namespace == wanted.namespace]
    message = f'must be a Service of namespace "{wanted.namespace}"'
    message += f': {listed(known)}, but is "{wanted.service}"' if known else ", which has none"
    return Missing(message, "service", wanted.service, nearest(wanted.service, known))


def _clusters(inventory: Inventory, wanted: Wanted, *, waypoints: bool) -> tuple[str, ...]:
    """Give the clusters in which pods are protected.

    A request passes one waypoint, mostly that of its client's cluster, so those of clients
    protect as well.
    """
    clusters = inventory.fleet.clusters
    if wanted.service is None:
        return tuple(c for c in clusters if _selected(inventory, c, wanted))
    key = ServiceKey(wanted.namespace, wanted.service)
    servers = inventory.servers(key)
    if not waypoints:
        return servers
    planes = inventory.mesh.clusters
    clients = {c for c in inventory.clients(key) if planes[c].data_plane == "ambient"}
    having = inventory.fleet.clusters_with(*key)
    return tuple(c for c in having if c in servers or c in clients)


def _selected(inventory: Inventory, cluster: str, wanted: Wanted) -> list[Mapping[str, str]]:
    """Give the labels of the pods that a selector finds in a cluster."""
    pods = inventory.pods(cluster, wanted.namespace)
    return [pod.labels for pod in pods if selects(wanted.selector or {}, pod.labels)]


def _in(
    inventory: Inventory, cluster: str, wanted: Wanted
) -> tuple[list[Service], Mapping[str, str]]:
    """Give the Services that lead to the wanted pods of a cluster, and the pods' labels."""
    services = inventory.fleet[cluster].services
    if wanted.service is not None:
        service = services[wanted.namespace, wanted.service]
        return [service], service.selector
    pods = _selected(inventory, cluster, wanted)
    leading = [
        service
        for (namespace, _), service in services.items()
        if namespace == wanted.namespace
        and service.selector
        and any(selects(service.selector, labels) for labels in pods)
    ]
    return leading, wanted.selector or {}


def _ports(
    inventory: Inventory, cluster: str, services: Iterable[Service], *, own: bool
) -> tuple[ServedPort, ...]:
    """Give the ports of Services, with the numbers of their pods or with their own."""
    found = {
        ServedPort(port.number, port.protocol, (port.number,) if own else targets)
        for service in services
        for port, targets in _translated(inventory, cluster, service)
    }
    return tuple(sorted(found, key=lambda port: (port.number, port.protocol, port.targets)))


def _translated(
    inventory: Inventory, cluster: str, service: Service
) -> Iterator[tuple[Port, tuple[int, ...]]]:
    """Yield the ports of a Service, each with the numbers that ``targetPort`` leads to."""
    for port in service.ports:
        if isinstance(port.target, int):
            yield port, (port.target,)
        else:
            pods = inventory.workloads(cluster, ServiceKey(service.namespace, service.name))
            yield (
                port,
                tuple(sorted({p.ports[port.target] for p in pods if port.target in p.ports})),
            )
