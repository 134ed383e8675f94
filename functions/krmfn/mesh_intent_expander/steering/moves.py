"""Moves: which service is on its way, from where to where, and how far."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from krmfn.kinds.relocation import Phase, RelocationPlan
from krmfn.mesh_intent_expander.plan.common import ServiceKey
from krmfn.mesh_intent_expander.plan.discovery import Discovered
from krmfn.mesh_intent_expander.plan.routes import RoutedHost
from krmfn.mesh_intent_expander.semantics.endpoints import is_running
from krmfn.mesh_intent_expander.topology import Mesh
from krmfn.mesh_intent_expander.view import ClusterView, Fleet, Workload
from krmfn.sdk import Resource


@dataclass(frozen=True, slots=True)
class Move:
    """A service on its way, at one phase.

    Attributes:
        others: further clusters that serve it, before, meanwhile and after.
        weighted: whether its requests can be split by cluster; else clients only prefer one.
        lingers: whether the source still runs it when it should be gone, which no client may be
            harmed by.
    """

    plan: RelocationPlan
    service: ServiceKey
    others: tuple[str, ...] = ()
    weighted: bool = True
    lingers: bool = False

    @property
    def source(self) -> str:
        """The cluster that the service leaves."""
        return self.plan.spec.from_

    @property
    def target(self) -> str:
        """The cluster that it goes to."""
        return self.plan.spec.to

    @property
    def phase(self) -> Phase:
        """The phase that is rendered; as long as the source lingers, it is not removed."""
        phase = self.plan.spec.current
        return phase.model_copy(update={"step": "Drain"}) if self.lingers else phase

    @property
    def by(self) -> Resource:
        """The RelocationPlan as the owner of what is made for it."""
        return self.plan.resource or Resource.of(self.plan.to_body())


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a move is judged by."""

    mesh: Mesh
    fleet: Fleet
    hosts: Mapping[ServiceKey, Sequence[RoutedHost]]
    discovered: Mapping[ServiceKey, Sequence[Discovered]]

    @classmethod
    def of(
        cls, mesh: Mesh, fleet: Fleet, hosts: Iterable[RoutedHost], discovered: Iterable[Discovered]
    ) -> "Surroundings":
        """Sort routes and discoveries by their services."""
        routed: dict[ServiceKey, list[RoutedHost]] = {}
        found: dict[ServiceKey, list[Discovered]] = {}
        for host in hosts:
            routed.setdefault(host.service, []).append(host)
        for each in discovered:
            found.setdefault(each.service, []).append(each)
        return cls(mesh, fleet, routed, found)

    def servers(self, service: ServiceKey) -> frozenset[str]:
        """Give the clusters that offer a service."""
        return frozenset(name for each in self.discovered.get(service, ()) for name in each.servers)

    def shows(self, cluster: str) -> bool:
        """Say whether the package is to hold what runs in a cluster; that of another one is not."""
        return self.mesh.own in ("", cluster)

    def is_known(self, service: ServiceKey) -> bool:
        """Say whether the package holds workloads of a service, with pods or without, anywhere."""
        return any(_workloads(view, service) for view in self.fleet.views.values())

    def runners(self, service: ServiceKey) -> tuple[str, ...]:
        """Give the clusters whose packages hold a Service and a workload of it that has pods."""
        return tuple(
            name
            for name, view in self.fleet.views.items()
            if any(map(is_running, _workloads(view, service)))
        )

    def is_weighted(self, service: ServiceKey) -> bool:
        """Say whether requests can be split by cluster: by subsets, which sidecars know."""
        flavors = {host.flavor for host in self.hosts.get(service, ())} or {self.mesh.flavor}
        found = self.discovered.get(service, ())
        clients = {name for each in found for name in each.clients if name in self.mesh.clusters}
        planes = {self.mesh.clusters[name].data_plane for name in clients}
        return flavors == {"istio"} and planes <= {"sidecar"}


def _workloads(view: ClusterView, service: ServiceKey) -> tuple[Workload, ...]:
    own = view.services.get(service)
    return view.workloads_of(own) if own else ()


def named(service: ServiceKey) -> str:
    """Give a service in words."""
    return f"{service.namespace}/{service.name}"


def service_of(plan: RelocationPlan) -> ServiceKey:
    """Give the service that moves."""
    namespace = plan.spec.namespace or plan.metadata.namespace or "default"
    return ServiceKey(namespace, plan.spec.service)
