"""The mesh as frozen values: from a MeshTopology, ClusterProfiles, or one cluster's own package."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from krmfn.kinds.mesh import Defaults, MeshCluster, MeshTopology, MeshTopologySpec
from krmfn.mesh_intent_expander.profiles import (
    LABELS,
    addresses_of,
    known_of,
    profiles_of,
)
from krmfn.mesh_intent_expander.topology_problems import topology_problems
from krmfn.sdk import Package, Resource, Result, error
from krmfn.sdk.result import FunctionError

NETWORK, REGION, ZONE = (LABELS[key] for key in ("network", "region", "zone"))

SIDECAR_PORT, AMBIENT_PORT = 15443, 15008
_WORKLOAD_CLUSTER = ("infra.nephio.org", "WorkloadCluster")


@dataclass(frozen=True, slots=True)
class Gateway:
    """Where other networks reach a cluster."""

    namespace: str
    selector: Mapping[str, str]
    addresses: tuple[str, ...]
    port: int


@dataclass(frozen=True, slots=True)
class Cluster:
    """A cluster of the mesh.

    Attributes:
        network: "" where all clusters share one.
        config_cluster: the cluster whose Istio objects hold here: its own name for a primary.
        gateway: None where no other network reaches it.
        istio_version: (major, minor), None when it is not known; so is `gateway_api_version`.
    """

    name: str
    network: str = ""
    region: str = ""
    zone: str = ""
    data_plane: Literal["sidecar", "ambient"] = "sidecar"
    config_cluster: str = ""
    gateway: Gateway | None = None
    istio_version: tuple[int, int] | None = None
    gateway_api_version: tuple[int, int] | None = None
    trust_domain: str = "cluster.local"
    dns_capture: bool = False
    mcs: bool = False

    @property
    def locality(self) -> str:
        """The locality in Envoy's form, ``region/zone``; "" when the region is not known."""
        return "/".join(part for part in (self.region, self.zone) if part) if self.region else ""

    @property
    def is_primary(self) -> bool:
        """Whether it obeys its own istiod."""
        return self.config_cluster == self.name


@dataclass(frozen=True, slots=True)
class Mesh:
    """The mesh and its clusters.

    Attributes:
        clusters: by name, in the order of their names.
        topology: the MeshTopology, None when there is none in the package.
        own: the cluster whose own the package is, "" for a package of the fleet.
    """

    clusters: Mapping[str, Cluster]
    id: str = "mesh"
    trust_domain: str = "cluster.local"
    trust_domain_aliases: tuple[str, ...] = ()
    root_namespace: str = "istio-system"
    cluster_domain: str = "cluster.local"
    extension_providers: tuple[str, ...] = ()
    flavor: Literal["istio", "gateway-api"] = "istio"
    endpoint_discovery: bool = True
    base_layer: bool = True
    exposure: Literal["Declared", "All"] = "Declared"
    egress: Literal["Declared", "All"] = "Declared"
    global_domain: str = "mesh.internal"
    vip_range: str = "240.240.0.0/16"
    defaults: Defaults = field(default_factory=Defaults)
    topology: Resource | None = None
    own: str = ""

    def host(self, namespace: str, service: str) -> str:
        """Give the full name of a Service."""
        return f"{service}.{namespace}.svc.{self.cluster_domain}"

    def crosses_network(self, one: str, other: str) -> bool:
        """Say whether traffic between two clusters goes through an east-west gateway."""
        return self.clusters[one].network != self.clusters[other].network

    @property
    def networks(self) -> frozenset[str]:
        """The networks of its clusters."""
        return frozenset(cluster.network for cluster in self.clusters.values())


def read_mesh(package: Package, own: str = "") -> tuple[Mesh, list[Result]]:
    """Give the mesh that a package tells of.

    A package without MeshTopology and ClusterProfiles is one cluster's.

    Args:
        package: the package.
        own: the cluster whose own the package is, "" to find out by a WorkloadCluster.

    Returns:
        the mesh, and what is wrong with it.

    Raises:
        FunctionError: a MeshTopology is not valid, or there are several.
    """
    topologies = package.of(MeshTopology)
    if len(topologies) > 1:
        raise FunctionError(*(_second(topology.resource) for topology in topologies))
    topology = topologies[0] if topologies else None
    spec = topology.spec if topology else MeshTopologySpec()
    profiles = profiles_of(package)
    clusters = {each.name: each for each in _clusters(spec, profiles)}
    mine = own or _own_cluster(package)
    if not clusters:
        clusters = {mine: Cluster(mine, config_cluster=mine, trust_domain=spec.mesh.trust_domain)}
    mesh = Mesh(
        clusters=dict(sorted(clusters.items())),
        id=spec.mesh.id,
        trust_domain=spec.mesh.trust_domain,
        trust_domain_aliases=spec.mesh.trust_domain_aliases,
        root_namespace=spec.mesh.root_namespace,
        cluster_domain=spec.mesh.cluster_domain,
        extension_providers=spec.mesh.extension_providers,
        flavor=spec.flavor,
        endpoint_discovery=spec.endpoint_discovery,
        base_layer=spec.base_layer,
        exposure=spec.exposure,
        egress=spec.egress,
        global_domain=spec.global_domain,
        vip_range=spec.vip_range,
        defaults=spec.defaults,
        topology=topology.resource if topology else None,
        own=mine,
    )
    return mesh, list(topology_problems(mesh, spec, profiles, package))


def _second(resource: Resource | None) -> Result:
    return error(
        "must be the only MeshTopology of the package; put them together",
        code="topology-twice",
        at=resource,
    )


def _own_cluster(package: Package) -> str:
    """Give the cluster of the one WorkloadCluster outside of ``clusters/``; else ""."""
    group, kind = _WORKLOAD_CLUSTER
    found = [each for each in package.select(kind=kind, group=group) if not each.cluster]
    if len(found) != 1:
        return ""
    spec = found[0].body.get("spec")
    named = spec.get("clusterName") if isinstance(spec, Mapping) else None
    return named if isinstance(named, str) and named else found[0].name


def _clusters(spec: MeshTopologySpec, profiles: Mapping[str, Resource]) -> Iterator[Cluster]:
    """Yield the listed clusters, completed by their profiles, and then the selected ones."""
    listed = {cluster.name: cluster for cluster in spec.clusters}
    if spec.cluster_selector is not None or not listed:
        wanted = spec.cluster_selector or {}
        for name, profile in profiles.items():
            if wanted.items() <= profile.labels.items():
                listed.setdefault(name, MeshCluster(name=name))
    for cluster in listed.values():
        yield _cluster(cluster, spec, profiles.get(cluster.name))


def _cluster(said: MeshCluster, spec: MeshTopologySpec, profile: Resource | None) -> Cluster:
    known = known_of(profile)
    plane = said.data_plane or ("ambient" if known.get("data-plane") == "ambient" else "sidecar")
    return Cluster(
        name=said.name,
        network=said.network or known.get("network", ""),
        region=said.region or known.get("region", ""),
        zone=said.zone or known.get("zone", ""),
        data_plane=plane,
        config_cluster=said.control_plane.config_cluster or said.name,
        gateway=_gateway(said, known, ambient=plane == "ambient"),
        istio_version=_version(said.istio_version or known.get("istio-version", "")),
        gateway_api_version=_version(
            said.gateway_api_version or known.get("gateway-api-version", "")
        ),
        trust_domain=said.trust_domain or known.get("trust-domain", spec.mesh.trust_domain),
        dns_capture=said.dns_capture or plane == "ambient",
        mcs=said.mcs.enabled,
    )


def _gateway(said: MeshCluster, known: Mapping[str, str], *, ambient: bool) -> Gateway | None:
    given = said.east_west_gateway
    addresses = addresses_of(known)
    if given is None and not addresses:
        return None
    port = given.port if given else None
    return Gateway(
        namespace=given.namespace if given else "istio-system",
        selector=given.selector if given else {"istio": "eastwestgateway"},
        addresses=(given.addresses if given else ()) or addresses,
        port=port or (AMBIENT_PORT if ambient else SIDECAR_PORT),
    )


def _version(text: str) -> tuple[int, int] | None:
    parts = text.removeprefix("v").split(".")
    if len(parts) < 2 or not all(part.isdecimal() for part in parts[:2]):
        return None
    return int(parts[0]), int(parts[1])
