"""TrafficRoute: how requests to a service are matched, changed and spread."""

from typing import Annotated, Literal

from pydantic import Field

from krmfn.kinds.fields import INTENT_VERSION, Name
from krmfn.kinds.mesh import PortNumber
from krmfn.mesh_intent_expander.intents.forms import HostName
from krmfn.mesh_intent_expander.intents.matching import Match
from krmfn.mesh_intent_expander.intents.treatment import (
    Fault,
    HeaderChange,
    Redirect,
    Retry,
    Rewrite,
    SessionAffinity,
    Timeouts,
)
from krmfn.sdk.model import CelRule, DnsLabel, Kind, Model

Weight = Annotated[int, Field(ge=0, le=1_000_000)]


class Parent(Model):
    """The service whose requests are routed."""

    service: DnsLabel = Field(description="The Service that clients call.")
    namespace: DnsLabel | None = Field(
        None, description="Its namespace: the intent's own when absent."
    )
    port: PortNumber | None = Field(
        None, description="Its port; needed where a Service has several."
    )


class Gateway(Model):
    """An ingress gateway that takes requests from outside."""

    name: Name = Field(description="Istio's Gateway, as `name` or `namespace/name`.")
    hostnames: tuple[HostName, ...] = Field(
        min_length=1, description="Host names that clients outside of the mesh use."
    )


class Consumer(Model):
    """Clients for whom the route holds; all that is given must hold."""

    cel_rules = (
        CelRule(
            "has(self.namespace) || has(self.labels) && size(self.labels) > 0 "
            "|| has(self.clusters) && size(self.clusters) > 0",
            "must have `namespace`, `labels` or `clusters`",
            lambda consumer: bool(consumer.namespace or consumer.labels or consumer.clusters),
        ),
    )

    namespace: DnsLabel | None = Field(None, description="Their namespace.")
    labels: dict[str, str] = Field({}, description="Labels of their pods.")
    clusters: tuple[Name, ...] = Field((), description="Their clusters; all when empty.")


class Version(Model):
    """Those pods of a service that have these labels."""

    labels: dict[str, str] = Field(min_length=1, description="The labels.")
    name: DnsLabel | None = Field(
        None, description="Name of the subset, of the Service in the Gateway API."
    )


class Backend(Model):
    """Where requests go."""

    service: DnsLabel | None = Field(None, description="A Service: the parent when absent.")
    namespace: DnsLabel | None = Field(None, description="Its namespace: the parent's when absent.")
    port: PortNumber | None = Field(None, description="Its port: the parent's when absent.")
    version: Version | None = Field(None, description="One version of it.")
    cluster: Name | None = Field(None, description="Those of its pods that are in one cluster.")
    weight: Weight = Field(1, description="Its share of the rule's requests.")


class Mirror(Model):
    """A copy of the requests, whose answers are thrown away."""

    service: DnsLabel | None = Field(None, description="A Service: the parent when absent.")
    namespace: DnsLabel | None = Field(None, description="Its namespace.")
    port: PortNumber | None = Field(None, description="Its port.")
    version: Version | None = Field(None, description="One version of it.")
    percent: Annotated[float, Field(gt=0, le=100)] = Field(100.0, description="How many of them.")


class Rule(Model):
    """Requests that are treated alike."""

    cel_rules = (
        CelRule(
            "!has(self.redirect) || !has(self.backends) || size(self.backends) == 0",
            "must be empty where `redirect` is given",
            lambda rule: rule.redirect is None or not rule.backends,
            field="backends",
        ),
        CelRule(
            "!has(self.redirect) || !(has(self.rewrite) || has(self.fault) || has(self.mirror) "
            "|| has(self.timeouts) || has(self.retry))",
            "must not be given beside `rewrite`, `fault`, `mirror`, `timeouts` or `retry`",
            lambda rule: (
                rule.redirect is None
                or not (rule.rewrite or rule.fault or rule.mirror or rule.timeouts or rule.retry)
            ),
            field="redirect",
        ),
    )

    name: DnsLabel | None = Field(None, description="A name for people and reports.")
    matches: tuple[Match, ...] = Field(
        (),
        max_length=64,
        description="What a request must be, one of them; any request when empty.",
    )
    backends: tuple[Backend, ...] = Field(
        (), max_length=32, description="Where requests go: the parent when empty."
    )
    request_headers: HeaderChange | None = Field(None, description="Changes of the request.")
    response_headers: HeaderChange | None = Field(None, description="Changes of the answer.")
    rewrite: Rewrite | None = Field(None, description="Another path or host.")
    redirect: Redirect | None = Field(None, description="An answer instead of a backend's.")
    mirror: Mirror | None = Field(None, description="A copy of the requests.")
    fault: Fault | None = Field(None, description="Delays and failures on purpose.")
    timeouts: Timeouts | None = Field(None, description="How long things may take.")
    retry: Retry | None = Field(None, description="When a request is tried again.")


class TrafficRouteSpec(Model):
    """How requests to a service are matched, changed and spread."""

    cel_rules = (
        CelRule(
            "self.default == 'parent' || !has(self.from) || size(self.from) == 0",
            "must be `parent` where `from` is given: other clients are not its own to refuse",
            lambda spec: spec.default == "parent" or not spec.from_,
            field="default",
        ),
        CelRule(
            "self.default == 'parent' || has(self.rules) && size(self.rules) > 0",
            "must not be empty where `default` is `none`: no request would go anywhere",
            lambda spec: spec.default == "parent" or bool(spec.rules),
            field="rules",
        ),
    )

    parent_ref: Parent = Field(description="The service whose requests are routed.")
    protocol: Literal["http", "grpc", "tcp", "tls"] | None = Field(
        None, description="What the port speaks: as the Service says when absent."
    )
    flavor: Literal["istio", "gateway-api"] | None = Field(
        None, description="What is written: as the MeshTopology says when absent."
    )
    gateway: Gateway | None = Field(
        None, description="An ingress gateway for which the rules hold as well."
    )
    from_: tuple[Consumer, ...] = Field(
        (), max_length=64, description="Clients; all of them when empty."
    )
    rules: tuple[Rule, ...] = Field(
        (),
        max_length=64,
        description="The rules; the most specific match is tried first, whatever their order.",
    )
    session_affinity: SessionAffinity | None = Field(
        None, description="What keeps a client at one endpoint."
    )
    default: Literal["parent", "none"] = Field(
        "parent",
        description="Where requests go that no rule matches: to the service itself, or nowhere.",
    )


class TrafficRoute(Kind, api_version=INTENT_VERSION):
    """How requests to a service are matched, changed and spread."""

    spec: TrafficRouteSpec = Field(description="Service and rules.")
