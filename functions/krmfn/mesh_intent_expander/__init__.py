"""High-level mesh intents become what every cluster's mesh reads, with proofs."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from krmfn.sdk import Generated, Package, Resource, Result, function

if TYPE_CHECKING:
    from krmfn.mesh_intent_expander.intents import MeshIntentExpander


@function(
    "mesh-intent-expander",
    config="MeshIntentExpander",
    reads=(
        "intent.krmfn.dev/MeshTopology",
        "intent.krmfn.dev/TrafficRoute",
        "intent.krmfn.dev/ServiceDiscovery",
        "intent.krmfn.dev/MutualTLS",
        "intent.krmfn.dev/ServiceAuthorization",
        "intent.krmfn.dev/RelocationPlan",
    ),
    facts=(
        "networking.istio.io/VirtualService",
        "networking.istio.io/DestinationRule",
        "networking.istio.io/ServiceEntry",
        "networking.istio.io/Gateway",
        "networking.istio.io/Sidecar",
        "security.istio.io/PeerAuthentication",
        "security.istio.io/AuthorizationPolicy",
        "security.istio.io/RequestAuthentication",
    ),
)
def mesh_intent_expander(
    config: "MeshIntentExpander", package: Package
) -> Iterable[Generated | Resource | Result]:
    """Turn mesh intents into the objects of Istio, the Gateway API and MCS for every cluster."""
    from krmfn.mesh_intent_expander.expand import expand

    yield from expand(config.spec, package)
