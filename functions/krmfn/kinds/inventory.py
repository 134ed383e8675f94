"""ClusterProfile and PlacementDecision of SIG Multicluster (kubernetes-sigs/cluster-inventory-api).

Both are read and written as plain values: a fleet has thousands of profiles.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from sys import intern
from typing import Any

GROUP = "multicluster.x-k8s.io"
API_VERSION = f"{GROUP}/v1alpha1"
CLUSTER_PROFILE = "ClusterProfile"
PLACEMENT_DECISION = "PlacementDecision"
CLUSTER_MANAGER = "x-k8s.io/cluster-manager"
DECISION_KEY = f"{GROUP}/decision-key"
DECISION_INDEX = f"{GROUP}/decision-index"
PLACEMENT_KEY = f"{GROUP}/placement-key"
MOST_DECISIONS = 100
LONGEST_VALUE = 1024


@dataclass(frozen=True, slots=True)
class Property:
    """A property of a cluster: text, and when it was observed ("" when that is not known)."""

    value: str
    observed_at: str = ""


_property = lru_cache(maxsize=65_536)(Property)
"""Thousands of clusters share their values."""


def properties_of(profile: Mapping[str, Any]) -> dict[str, Property]:
    """Give the properties of a ClusterProfile's values by name; what is no property is left out."""
    status = profile.get("status")
    listed = status.get("properties") if isinstance(status, Mapping) else None
    found: dict[str, Property] = {}
    for each in listed if isinstance(listed, list) else ():
        if isinstance(each, Mapping) and isinstance(name := each.get("name"), str):
            observed = each.get("lastObservedTime")
            instant = intern(str(observed)) if isinstance(observed, str) else ""
            found[intern(str(name))] = _property(str(each.get("value", "")), instant)
    return found


def decided_clusters(decision: Mapping[str, Any]) -> Iterator[str]:
    """Yield the names of the clusters that a PlacementDecision's values choose."""
    listed = decision.get("decisions")
    for each in listed if isinstance(listed, list) else ():
        reference = each.get("clusterProfileRef") if isinstance(each, Mapping) else None
        if isinstance(reference, Mapping) and isinstance(name := reference.get("name"), str):
            yield name
