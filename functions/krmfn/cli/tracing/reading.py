"""The mesh of a package as it stands on disk."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from krmfn.cli.errors import CliError
from krmfn.cli.rendering.tree import read_tree
from krmfn.mesh_intent_expander.reading import read_fleet
from krmfn.mesh_intent_expander.topology import Cluster, Mesh, read_mesh
from krmfn.mesh_intent_expander.view import Fleet
from krmfn.sdk import FunctionError, Package, Place, Resource, YamlError


def read_package(folder: Path) -> tuple[Fleet, Mesh]:
    """Read the objects of each cluster, and what the package tells of the mesh.

    Raises:
        CliError: there is no package, or a file or the MeshTopology of it is wrong.
    """
    resources = list(_resources(folder.resolve()))
    try:
        mesh = with_folders(read_mesh(Package(resources))[0], resources)
    except FunctionError as error:
        raise CliError("; ".join(each.message for each in error.results)) from error
    return read_fleet(resources, mesh, rendered=True), mesh


def _resources(root: Path) -> Iterator[Resource]:
    """Yield the resources, each at its path from the package's folder."""
    for package in read_tree(root).walk():
        for resource in package.resources():
            path = f"{package.path}/{resource.path}" if package.path else resource.path or ""
            try:
                _ = resource.body
            except YamlError as error:
                raise CliError(f"{path}: {error}") from error
            yield resource.at(Place(path, resource.index or 0, str(root)))


def with_folders(mesh: Mesh, resources: list[Resource]) -> Mesh:
    """Add to a mesh the clusters that have a folder but are not told of otherwise."""
    folders = dict.fromkeys(sorted(each.cluster for each in resources if each.cluster))
    known = {name: cluster for name, cluster in mesh.clusters.items() if name or not folders}
    told = {name: Cluster(name, config_cluster=name) for name in folders if name not in known}
    return replace(mesh, clusters=dict(sorted({**known, **told}.items())))
