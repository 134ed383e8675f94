"""The ways from a client to the endpoints of a host: over which path, and speaking how.

Source: ``EndpointsByNetworkFilter`` of Istio's ``pilot/pkg/xds/endpoints``, and the choice of TLS
settings in ``pilot/pkg/networking/core/cluster_tls.go``.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

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
from krmfn.mesh_intent_expander.semantics.meeting import met
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

    @property
    def identities(self) -> tuple[str, ...]:
        """Who must answer; anybody of the mesh when empty."""
        return tuple(strings(self.policy.tls.get("subjectAltNames"))) or self.host.sans


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
        policy = called.policy
        legs: list[Leg] = []
        for endpoint in self._meant(plane, called):
            if self._is_open(plane, client, called, endpoint):
                mode = _client_mode(plane, client, called, endpoint, policy)
                legs += self._ways(client, called, endpoint, mode)
        kept = called.host.keeps_address
        ranked = legs if kept else self._ranked(plane, client, policy, legs)
        if client.data_plane == "sidecar":
            ranked = self._raised(called, ranked)
        return tuple(met(self._world, client, called.identities, each) for each in ranked)

    def _meant(self, plane: ControlPlane, called: Called) -> Iterator[Endpoint]:
        """Yield the endpoints of a host's port, or of its subset, reachable or not."""
        if called.host.keeps_address:
            yield self._endpoints.kept(plane, called.host, called.port, called.name)
            return
        wanted = called.rule.labels_of(called.subset) if called.rule and called.subset else {}
        for endpoint in self._endpoints.of(plane, called.host, called.port):
            if selects(wanted, endpoint.labels):
                yield endpoint

    def plain(self, client: Client, name: str, port: int) -> tuple[Leg, ...]:
        """Give the ways of plaintext to what DNS tells: the Service's pods of the own cluster."""
        found = self._endpoints.behind(client.cluster, name, port)
        return tuple(met(self._world, client, (), Leg(each)) for each in found)

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
        way = replace(leg, path="gateway", via=entrance.cluster)
        if leg.client_mode != "mtls":
            text = "a gateway leads on only what speaks mutual TLS, and the client would not"
            yield replace(way, outcome="no-endpoint", problem=text)
            return
        crossing = self._crossing(entrance, called)
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

    def _crossing(self, entrance: Entrance, called: Called) -> Crossing:
        key = (entrance.cluster, called.name, called.port.number, called.subset)
        if key not in self._crossings:
            self._crossings[key] = cross(self._endpoints, entrance, *key[1:])
        return self._crossings[key]

    def _raised(self, called: Called, legs: list[Leg]) -> list[Leg]:
        """Give each way the best priority of all gateways that lead to its pods.

        A gateway chooses among all pods of its network, also those of other clusters, so that the
        preferred gateways of a network decide.
        """
        if len({leg.priority for leg in legs}) == 1:
            return legs
        first: dict[str, int] = {}
        best: dict[int, int] = {}
        for leg in legs:
            network, rank = leg.endpoint.network, leg.priority
            entrance = self._world.entrance(network, leg.via)
            if entrance is None or leg.path != "gateway" or rank is None:
                continue
            if first.setdefault(network, rank) == rank:
                for each in self._crossing(entrance, called).endpoints:
                    best.setdefault(id(each.workload), rank)
        return [
            replace(leg, priority=best.get(id(leg.endpoint.workload), leg.priority))
            if leg.path == "gateway" and not leg.problem
            else leg
            for leg in legs
        ]

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
