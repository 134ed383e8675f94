"""What the clusters of a mesh have: namespaces, accounts, pods, and where services run."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property

from krmfn.mesh_intent_expander.plan.common import ServiceKey
from krmfn.mesh_intent_expander.plan.discovery import Discovered
from krmfn.mesh_intent_expander.topology import Mesh
from krmfn.mesh_intent_expander.view import ClusterView, Fleet, Workload, namespace_of, selects


class Inventory:
    """A fleet, looked up by what intents name.

    Args:
        mesh: the mesh.
        fleet: the objects of its clusters.
        discovered: services that are used across clusters.
    """

    def __init__(self, mesh: Mesh, fleet: Fleet, discovered: Iterable[Discovered] = ()) -> None:
        self.mesh = mesh
        self.fleet = fleet
        self.discovered = tuple(discovered)
        self._discovered: dict[ServiceKey, list[Discovered]] = {}
        for each in self.discovered:
            self._discovered.setdefault(each.service, []).append(each)

    @cached_property
    def services(self) -> frozenset[tuple[str, str]]:
        """Namespace and name of all Services."""
        return frozenset(key for view in self.fleet.views.values() for key in view.services)

    @cached_property
    def namespaces(self) -> frozenset[str]:
        """All namespaces that have an object, a Service or a workload."""
        return frozenset().union(*self._namespaces.values())

    @cached_property
    def accounts(self) -> frozenset[tuple[str, str]]:
        """Namespace and name of all ServiceAccounts: those with objects, and those in use."""
        found = {(name, "default") for name in self.namespaces}
        for view in self.fleet.views.values():
            found |= {(each.namespace, each.service_account) for each in view.workloads}
            found |= {(namespace_of(each), each.name) for each in view.of("ServiceAccount", "")}
        return frozenset(found)

    def pods(self, cluster: str, namespace: str) -> Sequence[Workload]:
        """Give the workloads of a namespace in a cluster."""
        return self._pods[cluster].get(namespace, ())

    def clusters_of(self, namespace: str) -> tuple[str, ...]:
        """Give the clusters in which a namespace has an object, a Service or a workload."""
        return tuple(c for c in self.fleet.clusters if namespace in self._namespaces[c])

    def servers(self, key: ServiceKey) -> tuple[str, ...]:
        """Give the clusters that run a service; those that have it where none has its pods."""
        having = self.fleet.clusters_with(*key)
        running = tuple(c for c in having if self.workloads(c, key))
        offered = {c for each in self.uses(key) for c in each.servers}
        return running or tuple(c for c in having if c in offered) or having

    def clients(self, key: ServiceKey) -> frozenset[str]:
        """Give the clusters that use a service of other clusters, as they declare."""
        return frozenset(c for each in self.uses(key) for c in each.clients)

    def uses(self, key: ServiceKey) -> Sequence[Discovered]:
        """Give the declared uses of a service across clusters."""
        return self._discovered.get(key, ())

    def workloads(self, cluster: str, key: ServiceKey) -> tuple[Workload, ...]:
        """Give the workloads of a service in a cluster."""
        service = self.fleet[cluster].services.get(key)
        if service is None or not service.selector:
            return ()
        label = next(iter(service.selector.items()))
        alike = self._labelled[cluster].get((key.namespace, *label), ())
        return tuple(pod for pod in alike if selects(service.selector, pod.labels))

    def written(self, clusters: Iterable[str]) -> tuple[str, ...]:
        """Give the clusters whose control planes read what is to hold in some clusters."""
        return tuple(sorted({self.mesh.clusters[c].config_cluster for c in clusters}))

    @cached_property
    def _pods(self) -> Mapping[str, Mapping[str, Sequence[Workload]]]:
        return {cluster: _by_namespace(view) for cluster, view in self.fleet.views.items()}

    @cached_property
    def _labelled(self) -> Mapping[str, Mapping[tuple[str, str, str], Sequence[Workload]]]:
        return {cluster: _by_label(view) for cluster, view in self.fleet.views.items()}

    @cached_property
    def _namespaces(self) -> Mapping[str, frozenset[str]]:
        return {
            cluster: frozenset(
                [*view.namespaces, *self._pods[cluster], *(ns for ns, _ in view.services)]
            )
            for cluster, view in self.fleet.views.items()
        }


def _by_namespace(view: ClusterView) -> dict[str, list[Workload]]:
    found: dict[str, list[Workload]] = {}
    for workload in view.workloads:
        found.setdefault(workload.namespace, []).append(workload)
    return found


def _by_label(view: ClusterView) -> dict[tuple[str, str, str], list[Workload]]:
    """Give workloads by namespace and each of their labels: packages have thousands of Services."""
    found: dict[tuple[str, str, str], list[Workload]] = {}
    for workload in view.workloads:
        for label in workload.labels.items():
            found.setdefault((workload.namespace, *label), []).append(workload)
    return found
