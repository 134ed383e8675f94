"""Weights by cluster: Istio knows them by locality, so that each cluster must have its own."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from krmfn.mesh_intent_expander.discovery.telling import quoted
from krmfn.mesh_intent_expander.intents.service_discovery import ServiceDiscovery
from krmfn.mesh_intent_expander.topology import Mesh
from krmfn.sdk import Result, error, warning

EVERYWHERE = "*"
_WEIGHTS = "spec.loadBalancing.weights"
_MOST = 100

Distribution = Mapping[str, Mapping[str, int]]


@dataclass(frozen=True, slots=True)
class Localities:
    """The localities of the clusters that offer a service."""

    mesh: Mesh
    servers: Sequence[str]

    def of(self, cluster: str) -> str:
        """Give a cluster's locality, "" when it is not known."""
        return self.mesh.clusters[cluster].locality

    def problem(self, intent: ServiceDiscovery, field: str) -> Result | None:
        """Say why localities do not tell the clusters apart, None where they do."""
        lacking = [cluster for cluster in self.servers if not self.of(cluster)]
        if lacking:
            why = f"{quoted(lacking)} has no `region`"
        elif alike := next(self._alike(), None):
            why = f"{quoted(alike)} are in one"
        else:
            return None
        return error(
            f"must be told by localities, as Istio has it, but {why}; give each cluster a `region` "
            f"and `zone` of its own, or use `cluster` in the backends of a TrafficRoute",
            code="locality-shared",
            at=intent,
            field=field,
        )

    def only(self, cluster: str) -> Distribution:
        """Give a distribution by which requests from anywhere stay in one cluster."""
        return {EVERYWHERE: {self.of(cluster): 100}}

    def next_region(self, client: str, spares: Sequence[str]) -> Mapping[str, str]:
        """Give the region that comes next for a client, where it is that of one spare alone."""
        regions = [self.mesh.clusters[c].region for c in self.servers if c != client]
        own = self.mesh.clusters[client].region
        if len(spares) != 1 or not own:
            return {}
        region = self.mesh.clusters[spares[0]].region
        is_told = region and regions.count(region) == 1 and own not in regions
        return {own: region} if is_told else {}

    def _alike(self) -> Iterator[tuple[str, str]]:
        """Yield pairs of clusters of which one's locality is, or holds, the other's."""
        ordered = sorted((self.of(cluster) + "/", cluster) for cluster in self.servers)
        for (one, first), (other, second) in pairwise(ordered):
            if other.startswith(one):
                yield first, second


def shares_of(
    mesh: Mesh, intent: ServiceDiscovery, servers: Sequence[str]
) -> tuple[Distribution, list[Result]]:
    """Give the percents by locality for an intent's weights, and what is wrong with them."""
    said = intent.spec.load_balancing.weights
    weights = {cluster: said[cluster] for cluster in servers if said.get(cluster)}
    if not 0 < len(weights) <= _MOST:
        problem = error(
            f"must give 1 to {_MOST} of the clusters that offer the service a weight above 0, "
            f"but gives it to {len(weights)}",
            code="weights-unmet",
            at=intent,
            field=_WEIGHTS,
        )
        return {}, [problem]
    localities = Localities(mesh, servers)
    if (shared := localities.problem(intent, _WEIGHTS)) is not None:
        return {}, [shared]
    percents = percents_of(weights)
    return (
        {EVERYWHERE: {localities.of(cluster): percents[cluster] for cluster in percents}},
        list(_left_out(intent, servers)),
    )


def percents_of(weights: Mapping[str, int]) -> dict[str, int]:
    """Give whole percents that add up to 100, each of them 1 at least.

    The largest remainder decides who gets what rounding leaves; ties go by name.

    Args:
        weights: up to 100 of them, all above 0.
    """
    total = sum(weights.values())
    exact = {name: divmod(weight * 100, total) for name, weight in weights.items()}
    found = {name: max(1, whole) for name, (whole, _) in exact.items()}
    by_remainder = sorted(exact, key=lambda name: (-exact[name][1], name))
    for name in by_remainder[: max(0, 100 - sum(found.values()))]:
        found[name] += 1
    while sum(found.values()) > 100:
        largest = max(sorted(found), key=lambda name: found[name])
        found[largest] -= 1
    return {name: found[name] for name in sorted(found)}


def _left_out(intent: ServiceDiscovery, servers: Sequence[str]) -> Iterator[Result]:
    weights = intent.spec.load_balancing.weights
    lacking = [cluster for cluster in servers if cluster not in weights]
    if lacking:
        yield warning(
            f"says nothing of {quoted(lacking)}, which offers the service: it gets no requests",
            code="weight-missing",
            at=intent,
            field=_WEIGHTS,
        )
