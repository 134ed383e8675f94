"""How far clusters are from the areas that users come from, in milliseconds."""

import heapq
import math
from collections.abc import Iterable, Mapping
from functools import lru_cache

from krmfn.kinds.fleet import DOMAIN, ClusterTopology
from krmfn.placement_resolver.fleet import Cluster
from krmfn.sdk import quantity

LATENCY = f"latency.{DOMAIN}/"


class Distances:
    """Round-trip times over the links of the topologies.

    A time that was measured and stands as a property on the ClusterProfile wins over the links.
    """

    def __init__(self, topologies: Iterable[ClusterTopology]) -> None:
        self.areas: set[str] = set()
        self._links: dict[str, dict[str, float]] = {}
        self._from: dict[str, Mapping[str, float]] = {}
        for topology in topologies:
            self.areas |= {area.name for area in topology.spec.areas}
            for link in topology.spec.links:
                time = quantity.as_float(link.latency_ms)
                self._join(link.from_, link.to, time)
                if not link.one_way:
                    self._join(link.to, link.from_, time)

    def knows(self, area: str, clusters: Iterable[Cluster]) -> bool:
        """Say whether anything is said about an area."""
        name = f"{LATENCY}{area}"
        return (
            area in self.areas
            or area in self._links
            or any(name in cluster.properties for cluster in clusters)
        )

    def milliseconds(self, area: str, cluster: Cluster) -> float | None:
        """Give the time between an area and a cluster, None when nobody knows it."""
        known = cluster.properties.get(f"{LATENCY}{area}")
        measured = finite(known.value) if known else None
        if measured is not None and measured >= 0:
            return measured
        if area not in self._from:
            self._from[area] = self._shortest(area)
        return self._from[area].get(cluster.name)

    def _join(self, one: str, other: str, time: float) -> None:
        links = self._links.setdefault(one, {})
        links[other] = min(time, links.get(other, math.inf))

    def _shortest(self, start: str) -> dict[str, float]:
        """Dijkstra's algorithm: the times from one end to everything that links lead to."""
        times: dict[str, float] = {}
        queue = [(0.0, start)]
        while queue:
            time, place = heapq.heappop(queue)
            if place in times:
                continue
            times[place] = time
            for other, further in self._links.get(place, {}).items():
                if other not in times:
                    heapq.heappush(queue, (time + further, other))
        return times


@lru_cache(maxsize=65_536)
def finite(text: str) -> float | None:
    """Read a number or quantity; None for what is none, or is not finite."""
    try:
        number = quantity.as_float(text)
    except ValueError:
        try:
            number = float(text)
        except ValueError:
            return None
    return number if math.isfinite(number) else None
