"""Requests to try: one for each way in which a service is routed or protected."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice, product
from typing import Any

from krmfn.mesh_intent_expander.view import (
    ISTIO_NETWORKING,
    ISTIO_SECURITY,
    mapping,
    mappings,
    spec_of,
    strings,
)
from krmfn.sdk import Resource

_MOST = 32


@dataclass(frozen=True, slots=True)
class Probe:
    """A request, whoever sends it."""

    method: str = "GET"
    path: str = "/"
    headers: Mapping[str, str] = field(default_factory=dict)


_ANY = Probe()


def probes(resources: Iterable[Resource], namespace: str, host: str) -> list[Probe]:
    """Give requests that fit what routes and policies speak of, 32 at most.

    Args:
        resources: the objects of the service's own cluster.
        namespace: the service's.
        host: the name that clients call.
    """
    listed = list(resources)
    routed = [*_routed(listed, host), _ANY]
    allowed = [*_allowed(listed, namespace), _ANY]
    found = {
        repr(probe): probe
        for route, permitted in product(routed, allowed)
        for probe in (_both(route, permitted),)
    }
    return list(islice(found.values(), _MOST))


def _both(route: Probe, allowed: Probe) -> Probe:
    """Give a request that is routed so, and allowed where the route leaves it open."""
    return Probe(
        method=route.method if route.method != _ANY.method else allowed.method,
        path=route.path if route.path != _ANY.path else allowed.path,
        headers=route.headers,
    )


def _routed(resources: Sequence[Resource], host: str) -> Iterator[Probe]:
    for resource in resources:
        spec = spec_of(resource)
        is_route = (resource.group, resource.kind) == (ISTIO_NETWORKING, "VirtualService")
        if not is_route or host not in strings(spec.get("hosts")):
            continue
        for rule in mappings(spec.get("http")):
            for match in mappings(rule.get("match")):
                yield Probe(
                    method=_text(match.get("method")) or "GET",
                    path=_text(match.get("uri")) or "/",
                    headers=dict(_headers(match)),
                )


def _headers(match: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in sorted(mapping(match.get("headers")).items(), key=str):
        if text := _text(value):
            yield str(name), text


def _text(match: Any) -> str:
    """Give a text that fits a StringMatch, "" where there is no simple one."""
    said = mapping(match)
    found = said.get("exact", said.get("prefix"))
    return found if isinstance(found, str) else ""


def _allowed(resources: Sequence[Resource], namespace: str) -> Iterator[Probe]:
    for resource in resources:
        is_policy = (resource.group, resource.kind) == (ISTIO_SECURITY, "AuthorizationPolicy")
        spec = spec_of(resource)
        if not is_policy or resource.namespace != namespace or spec.get("action") == "DENY":
            continue
        for rule in mappings(spec.get("rules")):
            for to in mappings(rule.get("to")):
                operation = mapping(to.get("operation"))
                methods = strings(operation.get("methods")) or ["GET"]
                for path in strings(operation.get("paths")) or ["/"]:
                    yield Probe(method=methods[0].replace("*", "GET"), path=_path(path))


def _path(pattern: str) -> str:
    """Give a path that fits a pattern of AuthorizationPolicy."""
    path = pattern.replace("{**}", "x").replace("{*}", "x").replace("*", "x")
    return path if path.startswith("/") else f"/{path}"
