"""East-west gateways of sidecar meshes: which hosts they let in from other networks.

A server in mode AUTO_PASSTHROUGH decides nothing but by the name that TLS gives, and applies no
AuthorizationPolicy. So it lists exactly the exported hosts; `*.<domain>`, by which every Service
of the cluster is open to the other networks, stands only where the MeshTopology asks for it.
"""

from collections.abc import Iterator, Mapping, Sequence

from krmfn.mesh_intent_expander.discovery.telling import quoted
from krmfn.mesh_intent_expander.mesh_config import mesh_config
from krmfn.mesh_intent_expander.plan.common import ServiceKey
from krmfn.mesh_intent_expander.plan.destinations import service_name, shortened
from krmfn.mesh_intent_expander.plan.discovery import CrossNetworkGateway, Discovered
from krmfn.mesh_intent_expander.plan.routes import RoutedHost
from krmfn.mesh_intent_expander.topology import Mesh
from krmfn.mesh_intent_expander.view import (
    ISTIO_NETWORKING,
    ClusterView,
    Fleet,
    labels_in,
    mapping,
    mappings,
    spec_of,
    strings,
)
from krmfn.sdk import Resource, Result, warning

NAME = "cross-network-gateway"
_LOCAL = frozenset({"kube-system", "istio-system"})
_Selector = frozenset[tuple[str, str]]
_Pods = tuple[str, str, _Selector]


def cross_network_gateways(
    mesh: Mesh, fleet: Fleet, hosts: Sequence[RoutedHost], discovered: Sequence[Discovered]
) -> Iterator[CrossNetworkGateway]:
    """Yield the gateways; those of different clusters with the same hosts are one.

    Hosts that a Gateway written by hand lets in already are left to it. The Services that take
    parts of an exported one are exported as well.
    """
    owner = mesh.topology or (discovered[0].by if discovered else None)
    if owner is None:
        return
    let_in = _hosts_by_pods(mesh, fleet, _exports(mesh, hosts, discovered))
    grouped: dict[tuple[str, str, _Selector, tuple[str, ...]], list[str]] = {}
    for (config, namespace, selector), names in let_in.items():
        has_twin = sum(other == config for other, _, _ in let_in) > 1
        suffix = "".join(f"-{value}" for _, value in sorted(selector)) if has_twin else ""
        shape = (shortened(f"{NAME}{suffix}"), namespace, selector, tuple(sorted(names)))
        grouped.setdefault(shape, []).append(config)
    for (name, namespace, selector, let), clusters in grouped.items():
        labels = dict(sorted(selector))
        yield CrossNetworkGateway(name, namespace, labels, let, tuple(sorted(clusters)), owner)


def unexported(mesh: Mesh, fleet: Fleet, discovered: Sequence[Discovered]) -> Iterator[Result]:
    """Yield a warning for Services that networks share, but no ServiceDiscovery exports.

    With endpoint discovery their clients are sent to gateways that do not let them in.
    """
    is_ours = mesh.topology is not None or bool(discovered)
    if mesh.exposure == "All" or not is_ours or not _crosses(mesh):
        return
    networks: dict[ServiceKey, set[str]] = {}
    for cluster, view in fleet.views.items():
        for (namespace, name), service in view.services.items():
            is_system = namespace in {*_LOCAL, mesh.root_namespace}
            key = ServiceKey(namespace, name)
            if service.selector and not is_system and not _is_local(view, mesh.host(*key)):
                networks.setdefault(key, set()).add(mesh.clusters[cluster].network)
    known = {each.service for each in discovered}
    shared = sorted("/".join(k) for k, on in networks.items() if len(on) > 1 and k not in known)
    if shared:
        yield warning(
            f"must be `All`, or have ServiceDiscoveries for {quoted(shared)}: gateways let in what "
            f"is declared, but clients are sent to all networks that have these Services, unless "
            f"`serviceSettings` of the MeshConfig make them `clusterLocal`",
            code="service-not-exported",
            at=mesh.topology,
            field="spec.exposure",
            current="Declared",
        )


def _is_local(view: ClusterView, host: str) -> bool:
    """Say whether the MeshConfig keeps a host to its cluster; the longest pattern decides."""
    found: list[tuple[int, bool]] = []
    for each in mappings(mesh_config(view).get("serviceSettings")):
        is_local = mapping(each.get("settings")).get("clusterLocal") is True
        patterns = (pattern for pattern in strings(each.get("hosts")) if _covers(pattern, host))
        found += [(len(pattern), is_local) for pattern in patterns]
    return max(found, default=(0, False))[1]


def _hosts_by_pods(
    mesh: Mesh, fleet: Fleet, by_cluster: Mapping[str, set[str]]
) -> dict[_Pods, set[str]]:
    """Give the hosts to let in, by the gateway pods of each config cluster."""
    found: dict[_Pods, set[str]] = {}
    for name, cluster in mesh.clusters.items():
        hosts = by_cluster.get(name, set())
        gateway = cluster.gateway
        if gateway is None or cluster.data_plane == "ambient" or not hosts:
            continue
        if cluster.config_cluster not in fleet.views:
            continue
        written = fleet[cluster.config_cluster].of("Gateway", ISTIO_NETWORKING)
        by_hand = [*_let_in_by_hand(written, gateway.selector)]
        if lacking := {host for host in hosts if not any(_covers(p, host) for p in by_hand)}:
            pods = (cluster.config_cluster, gateway.namespace, frozenset(gateway.selector.items()))
            found.setdefault(pods, set()).update(lacking)
    return found


def _crosses(mesh: Mesh) -> bool:
    """Say whether Services are reached through gateways of ours, by the endpoints behind them."""
    return len(mesh.networks) > 1 and mesh.base_layer and mesh.endpoint_discovery


def _exports(
    mesh: Mesh, hosts: Sequence[RoutedHost], discovered: Sequence[Discovered]
) -> Mapping[str, set[str]]:
    """Give the hosts that each cluster offers to clients beyond its gateway."""
    crosses, is_open = _crosses(mesh), mesh.exposure == "All"
    every = {f"*.{mesh.cluster_domain}"} if crosses and is_open else set()
    found: dict[str, set[str]] = {name: {*every} for name in mesh.clusters}
    parts = _parts(mesh, hosts)
    for each in discovered:
        if each.how == "federated":
            for offer in each.offers:
                found[offer.cluster].add(each.hostname)
            continue
        for server in each.servers if crosses else ():
            if _is_reached(mesh, server, each.clients):
                here = [part for part, only in parts.get(each.hostname, ()) if only in ("", server)]
                names = {each.hostname, *here}
                found[server] |= {n for n in names if not any(_covers(e, n) for e in every)}
    return found


def _parts(mesh: Mesh, hosts: Sequence[RoutedHost]) -> dict[str, set[tuple[str, str]]]:
    """Give the hosts of Services that take parts of one: by its host, each with its one cluster."""
    found: dict[str, set[tuple[str, str]]] = {}
    for routed in hosts:
        for _, share in routed.parts() if routed.flavor == "gateway-api" else ():
            part = mesh.host(share.service.namespace, service_name(share))
            whole = mesh.host(*share.service)
            found.setdefault(whole, set()).add((part, share.cluster))
    return found


def _is_reached(mesh: Mesh, server: str, clients: Sequence[str]) -> bool:
    return any(mesh.crosses_network(client, server) for client in clients)


def _let_in_by_hand(gateways: Sequence[Resource], selector: Mapping[str, str]) -> Iterator[str]:
    """Yield the hosts that people's Gateways let pass to the same pods."""
    for gateway in gateways:
        spec = spec_of(gateway)
        if labels_in(spec.get("selector")) != dict(selector):
            continue
        for server in mappings(spec.get("servers")):
            if mapping(server.get("tls")).get("mode") == "AUTO_PASSTHROUGH":
                yield from (host.rpartition("/")[2] for host in strings(server.get("hosts")))


def _covers(pattern: str, host: str) -> bool:
    return host.endswith(pattern[1:]) if pattern.startswith("*") else host == pattern
