"""Which of a service's clusters its clients use: what the intent wants, in Istio's terms.

With endpoint discovery all endpoints are in reach, and Istio can only put some of them first; a
federated client knows the endpoints that it is told, so that nothing else is in reach.
Source: `pilot/pkg/networking/core/loadbalancer` of Istio; the field docs of its DestinationRule.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from krmfn.mesh_intent_expander.discovery.localities import Localities, shares_of
from krmfn.mesh_intent_expander.discovery.telling import quoted, unknown
from krmfn.mesh_intent_expander.intents.service_discovery import LoadBalancing, ServiceDiscovery
from krmfn.mesh_intent_expander.plan.destinations import TrafficPolicy
from krmfn.mesh_intent_expander.topology import Mesh
from krmfn.sdk import Result, error, warning

_LOAD = "spec.loadBalancing."
CLUSTER = "topology.istio.io/cluster"
_ERRORS = {"low": 10, "medium": 5, "high": 3}
_BALANCERS = {"LeastRequest": "", "RoundRobin": "ROUND_ROBIN", "Random": "RANDOM"}


def errors_of(mesh: Mesh) -> int:
    """Give after how many errors in a row an endpoint is left out."""
    return _ERRORS[mesh.defaults.resilience]


@dataclass(frozen=True, slots=True)
class Preference:
    """What an intent wants of its service's clusters.

    Attributes:
        mesh: the mesh.
        intent: the intent.
        servers: the clusters that offer the service.
        federated: whether clients know only the endpoints that they are told.
    """

    mesh: Mesh
    intent: ServiceDiscovery
    servers: tuple[str, ...]
    federated: bool = False

    @property
    def balancing(self) -> LoadBalancing:
        """What the intent says."""
        return self.intent.spec.load_balancing

    @property
    def keeps(self) -> bool:
        """Whether requests must stay where they are preferred, come what may."""
        failover = self.balancing.failover
        return failover is not None and failover.to == "None"

    def first(self, client: str) -> tuple[str, ...]:
        """Give the clusters that a client cluster prefers; none when it prefers none."""
        match self.balancing.preference:
            case "local":
                return (client,) if client in self.servers else ()
            case "ordered":
                return tuple(c for c in self.balancing.order if c in self.servers)[:1]
            case _:
                return ()

    def spares(self, client: str) -> tuple[str, ...]:
        """Give the clusters that may take over for a client cluster.

        One that prefers none may use all that the failover names, and all for `None`.
        """
        first, failover = self.first(client), self.balancing.failover
        others = tuple(cluster for cluster in self.servers if cluster not in first)
        match failover.to if failover else "Any":
            case "None":
                return () if first else others
            case "Only":
                return tuple(c for c in others if failover and c in failover.clusters)
            case "AnyExcept":
                return tuple(c for c in others if failover and c not in failover.clusters)
            case _:
                return others

    def used(self, client: str) -> tuple[str, ...]:
        """Give the clusters that a client cluster is to use at all, the preferred ones first."""
        order = {cluster: rank for rank, cluster in enumerate(self.balancing.order)}
        spares = sorted(self.spares(client), key=lambda c: (order.get(c, len(order)), c))
        return (*self.first(client), *spares)

    def rank(self, cluster: str) -> int:
        """Give a cluster's place in the intent's order; those that it does not name are last."""
        known = [each for each in self.balancing.order if each in self.servers]
        return known.index(cluster) if cluster in known else len(known)

    def base(self) -> TrafficPolicy:
        """Give what does not depend on the client."""
        failover = self.balancing.failover
        threshold = failover.threshold if failover else None
        stays_put = self.keeps and self.balancing.preference == "any" and not self.balancing.weights
        several = len(self.servers) > 1 and not stays_put
        return TrafficPolicy(
            balancer=_BALANCERS[self.balancing.policy],
            errors=errors_of(self.mesh) if several else 0,
            counts_answers=not self.federated,
            min_health_percent=round(float(threshold[:-1])) if threshold and several else 0,
        )


def policies(
    preference: Preference, clusters: Sequence[str]
) -> tuple[dict[str, TrafficPolicy], list[Result]]:
    """Give the policy of each cluster of clients or servers, and what cannot be had.

    Args:
        preference: what the intent wants.
        clusters: the clusters.
    """
    told = [*_names(preference), *_threshold(preference)]
    base = preference.base()
    if len(preference.servers) < 2:
        return dict.fromkeys(clusters, base), [*told, *_nowhere(preference)]
    if preference.balancing.weights:
        shares, problems = shares_of(preference.mesh, preference.intent, preference.servers)
        return dict.fromkeys(clusters, replace(base, distribute=shares)), [*told, *problems]
    if preference.federated:
        return {c: _federated(preference, base, c) for c in clusters}, told
    found, problems = _native(preference, base, clusters)
    return found, [*told, *problems]


def tier_label(mesh: Mesh, rank: int) -> str:
    """Give the label of endpoints whose place in the order is `rank` or better."""
    return f"{mesh.global_domain}/within-{rank}"


def cluster_label(mesh: Mesh) -> str:
    """Give the label of federated endpoints that tells their cluster.

    Istio writes its own cluster's name into ``topology.istio.io/cluster`` of such endpoints.
    """
    return f"{mesh.global_domain}/cluster"


def _federated(preference: Preference, base: TrafficPolicy, client: str) -> TrafficPolicy:
    """Prefer by labels of our own: all that is not to be used is no endpoint at all."""
    used, mesh = preference.used(client), preference.mesh
    if len(used) < 2 or not preference.first(client):
        return base
    if preference.balancing.preference == "local":
        return replace(base, failover_priority=(f"{cluster_label(mesh)}={client}",))
    worst = max(preference.rank(cluster) for cluster in used)
    tiers = tuple(f"{tier_label(mesh, rank)}=true" for rank in reversed(range(worst)))
    return replace(base, failover_priority=tiers)


def _native(
    preference: Preference, base: TrafficPolicy, clusters: Sequence[str]
) -> tuple[dict[str, TrafficPolicy], list[Result]]:
    """Put the preferred endpoints first; keep requests in one cluster by its locality."""
    localities = Localities(preference.mesh, preference.servers)
    found: dict[str, TrafficPolicy] = {}
    wider: list[str] = []
    for cluster in clusters:
        first, spares = preference.first(cluster), preference.spares(cluster)
        others = [each for each in preference.servers if each not in first]
        if first and not spares:
            if (problem := localities.problem(preference.intent, f"{_LOAD}failover")) is not None:
                return {}, [problem]
            found[cluster] = replace(base, distribute=localities.only(first[0]))
            continue
        labels = _priority(preference)
        if len(spares) == len(others):
            found[cluster] = replace(base, failover_priority=labels)
            continue
        wider.append(cluster)
        region = localities.next_region(cluster, spares)
        found[cluster] = replace(base, failover_priority=labels, failover=region)
    return found, [*_wider(preference, wider), *_order(preference), *_one_istiod(preference, found)]


def _priority(preference: Preference) -> tuple[str, ...]:
    """Give the labels by which Istio finds the preferred endpoints: for all clients the same."""
    match preference.balancing.preference:
        case "local":
            return (CLUSTER,)
        case "ordered":
            return tuple(f"{CLUSTER}={cluster}" for cluster in preference.first(""))
        case _:
            return ()


def _names(preference: Preference) -> Iterator[Result]:
    """Tell names of no cluster of the mesh, and of those that do not offer the service."""
    balancing, intent, mesh = preference.balancing, preference.intent, preference.mesh
    failover = balancing.failover.clusters if balancing.failover else ()
    for name, names in (
        ("order", balancing.order),
        ("weights", tuple(balancing.weights)),
        ("failover.clusters", failover),
    ):
        field = f"{_LOAD}{name}"
        for each in dict.fromkeys(names):
            if each not in mesh.clusters:
                yield unknown(intent, field, "a cluster of the mesh", each, mesh.clusters)
            elif each not in preference.servers:
                yield warning(
                    f'names "{each}", which does not offer the service: it is passed over',
                    code="not-offered",
                    at=intent,
                    field=field,
                    current=each,
                )


def _threshold(preference: Preference) -> Iterator[Result]:
    failover = preference.balancing.failover
    if failover and failover.threshold and float(failover.threshold[:-1]) > 100:
        yield error(
            f'must be at most "100%", but is "{failover.threshold}"',
            code="threshold-too-high",
            at=preference.intent,
            field=f"{_LOAD}failover.threshold",
            current=failover.threshold,
        )


def _nowhere(preference: Preference) -> Iterator[Result]:
    """Tell that there is nothing to prefer or to fail over to, where one cluster offers it."""
    failover = preference.balancing.failover
    if failover is not None and failover.to != "None":
        yield warning(
            f"must have somewhere to go, but only {quoted(preference.servers)} offers the service",
            code="failover-nowhere",
            at=preference.intent,
            field=f"{_LOAD}failover",
        )


def _wider(preference: Preference, clusters: Sequence[str]) -> Iterator[Result]:
    """Tell where other clusters than those of the failover stay a last resort."""
    if clusters:
        yield warning(
            f"cannot leave clusters out for clients in {quoted(clusters)}: with endpoint discovery "
            f"Istio puts them last, and uses them when all others fail; "
            f"`hostname: global` leaves them out",
            code="failover-wider",
            at=preference.intent,
            field=f"{_LOAD}failover.to",
        )


def _order(preference: Preference) -> Iterator[Result]:
    known = [c for c in preference.balancing.order if c in preference.servers]
    if len(known) > 1 and len(preference.servers) > 2:
        yield warning(
            f'prefers "{known[0]}" and then any other by locality: with endpoint discovery '
            f"Istio keeps no longer order of clusters; `hostname: global` does",
            code="order-shortened",
            at=preference.intent,
            field=f"{_LOAD}order",
        )


def _one_istiod(preference: Preference, found: Mapping[str, TrafficPolicy]) -> Iterator[Result]:
    """Yield an error where clusters of one control plane would need different policies."""
    by_istiod: dict[str, str] = {}
    for cluster, policy in found.items():
        config = preference.mesh.clusters[cluster].config_cluster
        other = by_istiod.setdefault(config, cluster)
        if found[other] != policy:
            yield error(
                f'must treat "{other}" and "{cluster}" alike, since both obey the istiod of '
                f'"{config}", whose DestinationRule holds for both',
                code="config-shared",
                at=preference.intent,
                field=f"{_LOAD}failover",
            )
