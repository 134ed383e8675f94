"""What a flavor, or a cluster's data plane or version, cannot do of what an intent asks for."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain

from krmfn.mesh_intent_expander.intents.traffic_route import Rule
from krmfn.mesh_intent_expander.plan.routes import Protocol
from krmfn.mesh_intent_expander.routing.parents import Parent
from krmfn.mesh_intent_expander.topology import Cluster, Mesh
from krmfn.sdk import Result, error, info, warning

_KINDS: Mapping[Protocol, str] = {
    "http": "an HTTPRoute",
    "grpc": "a GRPCRoute",
    "tls": "a TLSRoute",
    "tcp": "a TCPRoute",
}
_HTTP_ONLY = ("rewrite", "redirect", "timeouts")
_NO_RETRIES = "its standard channel has none, and Istio tries twice more by itself"
_METHODS = frozenset("GET HEAD POST PUT DELETE CONNECT OPTIONS TRACE PATCH".split())
_MIRROR_PERCENT = (1, 3)
_STREAM_ROUTES: Mapping[Protocol, tuple[int, int]] = {"tls": (1, 5), "tcp": (1, 6)}
"""The versions of the Gateway API in whose standard channel these came."""


def portability_problems(parent: Parent, mesh: Mesh) -> Iterator[Result]:
    """Yield what of an intent cannot be written, or is not obeyed, and where it is said."""
    clusters = [mesh.clusters[name] for name in parent.entry.clusters if name in mesh.clusters]
    if parent.flavor == "gateway-api":
        yield from _gateway_api(parent, clusters, mesh)
    elif any(cluster.data_plane == "ambient" for cluster in clusters):
        yield from _ambient(parent)


def _ambient(parent: Parent) -> Iterator[Result]:
    at = parent.intent.resource
    yield warning(
        "must be `gateway-api` for clusters of data plane `ambient`, where VirtualServices are "
        "not supported well",
        code="ambient-flavor",
        at=at,
        field="spec.flavor",
        proposed="gateway-api",
    )
    if any(consumer.namespace or consumer.labels for consumer in parent.spec.from_):
        message = (
            "must be empty for clusters of data plane `ambient`: waypoints do not know clients"
        )
        yield error(message, code="not-portable", at=at, field="spec.from")


def _gateway_api(parent: Parent, clusters: Iterable[Cluster], mesh: Mesh) -> Iterator[Result]:
    spec = parent.spec
    yield from _other_names(parent)
    versions = [each.gateway_api_version for each in clusters if each.gateway_api_version]
    oldest = min(versions, default=None)
    if any(consumer.namespace or consumer.labels for consumer in spec.from_):
        yield _lacking(parent, "from", "source of requests")
    if spec.session_affinity is not None:
        yield _lacking(parent, "sessionAffinity", "consistent hash")
    since = _STREAM_ROUTES.get(parent.protocol)
    if since is not None and oldest is not None and oldest < since:
        yield _too_old(parent, "protocol", _KINDS[parent.protocol], since, oldest)
    if mesh.defaults.retries is not None:
        message = f"do not hold where flavor is `gateway-api`: {_NO_RETRIES}"
        place = "spec.defaults.retries"
        yield info(message, code="not-portable", at=mesh.topology, field=place)
    for index, rule in enumerate(spec.rules):
        yield from _rule(parent, rule, f"rules[{index}]", oldest)


def _other_names(parent: Parent) -> Iterator[Result]:
    """Yield the names of which clients have no Service that a route could be about."""
    for name, clusters in parent.entry.names():
        if name.host != parent.entry.host and clusters:
            yield error(
                f"must be `istio`: clients call {parent.entry} by the name "
                f'"{name.host}", of which they have no Service that a route of the Gateway API '
                "could have as its parent",
                code="not-portable",
                at=parent.intent.resource,
                field="spec.flavor",
                current=parent.flavor,
                proposed="istio",
            )


def _rule(
    parent: Parent, rule: Rule, field: str, oldest: tuple[int, int] | None
) -> Iterator[Result]:
    if rule.fault is not None:
        yield _lacking(parent, f"{field}.fault", "fault injection")
    if rule.retry is not None:
        message = f"is left out where flavor is `gateway-api`: {_NO_RETRIES}"
        yield _lost(parent, f"{field}.retry", message)
    if rule.timeouts and rule.timeouts.backend_request:
        message = (
            "limits the whole request where flavor is `gateway-api`: to Istio, an HTTPRoute "
            "without retries has one try"
        )
        yield _lost(parent, f"{field}.timeouts.backendRequest", message)
    if rule.mirror and rule.mirror.percent < 100 and oldest and oldest < _MIRROR_PERCENT:
        place = f"{field}.mirror.percent"
        yield _too_old(parent, place, "a percentage of copies", _MIRROR_PERCENT, oldest)
    yield from _matches(parent, rule, field)
    if parent.protocol == "grpc":
        yield from _grpc(parent, rule, field)


def _matches(parent: Parent, rule: Rule, field: str) -> Iterator[Result]:
    for place, match in enumerate(rule.matches):
        if match.method and match.method not in _METHODS:
            yield _lacking(parent, f"{field}.matches[{place}].method", f"method {match.method}")
        if any(value.type != "Exact" for value in chain(match.headers, match.query_params)):
            yield info(
                "is written as a regular expression, which Istio reads as RE2 and other "
                "implementations of the Gateway API may not",
                code="not-portable",
                at=parent.intent.resource,
                field=f"spec.{field}.matches[{place}]",
            )


def _grpc(parent: Parent, rule: Rule, field: str) -> Iterator[Result]:
    for name in _HTTP_ONLY:
        if getattr(rule, name) is not None:
            yield _lacking(parent, f"{field}.{name}", f"`{name}`")
    for place, match in enumerate(rule.matches):
        if match.path or match.method or match.query_params:
            what = "match of HTTP's own; `grpc` matches methods"
            yield _lacking(parent, f"{field}.matches[{place}]", what)


def _lacking(parent: Parent, field: str, what: str) -> Result:
    return error(
        f"must be absent where flavor is `gateway-api`: {_KINDS[parent.protocol]} has no {what}",
        code="not-portable",
        at=parent.intent.resource,
        field=f"spec.{field}",
    )


def _too_old(
    parent: Parent, field: str, what: str, since: tuple[int, int], oldest: tuple[int, int]
) -> Result:
    return error(
        f"must not ask for {what}, which the Gateway API has since {since[0]}.{since[1]}: a "
        f"cluster of the service has {oldest[0]}.{oldest[1]}",
        code="not-portable",
        at=parent.intent.resource,
        field=f"spec.{field}",
    )


def _lost(parent: Parent, field: str, message: str) -> Result:
    at = parent.intent.resource
    return warning(message, code="not-portable", at=at, field=f"spec.{field}")
