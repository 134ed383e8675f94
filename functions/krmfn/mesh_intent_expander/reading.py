"""Which objects of a package each cluster has."""

from collections.abc import Iterable

from krmfn.mesh_intent_expander.topology import Mesh
from krmfn.mesh_intent_expander.view import ClusterView, Fleet
from krmfn.sdk import Resource, ResourceId
from krmfn.sdk.ownership import may_be_owned, owner_of

FUNCTION = "mesh-intent-expander"


def is_own(resource: Resource) -> bool:
    """Say whether this function made a resource in an earlier render."""
    return may_be_owned(resource) and owner_of(resource).startswith(f"{FUNCTION}/")


def read_fleet(
    items: Iterable[Resource],
    mesh: Mesh,
    *,
    rendered: bool = False,
) -> Fleet:
    """Give the objects of a package by cluster.

    What stands under ``clusters/<name>/`` is that cluster's. What stands elsewhere is every
    cluster's, but for templates: a resource that some cluster has a copy of is only there. In a
    package that is one cluster's, all that stands elsewhere is that cluster's. What never reaches
    a cluster is left out.

    Args:
        items: the resources of the package.
        mesh: its clusters.
        rendered: whether what this function made is wanted as well.
    """
    common: list[Resource] = []
    of: dict[str, list[Resource]] = {name: [] for name in mesh.clusters}
    copied: set[ResourceId] = set()
    for item in items:
        if item.is_local_config or (is_own(item) and not rendered):
            continue
        if not item.cluster:
            common.append(item)
        elif item.cluster in of:
            of[item.cluster].append(item)
            copied.add(item.id)
    if mesh.own:
        of[mesh.own] += common
    else:
        shared = [item for item in common if item.id not in copied]
        of = {name: [*own, *shared] for name, own in of.items()}
    return Fleet((view_of(name, resources, mesh) for name, resources in of.items()), mesh)


def view_of(cluster: str, resources: Iterable[Resource], mesh: Mesh) -> ClusterView:
    """Give the view of a cluster of the mesh."""
    return ClusterView(
        cluster,
        resources,
        root_namespace=mesh.root_namespace,
        domain=mesh.cluster_domain,
        gateway=mesh.clusters[cluster].gateway if cluster in mesh.clusters else None,
    )
