"""Preferences by locality leave nobody out, and fail over where that is meant.

Source: Istio's API reference, "LocalityLoadBalancerSetting", and
``pilot/pkg/networking/core/loadbalancer``: what ``distribute`` does not name gets nothing; what is
behind a gateway to another network has only the labels of its cluster and network.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from krmfn.mesh_intent_expander.analysis.finding import Code, Finding, Level
from krmfn.mesh_intent_expander.analysis.planes import governed, plane_of
from krmfn.mesh_intent_expander.analysis.reading import items, quoted, text
from krmfn.mesh_intent_expander.semantics.destinations import DestinationRule
from krmfn.mesh_intent_expander.semantics.endpoints import Endpoint, Endpoints
from krmfn.mesh_intent_expander.semantics.locality import is_in
from krmfn.mesh_intent_expander.semantics.world import ControlPlane, world_of
from krmfn.mesh_intent_expander.topology import REGION, ZONE, Cluster
from krmfn.mesh_intent_expander.view import (
    ClusterView,
    Fleet,
    mapping,
    number,
    selects,
    spec_of,
    strings,
)
from krmfn.sdk import Resource

DROPPED = Code(
    "distribute-drops-locality",
    Level.WARNING,
    "A distribution must name all localities that have servers.",
)
SINGLE = Code(
    "distribute-single-locality",
    Level.INFO,
    "A distribution should have more than one locality to choose from.",
)
NO_FAILOVER = Code(
    "distribute-without-failover",
    Level.WARNING,
    "What is to fail over must not give everything to one locality by `distribute`.",
)
NETWORKS = Code(
    "failover-label-lost-across-networks",
    Level.WARNING,
    "A preference among other networks must go by cluster or network.",
)
EJECTION = Code(
    "ejection-limit-low",
    Level.INFO,
    "Where few servers are to fail over, all of them should be ejectable.",
)
CODES = (DROPPED, SINGLE, NO_FAILOVER, NETWORKS, EJECTION)

_LOST = frozenset((REGION, ZONE, "topology.istio.io/subzone"))
_DEFAULT_PERCENT, _FEW = 10, 10


@dataclass(frozen=True, slots=True)
class _Setting:
    """A locality setting.

    Attributes:
        path: that of the traffic policy that it is in.
        outliers: the outlier detection that goes with it, None where there is none.
        labels: those of the endpoints that it is about.
    """

    resource: Resource
    path: str
    said: Mapping[str, Any]
    outliers: Mapping[str, Any] | None
    labels: Mapping[str, str]

    @property
    def field(self) -> str:
        """Where it stands."""
        return f"{self.path}.loadBalancer.localityLbSetting"

    @property
    def keys(self) -> list[str]:
        """The labels by which it prefers."""
        return strings(self.said.get("failoverPriority"))

    @property
    def lost(self) -> dict[int, str]:
        """Those of the labels that endpoints behind a gateway do not have."""
        return {index: key for index, key in enumerate(self.keys) if key.partition("=")[0] in _LOST}

    @property
    def is_limited(self) -> bool:
        """Whether it is to fail over, but only so many servers may be ejected."""
        is_meant = bool(self.keys or self.said.get("failover")) and self.outliers is not None
        return is_meant and "maxEjectionPercent" not in (self.outliers or {})

    @property
    def is_doubtful(self) -> bool:
        """Whether the servers must be looked at."""
        return bool(self.said.get("distribute") or self.lost or self.is_limited)


def check(view: ClusterView, fleet: Fleet) -> Iterable[Finding]:
    """Yield locality settings that do not do what they look like."""
    plane, world = plane_of(view, fleet), world_of(fleet)
    for rule in plane.rules if plane else ():
        settings = [each for each in _settings(rule) if each.is_doubtful]
        if plane is None or not settings:
            continue
        endpoints = list(_endpoints(plane, rule, fleet.once(Endpoints, world)))
        clients = [world.clusters[each.name] for each in governed(plane, fleet)]
        for each in settings:
            mine = [one for one in endpoints if selects(each.labels, one.labels)]
            yield from _distributed(each, clients, mine)
            yield from _failing_over(each, clients, mine)


def _settings(rule: DestinationRule) -> Iterator[_Setting]:
    resource = rule.resources[0]
    policies: list[tuple[Resource, str, Mapping[str, Any], Mapping[str, str]]]
    policies = [(resource, "spec.trafficPolicy", rule.policy, {})]
    policies += [
        (resource, path, each, {})
        for path, each in items(
            rule.policy.get("portLevelSettings"), "spec.trafficPolicy.portLevelSettings"
        )
    ]
    policies += [
        (holder, f"{path}.trafficPolicy", mapping(said.get("trafficPolicy")), rule.labels_of(name))
        for name, (said, holder, path) in rule.subsets.items()
    ]
    for holder, path, policy, labels in policies:
        said = mapping(policy.get("loadBalancer")).get("localityLbSetting")
        if isinstance(said, Mapping) and said.get("enabled") is not False:
            own = policy.get("outlierDetection", rule.policy.get("outlierDetection"))
            outliers = mapping(own) if own is not None else None
            yield _Setting(holder, path, said, outliers, labels)


def _endpoints(
    plane: ControlPlane, rule: DestinationRule, endpoints: Endpoints
) -> Iterator[Endpoint]:
    for host in plane.registry.find(rule.host):
        if host.service is not None and host.ports:
            yield from endpoints.of(plane, host, host.ports[0])


def _distributed(
    setting: _Setting, clients: Sequence[Cluster], endpoints: Iterable[Endpoint]
) -> Iterator[Finding]:
    """Yield distributions that leave servers out, or have no choice."""
    places = sorted({each.locality for each in endpoints if each.locality})
    for path, each in items(setting.said.get("distribute"), f"{setting.field}.distribute"):
        source, targets = text(each.get("from")), sorted(map(str, mapping(each.get("to"))))
        if not any(not client.locality or is_in(client.locality, source) for client in clients):
            continue
        left_out = [place for place in places if not any(is_in(place, to) for to in targets)]
        if len(targets) == 1 and "*" not in targets[0] and setting.outliers is not None:
            message = f'must name more than "{targets[0]}" for failover: no other gets anything'
            yield Finding(NO_FAILOVER, setting.resource, message, f"{path}.to")
        elif left_out:
            message = (
                f"must name all localities with servers, but gives nothing to {quoted(left_out)}"
            )
            yield Finding(DROPPED, setting.resource, message, f"{path}.to")
        elif len(places) == 1:
            message = f'should be left out, for all servers are in "{places[0]}"'
            yield Finding(SINGLE, setting.resource, message, path)


def _failing_over(
    setting: _Setting, clients: Sequence[Cluster], endpoints: Sequence[Endpoint]
) -> Iterator[Finding]:
    """Yield what keeps requests from other servers when the preferred ones fail."""
    networks = {each.network for each in clients}
    is_crossing = any(each.network not in networks for each in endpoints)
    for index, key in setting.lost.items() if is_crossing else ():
        message = (
            f'must be "topology.istio.io/cluster" or "topology.istio.io/network", but is "{key}", '
            "which endpoints behind the gateway of another network do not have"
        )
        field = f"{setting.field}.failoverPriority[{index}]"
        yield Finding(NETWORKS, setting.resource, message, field)
    count = sum(map(_replicas, endpoints))
    if setting.is_limited and 0 < count < _FEW:
        message = (
            f"should be 100: by default {_DEFAULT_PERCENT} % may be ejected, too few of "
            f"{count} servers for all requests to fail over"
        )
        field = f"{setting.path}.outlierDetection.maxEjectionPercent"
        yield Finding(EJECTION, setting.resource, message, field)


def _replicas(endpoint: Endpoint) -> int:
    resource = endpoint.workload.resource if endpoint.workload else None
    count = number(spec_of(resource).get("replicas")) if resource else None
    return 1 if count is None else count
