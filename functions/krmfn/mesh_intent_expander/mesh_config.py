"""What a control plane is told: its MeshConfig and its MeshNetworks.

Both stand in the ConfigMap ``istio`` of the root namespace, under ``mesh`` and ``meshNetworks``; a
document of kind MeshConfig or MeshNetworks, as istioctl takes one beside the objects, goes over it.
Source: Istio's "Global Mesh Options".
"""

from collections.abc import Iterable, Mapping
from itertools import chain
from typing import Any

from krmfn.mesh_intent_expander.view import ClusterView, mapping
from krmfn.sdk import Resource, YamlError, yaml_load

MESH_CONFIG, MESH_NETWORKS = "MeshConfig", "MeshNetworks"
_CONFIG_MAP = "istio"
_KEYS = {MESH_CONFIG: "mesh", MESH_NETWORKS: "meshNetworks"}
_HEAD = frozenset(("apiVersion", "kind", "metadata"))


def mesh_config(view: ClusterView) -> Mapping[str, Any]:
    """Give the MeshConfig of a cluster as it is written, empty when none is known."""
    return _content(view, MESH_CONFIG)


def mesh_networks(view: ClusterView) -> Mapping[str, Any]:
    """Give the networks of a cluster's MeshNetworks by their names, empty when none is known."""
    return mapping(_content(view, MESH_NETWORKS).get("networks"))


def proxy_metadata(view: ClusterView) -> Mapping[str, Any]:
    """Give the environment of every proxy (``defaultConfig.proxyMetadata``)."""
    return mapping(mapping(mesh_config(view).get("defaultConfig")).get("proxyMetadata"))


def root_namespace(resources: Iterable[Resource]) -> str:
    """Give the namespace whose Istio objects hold for the whole mesh: "istio-system" by default."""
    for resource in resources:
        if resource.kind == MESH_CONFIG or (resource.kind, resource.name) == (
            "ConfigMap",
            _CONFIG_MAP,
        ):
            said = _read(resource, MESH_CONFIG).get("rootNamespace")
            if isinstance(said, str) and said:
                return said
    return "istio-system"


def source_of(view: ClusterView, kind: str) -> Resource | None:
    """Give the object in which the MeshConfig or MeshNetworks of a cluster stands."""
    config_maps = (
        each
        for each in view.of("ConfigMap", "")
        if (each.namespace, each.name) == (view.root_namespace, _CONFIG_MAP)
    )
    return next(chain(view.of(kind, ""), config_maps), None)


def _content(view: ClusterView, kind: str) -> Mapping[str, Any]:
    resource = source_of(view, kind)
    return _read(resource, kind) if resource else {}


def _read(resource: Resource, kind: str) -> Mapping[str, Any]:
    if resource.kind == kind:
        return {key: value for key, value in resource.body.items() if key not in _HEAD}
    text = mapping(resource.body.get("data")).get(_KEYS[kind])
    try:
        return mapping(yaml_load(text)) if isinstance(text, str) else {}
    except YamlError:
        return {}
