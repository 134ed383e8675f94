"""What is used across networks is reached through the gateways there.

A gateway between networks leads on by the name that a client sends: of a host, a port and a subset.
It knows those of its own control plane only, and has only endpoints that speak mutual TLS.
"""

from collections.abc import Iterable, Iterator, Mapping

from krmfn.mesh_intent_expander.analysis.finding import Code, Finding, Level
from krmfn.mesh_intent_expander.analysis.planes import governed, plane_of
from krmfn.mesh_intent_expander.analysis.uses import Use, uses
from krmfn.mesh_intent_expander.semantics.crossing import Crossing, Lack, cross
from krmfn.mesh_intent_expander.semantics.endpoints import Endpoint, Endpoints
from krmfn.mesh_intent_expander.semantics.registry import Host
from krmfn.mesh_intent_expander.semantics.world import ControlPlane, Entrance, world_of
from krmfn.mesh_intent_expander.view import ClusterView, Fleet, Port, selects

NO_GATEWAY = Code(
    "network-without-gateway",
    Level.ERROR,
    "A network whose hosts are used from others must have an east-west gateway.",
)
HIDDEN = Code(
    "host-not-exposed",
    Level.ERROR,
    "The gateway of a network must expose the hosts that are used from others.",
)
NO_SUBSET = Code(
    "subset-unknown-to-server",
    Level.ERROR,
    "A subset that is used from another network must be known to the server's control plane.",
)
NO_MTLS = Code(
    "remote-endpoint-without-mtls",
    Level.WARNING,
    "What is used from another network must speak mutual TLS.",
)
EMPTY = Code(
    "distribute-empties-gateway",
    Level.ERROR,
    "A distribution must leave the gateway of a network some servers of its own.",
)
CODES = (NO_GATEWAY, HIDDEN, NO_SUBSET, NO_MTLS, EMPTY)

_Servers = tuple[str, str, tuple[str, ...], frozenset[tuple[str, str]]]
_MUST = "must be reachable from other networks"
_CODES: Mapping[Lack, Code] = {
    "exposure": HIDDEN,
    "subset": NO_SUBSET,
    "mtls": NO_MTLS,
    "locality": EMPTY,
}


def check(view: ClusterView, fleet: Fleet) -> Iterable[Finding]:
    """Yield what clients use of another network, and do not reach there."""
    plane, world = plane_of(view, fleet), world_of(fleet)
    if plane is None or len({each.network for each in world.clusters.values()}) < 2:
        return
    clients = (world.clusters[each.name] for each in governed(plane, fleet))
    networks = {each.network for each in clients if each.data_plane == "sidecar"}
    gateways = fleet.once(_Gateways, fleet)
    for use in uses(view) if networks else ():
        host = plane.registry.of_namespace(use.host, use.namespace)
        if host is not None and not plane.is_local(use.host):
            yield from _unreached(gateways, plane, use, host, networks)


def _unreached(
    gateways: "_Gateways", plane: ControlPlane, use: Use, host: Host, networks: set[str]
) -> Iterator[Finding]:
    """Yield one finding for each cluster whose servers of a host are not reached."""
    told: set[str] = set()
    for port in host.ports if use.port is None else filter(None, (host.port(use.port),)):
        for server in sorted(gateways.servers(plane, use, host, port) - told):
            if networks - {gateways.world.clusters[server].network}:
                for finding in gateways.problems(use, server, port.number):
                    told.add(server)
                    yield finding


class _Gateways:
    """The gateways between the networks of a fleet; what they lead to is worked out once."""

    def __init__(self, fleet: Fleet) -> None:
        self.world = world_of(fleet)
        self._fleet, self._endpoints = fleet, fleet.once(Endpoints, self.world)
        self._entrances = {name: self._entrance(name) for name in fleet.clusters}
        self._servers: dict[_Servers, frozenset[str]] = {}
        self._crossings: dict[tuple[str, str, int, str], Crossing] = {}

    def servers(self, plane: ControlPlane, use: Use, host: Host, port: Port) -> frozenset[str]:
        """Give the clusters that a client means: where pods are, or where addresses lead to."""
        rule = plane.rules.of(host, use.host, use.namespace, {}) if use.subset else None
        wanted = rule.labels_of(use.subset) if rule and use.subset in rule.subsets else {}
        if host.service is None:
            return self._found(self._endpoints.of(plane, host, port), wanted)
        key = (host.name, port.name, host.clusters, frozenset(wanted.items()))
        if key not in self._servers:
            self._servers[key] = self._found(self._endpoints.of(plane, host, port), wanted)
        return self._servers[key]

    def _found(self, endpoints: Iterable[Endpoint], wanted: Mapping[str, str]) -> frozenset[str]:
        found = set()
        for each in endpoints:
            if selects(wanted, each.labels):
                if each.workload is not None:
                    found.add(each.cluster)
                elif entrance := self.world.entrance_at(each.address, each.port):
                    found.add(entrance.cluster)
        return frozenset(found)

    def problems(self, use: Use, server: str, port: int) -> Iterator[Finding]:
        """Yield why a cluster's servers are not reached from another network."""
        entrance = self._entrances[server]
        if entrance is None:
            if self._fleet.mesh is not None:
                message = f'{_MUST}, but the gateway of cluster "{server}" has no address'
                yield Finding(NO_GATEWAY, use.resource, message, use.field)
            return
        key = (entrance.cluster, use.host, port, use.subset)
        if key not in self._crossings:
            self._crossings[key] = cross(self._endpoints, entrance, *key[1:])
        crossing = self._crossings[key]
        code = _CODES.get(crossing.lack)
        if code is not None and (code is not NO_MTLS or self._has_known_proxies(server, use.host)):
            others = (crossing.resource,) if crossing.resource else ()
            message = f"{_MUST}, but {crossing.problem}"
            yield Finding(code, use.resource, message, use.field, others)

    def _has_known_proxies(self, cluster: str, host: str) -> bool:
        """Say whether it is known which pods of a host have proxies."""
        view = self._fleet[cluster]
        service = view.services_by_host.get(host)
        return service is not None and service.namespace in view.namespaces

    def _entrance(self, name: str) -> Entrance | None:
        """Give the gateway into a cluster; the control plane knows the address of a Service."""
        cluster = self.world.clusters[name]
        found = self.world.entrance(cluster.network, name)
        gateway = cluster.gateway
        if found is not None or gateway is None:
            return found
        is_there = any(
            each.namespace == gateway.namespace and selects(gateway.selector, each.selector)
            for each in self._fleet[name].services.values()
        )
        return Entrance(name, cluster.network, gateway) if is_there else None
