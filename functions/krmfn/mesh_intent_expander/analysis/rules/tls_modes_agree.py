"""Clients speak what servers take: DestinationRules and PeerAuthentications agree.

Source: the choice of TLS settings in Istio's ``pilot/pkg/networking/core/cluster_tls.go``: what a
DestinationRule says holds; else clients speak mutual TLS to all that take it, unless the
PeerAuthentication of the host's namespace in their own cluster says ``DISABLE``.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from krmfn.mesh_intent_expander.analysis.finding import Code, Finding, Level
from krmfn.mesh_intent_expander.analysis.planes import plane_of
from krmfn.mesh_intent_expander.mesh_config import MESH_CONFIG, source_of
from krmfn.mesh_intent_expander.semantics.destinations import DestinationRule
from krmfn.mesh_intent_expander.semantics.endpoints import Endpoint, Endpoints
from krmfn.mesh_intent_expander.semantics.hosts import covers, is_wildcard
from krmfn.mesh_intent_expander.semantics.registry import Host
from krmfn.mesh_intent_expander.semantics.world import ControlPlane, world_of
from krmfn.mesh_intent_expander.view import (
    ISTIO_SECURITY,
    ClusterView,
    Fleet,
    Port,
    Workload,
    mapping,
    mappings,
    number,
    selects,
    spec_of,
)
from krmfn.sdk import Resource

MISMATCH = Code("mtls-mismatch", Level.ERROR, "Clients must speak what the servers of a host take.")
CODES = (MISMATCH,)
_MUTUAL, _PLAIN = "ISTIO_MUTUAL", "DISABLE"


class _Said(NamedTuple):
    """What makes clients speak so."""

    resource: Resource
    field: str


def check(view: ClusterView, fleet: Fleet) -> Iterable[Finding]:
    """Yield what makes clients speak as servers do not take it."""
    plane = plane_of(view, fleet)
    if plane is None:
        return
    servers = fleet.once(_Servers, fleet)
    for rule in plane.rules:
        if _is_about_tls(rule):
            for host in _hosts(plane, rule):
                yield from _told(servers, plane, rule, host)
    yield from _inferred(servers, plane)


def _is_about_tls(rule: DestinationRule) -> bool:
    own = (mapping(subset.get("trafficPolicy")) for subset, _, _ in rule.subsets.values())
    return any("tls" in each or "portLevelSettings" in each for each in (rule.policy, *own))


def _hosts(plane: ControlPlane, rule: DestinationRule) -> Iterator[Host]:
    """Yield the hosts for which a rule holds."""
    names: Iterable[str] = [rule.host]
    if is_wildcard(rule.host):
        names = sorted(name for name in plane.registry.names if covers(rule.host, name))
    for host in (host for name in names for host in plane.registry.find(name)):
        is_foreign = rule.namespace not in (host.namespace, plane.config.root_namespace)
        client = rule.namespace if is_foreign else host.namespace
        held = plane.rules.of(host, host.name, client, rule.selector)
        if held is not None and held.resources == rule.resources:
            yield host


def _told(
    servers: "_Servers", plane: ControlPlane, rule: DestinationRule, host: Host
) -> Iterator[Finding]:
    """Yield each of a rule's modes that does not fit the servers of a host."""
    told: set[_Said] = set()
    for port in host.ports:
        for subset in ("", *rule.subsets):
            mode, said = rule.policy_for(port.number, subset).mode, _said(rule, port, subset)
            wanted = rule.labels_of(subset) if subset else {}
            problem = servers.refusal(plane, host, port, wanted, mode) if mode else ""
            if problem and said not in told:
                told.add(said)
                message = f'must fit the servers of {host.name}, but is "{mode}", and {problem}'
                yield Finding(MISMATCH, said.resource, message, said.field)


def _said(rule: DestinationRule, port: Port, subset: str) -> _Said:
    """Give where a rule tells the mode for a port of a subset."""
    resource, path, policy = rule.resources[0], "spec", rule.policy
    if subset:
        spec, holder, where = rule.subsets[subset]
        own = mapping(spec.get("trafficPolicy"))
        if own.get("tls") or own.get("portLevelSettings"):
            resource, path, policy = holder, where, own
    for index, each in enumerate(mappings(policy.get("portLevelSettings"))):
        if number(mapping(each.get("port")).get("number")) == port.number:
            return _Said(resource, f"{path}.trafficPolicy.portLevelSettings[{index}].tls.mode")
    return _Said(resource, f"{path}.trafficPolicy.tls.mode")


def _inferred(servers: "_Servers", plane: ControlPlane) -> Iterator[Finding]:
    """Yield what makes clients speak plaintext where no DestinationRule says how, once."""
    view = plane.config
    disabling = (
        mapping(spec_of(each).get("mtls")).get("mode") == _PLAIN
        for each in view.of("PeerAuthentication", ISTIO_SECURITY)
    )
    told: set[_Said | None] = {None}
    for name in sorted(plane.registry.names) if any(disabling) or not plane.is_auto_mtls else ():
        for host in plane.registry.find(name):
            said = _plaintext(plane, host.namespace)
            if said in told or host.service is None:
                continue
            rule = plane.rules.of(host, name, host.namespace, {})
            for port in host.ports:
                is_said = rule is not None and rule.policy_for(port.number).mode
                problem = "" if is_said else servers.refusal(plane, host, port, {}, _PLAIN)
                if said and problem and said not in told:
                    told.add(said)
                    message = f"must let clients speak mutual TLS to {name}, since {problem}"
                    yield Finding(MISMATCH, said.resource, message, said.field)


def _plaintext(plane: ControlPlane, namespace: str) -> _Said | None:
    """Give what makes clients speak plaintext to a namespace, None when they do not."""
    if not plane.is_auto_mtls and (source := source_of(plane.config, MESH_CONFIG)) is not None:
        return _Said(source, "enableAutoMtls" if source.kind == MESH_CONFIG else "data.mesh")
    mode = plane.peers.of_namespace(namespace)
    is_plain = mode.mode == _PLAIN and mode.resource is not None
    return _Said(mode.resource, mode.field) if is_plain and mode.resource else None


class _Servers:
    """The servers of a fleet, each with how it takes connections."""

    def __init__(self, fleet: Fleet) -> None:
        self._world, self._endpoints = world_of(fleet), fleet.once(Endpoints, world_of(fleet))

    def refusal(
        self, plane: ControlPlane, host: Host, port: Port, wanted: Mapping[str, str], mode: str
    ) -> str:
        """Say which server with the wanted labels does not take what clients speak, or ""."""
        for each in self._endpoints.of(plane, host, port):
            if each.workload is None or not selects(wanted, each.labels):
                continue
            if problem := self._refuses(each, each.workload, mode):
                pods = f'{each.workload.kind} "{each.workload.namespace}/{each.workload.name}"'
                where = f' of cluster "{each.cluster}"' if each.cluster else ""
                return f"{pods}{where} {problem}"
        return ""

    def _refuses(self, server: Endpoint, workload: Workload, mode: str) -> str:
        if server.data_plane == "none":
            view = self._world.fleet[server.cluster]
            is_known = workload.host_network or workload.namespace in view.namespaces
            return "has no proxy" if mode == _MUTUAL and is_known else ""
        peers = self._world.plane(server.cluster).peers
        takes = peers.of_workload(workload.namespace, workload.labels, server.port).mode
        if takes == "STRICT" and mode != _MUTUAL:
            return "takes mutual TLS only"
        is_plain = takes == _PLAIN and server.data_plane == "sidecar"
        return "takes plaintext only" if mode == _MUTUAL and is_plain else ""
