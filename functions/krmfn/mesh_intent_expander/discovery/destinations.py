"""All that is about one host comes together in one DestinationRule for each cluster.

Istio takes the first DestinationRule of a host that it finds and merges none of other namespaces.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from krmfn.mesh_intent_expander.discovery.preference import CLUSTER, cluster_label, errors_of
from krmfn.mesh_intent_expander.intents.treatment import SessionAffinity
from krmfn.mesh_intent_expander.plan.common import ServiceKey
from krmfn.mesh_intent_expander.plan.destinations import (
    Destination,
    Subset,
    TrafficPolicy,
    service_name,
    shortened,
    subset_of,
)
from krmfn.mesh_intent_expander.plan.discovery import Discovered
from krmfn.mesh_intent_expander.plan.routes import RoutedHost, RoutedRule, Share
from krmfn.mesh_intent_expander.plan.security import Plaintext
from krmfn.mesh_intent_expander.topology import Mesh
from krmfn.mesh_intent_expander.view import Fleet
from krmfn.sdk import Resource, Result, error

_NOTHING = TrafficPolicy()


def destinations(
    mesh: Mesh,
    fleet: Fleet,
    hosts: Sequence[RoutedHost],
    discovered: Sequence[Discovered],
    plaintext: Mapping[str, Plaintext],
) -> tuple[Destination, ...]:
    """Decide how clients treat each host.

    Args:
        mesh: the mesh.
        fleet: the objects of its clusters.
        hosts: what is routed; its shares name versions and clusters, which become subsets.
        discovered: what is found across clusters.
        plaintext: by host, the services that clients reach without TLS.
    """
    uses = _Uses(mesh, fleet)
    for each in discovered:
        uses.discover(each)
    for routed in hosts:
        uses.route(routed)
    for host, plain in plaintext.items():
        uses.disable_tls(host, plain)
    for routed in hosts:
        uses.divide(routed)
    return tuple(
        destination
        for _, use in sorted(uses.by_host.items())
        for destination in _destinations(mesh, use)
    )


def subset_problems(hosts: Sequence[RoutedHost], discovered: Sequence[Discovered]) -> list[Result]:
    """Say where shares cannot be subsets: names that are ambiguous, versions of what is federated.

    Args:
        hosts: what is routed.
        discovered: what is found across clusters.
    """
    federated = {each.hostname for each in discovered if each.how == "federated"}
    seen: dict[tuple[str, str], tuple[Share, RoutedRule]] = {}
    problems = []
    for rule, share in _subsets_in(hosts):
        first, by = seen.setdefault((share.host, subset_of(share)), (share, rule))
        if (first.version, first.cluster) != (share.version, share.cluster):
            problems.append(_ambiguous(share, rule, by))
        if share.version and share.host in federated:
            problems.append(_behind_gateway(share, rule))
    return problems


def _ambiguous(share: Share, rule: RoutedRule, other: RoutedRule) -> Result:
    return error(
        f'must name versions so that they can be told apart: "{subset_of(share)}" of '
        f'"{share.host}" has other labels in "{other.by.name}"',
        code="subset-ambiguous",
        at=rule.by,
        field=rule.field,
        current=subset_of(share),
    )


def _behind_gateway(share: Share, rule: RoutedRule) -> Result:
    return error(
        f'must name no version of "{share.host}": without endpoint discovery its pods are behind '
        f"gateways, and cannot be told apart; make each version a Service of its own",
        code="version-not-federated",
        at=rule.by,
        field=rule.field,
    )


@dataclass(slots=True)
class _Use:
    """What is known of one host, while it is gathered."""

    host: str
    service: ServiceKey
    by: Resource
    discovered: Discovered | None = None
    clusters: set[str] = field(default_factory=set)
    subsets: dict[str, Share] = field(default_factory=dict)
    affinity: SessionAffinity | None = None
    is_plain: bool = False
    otherwise: TrafficPolicy = _NOTHING


class _Uses:
    def __init__(self, mesh: Mesh, fleet: Fleet) -> None:
        self._mesh = mesh
        self._fleet = fleet
        self._several = TrafficPolicy(errors=errors_of(mesh))
        self.by_host: dict[str, _Use] = {}

    def discover(self, found: Discovered) -> None:
        use = self._of(found.hostname, found.service, found.by)
        use.discovered = found
        use.clusters |= {*found.clients}
        use.clusters |= {*found.servers} if found.how != "federated" else set()

    def route(self, routed: RoutedHost) -> None:
        by = routed.by[0]
        if routed.affinity is not None:
            for host in self._known(routed):
                use = self._of(host, routed.service, by)
                use.affinity = routed.affinity
                use.clusters |= {*routed.clusters}
        for rule, share in _subsets_in([routed]):
            use = self._of(share.host, share.service, rule.by)
            use.subsets.setdefault(subset_of(share), share)
            use.clusters |= {*routed.clusters}
            if use.discovered is None:
                self._serve(use)

    def disable_tls(self, host: str, plain: Plaintext) -> None:
        use = self._of(host, plain.service, plain.by)
        use.is_plain = True
        use.clusters |= {*self._fleet.clusters_with(*plain.service)}

    def divide(self, routed: RoutedHost) -> None:
        """Treat the Services that take parts of a service as the service itself."""
        for _, share in routed.parts() if routed.flavor == "gateway-api" else ():
            if (whole := self.by_host.get(self._mesh.host(*share.service))) is not None:
                part = ServiceKey(share.service.namespace, service_name(share))
                host = self._mesh.host(*part)
                self.by_host.setdefault(host, replace(whole, host=host, service=part))

    def _serve(self, use: _Use) -> None:
        """Add the clusters that have the service: their gateways must know its subsets."""
        servers = self._fleet.clusters_with(*use.service)
        use.clusters |= {*servers}
        use.otherwise = self._several if len(servers) > 1 else _NOTHING

    def _known(self, routed: RoutedHost) -> list[str]:
        """Give the hosts by which the service of a route is known in the mesh."""
        own = self._mesh.host(*routed.service)
        found = [h for h in routed.hosts if h in self.by_host and h != own]
        return [own, *found]

    def _of(self, host: str, service: ServiceKey, by: Resource) -> _Use:
        return self.by_host.setdefault(host, _Use(host, service, by))


def _subsets_in(hosts: Iterable[RoutedHost]) -> Iterator[tuple[RoutedRule, Share]]:
    """Yield the shares that take a subset; in the Gateway API Services stand for subsets."""
    for host in hosts:
        yield from host.parts() if host.flavor == "istio" else ()


def _destinations(mesh: Mesh, use: _Use) -> Iterator[Destination]:
    """Yield a host's destinations: one for all clusters that treat it alike."""
    is_federated = use.discovered is not None and use.discovered.how == "federated"
    key = cluster_label(mesh) if is_federated else CLUSTER
    subsets = tuple(
        Subset(name, {**share.version, **({key: share.cluster} if share.cluster else {})})
        for name, share in sorted(use.subsets.items())
    )
    for policy, clusters in _by_policy(mesh, use):
        if policy != _NOTHING or subsets:
            yield Destination(
                host=use.host,
                name=_name(use),
                namespace=use.service.namespace,
                clusters=tuple(sorted(clusters)),
                by=use.by,
                policy=policy,
                subsets=subsets,
            )
    if use.discovered is not None:
        yield from _at_gateways(use, use.discovered, subsets)


def _by_policy(mesh: Mesh, use: _Use) -> list[tuple[TrafficPolicy, set[str]]]:
    """Give the policies of a host, each with the clusters whose istiod reads it."""
    grouped: list[tuple[TrafficPolicy, set[str]]] = []
    for cluster in sorted(use.clusters):
        policy = _policy(use, cluster)
        config = mesh.clusters[cluster].config_cluster
        same = next((group for known, group in grouped if known is policy or known == policy), None)
        if same is None:
            grouped.append((policy, {config}))
        else:
            same.add(config)
    return grouped


def _at_gateways(
    use: _Use, discovered: Discovered, subsets: tuple[Subset, ...]
) -> Iterator[Destination]:
    """Yield what the gateways of a federated service need, which see nothing else of it."""
    for offer in discovered.offers:
        yield Destination(
            host=use.host,
            name=shortened(f"{use.service.name}.{use.service.namespace}"),
            namespace=offer.namespace,
            clusters=(offer.cluster,),
            by=use.by,
            policy=TrafficPolicy(tls="ISTIO_MUTUAL", sans=discovered.sans),
            subsets=subsets,
            export_to=(".",),
        )


def _policy(use: _Use, cluster: str) -> TrafficPolicy:
    found = use.discovered.policy.get(cluster) if use.discovered else None
    policy = found or use.otherwise
    if use.affinity is not None:
        policy = replace(policy, affinity=use.affinity)
    return replace(policy, tls="DISABLE", sans=()) if use.is_plain else policy


def _name(use: _Use) -> str:
    """Give the name of a host's DestinationRule, that of its service where it can be."""
    how = use.discovered.how if use.discovered else "native"
    suffix = {"federated": "-global", "mcs": "-clusterset"}.get(how, "")
    return shortened(f"{use.service.name}{suffix}")
