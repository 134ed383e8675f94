"""What people write for placement-resolver."""

from krmfn.kinds.fleet import ClusterCapacity, ClusterTopology
from krmfn.placement_resolver.intents.config import PlacementResolver, PlacementResolverSpec
from krmfn.placement_resolver.intents.intent import PlacementIntent, PlacementIntentSpec
from krmfn.placement_resolver.intents.policy import PlacementPolicy, PlacementPolicySpec
from krmfn.placement_resolver.intents.report import (
    PlacementReport,
    PlacementSummary,
    PlacementTarget,
)

__all__ = [
    "ClusterCapacity",
    "ClusterTopology",
    "PlacementIntent",
    "PlacementIntentSpec",
    "PlacementPolicy",
    "PlacementPolicySpec",
    "PlacementReport",
    "PlacementResolver",
    "PlacementResolverSpec",
    "PlacementSummary",
    "PlacementTarget",
]
