"""The endpoints of a host, as a control plane sees them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from krmfn.mesh_intent_expander.semantics.registry import Host
from krmfn.mesh_intent_expander.semantics.request import DataPlane, data_plane_of
from krmfn.mesh_intent_expander.semantics.world import ControlPlane, World
from krmfn.mesh_intent_expander.topology import NETWORK, REGION, ZONE, Cluster
from krmfn.mesh_intent_expander.view import (
    ISTIO_NETWORKING,
    ClusterView,
    Port,
    Service,
    Workload,
    labels_in,
    mapping,
    mappings,
    namespace_of,
    number,
    selects,
    spec_of,
)
from krmfn.sdk import Resource

CLUSTER = "topology.istio.io/cluster"
_TLS_MODE = "security.istio.io/tlsMode"


@dataclass(frozen=True, slots=True, eq=False)
class Endpoint:
    """An endpoint: the pods of a workload, or an address.

    Attributes:
        cluster: where it is, as the control plane has it.
        address: of an endpoint that a ServiceEntry tells of, "" for pods.
        port: of the pods, or of the address; None when the pods have no such port.
        data_plane: how it takes part in the mesh.
        locality: ``region/zone``.
        labels: those of the pods, or those that are told, with where it is.
        resource, field: what tells of it.
    """

    cluster: str
    network: str
    locality: str
    labels: Mapping[str, str]
    port: int | None
    data_plane: DataPlane
    workload: Workload | None = None
    address: str = ""
    resource: Resource | None = None
    field: str = field(default="")


class Endpoints:
    """The endpoints of a mesh; those of a Service are worked out once.

    Args:
        world: the mesh.
    """

    def __init__(self, world: World) -> None:
        self.world = world
        self._pods: dict[tuple[str, str, str, Port], tuple[Endpoint, ...]] = {}
        self._everywhere: dict[tuple[str, str, tuple[str, ...]], tuple[Endpoint, ...]] = {}

    def of(self, plane: ControlPlane, host: Host, port: Port) -> tuple[Endpoint, ...]:
        """Give all endpoints of a host's port that a control plane sees, reachable or not.

        The ports of one Service in several clusters are the same by their names.
        """
        if host.service is None:
            return tuple(self._of_entry(plane, host, port))
        key = (host.name, port.name, host.clusters)
        if key not in self._everywhere:
            self._everywhere[key] = tuple(self._of_service(host.service, port.name, host.clusters))
        return self._everywhere[key]

    def _of_service(
        self, first: Service, port: str, clusters: tuple[str, ...]
    ) -> Iterator[Endpoint]:
        for name in clusters:
            service = self.world.fleet[name].services[first.namespace, first.name]
            own = next((each for each in service.ports if each.name == port), None)
            if own is not None:
                yield from self._behind(name, service, own)

    def behind(self, cluster: str, name: str, wanted: int) -> tuple[Endpoint, ...]:
        """Give the pods that the name of a Service leads to in its own cluster, mesh or not."""
        service = self.world.fleet[cluster].services_by_host.get(name)
        port = service.port(wanted) if service else None
        return self._behind(cluster, service, port) if service and port else ()

    def _behind(self, cluster: str, service: Service, port: Port) -> tuple[Endpoint, ...]:
        key = (cluster, service.namespace, service.name, port)
        if key not in self._pods:
            view = self.world.fleet[cluster]
            running = filter(is_running, view.workloads_of(service))
            self._pods[key] = tuple(_pods(self.world, view, each, port) for each in running)
        return self._pods[key]

    def kept(self, plane: ControlPlane, host: Host, port: Port, name: str) -> Endpoint:
        """Give where calls go that keep the address that the client knows by a name."""
        cluster = self.world.clusters[plane.config.name]
        return _address(cluster, host, port, {"address": name}, "spec.resolution")

    def _of_entry(self, plane: ControlPlane, host: Host, port: Port) -> Iterator[Endpoint]:
        if host.resource is None:
            return
        cluster, spec = self.world.clusters[plane.config.name], spec_of(host.resource)
        told = mappings(spec.get("endpoints"))
        for index, value in enumerate(told):
            yield _address(cluster, host, port, value, f"spec.endpoints[{index}]")
        selector = labels_in(mapping(spec.get("workloadSelector")).get("labels"))
        if selector:
            yield from self._selected(plane, host, port, selector)
        elif not told and host.resolution.startswith("DNS"):
            yield _address(cluster, host, port, {"address": host.name}, "spec.hosts")

    def _selected(
        self, plane: ControlPlane, host: Host, port: Port, selector: Mapping[str, str]
    ) -> Iterator[Endpoint]:
        for name in plane.clusters:
            view = self.world.fleet[name]
            for workload in view.workloads:
                if workload.namespace == host.namespace and selects(selector, workload.labels):
                    yield _pods(self.world, view, workload, port)
        cluster = self.world.clusters[plane.config.name]
        for entry in plane.config.of("WorkloadEntry", ISTIO_NETWORKING):
            value = spec_of(entry)
            is_meant = selects(selector, labels_in(value.get("labels")))
            if is_meant and namespace_of(entry) == host.namespace:
                yield _address(cluster, host, port, value, "spec.workloadSelector")


def is_running(workload: Workload) -> bool:
    """Say whether a workload has pods: it is not scaled to zero."""
    spec = spec_of(workload.resource) if workload.resource else {}
    return number(spec.get("replicas")) != 0


def _pods(world: World, view: ClusterView, workload: Workload, port: Port) -> Endpoint:
    """Give the endpoint that the pods of a workload are, for a port of their Service."""
    cluster = world.clusters[view.name]
    target = port.target or port.number
    return Endpoint(
        cluster=view.name,
        network=workload.labels.get(NETWORK, cluster.network),
        locality=cluster.locality,
        labels=_placed(workload.labels, cluster, cluster.locality),
        port=workload.ports.get(target) if isinstance(target, str) else target,
        data_plane=data_plane_of(view, workload),
        workload=workload,
        resource=workload.resource,
    )


def _placed(labels: Mapping[str, str], cluster: Cluster, locality: str) -> dict[str, str]:
    """Give labels with the place that the control plane puts beside them."""
    region, _, rest = locality.partition("/")
    told = {REGION: region, ZONE: rest.partition("/")[0], CLUSTER: cluster.name}
    placed = {**labels, **{key: value for key, value in told.items() if value}}
    if cluster.network:
        placed.setdefault(NETWORK, cluster.network)
    return placed


def _address(
    cluster: Cluster, host: Host, port: Port, value: Mapping[str, Any], path: str
) -> Endpoint:
    labels = labels_in(value.get("labels"))
    locality, network = value.get("locality"), value.get("network")
    place = locality if isinstance(locality, str) else ""
    is_meshed = labels.get(_TLS_MODE, "istio" if value.get("serviceAccount") else "") == "istio"
    placed = _placed(labels, cluster, place)
    if isinstance(network, str) and network:
        placed[NETWORK] = network
    address = value.get("address")
    return Endpoint(
        cluster=cluster.name,
        network=network if isinstance(network, str) else "",
        locality=place,
        labels=placed,
        port=number(mapping(value.get("ports")).get(port.name))
        or number(port.target)
        or port.number,
        data_plane="sidecar" if is_meshed else "none",
        address=address if isinstance(address, str) else "",
        resource=host.resource,
        field=path,
    )
