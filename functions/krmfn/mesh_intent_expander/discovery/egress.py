"""Sidecars: the clients of a namespace see what it is declared to use, and nothing else."""

from collections.abc import Iterable, Mapping, Sequence

from krmfn.mesh_intent_expander.discovery.serving import namespaces_in
from krmfn.mesh_intent_expander.discovery.telling import quoted
from krmfn.mesh_intent_expander.plan.common import ServiceKey
from krmfn.mesh_intent_expander.plan.discovery import Discovered, Egress
from krmfn.mesh_intent_expander.plan.routes import RoutedHost
from krmfn.mesh_intent_expander.topology import Mesh
from krmfn.mesh_intent_expander.view import (
    ISTIO_NETWORKING,
    ClusterView,
    Fleet,
    namespace_of,
    spec_of,
)
from krmfn.sdk import Result, info, warning


def egress(
    mesh: Mesh, fleet: Fleet, hosts: Sequence[RoutedHost], discovered: Sequence[Discovered]
) -> tuple[tuple[Egress, ...], list[Result]]:
    """Decide what the namespaces see that some ServiceDiscovery names as its consumers.

    Other namespaces see everything, as they did: nobody has told what they use. A namespace sees
    its own services, those of the root namespace, what it is declared to use, and what the routes
    of all of these lead to.

    Args:
        mesh: the mesh.
        fleet: the objects of its clusters.
        hosts: what is routed.
        discovered: what is used from where.

    Returns:
        what is seen, and what stands in the way of a Sidecar; nothing with `egress: All`.
    """
    if mesh.egress == "All":
        return (), []
    led = _led_to(hosts)
    known = [({mesh.clusters[c].config_cluster for c in each.clients}, each) for each in discovered]
    having = namespaces_in(fleet)
    found: list[Egress] = []
    problems: list[Result] = []
    for namespace, uses in sorted(_declared(discovered).items()):
        if namespace == mesh.root_namespace:
            problems.append(_for_all(uses[0], namespace))
            continue
        grouped: dict[tuple[str, ...], list[str]] = {}
        by_hand: list[str] = []
        used = [(at, each) for at, each in known if each.is_used_from(namespace)]
        clients = {c for c in _clients(mesh, uses) if namespace in having[c]}
        configs = {mesh.clusters[c].config_cluster for c in clients} & fleet.views.keys()
        for cluster in sorted(configs):
            if _has_sidecar(fleet, cluster, namespace):
                by_hand.append(cluster)
                continue
            here = [each for at, each in used if cluster in at]
            seen = _seen(mesh, fleet[cluster], namespace, here, led)
            grouped.setdefault(seen, []).append(cluster)
        by = uses[0].by
        found += [Egress(namespace, seen, tuple(c), by) for seen, c in grouped.items()]
        problems += [_by_hand(uses[0], namespace, by_hand)] if by_hand else []
        problems += [_narrowed(uses[0], namespace)] if grouped else []
    return tuple(found), problems


def _declared(discovered: Sequence[Discovered]) -> dict[str, list[Discovered]]:
    """Give what is declared to be used, by the namespaces that it names."""
    found: dict[str, list[Discovered]] = {}
    for each in discovered:
        for namespace in each.namespaces:
            found.setdefault(namespace, []).append(each)
    return found


def _clients(mesh: Mesh, uses: Sequence[Discovered]) -> set[str]:
    """Give the clusters of clients with sidecars; ambient knows no Sidecar."""
    clients = {cluster for each in uses for cluster in each.clients}
    return {c for c in clients if mesh.clusters[c].data_plane == "sidecar"}


def _seen(
    mesh: Mesh,
    view: ClusterView,
    namespace: str,
    used: Iterable[Discovered],
    led: Mapping[ServiceKey, Sequence[str]],
) -> tuple[str, ...]:
    """Give what the clients of a namespace see, of what they use in the clusters of one istiod."""
    hosts: set[str] = set()
    visible = {ServiceKey(*key) for key in view.services if key[0] == namespace}
    for each in used:
        visible.add(each.service)
        hosts.add(f"{each.service.namespace}/{each.hostname}")
        if each.service in view.services:
            hosts.add(f"{each.service.namespace}/{mesh.host(*each.service)}")
    for service in visible:
        hosts.update(led.get(service, ()))
    foreign = {h for h in hosts if h.partition("/")[0] not in (namespace, mesh.root_namespace)}
    return ("./*", f"{mesh.root_namespace}/*", *sorted(foreign))


def _led_to(hosts: Iterable[RoutedHost]) -> dict[ServiceKey, list[str]]:
    """Give where the routes of a service lead the mesh's own proxies, as ``namespace/host``."""
    found: dict[ServiceKey, list[str]] = {}
    for routed in hosts:
        shares = [share for rule in routed.rules for share in rule.shares]
        shares += [rule.mirror for rule in routed.rules if rule.mirror]
        names = [f"{share.service.namespace}/{share.host}" for share in shares]
        found.setdefault(routed.service, []).extend(names if not routed.gateways else ())
    return found


def _has_sidecar(fleet: Fleet, cluster: str, namespace: str) -> bool:
    """Say whether people have written a Sidecar for all pods of a namespace."""
    return any(
        namespace_of(sidecar) == namespace and not spec_of(sidecar).get("workloadSelector")
        for sidecar in fleet[cluster].of("Sidecar", ISTIO_NETWORKING)
    )


def _for_all(each: Discovered, namespace: str) -> Result:
    return warning(
        f'gets no Sidecar: one in the root namespace "{namespace}" would hold for all namespaces',
        code="egress-of-root",
        at=each.by,
        field="spec.consumers.namespaces",
        current=namespace,
    )


def _by_hand(each: Discovered, namespace: str, clusters: Sequence[str]) -> Result:
    return warning(
        f'must be seen by the Sidecar that people wrote for "{namespace}" in {quoted(clusters)}; '
        f"a namespace can have only one",
        code="egress-by-hand",
        at=each.by,
        field="spec.consumers.namespaces",
        current=namespace,
    )


def _narrowed(each: Discovered, namespace: str) -> Result:
    return info(
        f'gets a Sidecar, by which "{namespace}" sees its own services and what ServiceDiscoveries '
        f"let it use, and nothing else; declare the rest, or set `egress: All` in the MeshTopology",
        code="egress-narrowed",
        at=each.by,
        field="spec.consumers.namespaces",
        current=namespace,
    )
