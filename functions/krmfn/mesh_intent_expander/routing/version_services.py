"""Services for versions and clusters: the Gateway API has no subsets."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from krmfn.mesh_intent_expander.plan.common import ServiceKey
from krmfn.mesh_intent_expander.plan.destinations import service_name
from krmfn.mesh_intent_expander.plan.discovery import Labelled
from krmfn.mesh_intent_expander.plan.routes import RoutedHost, RoutedRule, Share, VersionService
from krmfn.mesh_intent_expander.view import Fleet, Service, mappings, selects, spec_of
from krmfn.sdk import Result, error

_KEPT = ("istio.io/global", "istio.io/use-waypoint", "istio.io/use-waypoint-namespace")
_Labels = Mapping[str, str]


@dataclass(slots=True)
class _Use:
    share: Share
    rule: RoutedRule
    clusters: set[str] = field(default_factory=set)


def version_services(
    fleet: Fleet, hosts: Iterable[RoutedHost], labelled: Iterable[Labelled] = ()
) -> tuple[tuple[VersionService, ...], list[Result]]:
    """Derive the Services that routes of the Gateway API need, one for each version and cluster.

    They are the same in all clusters, but for their selectors: a Service for one cluster selects
    pods there only, and elsewhere stands for its endpoints. Those that people wrote are taken. In
    ambient they are as global as the Service that they are parts of, and behind its waypoint, for
    they can be called by themselves.

    Args:
        fleet: the objects of the clusters.
        hosts: what is routed, its shares steered.
        labelled: people's Services, with the labels that they get.

    Returns:
        the Services, and what is wrong with those they are derived from.
    """
    uses: dict[ServiceKey, _Use] = {}
    problems: list[Result] = []
    for host in hosts:
        for rule, share in host.parts() if host.flavor == "gateway-api" else ():
            key = ServiceKey(share.service.namespace, service_name(share))
            use = uses.setdefault(key, _Use(share, rule))
            if _part(use.share) != _part(share):
                problems.append(_same_name(key.name, use, _Use(share, rule)))
                continue
            use.clusters |= {*host.clusters, *fleet.clusters_with(*share.service)}
    told = {id(each.resource): each.labels for each in labelled}
    found: list[VersionService] = []
    for (_, name), use in sorted(uses.items()):
        made, wrong = _derived(fleet, name, use, told)
        found += made
        problems += wrong
    return tuple(found), problems


def _part(share: Share) -> tuple[ServiceKey, dict[str, str], str]:
    """Give whose pods take a share, and which of them."""
    return share.service, dict(share.version), share.cluster


def _same_name(name: str, first: _Use, other: _Use) -> Result:
    message = (
        f'must give its part of Service "{"/".join(other.share.service)}" another name than '
        f'"{name}", which is that of a part of Service "{"/".join(first.share.service)}" by '
        f'`{first.rule.field}` of TrafficRoute "{first.rule.by.name}"; `version.name` changes it'
    )
    return _error(other, message)


def _derived(
    fleet: Fleet, name: str, use: _Use, told: Mapping[int, _Labels]
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
            labels=dict(labels),
            clusters=alike,
            by=use.rule.by,
        )
        for picked, clusters in ((selector, here), ({}, rest))
        for labels, alike in _by_labels(fleet, parent, clusters, told)
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


def _by_labels(
    fleet: Fleet, parent: Service, clusters: Iterable[str], told: Mapping[int, _Labels]
) -> Iterator[tuple[tuple[tuple[str, str], ...], tuple[str, ...]]]:
    """Yield the labels that a part of a Service has as the Service itself has them, and where."""
    found: dict[tuple[tuple[str, str], ...], list[str]] = {}
    for cluster in clusters:
        own = fleet[cluster].services.get((parent.namespace, parent.name), parent)
        labels = {**own.labels, **told.get(id(own.resource), {})}
        kept = tuple((key, labels[key]) for key in _KEPT if key in labels)
        found.setdefault(kept, []).append(cluster)
    for labels_there, alike in found.items():
        yield labels_there, tuple(alike)


def _error(use: _Use, message: str) -> Result:
    return error(message, code="version-service", at=use.rule.by, field=use.rule.field)
