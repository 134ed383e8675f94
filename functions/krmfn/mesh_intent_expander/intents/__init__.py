"""What people write for mesh-intent-expander."""

from krmfn.kinds.authorization import ServiceAuthorization
from krmfn.kinds.mesh import MeshTopology
from krmfn.kinds.relocation import RelocationPlan
from krmfn.mesh_intent_expander.intents.config import MeshIntentExpander, MeshIntentExpanderSpec
from krmfn.mesh_intent_expander.intents.mutual_tls import MutualTLS
from krmfn.mesh_intent_expander.intents.report import MeshReport
from krmfn.mesh_intent_expander.intents.service_discovery import ServiceDiscovery
from krmfn.mesh_intent_expander.intents.traffic_route import TrafficRoute

__all__ = [
    "MeshIntentExpander",
    "MeshIntentExpanderSpec",
    "MeshReport",
    "MeshTopology",
    "MutualTLS",
    "RelocationPlan",
    "ServiceAuthorization",
    "ServiceDiscovery",
    "TrafficRoute",
]
