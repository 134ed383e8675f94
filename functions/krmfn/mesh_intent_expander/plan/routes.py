"""Routes: which requests to a service go where."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from krmfn.mesh_intent_expander.intents.matching import Match
from krmfn.mesh_intent_expander.intents.traffic_route import Consumer
from krmfn.mesh_intent_expander.intents.traffic_route import Rule as RouteRule
from krmfn.mesh_intent_expander.intents.treatment import SessionAffinity
from krmfn.mesh_intent_expander.plan.common import ServiceKey
from krmfn.sdk import Resource

Protocol = Literal["http", "grpc", "tls", "tcp"]
"""How requests are told apart: by themselves, by server name, or not at all."""


@dataclass(frozen=True, slots=True)
class Share:
    """Where a part of a rule's requests goes.

    Attributes:
        service: the Service that takes them.
        host: the name by which clients and Istio know it.
        port: its port.
        weight: percent of the rule's requests; the shares of a rule add up to 100.
        version: labels of the pods that take them, empty for all of them.
        version_name: what the intent calls that version, "" when it has no name.
        cluster: the cluster whose pods take them, "" for those of all clusters.
    """

    service: ServiceKey
    host: str
    port: int
    weight: int = 100
    version: Mapping[str, str] = field(default_factory=dict)
    version_name: str = ""
    cluster: str = ""


@dataclass(frozen=True, slots=True)
class Retries:
    """When a request is tried again.

    Attributes:
        attempts: how often at most, 0 for never.
        on: conditions in Envoy's words, with commas between them.
        per_try: how long each try may take, "" for no limit.
    """

    attempts: int
    on: str = ""
    per_try: str = ""


@dataclass(frozen=True, slots=True)
class RoutedRule:
    """Requests that are treated alike.

    Attributes:
        name: unique among the rules of the host.
        matches: what a request must be, one of them; any request when empty.
        shares: where they go; empty for a redirect.
        action: the rest of what the intent says of them, None for the default rule.
        port: the Service's port that it is about, None when there is nothing to tell it from.
        consumers: the clients for whom it holds; all of them when empty.
        mirror: where copies go.
        timeout: how long a request may take with all its tries, "" for no limit.
        retries: None to leave them to the mesh.
        by: the intent.
        field: path of the rule in the intent, "" for a default rule.
    """

    name: str
    matches: tuple[Match, ...]
    shares: tuple[Share, ...]
    by: Resource
    action: RouteRule | None = None
    port: int | None = None
    consumers: tuple[Consumer, ...] = ()
    mirror: Share | None = None
    timeout: str = ""
    retries: Retries | None = None
    field: str = ""


@dataclass(frozen=True, slots=True)
class RoutedHost:
    """All rules of one protocol for the requests to some names, most specific first.

    A service that is routed in several protocols has several of them, and so has one that has
    further names: its global one, and those that ingress gateways know it by.

    Attributes:
        service: the service; for an ingress that leads to several, the first of them.
        hosts: its names, the Service's own first.
        protocol: how requests are matched: by themselves, by server name, or by connection.
        clusters: the clusters whose proxies route by them.
        by: the intents, in the order of their names; the first one owns what is written.
        name: the name of what is written; that of the service when empty.
        gateways: the ingress gateways that route by them, as ``namespace/name``; the mesh's own
            proxies do when there are none.
    """

    service: ServiceKey
    hosts: tuple[str, ...]
    protocol: Protocol
    flavor: Literal["istio", "gateway-api"]
    rules: tuple[RoutedRule, ...]
    clusters: tuple[str, ...]
    by: tuple[Resource, ...]
    gateways: tuple[str, ...] = ()
    affinity: SessionAffinity | None = None
    name: str = ""

    def parts(self) -> Iterator[tuple[RoutedRule, Share]]:
        """Yield the shares that take a version of a service, or what a cluster has of it."""
        for rule in self.rules:
            for share in (*rule.shares, *([rule.mirror] if rule.mirror else [])):
                if share.version or share.cluster:
                    yield rule, share


@dataclass(frozen=True, slots=True)
class VersionService:
    """A Service for one share of another one, which the Gateway API needs in place of a subset.

    Attributes:
        service: the Service that it is a part of.
        ports: as they are written there.
        selector: of the pods; empty where the cluster has none of them.
        clusters: where it is written.
        by: the intent.
    """

    name: str
    service: ServiceKey
    ports: tuple[Mapping[str, object], ...]
    selector: Mapping[str, str]
    labels: Mapping[str, str]
    clusters: tuple[str, ...]
    by: Resource
