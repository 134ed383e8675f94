"""Services found without endpoint discovery: the endpoints that each client cluster is told."""

from collections.abc import Mapping, Sequence

from krmfn.mesh_intent_expander.discovery.preference import Preference, cluster_label, tier_label
from krmfn.mesh_intent_expander.discovery.serving import Served
from krmfn.mesh_intent_expander.plan.discovery import Endpoint, Offer, Reach
from krmfn.mesh_intent_expander.topology import Mesh

TLS_MODE: Mapping[str, str] = {"security.istio.io/tlsMode": "istio"}
"""Says that an endpoint takes mutual TLS; a gateway passes over those that do not say so."""


_RANKS_BY_LABELS_ALONE = (1, 30)
"""Since this version of Istio `failoverPriority` has an effect on endpoints without locality."""


def reaches(preference: Preference, served: Served, clients: Sequence[str]) -> tuple[Reach, ...]:
    """Give the endpoints of each client cluster; clusters with the same ones are taken together.

    A client's own cluster is reached by the Service there, others by their gateways.
    """
    grouped: dict[tuple[bool, str, tuple[str, ...]], list[str]] = {}
    for client in clients:
        used = preference.used(client)
        local = client if client in used else ""
        version = preference.mesh.clusters[client].istio_version
        is_old = version is not None and version < _RANKS_BY_LABELS_ALONE
        grouped.setdefault((is_old, local, tuple(used)), []).append(client)
    return tuple(
        Reach(
            tuple(group),
            tuple(
                endpoint
                for cluster in used
                for endpoint in _endpoints(preference, served, cluster, is_local=cluster == local)
            ),
            is_old,
        )
        for (is_old, local, used), group in grouped.items()
    )


def offers(mesh: Mesh, served: Served, reached: Sequence[Reach]) -> tuple[Offer, ...]:
    """Give the clusters whose gateways must let clients of other clusters in."""
    remote = {
        endpoint.cluster for reach in reached for endpoint in reach.endpoints if endpoint.port
    }
    found = []
    for cluster in sorted(remote):
        gateway = mesh.clusters[cluster].gateway
        if gateway is not None:
            labels = {**TLS_MODE, cluster_label(mesh): cluster}
            local = Endpoint(cluster, mesh.host(*served.key), labels=labels)
            found.append(Offer(cluster, gateway.namespace, local))
    return tuple(found)


def sans(mesh: Mesh, served: Served) -> tuple[str, ...]:
    """Give the SPIFFE identities that the pods of a service may have."""
    domains = {mesh.clusters[cluster].trust_domain for cluster in served.servers}
    return tuple(
        f"spiffe://{domain}/ns/{served.key.namespace}/sa/{account}"
        for domain in sorted(domains)
        for account in served.accounts
    )


def _endpoints(
    preference: Preference, served: Served, cluster: str, *, is_local: bool
) -> list[Endpoint]:
    mesh = preference.mesh
    known = mesh.clusters[cluster]
    labels = {**TLS_MODE, cluster_label(mesh): cluster, **_tiers(preference, cluster)}
    if is_local:
        host = mesh.host(*served.key)
        return [Endpoint(cluster, host, locality=known.locality, labels=labels)]
    if known.gateway is None:
        return []
    return [
        Endpoint(cluster, address, known.gateway.port, known.locality, labels)
        for address in known.gateway.addresses
    ]


def _tiers(preference: Preference, cluster: str) -> dict[str, str]:
    """Give the labels that an endpoint's place in the intent's order needs."""
    if preference.balancing.preference != "ordered":
        return {}
    worst = max(preference.rank(each) for each in preference.servers)
    ranks = range(preference.rank(cluster), worst)
    return {tier_label(preference.mesh, rank): "true" for rank in ranks}
