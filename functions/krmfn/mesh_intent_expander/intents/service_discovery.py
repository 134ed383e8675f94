"""ServiceDiscovery: which clusters offer a service, who uses it, and what is preferred."""

from typing import Annotated, Literal

from pydantic import Field

from krmfn.kinds.fields import INTENT_VERSION, Name, Percent
from krmfn.kinds.mesh import PortNumber
from krmfn.sdk.model import CelRule, DnsLabel, Kind, Model, Pattern

QualifiedAccount = Annotated[
    str,
    Pattern(
        "^[a-z0-9]([-a-z0-9]*[a-z0-9])?/[a-z0-9]([-.a-z0-9]*[a-z0-9])?$",
        "a ServiceAccount as `namespace/name`",
    ),
]


class DiscoveredPort(Model):
    """A port of a service whose Service object is not in the package."""

    number: PortNumber = Field(description="The port.")
    name: str = Field("", description="Its name.")
    protocol: Literal["http", "http2", "grpc", "https", "tls", "tcp"] = Field(
        "tcp", description="What it speaks."
    )


class DiscoveredService(Model):
    """The service that is found across clusters."""

    name: DnsLabel = Field(description="The Service.")
    namespace: DnsLabel | None = Field(
        None, description="Its namespace: the intent's own when absent."
    )
    ports: tuple[DiscoveredPort, ...] = Field(
        (), description="Its ports, where the package does not hold the Service."
    )


class Consumers(Model):
    """Who uses the service: the one statement that visibility and permission come from."""

    clusters: tuple[Name, ...] = Field(
        (),
        description="Clusters; when empty those that have one of the namespaces, or all of the "
        "mesh where none is named.",
    )
    namespaces: tuple[DnsLabel, ...] = Field((), description="Namespaces of the clients.")
    service_accounts: tuple[QualifiedAccount, ...] = Field(
        (), description="ServiceAccounts of the clients, as `namespace/name`."
    )


class Failover(Model):
    """Where requests go when the preferred endpoints fail."""

    cel_rules = (
        CelRule(
            "(has(self.to) && self.to in ['Only', 'AnyExcept']) == "
            "(has(self.clusters) && size(self.clusters) > 0)",
            "must be given for `Only` and `AnyExcept`, and for nothing else",
            lambda failover: (failover.to in ("Only", "AnyExcept")) == bool(failover.clusters),
            field="clusters",
        ),
    )

    to: Literal["None", "Any", "Only", "AnyExcept"] = Field("Any", description="To which clusters.")
    clusters: tuple[Name, ...] = Field((), description="The clusters of `Only` and `AnyExcept`.")
    threshold: Percent | None = Field(
        None, description="Below which share of healthy endpoints all are used again."
    )


class LoadBalancing(Model):
    """How requests are spread over the clusters."""

    cel_rules = (
        CelRule(
            "!has(self.weights) || size(self.weights) == 0 || "
            "((!has(self.preference) || self.preference == 'any') && !has(self.order))",
            "must not be given beside `preference` or `order`",
            lambda lb: not lb.weights or (lb.preference == "any" and not lb.order),
            field="weights",
        ),
        CelRule(
            "(has(self.preference) && self.preference == 'ordered') == "
            "(has(self.order) && size(self.order) > 0)",
            "must be given for `preference: ordered`, and for nothing else",
            lambda lb: (lb.preference == "ordered") == bool(lb.order),
            field="order",
        ),
    )

    policy: Literal["LeastRequest", "RoundRobin", "Random"] = Field(
        "LeastRequest", description="How an endpoint is chosen."
    )
    preference: Literal["any", "local", "ordered"] = Field(
        "any",
        description="`local`: the client's own cluster first; `ordered`: as `order` says; `any`: "
        "by locality, as the mesh does by itself.",
    )
    order: tuple[Name, ...] = Field((), description="Clusters, the first one preferred.")
    weights: dict[str, Annotated[int, Field(ge=0, le=1_000_000)]] = Field(
        {}, description="Shares by cluster."
    )
    failover: Failover | None = Field(
        None, description="Where requests go when the preferred endpoints fail."
    )


class ServiceDiscoverySpec(Model):
    """Which clusters offer a service, and who uses it from where."""

    service: DiscoveredService = Field(description="The service.")
    export_from: tuple[Name, ...] | Literal["all"] = Field(
        "all", description="The clusters that offer it: all that run it when absent."
    )
    placement: Name | None = Field(
        None, description="The PlacementDecision that says where it runs, by its placement-key."
    )
    consumers: Consumers = Field(Consumers(), description="Who uses it.")
    hostname: Literal["clusterLocal", "clusterSet", "global"] | None = Field(
        None,
        description="The name that clients use: `clusterLocal`, the Service's own; `clusterSet`, "
        "that of Multi-Cluster Services; `global`, one of the mesh. Without endpoint discovery "
        "`global`, else `clusterLocal` when absent.",
    )
    load_balancing: LoadBalancing = Field(
        LoadBalancing(), description="How requests are spread over the clusters."
    )
    service_account: DnsLabel | None = Field(
        None,
        description="The account of the service's pods: as their templates say when absent.",
    )


class ServiceDiscovery(Kind, api_version=INTENT_VERSION):
    """Which clusters offer a service, and who uses it from where."""

    spec: ServiceDiscoverySpec = Field(description="Service, consumers and preference.")
