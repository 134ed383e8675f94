"""Where a service runs, what its ports are and who its pods are."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from krmfn.kinds.inventory import GROUP, PLACEMENT_DECISION, PLACEMENT_KEY, decided_clusters
from krmfn.mesh_intent_expander.discovery.telling import quoted, unknown
from krmfn.mesh_intent_expander.intents.service_discovery import ServiceDiscovery
from krmfn.mesh_intent_expander.plan.common import ServiceKey
from krmfn.mesh_intent_expander.topology import Mesh
from krmfn.mesh_intent_expander.view import Fleet, Port, Service, protocol_of
from krmfn.sdk import Package, Resource, Result, error, warning


@dataclass(frozen=True, slots=True)
class Served:
    """A service and the clusters that offer it.

    Attributes:
        ports: in the order of their numbers.
        accounts: ServiceAccounts of its pods, as far as they are known.
    """

    key: ServiceKey
    servers: tuple[str, ...]
    ports: tuple[Port, ...]
    accounts: tuple[str, ...] = ()


def key_of(intent: ServiceDiscovery) -> ServiceKey:
    """Give the service that an intent is about."""
    said = intent.spec.service
    own = intent.resource.namespace if intent.resource else ""
    return ServiceKey(said.namespace or own or "default", said.name)


def namespaces_in(fleet: Fleet) -> dict[str, frozenset[str]]:
    """Give the namespaces that each cluster is known to have."""
    return {
        cluster: frozenset(
            {*view.namespaces}
            | {namespace for namespace, _ in view.services}
            | {workload.namespace for workload in view.workloads}
        )
        for cluster, view in fleet.views.items()
    }


class Serving:
    """Finds the clusters that run services.

    Args:
        mesh: the mesh.
        fleet: the objects of its clusters.
        package: the package, for its PlacementDecisions.
    """

    def __init__(self, mesh: Mesh, fleet: Fleet, package: Package) -> None:
        self._mesh = mesh
        self._fleet = fleet
        self._decisions = _by_placement(package)
        self._having: dict[ServiceKey, list[str]] = {}
        for cluster, view in fleet.views.items():
            for namespace, name in view.services:
                self._having.setdefault(ServiceKey(namespace, name), []).append(cluster)

    def served(self, intent: ServiceDiscovery) -> tuple[Served | None, list[Result]]:
        """Give where an intent's service runs, None when that cannot be said, and what is wrong."""
        key = key_of(intent)
        having = self._having.get(key, [])
        if not having and not intent.spec.service.ports:
            return None, [self._no_service(intent, key)]
        services = {cluster: self._fleet[cluster].services[key] for cluster in having}
        servers, problems = self._servers(intent, services)
        problems += _ports_missing(intent, services)
        problems += _ports_differ(intent, {c: s for c, s in services.items() if c in servers})
        if not servers:
            return None, problems or [_runs_nowhere(intent, key)]
        first = next((services[cluster] for cluster in servers if cluster in services), None)
        ports = first.ports if first else _said_ports(intent)
        accounts = self._accounts(intent, {c: s for c, s in services.items() if c in servers})
        by_number = tuple(sorted(ports, key=lambda port: port.number))
        return Served(key, servers, by_number, accounts), problems

    def _servers(
        self, intent: ServiceDiscovery, services: Mapping[str, Service]
    ) -> tuple[tuple[str, ...], list[Result]]:
        """Give the clusters that offer a service: as placed, narrowed by ``exportFrom``."""
        placed, problems = self._placed(intent)
        running = self._running(services) if placed is None else placed
        wanted = intent.spec.export_from
        if wanted == "all":
            exported = running
        else:
            known = [cluster for cluster in wanted if cluster in self._mesh.clusters]
            problems += [
                unknown(
                    intent, "spec.exportFrom", "a cluster of the mesh", name, self._mesh.clusters
                )
                for name in dict.fromkeys(wanted)
                if name not in self._mesh.clusters
            ]
            problems += [
                _not_placed(intent, c) for c in known if placed is not None and c not in placed
            ]
            exported = [c for c in known if placed is None or c in placed]
        may_lack = placed is not None and bool(intent.spec.service.ports)
        lacking = [] if may_lack else [c for c in exported if c not in services]
        problems += [_not_there(intent, cluster) for cluster in lacking]
        return tuple(sorted({*exported} - {*lacking})), problems

    def _running(self, services: Mapping[str, Service]) -> list[str]:
        """Give the clusters with workloads; those with a selector where the package has none."""
        selecting = [cluster for cluster, service in services.items() if service.selector]
        running = [c for c in selecting if self._fleet[c].workloads_of(services[c])]
        return running or selecting or [*services]

    def _placed(self, intent: ServiceDiscovery) -> tuple[list[str] | None, list[Result]]:
        """Give the clusters that a PlacementDecision chose, None when none is asked for."""
        wanted = intent.spec.placement
        if wanted is None:
            return None, []
        decisions = self._decisions.get(wanted)
        if decisions is None:
            return [], [
                unknown(
                    intent, "spec.placement", "a placement of the package", wanted, self._decisions
                )
            ]
        own = intent.resource.namespace if intent.resource else ""
        near = [decision for decision in decisions if decision.namespace == own] or decisions
        chosen = dict.fromkeys(c for each in near for c in decided_clusters(each.body))
        outside = [cluster for cluster in chosen if cluster not in self._mesh.clusters]
        told = [_outside(intent, outside)] if outside else []
        return [cluster for cluster in chosen if cluster in self._mesh.clusters], told

    def _accounts(
        self, intent: ServiceDiscovery, services: Mapping[str, Service]
    ) -> tuple[str, ...]:
        if intent.spec.service_account:
            return (intent.spec.service_account,)
        found = {
            workload.service_account
            for cluster, service in services.items()
            for workload in self._fleet[cluster].workloads_of(service)
        }
        return tuple(sorted(found))

    def _no_service(self, intent: ServiceDiscovery, key: ServiceKey) -> Result:
        names = [f"{each.namespace}/{each.name}" for each in self._having]
        name = f"{key.namespace}/{key.name}"
        return unknown(
            intent, "spec.service.name", "a Service of a cluster, or have `ports`", name, names
        )


def _by_placement(package: Package) -> dict[str, list[Resource]]:
    found: dict[str, list[Resource]] = {}
    for decision in package.select(kind=PLACEMENT_DECISION, group=GROUP):
        if placement := decision.labels.get(PLACEMENT_KEY):
            found.setdefault(placement, []).append(decision)
    return found


def _said_ports(intent: ServiceDiscovery) -> tuple[Port, ...]:
    """Give the ports that an intent tells; one without a name is named after its protocol."""
    return tuple(
        Port(
            number=port.number,
            name=port.name or f"{port.protocol}-{port.number}",
            protocol=protocol_of(port.name, port.protocol),
            target=port.number,
        )
        for port in intent.spec.service.ports
    )


def _ports_missing(intent: ServiceDiscovery, services: Mapping[str, Service]) -> Iterator[Result]:
    """Yield an error for each port that the intent tells and the Service lacks."""
    for cluster, service in services.items():
        for index, port in enumerate(intent.spec.service.ports):
            if service.port(port.number) is None:
                listed = ", ".join(str(each.number) for each in service.ports) or "none"
                yield error(
                    f'must be a port of Service "{service.namespace}/{service.name}" in cluster '
                    f'"{cluster}": {listed}, but is {port.number}',
                    code="port-unknown",
                    at=intent,
                    field=f"spec.service.ports[{index}].number",
                    current=str(port.number),
                )


def _ports_differ(intent: ServiceDiscovery, services: Mapping[str, Service]) -> Iterator[Result]:
    """Yield a warning where clusters disagree on the ports: Istio takes them for one service."""
    shapes: dict[Sequence[tuple[object, ...]], str] = {}
    for cluster, service in services.items():
        ports = sorted((port.number, port.name, port.protocol) for port in service.ports)
        shapes.setdefault((*ports, ("headless", service.headless)), cluster)
    if len(shapes) > 1:
        yield warning(
            f"must be the same Service in all clusters, but its ports differ between "
            f"{quoted(shapes.values())}; clients use those of their own cluster",
            code="service-inconsistent",
            at=intent,
            field="spec.service.name",
        )


def _not_there(intent: ServiceDiscovery, cluster: str) -> Result:
    field = "spec.placement" if intent.spec.placement else "spec.exportFrom"
    return error(
        f'must name clusters that have the Service, but "{cluster}" does not; '
        f"give `service.ports` and a `placement` for one that is not in the package",
        code="service-not-there",
        at=intent,
        field=field,
        current=cluster,
    )


def _not_placed(intent: ServiceDiscovery, cluster: str) -> Result:
    return error(
        f'must name clusters that `placement` "{intent.spec.placement}" chose, '
        f'but "{cluster}" is none',
        code="not-placed",
        at=intent,
        field="spec.exportFrom",
        current=cluster,
    )


def _outside(intent: ServiceDiscovery, clusters: Sequence[str]) -> Result:
    return warning(
        f"chose {quoted(clusters)} as well, which no other cluster reaches: not of the mesh",
        code="placed-outside",
        at=intent,
        field="spec.placement",
    )


def _runs_nowhere(intent: ServiceDiscovery, key: ServiceKey) -> Result:
    return error(
        f'must be a Service that some cluster runs, but "{key.namespace}/{key.name}" runs nowhere',
        code="service-nowhere",
        at=intent,
        field="spec.service.name",
    )
