"""What must be there for services to be reached: gateways, waypoints, stub Services and labels."""

from collections.abc import Iterable, Iterator, Sequence

from krmfn.mesh_intent_expander.discovery.ambient import ambient_labels, hbone_gateways, waypoints
from krmfn.mesh_intent_expander.discovery.gateways import cross_network_gateways, unexported
from krmfn.mesh_intent_expander.discovery.telling import quoted
from krmfn.mesh_intent_expander.plan.discovery import (
    Discovered,
    Exposure,
    Labelled,
    StubService,
)
from krmfn.mesh_intent_expander.plan.routes import RoutedHost
from krmfn.mesh_intent_expander.topology import NETWORK, Mesh
from krmfn.mesh_intent_expander.view import Fleet
from krmfn.sdk import Result, warning


def expose(
    mesh: Mesh, fleet: Fleet, hosts: Sequence[RoutedHost], discovered: Sequence[Discovered]
) -> tuple[Exposure, list[Result]]:
    """Decide what makes the discovered services reachable.

    Args:
        mesh: the mesh and its clusters.
        fleet: the objects of its clusters.
        hosts: what is routed.
        discovered: the services.

    Returns:
        what is to be there, and what is missing around it.
    """
    if len(mesh.clusters) < 2:
        return Exposure(), []
    labelled = [*_network_labels(mesh, fleet), *ambient_labels(fleet, discovered)]
    exposure = Exposure(
        gateways=tuple(cross_network_gateways(mesh, fleet, hosts, discovered)),
        hbone_gateways=tuple(hbone_gateways(mesh, fleet, discovered)),
        waypoints=tuple(waypoints(fleet, discovered)),
        stubs=tuple(_stubs(mesh, fleet, discovered)),
        labelled=tuple(_together(labelled)),
    )
    problems = [*unexported(mesh, fleet, discovered), *_namespaces_missing(mesh, fleet, discovered)]
    return exposure, problems


def _network_labels(mesh: Mesh, fleet: Fleet) -> Iterator[Labelled]:
    """Yield the label by which a cluster's own root namespace tells its network."""
    if not mesh.base_layer or len(mesh.networks) < 2:
        return
    for name, cluster in mesh.clusters.items():
        for namespace in fleet[name].of("Namespace", ""):
            is_own = name in (namespace.cluster, mesh.own)
            if is_own and namespace.name == mesh.root_namespace and cluster.network:
                yield Labelled(namespace, {NETWORK: cluster.network})


def _stubs(mesh: Mesh, fleet: Fleet, discovered: Iterable[Discovered]) -> Iterator[StubService]:
    """Yield a Service without pods where the name of a service would not be resolved."""
    for each in discovered:
        if each.how != "native":
            continue
        clusters = tuple(c for c in each.clients if _needs_stub(mesh, fleet, c, each))
        if clusters:
            yield StubService(
                each.service, each.ports, _is_headless(fleet, each), clusters, each.by
            )


def _needs_stub(mesh: Mesh, fleet: Fleet, cluster: str, each: Discovered) -> bool:
    known = mesh.clusters[cluster]
    is_resolved = known.dns_capture or known.data_plane == "ambient"
    return not is_resolved and each.service not in fleet[cluster].services


def _is_headless(fleet: Fleet, each: Discovered) -> bool:
    services = (fleet[server].services.get(each.service) for server in each.servers)
    return any(service is not None and service.headless for service in services)


def _together(labelled: Iterable[Labelled]) -> Iterator[Labelled]:
    """Yield each resource once, with all its labels."""
    by_resource: dict[int, tuple[Labelled, dict[str, str]]] = {}
    for each in labelled:
        _, labels = by_resource.setdefault(id(each.resource), (each, {}))
        labels |= each.labels
    for first, labels in by_resource.values():
        yield Labelled(first.resource, labels)


def _namespaces_missing(
    mesh: Mesh, fleet: Fleet, discovered: Iterable[Discovered]
) -> Iterator[Result]:
    """Yield a warning where a client cluster shows its Namespaces, but not that of a service."""
    lacking: dict[str, tuple[Discovered, list[str]]] = {}
    for each in discovered:
        for cluster in each.clients:
            view = fleet[cluster]
            known = {*view.namespaces, "default", mesh.root_namespace}
            if view.namespaces and each.service.namespace not in known:
                lacking.setdefault(each.service.namespace, (each, []))[1].append(cluster)
    for namespace, (each, clusters) in sorted(lacking.items()):
        yield warning(
            f"must be a namespace of the clients' clusters, but {quoted(sorted({*clusters}))} "
            f'shows no Namespace "{namespace}", where its objects are written',
            code="namespace-missing",
            at=each.by,
            field="spec.service.namespace",
            current=namespace,
        )
