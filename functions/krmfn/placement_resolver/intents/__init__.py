"""What people write for placement-resolver."""

from krmfn.kinds.fleet import ClusterCapacity, ClusterTopology
from krmfn.placement_resolver.intents.config import PlacementResolver, PlacementResolverSpec
from krmfn.placement_resolver.intents.intent import PlacementIntent, PlacementIntentSpec
from krmfn.placement_resolver.intents.policy import PlacementPolicy, PlacementPolicySpec

__all__ = [
    "ClusterCapacity",
    "ClusterTopology",
    "PlacementIntent",
    "PlacementIntentSpec",
    "PlacementPolicy",
    "PlacementPolicySpec",
    "PlacementResolver",
    "PlacementResolverSpec",
]
