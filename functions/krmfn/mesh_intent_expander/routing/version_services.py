"""Services for versions and clusters: the Gateway API has no subsets."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from krmfn.mesh_intent_expander.plan.common import ServiceKey
from krmfn.mesh_intent_expander.plan.destinations import shortened, subset_of
from krmfn.mesh_intent_expander.plan.routes import RoutedHost, RoutedRule, Share, VersionService
from krmfn.mesh_intent_expander.topology import Mesh
from krmfn.mesh_intent_expander.view import Fleet, Service, mappings, selects, spec_of
from krmfn.sdk import Result, error

_GLOBAL = "istio.io/global"


def service_name(share: Share) -> str:
    """Give the name of the Service that takes a share in the Gateway API."""
    return shortened("-".join(filter(None, (share.service.name, subset_of(share)))))


@dataclass(slots=True)
class _Use:
    share: Share
    rule: RoutedRule
    clusters: set[str] = field(default_factory=set)


def version_services(
    mesh: Mesh, fleet: Fleet, hosts: Iterable[RoutedHost]
) -> tuple[tuple[VersionService, ...], list[Result]]:
    """Derive the Services that routes of the Gateway API need, one for each version and cluster.

    They are the same in all clusters, but for their selectors: a Service for one cluster selects
    pods there only, and elsewhere stands for its endpoints. Those that people wrote are taken.

    Args:
        mesh: the clusters.
        fleet: their objects.
        hosts: what is routed, its shares steered.

    Returns:
        the Services, and what is wrong with those they are derived from.
    """
    uses: dict[tuple[ServiceKey, str], _Use] = {}
    for host in hosts:
        for rule, share in _parts(host):
            use = uses.setdefault((share.service, service_name(share)), _Use(share, rule))
            use.clusters |= {*host.clusters, *fleet.clusters_with(*share.service)}
    found: list[VersionService] = []
    problems: list[Result] = []
    for (_, name), use in sorted(uses.items()):
        made, wrong = _derived(mesh, fleet, name, use)
        found += made
        problems += wrong
    return tuple(found), problems


def _parts(host: RoutedHost) -> Iterator[tuple[RoutedRule, Share]]:
    for rule in host.rules if host.flavor == "gateway-api" else ():
        for share in (*rule.shares, *([rule.mirror] if rule.mirror else [])):
            if share.version or share.cluster:
                yield rule, share


def _derived(
    mesh: Mesh, fleet: Fleet, name: str, use: _Use
) -> tuple[list[VersionService], list[Result]]:
    """Give the Services of one name: one that selects pods, and one that stands for them."""
    share = use.share
    servers = fleet.clusters_with(*share.service)
    if not servers:
        return [], []
    parent = fleet[servers[0]].services[share.service]
    if not parent.selector:
        message = f'must be of a Service with a selector, which "{parent.name}" is not'
        return [], [_error(use, message)]
    selector = {**parent.selector, **share.version}
    left, taken = _clusters_without(fleet, ServiceKey(share.service.namespace, name), selector, use)
    if taken:
        message = f'must leave the name "{name}" free, which another Service has in "{taken}"'
        return [], [_error(use, message)]
    here = [cluster for cluster in left if share.cluster in ("", cluster)]
    rest = [cluster for cluster in left if cluster not in here]
    return [
        VersionService(
            name=name,
            service=share.service,
            ports=_ports(parent),
            selector=picked,
            labels=_labels(mesh, use.clusters),
            clusters=tuple(clusters),
            by=use.rule.by,
        )
        for picked, clusters in ((selector, here), ({}, rest))
        if clusters
    ], []


def _clusters_without(
    fleet: Fleet, key: ServiceKey, selector: Mapping[str, str], use: _Use
) -> tuple[list[str], str]:
    """Give the clusters that lack a Service, and one whose own Service of that name is another."""
    lacking, taken = [], ""
    for cluster in sorted(use.clusters):
        theirs = fleet[cluster].services.get(key)
        if theirs is None:
            lacking.append(cluster)
        elif not selects(selector, theirs.selector):
            taken = taken or cluster
    return lacking, taken


def _ports(parent: Service) -> tuple[Mapping[str, object], ...]:
    """Give a Service's ports as they are written, but for the nodes' own."""
    ports = mappings(spec_of(parent.resource).get("ports")) if parent.resource else ()
    return tuple({key: port[key] for key in port if key != "nodePort"} for port in ports)


def _labels(mesh: Mesh, clusters: Iterable[str]) -> Mapping[str, str]:
    members = [mesh.clusters[name] for name in clusters if name in mesh.clusters]
    is_ambient = any(cluster.data_plane == "ambient" for cluster in members)
    return {_GLOBAL: "true"} if is_ambient and len(members) > 1 else {}


def _error(use: _Use, message: str) -> Result:
    return error(message, code="version-service", at=use.rule.by, field=use.rule.field)
