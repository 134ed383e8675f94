"""MeshNetworks name clusters that the control plane knows."""

from collections.abc import Iterable

from krmfn.mesh_intent_expander.analysis.finding import Code, Finding, Level
from krmfn.mesh_intent_expander.analysis.reading import items, text
from krmfn.mesh_intent_expander.mesh_config import (
    MESH_NETWORKS,
    mesh_networks,
    source_of,
)
from krmfn.mesh_intent_expander.view import ClusterView, Fleet, mapping

UNKNOWN = Code(
    "IST0126",
    Level.ERROR,
    "A registry of MeshNetworks must be a cluster that the control plane knows.",
    "UnknownMeshNetworksServiceRegistry",
)
CODES = (UNKNOWN,)
_BUILT_IN = ("Mock", "Kubernetes", "External")
_REMOTE_SECRET = "istio/multiCluster"  # noqa: S105 - a label


def check(view: ClusterView, fleet: Fleet) -> Iterable[Finding]:
    """Yield endpoints of networks whose cluster is none of the fleet and has no remote secret."""
    source = source_of(view, MESH_NETWORKS)
    if source is None:
        return
    known = {*_BUILT_IN, *fleet.clusters} - {""}
    for secret in view.of("Secret", ""):
        if secret.labels.get(_REMOTE_SECRET) == "true":
            known |= {str(key) for key in mapping(secret.body.get("data"))}
    for network, content in mesh_networks(view).items():
        path = f"networks.{network}.endpoints"
        for field, endpoint in items(mapping(content).get("endpoints"), path):
            registry = text(endpoint.get("fromRegistry"))
            if registry and registry not in known:
                message = f'must be a cluster that the control plane knows, but is "{registry}"'
                yield Finding(UNKNOWN, source, message, f"{field}.fromRegistry")
