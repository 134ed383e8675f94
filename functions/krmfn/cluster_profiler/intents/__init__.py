"""What people write for cluster-profiler."""

from krmfn.cluster_profiler.intents.config import (
    ClusterProfiler,
    ClusterProfilerSpec,
    DevicePool,
)
from krmfn.cluster_profiler.intents.rule import CapabilityRule, CapabilityRuleSpec
from krmfn.kinds.fleet import MetricsSnapshot
from krmfn.kinds.node_usage import NodeUsage

__all__ = [
    "CapabilityRule",
    "CapabilityRuleSpec",
    "ClusterProfiler",
    "ClusterProfilerSpec",
    "DevicePool",
    "MetricsSnapshot",
    "NodeUsage",
]
