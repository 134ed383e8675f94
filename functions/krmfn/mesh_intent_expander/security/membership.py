"""Whose pods have a proxy, as far as the package can tell."""

from collections.abc import Iterable, Iterator

from krmfn.mesh_intent_expander.security.inventory import Inventory
from krmfn.mesh_intent_expander.security.words import in_clusters
from krmfn.mesh_intent_expander.view import ClusterView, Workload

_INJECT = "sidecar.istio.io/inject"


def plaintext_reason(view: ClusterView, workload: Workload) -> str:
    """Say why pods have no proxy, "" when they have one.

    Namespaces whose objects are not in the package are made by others, who label them for the
    mesh: their pods count as members of it.
    """
    if view.is_meshed(workload) or view.is_ambient(workload):
        return ""
    if workload.host_network:
        return "is in the host's network"
    if "false" in (workload.labels.get(_INJECT), workload.annotations.get(_INJECT)):
        return f"says `{_INJECT}: false`"
    if workload.namespace in view.namespaces:
        return "is in a namespace without injection"
    return ""


def named(workload: Workload, clusters: Iterable[str]) -> str:
    """Name a workload: ``Deployment "shop/web" in cluster "a"``."""
    return f'{workload.kind} "{workload.namespace}/{workload.name}"{in_clusters(clusters)}'


def outside(inventory: Inventory, namespace: str) -> Iterator[tuple[str, Workload, str]]:
    """Yield cluster, workload and reason for all pods without proxy, of all namespaces for ""."""
    for cluster, view in inventory.fleet.views.items():
        for workload in inventory.pods(cluster, namespace) if namespace else view.workloads:
            reason = plaintext_reason(view, workload)
            if reason and workload.namespace != inventory.mesh.root_namespace:
                yield cluster, workload, reason
