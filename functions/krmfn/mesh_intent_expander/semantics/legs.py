"""The ways from a client to the endpoints of a host: over which path, and speaking how.

Source: ``EndpointsByNetworkFilter`` of Istio's ``pilot/pkg/xds/endpoints``, and the choice of TLS
settings in ``pilot/pkg/networking/core/cluster_tls.go``.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from krmfn.mesh_intent_expander.semantics.authentication import ServerMode
from krmfn.mesh_intent_expander.semantics.crossing import (
    GLOBAL,
    Crossing,
    cross,
    cross_ambient,
    speaks_mtls,
)
from krmfn.mesh_intent_expander.semantics.destinations import NO_POLICY, DestinationRule, Policy
from krmfn.mesh_intent_expander.semantics.endpoints import CLUSTER, Endpoint, Endpoints
from krmfn.mesh_intent_expander.semantics.locality import priorities, setting_of
from krmfn.mesh_intent_expander.semantics.outcome import ClientMode, Leg
from krmfn.mesh_intent_expander.semantics.registry import Host
from krmfn.mesh_intent_expander.semantics.request import Client
from krmfn.mesh_intent_expander.semantics.world import ControlPlane, Entrance, World
from krmfn.mesh_intent_expander.topology import NETWORK, REGION, ZONE
from krmfn.mesh_intent_expander.view import Port, mapping, selects, strings


@dataclass(frozen=True, slots=True)
class Called:
    """What a client calls.

    Attributes:
        name: the host's name; the host may be a wildcard that covers it.
        subset: "" for all endpoints.
        rule: the DestinationRule that holds.
    """

    host: Host
    name: str
    port: Port
    subset: str = ""
    rule: DestinationRule | None = None

    @property
    def policy(self) -> Policy:
        """How it is treated."""
        return self.rule.policy_for(self.port.number, self.subset) if self.rule else NO_POLICY


class Legs:
    """The ways of a mesh, each worked out once.

    Args:
        world: the mesh.
    """

    def __init__(self, world: World) -> None:
        self._world, self._endpoints = world, Endpoints(world)
        self._crossings: dict[tuple[str, str, int, str], Crossing] = {}

    def of(self, client: Client, called: Called) -> tuple[Leg, ...]:
        """Give the ways to all endpoints, the preferred ones first."""
        plane = self._world.plane(client.cluster)
        wanted = called.rule.labels_of(called.subset) if called.rule and called.subset else {}
        policy = called.policy
        legs: list[Leg] = []
        for endpoint in self._endpoints.of(plane, called.host, called.port):
            if selects(wanted, endpoint.labels) and self._is_open(plane, client, called, endpoint):
                mode = _client_mode(plane, client, called, endpoint, policy)
                legs += self._ways(client, called, endpoint, mode)
        ranked = self._ranked(plane, client, policy, legs)
        return tuple(_met(self._world, client, called, each) for each in ranked)

    def plain(self, client: Client, name: str, port: int) -> tuple[Leg, ...]:
        """Give the ways of plaintext to what DNS tells: the Service's pods of the own cluster."""
        found = self._endpoints.behind(client.cluster, name, port)
        return tuple(_met(self._world, client, None, Leg(each)) for each in found)

    def _is_open(
        self, plane: ControlPlane, client: Client, called: Called, endpoint: Endpoint
    ) -> bool:
        """Say whether an endpoint may be used from the client's cluster at all."""
        if endpoint.cluster == client.cluster or endpoint.address:
            return True
        service = called.host.service
        if client.data_plane == "ambient" and service is not None:
            return service.labels.get(GLOBAL) == "true"
        return not plane.is_local(called.name)

    def _ways(
        self, client: Client, called: Called, endpoint: Endpoint, mode: ClientMode
    ) -> Iterator[Leg]:
        """Yield the way to an endpoint; a gateway that stands for it may lead to several."""
        leg = Leg(endpoint, client_mode=mode)
        entrance = self._world.entrance_at(endpoint.address, endpoint.port)
        if endpoint.address and entrance is not None:
            yield from self._through(entrance, called, leg)
            return
        entrance = self._world.entrance(endpoint.network, endpoint.cluster)
        mine = self._world.clusters[client.cluster].network
        is_far = endpoint.network not in ("", mine) and bool(mine or entrance)
        if not is_far or (entrance is None and endpoint.address):
            yield from self._to_address(client, leg)
        elif entrance is None:
            text = f'network "{endpoint.network}" has no east-west gateway with an address'
            yield replace(leg, outcome="no-endpoint", problem=text)
        elif client.data_plane == "ambient":
            yield self._through_ambient(entrance, called, leg)
        else:
            yield from self._through(entrance, called, leg)

    def _to_address(self, client: Client, leg: Leg) -> Iterator[Leg]:
        """Yield the way to pods, or to what an address leads to."""
        endpoint = leg.endpoint
        if endpoint.workload is not None:
            yield leg
            return
        found = self._endpoints.behind(client.cluster, endpoint.address, endpoint.port or 0)
        for each in found:
            yield replace(leg, endpoint=_told(each, endpoint))
        if not found:
            yield replace(leg, path="outside")

    def _through(self, entrance: Entrance, called: Called, leg: Leg) -> Iterator[Leg]:
        """Yield the ways through an east-west gateway: to the pods that it has for the host."""
        key = (entrance.cluster, called.name, called.port.number, called.subset)
        way = replace(leg, path="gateway", via=entrance.cluster)
        if leg.client_mode != "mtls":
            text = "a gateway leads on only what speaks mutual TLS, and the client would not"
            yield replace(way, outcome="no-endpoint", problem=text)
            return
        if key not in self._crossings:
            self._crossings[key] = cross(self._endpoints, entrance, *key[1:])
        crossing = self._crossings[key]
        if crossing.problem:
            yield _stopped(way, crossing)
        elif leg.endpoint.workload is None:
            for each in crossing.endpoints:
                yield replace(way, endpoint=_told(each, leg.endpoint))
        elif any(each.workload is leg.endpoint.workload for each in crossing.endpoints):
            yield way
        else:
            text = f'the gateway of cluster "{entrance.cluster}" does not have it as endpoint'
            yield replace(way, outcome="no-endpoint", problem=text)

    def _through_ambient(self, entrance: Entrance, called: Called, leg: Leg) -> Leg:
        way = replace(leg, path="gateway", via=entrance.cluster)
        crossing = cross_ambient(self._world, entrance, called.name)
        return _stopped(way, crossing) if crossing.problem else way

    def _ranked(
        self, plane: ControlPlane, client: Client, policy: Policy, legs: list[Leg]
    ) -> list[Leg]:
        """Give the ways in the order in which the client prefers them."""
        setting = setting_of(policy, mapping(plane.settings.get("localityLbSetting")))
        cluster = self._world.clusters[client.cluster]
        region, _, zone = cluster.locality.partition("/")
        told = {REGION: region, ZONE: zone, CLUSTER: cluster.name, NETWORK: cluster.network}
        labels = {**client.labels, **{key: value for key, value in told.items() if value}}
        open_ = [each for each in legs if not each.problem]
        stopped = [replace(each, priority=None) for each in legs if each.problem]
        found = priorities(
            setting,
            fails_over=policy.has_outlier_detection,
            client=(cluster.locality, labels),
            endpoints=[(each.endpoint.locality, self._labels(each)) for each in open_],
        )
        ranked = [
            leg if leg.priority == rank else replace(leg, priority=rank)
            for leg, rank in zip(open_, found, strict=True)
        ]
        ranked += stopped
        return sorted(ranked, key=lambda each: (each.priority is None, each.priority or 0))

    def _labels(self, leg: Leg) -> Mapping[str, str]:
        """Give the labels by which an endpoint is preferred; a gateway's are only where it is."""
        if leg.path == "gateway" and leg.endpoint.workload is not None and not leg.endpoint.address:
            cluster = self._world.clusters[leg.via]
            return {CLUSTER: cluster.name, NETWORK: cluster.network}
        return leg.endpoint.labels


def _told(found: Endpoint, by: Endpoint) -> Endpoint:
    """Give pods that were found behind an address, as the ServiceEntry tells of them."""
    return replace(
        found,
        address=by.address,
        locality=by.locality,
        labels=by.labels,
        resource=by.resource,
        field=by.field,
    )


def _stopped(leg: Leg, crossing: Crossing) -> Leg:
    return replace(
        leg,
        outcome="no-endpoint",
        problem=crossing.problem,
        resource=crossing.resource,
        field=crossing.field,
    )


def _client_mode(
    plane: ControlPlane, client: Client, called: Called, endpoint: Endpoint, policy: Policy
) -> ClientMode:
    """Say how a client speaks to an endpoint."""
    if client.data_plane == "ambient" or (
        endpoint.data_plane == "ambient" and policy.mode in ("", "ISTIO_MUTUAL")
    ):
        return "plaintext" if endpoint.data_plane == "none" else "mtls"
    if policy.mode:
        return _CLIENT_MODES.get(policy.mode, "tls")
    host = called.host
    if host.is_external and host.service is None:
        return "plaintext"
    if not plane.is_auto_mtls or plane.peers.of_namespace(host.namespace).mode == "DISABLE":
        return "plaintext"
    return "mtls" if speaks_mtls(plane, host, endpoint, policy) else "plaintext"


_CLIENT_MODES: Mapping[str, ClientMode] = {"ISTIO_MUTUAL": "mtls", "DISABLE": "plaintext"}


def _met(world: World, client: Client, called: Called | None, leg: Leg) -> Leg:
    """Give a way with how the server at its end takes the connection."""
    endpoint, workload = leg.endpoint, leg.endpoint.workload
    if leg.problem or workload is None:
        return leg
    if leg.priority is None:
        text = "the locality setting (`distribute`) gives it nothing"
        return replace(leg, outcome="no-endpoint", problem=text)
    if endpoint.port is None:
        text = "its pods must have the Service's target port"
        return replace(leg, outcome="no-endpoint", problem=text)
    if endpoint.data_plane == "none":
        problem = _NO_PROXY if leg.client_mode == "mtls" else ""
        return replace(leg, problem=problem, outcome="refused" if problem else "reached")
    peers = world.plane(endpoint.cluster).peers
    server = peers.of_workload(workload.namespace, workload.labels, endpoint.port)
    problem = _refusal(leg, server) or _identity_problem(world, client, called, leg)
    return replace(
        leg,
        server_mode=server.mode,
        resource=server.resource,
        field=server.field,
        problem=problem,
        outcome="refused" if problem else "reached",
    )


_NO_PROXY = "it has no proxy, but the client speaks mutual TLS"


def _refusal(leg: Leg, server: ServerMode) -> str:
    """Say why a proxy does not take a connection, "" when it does; ztunnel takes what is secure."""
    is_mtls = leg.client_mode == "mtls"
    if server.mode == "STRICT" and not is_mtls:
        return f"it takes mutual TLS only, but the client speaks {leg.client_mode}"
    if server.mode == "DISABLE" and is_mtls and leg.endpoint.data_plane == "sidecar":
        return "it takes plaintext only, but the client speaks mutual TLS"
    return ""


def _identity_problem(world: World, client: Client, called: Called | None, leg: Leg) -> str:
    """Say which end does not accept the other's identity, "" when both do."""
    if leg.client_mode != "mtls" or leg.endpoint.workload is None:
        return ""
    domain = world.clusters[client.cluster].trust_domain
    accepted = world.plane(leg.endpoint.cluster).trust_domains
    if domain not in accepted:
        return f'its trust domain "{accepted[0]}" must have "{domain}" as alias'
    sans = [] if called is None else strings(called.policy.tls.get("subjectAltNames"))
    wanted = sans or (called.host.sans if called else ())
    workload = leg.endpoint.workload
    own = world.clusters[leg.endpoint.cluster].trust_domain
    identity = f"spiffe://{own}/ns/{workload.namespace}/sa/{workload.service_account}"
    if wanted and identity not in wanted:
        return f"the client wants another identity than {identity}"
    return ""
