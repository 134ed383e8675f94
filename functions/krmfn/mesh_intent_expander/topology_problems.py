"""What is wrong with the clusters of a mesh, one by one and as a whole."""

from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING

from krmfn.kinds.mesh import MeshCluster, MeshTopologySpec
from krmfn.mesh_intent_expander.profiles import field_of, known_of, profile_problems
from krmfn.sdk import Package, Resource, Result, error, warning

if TYPE_CHECKING:
    from krmfn.mesh_intent_expander.topology import Cluster, Mesh

_LEAST_GATEWAY_API = (1, 0)


def topology_problems(
    mesh: "Mesh", spec: MeshTopologySpec, profiles: Mapping[str, Resource], package: Package
) -> Iterator[Result]:
    """Yield what is wrong with the clusters.

    Args:
        mesh: the mesh.
        spec: what its MeshTopology says.
        profiles: the ClusterProfiles, by name.
        package: the package, whose folders tell of clusters as well.
    """
    yield from _without_clusters(mesh, package)
    yield from _misspelt(mesh, package)
    yield from _without_own(mesh)
    yield from _profiled(mesh, spec, profiles)
    for said in spec.clusters:
        if said.control_plane.config_cluster is not None:
            yield from _of_no_primary(mesh, said, said.control_plane.config_cluster)
    for cluster in mesh.clusters.values():
        yield from _without_network(mesh, cluster, profiles.get(cluster.name))
        yield from _too_old(mesh, cluster, profiles.get(cluster.name))
        yield from _in_vip_range(mesh, cluster)


def _profiled(
    mesh: "Mesh", spec: MeshTopologySpec, profiles: Mapping[str, Resource]
) -> Iterator[Result]:
    listed = {said.name: said for said in spec.clusters}
    for name, profile in profiles.items():
        if name in mesh.clusters:
            said = listed.get(name, MeshCluster(name=name))
            yield from profile_problems(profile, _overridden(said))


def _without_own(mesh: "Mesh") -> Iterator[Result]:
    if mesh.own and mesh.own not in mesh.clusters:
        yield error(
            f'must have cluster "{mesh.own}", whose own this package is; '
            f"{_listed('there is', mesh.clusters)}",
            code="cluster-unknown",
            at=mesh.topology,
            field="spec.clusters",
        )


def _of_no_primary(mesh: "Mesh", said: MeshCluster, config: str) -> Iterator[Result]:
    primaries = [cluster.name for cluster in mesh.clusters.values() if cluster.is_primary]
    if config not in primaries:
        there = _listed("there is", primaries) if primaries else "there is none"
        yield error(
            f'must be a primary cluster of the mesh, but is "{config}"; {there}',
            code="cluster-unknown",
            at=mesh.topology,
            field=f"{_place(mesh, said.name)}.controlPlane.configCluster",
            current=config,
        )


def _overridden(said: MeshCluster) -> set[str]:
    """Give what a MeshTopology says itself, of all that a ClusterProfile could."""
    gateway = said.east_west_gateway
    given = {
        "network": said.network,
        "region": said.region,
        "zone": said.zone,
        "east-west-addresses": gateway and gateway.addresses,
    }
    return {key for key, value in given.items() if value}


def _without_network(
    mesh: "Mesh", cluster: "Cluster", profile: Resource | None
) -> Iterator[Result]:
    other = next((each for each in mesh.clusters.values() if each.network), None)
    if other is not None and not cluster.network:
        at, field = _told(mesh, cluster, profile, "network", "network")
        yield error(
            f'must be given, as cluster "{other.name}" has one: a cluster without network is taken '
            "as directly reachable from all others, and its gateway is never used",
            code="network-missing",
            at=at,
            field=field,
        )


def _too_old(mesh: "Mesh", cluster: "Cluster", profile: Resource | None) -> Iterator[Result]:
    have = cluster.gateway_api_version
    if mesh.flavor == "gateway-api" and have is not None and have < _LEAST_GATEWAY_API:
        at, field = _told(mesh, cluster, profile, "gatewayApiVersion", "gateway-api-version")
        least, current = (".".join(map(str, version)) for version in (_LEAST_GATEWAY_API, have))
        yield error(
            f'must be at least "{least}" in cluster "{cluster.name}", since `flavor` is '
            f'gateway-api, but is "{current}"',
            code="version-too-old",
            at=at,
            field=field,
            current=current,
            proposed=least,
        )


def _in_vip_range(mesh: "Mesh", cluster: "Cluster") -> Iterator[Result]:
    for address in cluster.gateway.addresses if cluster.gateway else ():
        if _holds(mesh.vip_range, address):
            yield error(
                f'must not hold "{address}", the address of the east-west gateway of cluster '
                f'"{cluster.name}"',
                code="vip-range-invalid",
                at=mesh.topology,
                field="spec.vipRange",
                current=mesh.vip_range,
            )


def _holds(network: str, address: str) -> bool:
    """Say whether a network holds an address, which may be a host name."""
    try:
        return ip_address(address) in ip_network(network)
    except ValueError:
        return False


def _place(mesh: "Mesh", name: str) -> str:
    """Give where the MeshTopology tells of a cluster, "" when it does not."""
    spec = mesh.topology.body.get("spec") if mesh.topology else None
    listed = spec.get("clusters") if isinstance(spec, Mapping) else None
    names = [each["name"] for each in listed or ()]
    return f"spec.clusters[{names.index(name)}]" if name in names else ""


def _told(
    mesh: "Mesh", cluster: "Cluster", profile: Resource | None, field: str, key: str
) -> tuple[Resource | None, str]:
    """Give the resource and field that tell, or would tell, something of a cluster."""
    place = _place(mesh, cluster.name)
    if profile is not None and (not place or key in known_of(profile)):
        return profile, field_of(profile, key)
    return mesh.topology, f"{place}.{field}"


def _without_clusters(mesh: "Mesh", package: Package) -> Iterator[Result]:
    """Yield an error where there are folders of clusters, and a mesh that names none."""
    folders = {each.cluster for each in package if each.cluster}
    if mesh.topology is not None and [*mesh.clusters] == [""] and folders:
        names = [f"clusters/{name}" for name in folders]
        yield error(
            f"must name the clusters of the mesh; {_listed('there is', names)}",
            code="clusters-missing",
            at=mesh.topology,
            field="spec.clusters",
        )


def _misspelt(mesh: "Mesh", package: Package) -> Iterator[Result]:
    """Yield folders of clusters that are not of the mesh, but nearly bear the name of one."""
    if mesh.topology is None:
        return
    folders = {each.cluster for each in package if each.cluster}
    missing = mesh.clusters.keys() - folders
    for name in sorted(folders - mesh.clusters.keys()):
        if near := get_close_matches(name, sorted(missing), n=1, cutoff=0.75):
            yield warning(
                "must name the clusters of the mesh as their folders do: there is "
                f'"clusters/{name}", and nothing in "clusters/{near[0]}"',
                code="cluster-misspelt",
                at=mesh.topology,
                field="spec.clusters",
                current=near[0],
                proposed=name,
            )


def _listed(words: str, names: Iterable[str]) -> str:
    shown = sorted(names)
    more = f" and {len(shown) - 5} more" if len(shown) > 5 else ""
    return f"{words} " + ", ".join(f'"{name}"' for name in shown[:5]) + more
