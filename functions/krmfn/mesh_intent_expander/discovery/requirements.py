"""What the mesh must be like for a service to be found across its clusters."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from krmfn.mesh_intent_expander.discovery.serving import key_of
from krmfn.mesh_intent_expander.discovery.telling import quoted
from krmfn.mesh_intent_expander.intents.service_discovery import ServiceDiscovery
from krmfn.mesh_intent_expander.plan.discovery import How
from krmfn.mesh_intent_expander.topology import Cluster, Mesh
from krmfn.mesh_intent_expander.view import (
    ClusterView,
    Fleet,
    Workload,
    mappings,
    selects,
    spec_of,
)
from krmfn.sdk import Result, error, warning
from krmfn.sdk.result import graded

_LONGEST_HOST = 253
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Since:
    """A version that has something first.

    Attributes:
        what: the thing, in words for a message.
        gateway_api: whether it is the Gateway API's version, and not Istio's.
    """

    what: str
    version: tuple[int, int]
    gateway_api: bool = False


ISTIO_API = Since("`networking.istio.io/v1`", (1, 22))
FACTS: dict[How, tuple[Since, ...]] = {
    "native": (ISTIO_API,),
    "federated": (ISTIO_API,),
    "mcs": (ISTIO_API,),
    "global": (
        ISTIO_API,
        Since("ambient over several clusters", (1, 27)),
        Since("`infrastructure.labels` of Gateway", (1, 2), gateway_api=True),
    ),
}
"""What each way of discovery needs. Source: the change notes of Istio and of the Gateway API."""


@dataclass(frozen=True, slots=True)
class Parties:
    """The clusters that take part in the discovery of a service."""

    intent: ServiceDiscovery
    how: How
    servers: tuple[str, ...]
    clients: tuple[str, ...]

    @property
    def all(self) -> tuple[str, ...]:
        """Both servers and clients."""
        return tuple(sorted({*self.servers, *self.clients}))

    def remote_servers(self, mesh: Mesh) -> Iterator[str]:
        """Yield the servers that some client reaches through their gateway."""
        for server in self.servers:
            others = (client for client in self.clients if client != server)
            if any(self.how == "federated" or mesh.crosses_network(c, server) for c in others):
                yield server


def unmet(mesh: Mesh, fleet: Fleet, parties: Parties) -> Iterator[Result]:
    """Yield what keeps clients from reaching the servers."""
    if len(parties.all) > 1:
        yield from _planes(mesh, parties)
        yield from _mcs(mesh, parties)
        yield from _gateways(mesh, fleet, parties)
        yield from _proxies(mesh, fleet, parties)
        yield from _versions(mesh, parties)


def mesh_problems(mesh: Mesh, aliases: Iterable[str]) -> Iterator[Result]:
    """Yield what is wrong with the mesh, whatever is discovered.

    Args:
        mesh: the mesh.
        aliases: trust domains that count as the mesh's own.
    """
    known = {mesh.trust_domain, *aliases}
    strange = {c.trust_domain: c.name for c in mesh.clusters.values()}
    for domain in sorted({*strange} - known):
        yield error(
            f'must name "{domain}", the trust domain of cluster "{strange[domain]}", since it is '
            f'not the mesh\'s "{mesh.trust_domain}"',
            code="trust-domain-without-alias",
            at=mesh.topology,
            field="spec.mesh.trustDomainAliases",
            proposed=domain,
        )


def host_problems(mesh: Mesh, intent: ServiceDiscovery, host: str) -> Iterator[Result]:
    """Yield what is wrong with the name by which a service is found."""
    if len(host) > _LONGEST_HOST:
        yield error(
            f'must give a host of at most {_LONGEST_HOST} characters, but "{host[:40]}…" '
            f"has {len(host)}",
            code="name-too-long",
            at=intent,
            field="spec.service.name",
        )
    domain = f"svc.{mesh.cluster_domain}"
    if mesh.global_domain == domain:
        yield error(
            f'must not be "{domain}", the domain of Services: a ServiceEntry of such a name adds '
            f"no endpoints",
            code="global-domain-taken",
            at=mesh.topology,
            field="spec.globalDomain",
            current=mesh.global_domain,
        )


def dns_missing(mesh: Mesh, clusters: Iterable[str]) -> Iterator[Result]:
    """Yield a warning where nothing answers for the names of federated services."""
    lacking = sorted({c for c in clusters if not mesh.clusters[c].dns_capture})
    if lacking:
        yield warning(
            f'must have `dnsCapture`, or a DNS that answers for "{mesh.global_domain}" with the '
            f"addresses of the ServiceEntries, in {quoted(lacking)}",
            code="dns-capture-missing",
            at=mesh.topology,
            field="spec.clusters",
        )


def _planes(mesh: Mesh, parties: Parties) -> Iterator[Result]:
    clusters = [mesh.clusters[name] for name in parties.all]
    ambient = [c.name for c in clusters if c.data_plane == "ambient"]
    remote = [c.name for c in clusters if not c.is_primary]
    sidecar = [c.name for c in clusters if c.data_plane != "ambient"]
    if ambient and remote:
        yield _plane(mesh, "must be primary where clusters are ambient", remote, "ambient-remote")
    if ambient and sidecar and len({c.network for c in clusters}) > 1:
        text = f"must be ambient as {quoted(ambient)} where networks are crossed"
        yield _plane(mesh, text, sidecar, "data-plane-mixed")
    if parties.how == "federated" and remote:
        text = "must be primary without endpoint discovery"
        yield _plane(mesh, text, remote, "federated-remote")
    if parties.how == "federated" and ambient:
        text = "must be `sidecar` without endpoint discovery"
        yield _plane(mesh, text, ambient, "federated-ambient")


def _plane(mesh: Mesh, text: str, clusters: Sequence[str], code: str) -> Result:
    message = f"{text}, but {quoted(clusters)} is not"
    return error(message, code=code, at=mesh.topology, field="spec.clusters")


def _mcs(mesh: Mesh, parties: Parties) -> Iterator[Result]:
    lacking = [c for c in parties.all if not mesh.clusters[c].mcs]
    if parties.how == "mcs" and lacking:
        yield error(
            f"must be another name, or clusters {quoted(lacking)} must have `mcs.enabled`",
            code="mcs-disabled",
            at=parties.intent,
            field="spec.hostname",
            current="clusterSet",
        )


def _gateways(mesh: Mesh, fleet: Fleet, parties: Parties) -> Iterator[Result]:
    """Yield servers whose gateway is not known; with endpoint discovery istiod asks its Service."""
    for name in parties.remote_servers(mesh):
        cluster = mesh.clusters[name]
        if cluster.gateway is not None and cluster.gateway.addresses:
            continue
        if parties.how != "federated" and _has_gateway_service(fleet, cluster):
            continue
        yield error(
            f'must give addresses of the east-west gateway of cluster "{name}", since others must '
            f"reach it; without them its Service must be in the package",
            code="gateway-without-address",
            at=mesh.topology,
            field=f"{_field_of(mesh, name)}.eastWestGateway.addresses",
        )


def _proxies(mesh: Mesh, fleet: Fleet, parties: Parties) -> Iterator[Result]:
    """Tell servers whose pods are known to be outside of the mesh: gateways pass over them.

    A service that has no others cannot be offered to other networks at all.
    """
    key = key_of(parties.intent)
    remote = {*parties.remote_servers(mesh)}
    outside: list[str] = []
    is_reached = False
    for name in parties.servers:
        view = fleet[name]
        service = view.services.get(key)
        workloads = view.workloads_of(service) if service else ()
        without = [each for each in workloads if _is_outside(view, each)]
        is_reached |= len(without) < max(len(workloads), 1)
        outside += [
            f'{each.kind} "{each.namespace}/{each.name}" in cluster "{name}"'
            for each in without
            if name in remote
        ]
    if outside:
        listed = ", ".join(outside[:_SHOWN]) + (" and others" if len(outside) > _SHOWN else "")
        yield graded(
            f'must be in the mesh, but pods of Service "{"/".join(key)}" have no proxy: {listed}; '
            f"other networks do not reach them, since gateways let only mutual TLS pass",
            fails=not is_reached,
            code="server-without-proxy",
            at=parties.intent,
            field="spec.service.name",
            current=key.name,
        )


def _is_outside(view: ClusterView, workload: Workload) -> bool:
    is_known = workload.namespace in view.namespaces or workload.host_network
    return is_known and not (view.is_meshed(workload) or view.is_ambient(workload))


def _field_of(mesh: Mesh, cluster: str) -> str:
    """Give where the MeshTopology tells of a cluster."""
    spec = spec_of(mesh.topology) if mesh.topology else {}
    names = [each.get("name") for each in mappings(spec.get("clusters"))]
    return f"spec.clusters[{names.index(cluster)}]" if cluster in names else "spec.clusters"


def _has_gateway_service(fleet: Fleet, cluster: Cluster) -> bool:
    """Say whether the package has the gateway's Service, whose address istiod finds out."""
    gateway = cluster.gateway
    return gateway is not None and any(
        service.namespace == gateway.namespace and selects(gateway.selector, service.selector)
        for service in fleet[cluster.name].services.values()
    )


def _versions(mesh: Mesh, parties: Parties) -> Iterator[Result]:
    for name in parties.all:
        cluster = mesh.clusters[name]
        for fact in FACTS[parties.how]:
            have = cluster.gateway_api_version if fact.gateway_api else cluster.istio_version
            if have is not None and have < fact.version:
                field = "gatewayApiVersion" if fact.gateway_api else "istioVersion"
                least = ".".join(map(str, fact.version))
                yield error(
                    f'must be at least "{least}" in cluster "{name}", which has {fact.what} '
                    f'first, but is "{".".join(map(str, have))}"',
                    code="version-too-old",
                    at=mesh.topology,
                    field=f"{_field_of(mesh, name)}.{field}",
                    proposed=least,
                )
