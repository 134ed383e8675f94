"""Since which version Istio has what objects say.

Source: the CustomResourceDefinitions of the releases of ``istio.io/api``, compared in order.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from krmfn.mesh_intent_expander.view import (
    ISTIO_EXTENSIONS,
    ISTIO_NETWORKING,
    ISTIO_SECURITY,
    ISTIO_TELEMETRY,
    mapping,
)
from krmfn.sdk import Resource

Version = tuple[int, int]

V1: Version = (1, 22)
"""The first version with ``v1`` of the groups for networking, security and telemetry."""

_TRAFFIC_POLICY: Mapping[str, Version] = {
    "loadBalancer.warmup": (1, 24),
    "retryBudget": (1, 27),
    "loadBalancer.consistentHash.httpCookie.attributes": (1, 28),
    "loadBalancer.zoneAwareLbSetting": (1, 31),
    "connectionPool.http.http2KeepAlive": (1, 31),
    "outlierDetection.outlierDetectionHttpErrorCodes": (1, 31),
    "retryBudget.budgetInterval": (1, 31),
}
_TLS: Mapping[str, Version] = {
    "credentialNames": (1, 26),
    "tlsCertificates": (1, 26),
    "caCertCredentialName": (1, 28),
    "insecureSkipVerify": (1, 31),
}
_PLACES = ("trafficPolicy", "trafficPolicy.portLevelSettings[]", "subsets[].trafficPolicy")


def _below(path: str, fields: Mapping[str, Version]) -> dict[str, Version]:
    return {f"{path}.{field}": version for field, version in fields.items()}


FIELDS: Mapping[tuple[str, str], Mapping[str, Version]] = {
    (ISTIO_NETWORKING, "VirtualService"): {
        "http[].corsPolicy.unmatchedPreflights": (1, 23),
        "http[].retries.backoff": (1, 26),
        "http[].retries.retryIgnorePreviousHosts": (1, 26),
        "http[].redirect.prefixRewrite": (1, 31),
    },
    (ISTIO_NETWORKING, "DestinationRule"): {
        path: version
        for place in _PLACES
        for path, version in _below(place, _TRAFFIC_POLICY).items()
    },
    (ISTIO_NETWORKING, "ServiceEntry"): {"resolution=DYNAMIC_DNS": (1, 28)},
    (ISTIO_NETWORKING, "Gateway"): _below("servers[].tls", _TLS),
    (ISTIO_NETWORKING, "Sidecar"): _below("ingress[].tls", _TLS),
    (ISTIO_SECURITY, "AuthorizationPolicy"): {
        "rules[].from[].source.serviceAccounts": (1, 25),
        "rules[].from[].source.notServiceAccounts": (1, 25),
        "rules[].from[].source.trustDomains": (1, 30),
        "rules[].from[].source.notTrustDomains": (1, 30),
    },
    (ISTIO_SECURITY, "RequestAuthentication"): {"jwtRules[].spaceDelimitedClaims": (1, 28)},
    (ISTIO_TELEMETRY, "Telemetry"): {
        "tracing[].enableIstioTags": (1, 25),
        "tracing[].disableContextPropagation": (1, 30),
    },
}
"""Fields by kind, as paths below ``spec``; ``field=VALUE`` is one of the values of a field."""

KINDS: Mapping[tuple[str, str], Version] = {(ISTIO_EXTENSIONS, "TrafficExtension"): (1, 30)}
"""Kinds that are younger than the groups."""


def found(resource: Resource, path: str) -> Iterator[str]:
    """Yield where an object has a field of the table."""
    name, _, value = path.partition("=")
    yield from _found(mapping(resource.body.get("spec")), name.split("."), value, "spec")


def _found(value: Any, steps: list[str], wanted: str, path: str) -> Iterator[str]:
    if not steps:
        if not wanted or value == wanted:
            yield path
        return
    step, *rest = steps
    name = step.removesuffix("[]")
    if not isinstance(value, Mapping) or value.get(name) is None:
        return
    below, path = value[name], f"{path}.{name}"
    if name == step:
        yield from _found(below, rest, wanted, path)
    for index, each in enumerate(below if name != step and isinstance(below, list) else ()):
        yield from _found(each, rest, wanted, f"{path}[{index}]")
