"""In a mesh of several networks, each cluster says in which one it is.

Source: Istio's "Install Multi-Primary on different networks": the label of the root namespace gives
the network of all endpoints, and that of the gateway's Service makes it a way in.
"""

from collections.abc import Iterable, Iterator

from krmfn.mesh_intent_expander.analysis.finding import Code, Finding, Level
from krmfn.mesh_intent_expander.topology import NETWORK, Cluster
from krmfn.mesh_intent_expander.view import ClusterView, Fleet, selects
from krmfn.sdk import Resource

MISSING = Code(
    "network-label-missing",
    Level.WARNING,
    "The root namespace and the gateway of a network must have the network's label.",
)
CODES = (MISSING,)


def check(view: ClusterView, fleet: Fleet) -> Iterable[Finding]:
    """Yield the root namespace and the gateway's Service where they do not say their network."""
    mesh = fleet.mesh
    cluster = mesh.clusters.get(view.name) if mesh else None
    if mesh is None or cluster is None or len(mesh.networks) < 2:
        return
    for resource in _labelled(view, cluster):
        label = resource.labels.get(NETWORK, "")
        if label != cluster.network:
            message = f'must be "{cluster.network}", the network of the cluster, but is "{label}"'
            yield Finding(MISSING, resource, message, f'metadata.labels["{NETWORK}"]')


def _labelled(view: ClusterView, cluster: Cluster) -> Iterator[Resource]:
    """Yield what must have the label, as far as it is known."""
    for namespace in view.of("Namespace", ""):
        if namespace.name == view.root_namespace:
            yield namespace
    gateway = cluster.gateway
    for service in view.services.values() if gateway else ():
        is_there = gateway is not None and service.namespace == gateway.namespace
        is_way_in = gateway is not None and selects(gateway.selector, service.selector)
        if is_there and is_way_in and service.resource:
            yield service.resource
