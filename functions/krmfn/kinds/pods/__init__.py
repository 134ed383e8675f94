"""Pods as kube-scheduler sees them: where they stand, what they ask for, where they may run.

All of it works on plain values. The rules are those of Kubernetes' own `component-helpers` and of
the API server's defaults.
"""

from krmfn.kinds.pods.requests import effective_requests, is_guaranteed, pinned
from krmfn.kinds.pods.scheduling import (
    NODE_NAME,
    REQUIRED,
    Demand,
    SchedulingDemands,
    Toleration,
    nodes_allowed,
    scheduling_demands,
)
from krmfn.kinds.pods.templates import PodTemplate, pod_template
from krmfn.kinds.pods.values import PodError, mapping, mappings

__all__ = [
    "NODE_NAME",
    "REQUIRED",
    "Demand",
    "PodError",
    "PodTemplate",
    "SchedulingDemands",
    "Toleration",
    "effective_requests",
    "is_guaranteed",
    "mapping",
    "mappings",
    "nodes_allowed",
    "pinned",
    "pod_template",
    "scheduling_demands",
]
