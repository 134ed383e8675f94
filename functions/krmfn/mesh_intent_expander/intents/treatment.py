"""What is done with a request on its way."""

from typing import Annotated, Literal

from pydantic import Field

from krmfn.kinds.fields import Duration
from krmfn.kinds.mesh import PortNumber
from krmfn.mesh_intent_expander.intents.forms import (
    HeaderName,
    HeaderValue,
    Path,
    RetryCondition,
    Text,
)
from krmfn.sdk.model import CelRule, DnsName, Model


class HeaderChange(Model):
    """Headers set, added and removed."""

    set: dict[HeaderName, HeaderValue] = Field({}, description="Headers that get this value.")
    add: dict[HeaderName, HeaderValue] = Field(
        {}, description="Headers that get this value beside others."
    )
    remove: tuple[HeaderName, ...] = Field((), description="Headers that are taken out.")


class Rewrite(Model):
    """Another path or host for the service to see."""

    cel_rules = (
        CelRule(
            "has(self.hostname) || has(self.path) || has(self.prefix)",
            "must have `hostname`, `path` or `prefix`",
            lambda rewrite: bool(rewrite.hostname or rewrite.path or rewrite.prefix),
        ),
        CelRule(
            "!has(self.path) || !has(self.prefix)",
            "must not be given beside `path`",
            lambda rewrite: rewrite.path is None or rewrite.prefix is None,
            field="prefix",
        ),
    )

    hostname: DnsName | None = Field(None, description="The host.")
    path: Path | None = Field(None, description="The whole path.")
    prefix: Path | None = Field(None, description="What the matched prefix becomes.")


class Redirect(Model):
    """An answer that sends the client elsewhere."""

    cel_rules = (
        CelRule(
            "has(self.scheme) || has(self.hostname) || has(self.path) || has(self.port)",
            "must have `scheme`, `hostname`, `path` or `port`",
            lambda redirect: bool(
                redirect.scheme or redirect.hostname or redirect.path or redirect.port
            ),
        ),
    )

    scheme: Literal["http", "https"] | None = Field(None, description="The scheme.")
    hostname: DnsName | None = Field(None, description="The host.")
    path: Path | None = Field(None, description="The path.")
    port: PortNumber | None = Field(None, description="The port.")
    status_code: Literal[301, 302, 303, 307, 308] = Field(302, description="The status.")


class Fault(Model):
    """Delays and failures on purpose."""

    cel_rules = (
        CelRule(
            "has(self.delay) || has(self.abort)",
            "must have `delay` or `abort`",
            lambda fault: fault.delay is not None or fault.abort is not None,
        ),
    )

    delay: Duration | None = Field(None, description="How long requests are held back.")
    delay_percent: Annotated[float, Field(gt=0, le=100)] = Field(
        100.0, description="How many of them."
    )
    abort: Annotated[int, Field(ge=200, le=599)] | None = Field(
        None, description="The status that requests are answered with."
    )
    abort_percent: Annotated[float, Field(gt=0, le=100)] = Field(
        100.0, description="How many of them."
    )


class Retry(Model):
    """When a request is tried again."""

    cel_rules = (
        CelRule(
            "self.attempts > 0 || !(has(self.on) && size(self.on) > 0 || has(self.perTryTimeout))",
            "must be more than 0 where `on` or `perTryTimeout` is given",
            lambda retry: retry.attempts > 0 or not (retry.on or retry.per_try_timeout),
            field="attempts",
        ),
    )

    attempts: Annotated[int, Field(ge=0, le=100)] = Field(description="How often at most.")
    on: tuple[RetryCondition, ...] = Field(
        (), max_length=32, description="On what, in Envoy's words."
    )
    per_try_timeout: Duration | None = Field(None, description="How long each try may take.")


class Timeouts(Model):
    """How long things may take."""

    request: Duration | None = Field(
        None, description="The request with all its tries; `0s` for no limit."
    )
    backend_request: Duration | None = Field(None, description="One try.")


class SessionAffinity(Model):
    """What keeps a client at one endpoint."""

    cel_rules = (
        CelRule(
            "(has(self.cookie) ? 1 : 0) + (has(self.header) ? 1 : 0) + "
            "(self.sourceIp ? 1 : 0) == 1",
            "must be one of `cookie`, `header` and `sourceIp`",
            lambda affinity: (
                [bool(affinity.cookie), bool(affinity.header), affinity.source_ip].count(True) == 1
            ),
        ),
    )

    cookie: Text | None = Field(None, description="A cookie, made where there is none.")
    ttl: Duration = Field("0s", description="How long that cookie lives; `0s` for a session.")
    header: Text | None = Field(None, description="A header.")
    source_ip: bool = Field(False, description="The client's address.")
