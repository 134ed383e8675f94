"""The pure assignment core: which item takes which clusters, packed, proven and sticky."""

from krmfn.placement_resolver.solving.problem import (
    UNZONED,
    Blocker,
    Cause,
    Cluster,
    GroupBins,
    Item,
    Limits,
    Method,
    Move,
    Option,
    Pod,
    Problem,
    Solution,
    Spread,
    Tier,
    Unplaced,
)
from krmfn.placement_resolver.solving.solve import solve
from krmfn.placement_resolver.solving.survive import Survey, Survival, survives

__all__ = [
    "UNZONED",
    "Blocker",
    "Cause",
    "Cluster",
    "GroupBins",
    "Item",
    "Limits",
    "Method",
    "Move",
    "Option",
    "Pod",
    "Problem",
    "Solution",
    "Spread",
    "Survey",
    "Survival",
    "Tier",
    "Unplaced",
    "solve",
    "survives",
]
