"""What sources of several projects have in common."""

import re

from krmfn.cluster_profiler.facts import Condition
from krmfn.cluster_profiler.reading import instant_at, maps_at, text_at
from krmfn.sdk import Resource

REGION = "topology.kubernetes.io/region"
ZONE = "topology.kubernetes.io/zone"
PROVIDER = "topology.krmfn.dev/provider"
_REASON = re.compile(r"[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?")
_UNKNOWN_TIME = "1970-01-01T00:00:00Z"
_LONGEST_REASON, _LONGEST_MESSAGE = 1024, 32_768


def condition(resource: Resource, name: str) -> Condition | None:
    """Give a condition of an object, in the form that a ClusterProfile takes it."""
    for each in maps_at(resource.body, "status.conditions"):
        status, reason = text_at(each, "status"), text_at(each, "reason")
        if each.get("type") == name and status in ("True", "False", "Unknown"):
            is_valid = len(reason) <= _LONGEST_REASON and _REASON.fullmatch(reason)
            return Condition(
                status,
                reason if is_valid else "Reported",
                text_at(each, "message")[:_LONGEST_MESSAGE],
                instant_at(each, "lastTransitionTime") or _UNKNOWN_TIME,
            )
    return None
