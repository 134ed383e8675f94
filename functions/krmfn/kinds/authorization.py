"""Who may call a service: read by the mesh's function and by the policy generator.

Istio enforces what its AuthorizationPolicy can say exactly; a rule with `condition` and a service
with `external` are decided by an external authoriser, such as OPA.
"""

import json
import re
from collections.abc import Iterable
from ipaddress import ip_interface
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from krmfn.kinds.fields import INTENT_VERSION, Name, Span
from krmfn.kinds.mesh import PortNumber
from krmfn.sdk.model import CelRule, DnsLabel, Kind, Model, Pattern

_SEGMENT = r"[-a-zA-Z0-9._~%!$&'()+,;:@=]+"
_STEP = rf"/({_SEGMENT}|\{{\*\}})"
_REST = rf"/\{{\*\*\}}(/{_SEGMENT})*"


def _ip_block(text: str) -> str:
    try:
        ip_interface(text)
    except ValueError:
        raise ValueError("must be an IP address or a CIDR such as `10.1.0.0/16`") from None
    return text


def _public_keys(text: str) -> str:
    """Refuse what is no set of public keys (RFC 7517): a package is no place for secrets."""
    try:
        keys = json.loads(text)["keys"]
        secret = any("d" in key or key.get("kty") == "oct" for key in keys)
    except (ValueError, TypeError, LookupError, AttributeError):
        raise ValueError('must be a JSON Web Key Set: `{"keys": [...]}`') from None
    if secret or not keys:
        raise ValueError("must hold public keys, and nothing but public keys")
    return text


def _are_unique(names: Iterable[str]) -> bool:
    found = list(names)
    return len({*found}) == len(found)


Action = Literal["Allow", "Deny", "ShadowDeny"]
Text = Annotated[str, Field(min_length=1)]
Path = Annotated[
    str,
    Pattern(
        rf"^(\*|/[^*{{}}]*\*?|\*[^*{{}}]+|({_STEP})+/?|({_STEP})*{_REST}/?)$",
        "a path from `/`, with `*` as its end, or with `{*}` for one segment and `{**}` for the "
        "rest, such as `/api/*` or `/users/{*}/orders`; or `*` and an ending",
    ),
]
Method = Annotated[str, Pattern("^[A-Z][A-Z-]*$", "an HTTP method in capitals, such as `GET`")]
Host = Annotated[
    str,
    Pattern(
        r"^(\*|[^*/ ]+\*?|\*[^*/ ]+)$",
        "a host without path, such as `api.example.com`; `*` may be its first or last character",
    ),
]
Principal = Annotated[
    str,
    Pattern(
        r"^(\*|[^*:/ ]+(/[^* ]*)?\*?|\*[^* ]+)$",
        "an identity without `spiffe://`, such as `cluster.local/ns/shop/sa/web`; `*` may be its "
        "first or last character",
    ),
]
IpBlock = Annotated[str, AfterValidator(_ip_block)]
AccountName = Annotated[
    str,
    Pattern(
        "^([a-z0-9]([-a-z0-9]*[a-z0-9])?/)?[a-z0-9]([-.a-z0-9]*[a-z0-9])?$",
        "a ServiceAccount as `name` or `namespace/name`",
    ),
]


_MOST_RULES, _MOST_CALLERS = 500, 64
"""The API server bounds what its checks may cost by the sizes of lists; more rules take a second
intent about the same target."""

RuleName = Annotated[str, Field(min_length=1, max_length=63)]


def _given(*lists: str) -> str:
    """Give CEL that says that one of these lists holds something."""
    return " || ".join(f"(has(self.{name}) && size(self.{name}) > 0)" for name in lists)


class Target(Model):
    """The workloads that are protected."""

    cel_rules = (
        CelRule(
            "has(self.service) != has(self.selector)",
            "must be given, or else `selector`",
            lambda target: (target.service is None) != (target.selector is None),
            field="service",
        ),
    )

    service: Name | None = Field(None, description="A Service; its workloads are protected.")
    selector: dict[str, str] | None = Field(
        None, min_length=1, description="Labels of the protected workloads' pods."
    )
    namespace: DnsLabel | None = Field(
        None, description="Their namespace: the intent's own when absent."
    )


class Caller(Model):
    """Who calls; all that is given must hold, one value of each."""

    cel_rules = (
        CelRule(
            "has(self.service) || "
            + _given(
                "serviceAccounts",
                "namespaces",
                "clusters",
                "principals",
                "requestPrincipals",
                "ipBlocks",
            ),
            "must say something; leave `from` out where anyone may call",
            lambda caller: any(value for _, value in caller),
        ),
        CelRule(
            f"[has(self.service), {_given('serviceAccounts')}, {_given('principals')}]"
            ".filter(given, given).size() <= 1",
            "must have one of `service`, `serviceAccounts` and `principals` at most",
            lambda caller: (
                [
                    bool(caller.service),
                    bool(caller.service_accounts),
                    bool(caller.principals),
                ].count(True)
                <= 1
            ),
        ),
    )

    service: str | None = Field(
        None,
        min_length=1,
        description="The workloads of a Service, as `name` or `namespace/name`: their accounts.",
    )
    service_accounts: tuple[AccountName, ...] = Field(
        (), description="ServiceAccounts, each as `name` or `namespace/name`."
    )
    namespaces: tuple[DnsLabel, ...] = Field((), description="Namespaces.")
    clusters: tuple[Name, ...] = Field(
        (), description="Clusters; they must have trust domains of their own."
    )
    principals: tuple[Principal, ...] = Field(
        (), description="Identities as Istio writes them, without `spiffe://`."
    )
    request_principals: tuple[Text, ...] = Field(
        (), description="Identities of JWTs, as `issuer/subject`; `*` for any valid one."
    )
    ip_blocks: tuple[IpBlock, ...] = Field((), description="Addresses of the peers, as CIDRs.")


class Operation(Model):
    """What is called; all that is given must hold, one value of each."""

    cel_rules = (
        CelRule(
            _given("methods", "paths", "ports", "hosts"),
            "must say something; leave `to` out where anything may be called",
            lambda operation: any(value for _, value in operation),
        ),
    )

    methods: tuple[Method, ...] = Field((), description="HTTP methods.")
    paths: tuple[Path, ...] = Field((), description="Paths; `*` at one end, or `{*}` and `{**}`.")
    ports: tuple[PortNumber, ...] = Field((), description="Ports of the Service.")
    hosts: tuple[Host, ...] = Field((), description="Hosts, on any port unless they name one.")


class Condition(Model):
    """A condition in Istio's terms."""

    cel_rules = (
        CelRule(
            _given("values", "notValues"),
            "must be given, or else `notValues`",
            lambda condition: bool(condition.values or condition.not_values),
            field="values",
        ),
    )

    key: str = Field(min_length=1, description="An attribute, such as `request.auth.claims[role]`.")
    values: tuple[Text, ...] = Field((), description="What it must be, one of them.")
    not_values: tuple[Text, ...] = Field((), description="What it must not be.")


class Rule(Model):
    """Who may, or may not, call what."""

    name: RuleName | None = Field(None, description="A name for people and reports.")
    action: Action = Field("Allow", description="What happens; `ShadowDeny` only counts.")
    from_: tuple[Caller, ...] = Field(
        (), max_length=_MOST_CALLERS, description="Who calls, one of them; anyone when empty."
    )
    to: tuple[Operation, ...] = Field(
        (), max_length=_MOST_CALLERS, description="What is called; anything when empty."
    )
    when: tuple[Condition, ...] = Field((), description="Conditions, all of which must hold.")
    condition: str | None = Field(
        None, min_length=1, description="CEL over the request; decided by the external authoriser."
    )


class JwtProvider(Model):
    """Who issues tokens."""

    cel_rules = (
        CelRule(
            "!(has(self.jwksUri) && has(self.jwks))",
            "must not be given beside `jwksUri`",
            lambda jwt: jwt.jwks_uri is None or jwt.jwks is None,
            field="jwks",
        ),
        CelRule(
            "has(self.jwksUri) || has(self.jwks) || self.issuer.matches('^https?://.+')",
            "must be given, or else `jwks`, since the issuer is no URL at which they are found",
            lambda jwt: bool(jwt.jwks_uri or jwt.jwks or re.match("https?://.+", jwt.issuer)),
            field="jwksUri",
        ),
    )

    issuer: str = Field(min_length=1, max_length=512, description="The tokens' `iss`.")
    audiences: tuple[Text, ...] = Field((), description="The tokens' `aud`, one of them.")
    jwks_uri: Annotated[str, Pattern("^https?://[^/ ]+.*$", "a URL of http or https")] | None = (
        Field(None, description="Where the issuer's keys are; found by its name when absent.")
    )
    jwks: Annotated[str, AfterValidator(_public_keys)] | None = Field(
        None, description="The issuer's public keys themselves, as a JSON Web Key Set."
    )
    forward_original_token: bool = Field(
        False, description="Whether the service receives the token."
    )


class External(Model):
    """An external authoriser, asked before the rules are applied."""

    provider: DnsLabel = Field("opa", description="The extension provider of MeshConfig.")
    paths: tuple[Path, ...] = Field((), description="Paths for which it is asked; all when empty.")
    ports: tuple[PortNumber, ...] = Field(
        (), description="Ports for which it is asked; all when empty."
    )
    timeout: Span = Field("500ms", description="How long its answer is waited for.")
    fail_open: bool = Field(False, description="Whether requests pass when it does not answer.")


class ServiceAuthorizationSpec(Model):
    """Who may call what of a service."""

    cel_rules = (
        CelRule(
            "has(self.external) || !has(self.rules) || self.rules.all(r, !has(r.condition))",
            "must be given where a rule has a `condition`",
            lambda spec: spec.external is not None or all(r.condition is None for r in spec.rules),
            field="external",
        ),
        CelRule(
            "!has(self.rules) || self.rules.all(r, !has(r.name) || "
            "self.rules.exists_one(s, has(s.name) && "
            "s.name == r.name))",
            "must have names of their own",
            lambda spec: _are_unique(rule.name for rule in spec.rules if rule.name is not None),
            field="rules",
        ),
        CelRule(
            "!has(self.jwt) || self.jwt.all(j, self.jwt.exists_one(k, k.issuer == j.issuer))",
            "must name each issuer once",
            lambda spec: _are_unique(jwt.issuer for jwt in spec.jwt),
            field="jwt",
        ),
    )

    target: Target = Field(description="What is protected.")
    default: Literal["Deny", "Allow"] = Field(
        "Deny", description="What happens to a request that no rule is about."
    )
    rules: tuple[Rule, ...] = Field(
        (), max_length=_MOST_RULES, description="The rules; `Deny` goes over `Allow`."
    )
    external: External | None = Field(None, description="An external authoriser.")
    jwt: tuple[JwtProvider, ...] = Field((), max_length=16, description="Who issues tokens.")


class ServiceAuthorization(Kind, api_version=INTENT_VERSION):
    """Who may call what of a service."""

    spec: ServiceAuthorizationSpec = Field(description="Target and rules.")
