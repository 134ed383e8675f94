"""The control planes of a mesh, each with what it knows, worked out once."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from krmfn.mesh_intent_expander.mesh_config import mesh_config
from krmfn.mesh_intent_expander.semantics.authentication import (
    PeerAuthentications,
    RequestAuthentications,
)
from krmfn.mesh_intent_expander.semantics.authorization import Policies
from krmfn.mesh_intent_expander.semantics.destinations import DestinationRules
from krmfn.mesh_intent_expander.semantics.hosts import most_specific
from krmfn.mesh_intent_expander.semantics.registry import Offers, Registry, exports_of, offers_of
from krmfn.mesh_intent_expander.semantics.routing import Routes
from krmfn.mesh_intent_expander.semantics.scopes import Scopes
from krmfn.mesh_intent_expander.topology import NETWORK, Cluster, Gateway, Mesh
from krmfn.mesh_intent_expander.view import ClusterView, Fleet, mapping, mappings, strings

_ADDRESS_KEYS = ("ip", "hostname")
_SIDECAR_PORT = 15443


class ControlPlane:
    """An istiod: the objects that it reads, and the clusters that it watches.

    Args:
        config: the cluster whose objects it reads.
        clusters: those whose Services and pods it sees.
        offers: their Services.
        mesh: the mesh.
    """

    def __init__(
        self, config: ClusterView, clusters: tuple[str, ...], offers: Offers, mesh: Mesh
    ) -> None:
        self.config, self.clusters, self.mesh = config, clusters, mesh
        self._offers = offers

    @cached_property
    def registry(self) -> Registry:
        """The hosts that it knows."""
        return Registry(self.config, self._offers)

    @cached_property
    def routes(self) -> Routes:
        """Its routes."""
        return Routes(self.config, self.registry.names)

    @cached_property
    def scopes(self) -> Scopes:
        """Its Sidecars."""
        return Scopes(self.config)

    @cached_property
    def rules(self) -> DestinationRules:
        """Its DestinationRules."""
        return DestinationRules(self.config)

    @cached_property
    def peers(self) -> PeerAuthentications:
        """Its PeerAuthentications."""
        return PeerAuthentications(self.config)

    @cached_property
    def tokens(self) -> RequestAuthentications:
        """Its RequestAuthentications."""
        return RequestAuthentications(self.config)

    @cached_property
    def policies(self) -> Policies:
        """Its AuthorizationPolicies."""
        listed = mappings(self.settings.get("extensionProviders"))
        names = {str(each.get("name")) for each in listed} | set(self.mesh.extension_providers)
        return Policies(self.config, self.trust_domains, frozenset(names) or None)

    @cached_property
    def settings(self) -> Mapping[str, Any]:
        """Its MeshConfig as far as it is written."""
        return mesh_config(self.config)

    @cached_property
    def trust_domains(self) -> tuple[str, ...]:
        """The trust domain of its cluster, and those that count as the same."""
        cluster = self.mesh.clusters.get(self.config.name)
        own = cluster.trust_domain if cluster else self.mesh.trust_domain
        said = self.settings.get("trustDomain")
        aliases = strings(self.settings.get("trustDomainAliases"))
        first = said if isinstance(said, str) and said else own
        return tuple(dict.fromkeys((first, *self.mesh.trust_domain_aliases, *aliases)))

    @property
    def is_auto_mtls(self) -> bool:
        """Whether clients find out by themselves where they speak mutual TLS."""
        return self.settings.get("enableAutoMtls") is not False

    @property
    def outbound_mode(self) -> str:
        """What happens to hosts that are not known."""
        return str(mapping(self.settings.get("outboundTrafficPolicy")).get("mode") or "ALLOW_ANY")

    @cached_property
    def _local(self) -> Mapping[str, bool]:
        local = {f"*.kube-system.svc.{self.config.domain}": True}
        for each in mappings(self.settings.get("serviceSettings")):
            is_local = mapping(each.get("settings")).get("clusterLocal") is True
            local |= dict.fromkeys(strings(each.get("hosts")), is_local)
        return local

    def is_local(self, host: str) -> bool:
        """Say whether a host's endpoints in other clusters are left out (``clusterLocal``)."""
        closest = most_specific(host, self._local)
        return closest is not None and self._local[closest]


@dataclass(frozen=True, slots=True)
class Entrance:
    """An east-west gateway through which a network is entered."""

    cluster: str
    network: str
    gateway: Gateway


class World:
    """The clusters of a mesh and their control planes.

    Args:
        fleet: the objects of each cluster.
        mesh: what is known of the clusters beside their objects.
    """

    def __init__(self, fleet: Fleet, mesh: Mesh) -> None:
        self.fleet, self.mesh = fleet, mesh
        self._planes: dict[str, ControlPlane] = {}
        self._offers: dict[tuple[tuple[str, ...], bool], Offers] = {}

    @cached_property
    def clusters(self) -> dict[str, Cluster]:
        """All clusters that have objects."""
        return {name: self._cluster(view) for name, view in self.fleet.views.items()}

    def _cluster(self, view: ClusterView) -> Cluster:
        """Give a cluster; what the mesh does not say of it comes from its own objects."""
        known = self.mesh.clusters.get(view.name) or Cluster(
            view.name, config_cluster=view.name, trust_domain=self.mesh.trust_domain
        )
        labels = view.namespaces.get(view.root_namespace, {})
        network = known.network or labels.get(NETWORK, "")
        return replace(known, network=network, gateway=known.gateway or _gateway(view))

    def plane(self, cluster: str) -> ControlPlane:
        """Give the control plane that a cluster obeys."""
        config = self.clusters[cluster].config_cluster
        name = config if config in self.fleet.views else cluster
        if name not in self._planes:
            watched = tuple(
                each
                for each, known in self.clusters.items()
                if self.mesh.endpoint_discovery or name in (each, known.config_cluster)
            )
            offers = self._offered(watched, with_set=self.clusters[name].mcs)
            self._planes[name] = ControlPlane(self.fleet[name], watched, offers, self.mesh)
        return self._planes[name]

    def _offered(self, clusters: tuple[str, ...], *, with_set: bool) -> Offers:
        """Give the Services of some clusters, which most control planes have in common."""
        key = (clusters, with_set)
        if key not in self._offers:
            offers = offers_of(self.fleet[each] for each in clusters)
            members = [each for each in clusters if self.clusters[each].mcs] if with_set else []
            exports = exports_of(self.fleet[each] for each in members)
            self._offers[key] = {**offers, **exports}
        return self._offers[key]

    @cached_property
    def entrances(self) -> tuple[Entrance, ...]:
        """The east-west gateways that have an address."""
        return tuple(self._entrances())

    def _entrances(self) -> Iterator[Entrance]:
        for name, cluster in self.clusters.items():
            if cluster.gateway and cluster.gateway.addresses:
                yield Entrance(name, cluster.network, cluster.gateway)

    def entrance(self, network: str, cluster: str) -> Entrance | None:
        """Give the gateway into a network: that of the wanted cluster, or else any."""
        found = [each for each in self.entrances if each.network == network]
        own = next((each for each in found if each.cluster == cluster), None)
        return own or (found[0] if found else None)

    def entrance_at(self, address: str, port: int | None) -> Entrance | None:
        """Give the gateway that has an address."""
        for each in self.entrances:
            if address in each.gateway.addresses and port in (None, each.gateway.port):
                return each
        return None


def world_of(fleet: Fleet) -> World:
    """Give the world of a fleet, worked out once.

    Where nothing is known of the mesh, each cluster obeys itself and sees all others, and what its
    own objects say of its network holds.
    """
    return fleet.once(_world, fleet)


def _world(fleet: Fleet) -> World:
    clusters = {name: Cluster(name, config_cluster=name) for name in fleet.clusters}
    return World(fleet, fleet.mesh or Mesh(clusters=clusters, base_layer=False))


def _gateway(view: ClusterView) -> Gateway | None:
    """Give the east-west gateway that a Service of a cluster tells of by its network's label."""
    for service in view.services.values():
        if NETWORK in service.labels and service.resource:
            body = service.resource.body
            balancer = mapping(mapping(body.get("status")).get("loadBalancer"))
            given = [
                str(each[key])
                for each in mappings(balancer.get("ingress"))
                for key in _ADDRESS_KEYS
                if key in each
            ]
            outside = strings(mapping(body.get("spec")).get("externalIPs"))
            addresses = (*given, *outside)
            return Gateway(service.namespace, service.selector, addresses, _SIDECAR_PORT)
    return None
