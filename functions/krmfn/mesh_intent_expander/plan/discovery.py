"""Discovery: how a service is found from other clusters."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from krmfn.mesh_intent_expander.plan.common import ServiceKey
from krmfn.mesh_intent_expander.plan.destinations import TrafficPolicy
from krmfn.mesh_intent_expander.view import Port
from krmfn.sdk import Resource

How = Literal["native", "federated", "mcs", "global"]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where clients reach the pods of one cluster.

    Attributes:
        port: the gateway's port, None for the ports of the service itself.
        locality: ``region/zone``, "" when it is not known.
        labels: what preferences and subsets choose it by.
    """

    cluster: str
    address: str
    port: int | None = None
    locality: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reach:
    """Clusters whose clients reach a federated service by the same endpoints.

    Attributes:
        ranks_by_locality: whether these control planes need localities to prefer endpoints by
            their labels: so it is before Istio 1.30, which must not be told both (see `emit`).
    """

    clusters: tuple[str, ...]
    endpoints: tuple[Endpoint, ...]
    ranks_by_locality: bool = False


@dataclass(frozen=True, slots=True)
class Offer:
    """A cluster that offers a federated service to others, through its gateway.

    Attributes:
        namespace: that of the gateway.
        endpoint: the service as the gateway reaches it.
    """

    cluster: str
    namespace: str
    endpoint: Endpoint


@dataclass(frozen=True, slots=True)
class Discovered:
    """How a service is found across clusters.

    Attributes:
        hostname: the name that clients use.
        servers: the clusters that offer it.
        clients: the clusters that use it.
        how: `native`, by endpoint discovery; `federated`, by ServiceEntries; `mcs`, by exports;
            `global`, by labels of ambient.
        policy: by cluster, for those of clients and of servers.
        namespaces: namespaces of its clients, empty for all.
        ports: those of the service.
        accounts: ServiceAccounts of its clients, as ``namespace/name``.
        vip: the address of a federated service.
        sans: the SPIFFE identities that a federated service's pods may have.
        reaches: for a federated service, the endpoints of its clients.
        offers: for a federated service, the clusters that others reach.
    """

    service: ServiceKey
    hostname: str
    how: How
    servers: tuple[str, ...]
    clients: tuple[str, ...]
    policy: Mapping[str, TrafficPolicy]
    namespaces: tuple[str, ...]
    by: Resource
    ports: tuple[Port, ...] = ()
    accounts: tuple[str, ...] = ()
    vip: str = ""
    sans: tuple[str, ...] = ()
    reaches: tuple[Reach, ...] = ()
    offers: tuple[Offer, ...] = ()

    def is_used_from(self, namespace: str) -> bool:
        """Say whether a namespace is one of its clients."""
        named = {*self.namespaces, *(account.partition("/")[0] for account in self.accounts)}
        return not named or namespace in named


@dataclass(frozen=True, slots=True)
class CrossNetworkGateway:
    """What the east-west gateways of some clusters let in: exactly these hosts."""

    name: str
    namespace: str
    selector: Mapping[str, str]
    hosts: tuple[str, ...]
    clusters: tuple[str, ...]
    by: Resource


@dataclass(frozen=True, slots=True)
class HboneGateway:
    """The east-west gateway of an ambient cluster."""

    namespace: str
    network: str
    port: int
    clusters: tuple[str, ...]
    by: Resource


@dataclass(frozen=True, slots=True)
class Waypoint:
    """The proxy that treats the requests to the services of a namespace, in ambient."""

    name: str
    namespace: str
    clusters: tuple[str, ...]
    by: Resource


@dataclass(frozen=True, slots=True)
class StubService:
    """A Service without pods, so that the name of one in another cluster is resolved."""

    service: ServiceKey
    ports: tuple[Port, ...]
    headless: bool
    clusters: tuple[str, ...]
    by: Resource


@dataclass(frozen=True, slots=True)
class Labelled:
    """A resource of people's that gets labels."""

    resource: Resource
    labels: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Egress:
    """What the clients of a namespace see.

    Attributes:
        hosts: as ``namespace/host``.
    """

    namespace: str
    hosts: tuple[str, ...]
    clusters: tuple[str, ...]
    by: Resource


@dataclass(frozen=True, slots=True)
class Exposure:
    """What makes services reachable, beside what is said of each of them.

    Attributes:
        labelled: each resource once.
    """

    gateways: tuple[CrossNetworkGateway, ...] = ()
    hbone_gateways: tuple[HboneGateway, ...] = ()
    waypoints: tuple[Waypoint, ...] = ()
    stubs: tuple[StubService, ...] = ()
    labelled: tuple[Labelled, ...] = ()
