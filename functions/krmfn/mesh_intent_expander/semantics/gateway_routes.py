"""HTTPRoutes and GRPCRoutes whose parent is a Service (GAMMA), as routes.

Source: Istio's ``pilot/pkg/config/kube/gateway``: all routes of one parent, port and namespace are
one list, most specific match first; a rule with several matches counts as several rules.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from krmfn.mesh_intent_expander.semantics.ordering import age
from krmfn.mesh_intent_expander.semantics.routes import Extras, Match, RouteObject, Rule, Target
from krmfn.mesh_intent_expander.semantics.strings import Text
from krmfn.mesh_intent_expander.view import (
    GATEWAY_API,
    ISTIO_NETWORKING,
    MCS,
    ClusterView,
    mapping,
    mappings,
    namespace_of,
    number,
    spec_of,
    strings,
)
from krmfn.sdk import Resource

_RANKS = {"exact": 3, "segments": 2, "regex": 1}
_Key = tuple[str, int | None, str]


def gateway_routes(view: ClusterView, known: frozenset[str]) -> Iterator[RouteObject]:
    """Yield the routes for Services and ServiceEntries.

    Args:
        view: the objects.
        known: the hosts that a backend may be.
    """
    rules: dict[_Key, list[Rule]] = {}
    owners: dict[_Key, Resource] = {}
    for resource in sorted(_routes(view), key=age):
        for parent in mappings(spec_of(resource).get("parentRefs")):
            for host in _hosts(parent, resource, view):
                key = (namespace_of(resource), number(parent.get("port")), host)
                owners.setdefault(key, resource)
                rules.setdefault(key, []).extend(_rules(resource, view.domain, known))
    for (namespace, port, host), found in rules.items():
        yield RouteObject(
            resource=owners[namespace, port, host],
            namespace=namespace,
            hosts=(host,),
            rules={"http": tuple(sorted(found, key=_precedence))},
            is_gateway_api=True,
            consumers="" if _is_of(host, namespace, view) else namespace,
            port=port,
        )


def attached(view: ClusterView) -> dict[str, list[Resource]]:
    """Give the routes by the hosts of the Services and ServiceEntries that they are for."""
    found: dict[str, list[Resource]] = {}
    for resource in sorted(_routes(view), key=age):
        for parent in mappings(spec_of(resource).get("parentRefs")):
            for host in _hosts(parent, resource, view):
                found.setdefault(host, []).append(resource)
    return found


def _routes(view: ClusterView) -> tuple[Resource, ...]:
    return view.of("HTTPRoute", GATEWAY_API) + view.of("GRPCRoute", GATEWAY_API)


def _is_of(host: str, namespace: str, view: ClusterView) -> bool:
    """Say whether a route is the producer's: in the namespace of its parent."""
    service = view.services_by_host.get(host)
    if service is not None:
        return service.namespace == namespace
    return host.endswith(f".{namespace}.svc.{view.domain}") or not host.endswith(view.domain)


def _hosts(parent: Mapping[str, Any], resource: Resource, view: ClusterView) -> Iterator[str]:
    name, namespace = parent.get("name"), parent.get("namespace") or namespace_of(resource)
    kind = (parent.get("group"), parent.get("kind"))
    if kind == ("", "Service"):
        yield f"{name}.{namespace}.svc.{view.domain}"
    elif kind == (ISTIO_NETWORKING, "ServiceEntry"):
        for entry in view.of("ServiceEntry", ISTIO_NETWORKING):
            if (entry.name, namespace_of(entry)) == (name, namespace):
                yield from strings(spec_of(entry).get("hosts"))


def _rules(resource: Resource, domain: str, known: frozenset[str]) -> Iterator[Rule]:
    read = _grpc_match if resource.kind == "GRPCRoute" else _http_match
    for index, rule in enumerate(mappings(spec_of(resource).get("rules"))):
        path = f"spec.rules[{index}]"
        matches: Sequence[Mapping[str, Any] | None] = mappings(rule.get("matches"))
        if not matches:
            matches = [{} if resource.kind == "HTTPRoute" else None]
        targets = tuple(_targets(rule, path, resource, domain, known))
        answer = _answer(rule) or ("" if targets else "500 as no backend has a weight")
        for number_, match in enumerate(matches):
            yield Rule(
                resource=resource,
                field=f"{path}.matches[{number_}]" if rule.get("matches") else path,
                name=str(rule.get("name") or ""),
                matches=() if match is None else (read(match),),
                targets=targets,
                answer=answer,
                extras=_extras(rule),
            )


def _precedence(rule: Rule) -> tuple[int, ...]:
    """Give the key by which the most specific rule stands first; without a match it stands last."""
    if not rule.matches:
        return (1,)
    match = rule.matches[0]
    uri = match.uri
    rank, length = (_RANKS.get(uri.way, 0), len(uri.value)) if uri else (-1, 0)
    return (0, -rank, -length, match.method is None, -len(match.headers), -len(match.query))


def _http_match(match: Mapping[str, Any]) -> Match:
    method = match.get("method")
    return Match(
        uri=_path(mapping(match.get("path"))),
        method=Text("exact", method) if isinstance(method, str) else None,
        headers=_fields(match.get("headers")),
        query=_fields(match.get("queryParams")),
    )


def _path(path: Mapping[str, Any]) -> Text:
    value = path.get("value", "/")
    text = value if isinstance(value, str) else "/"
    if path.get("type") == "Exact":
        return Text("exact", text)
    if path.get("type") == "RegularExpression":
        return Text("regex", text)
    return Text("segments", text if text == "/" else text.removesuffix("/"))


def _fields(value: Any) -> tuple[tuple[str, Text], ...]:
    """Give what headers or parameters must be; of one name twice the last one holds."""
    found = {
        str(each.get("name")): Text(
            "regex" if each.get("type") == "RegularExpression" else "exact",
            str(each.get("value", "")),
        )
        for each in mappings(value)
    }
    return tuple(found.items())


def _grpc_match(match: Mapping[str, Any]) -> Match:
    return Match(uri=_grpc_path(match.get("method")), headers=_fields(match.get("headers")))


def _grpc_path(value: Any) -> Text | None:
    if not isinstance(value, Mapping):
        return None
    service, method = value.get("service"), value.get("method")
    if value.get("type") == "RegularExpression":
        return Text("regex", f"/{service or '[^/]+'}/{method or '.+'}")
    if method is None:
        return Text("segments", f"/{service}/")
    if service is None:
        return Text("regex", f"/[^/]+/{method}")
    return Text("exact", f"/{service}/{method}")


def _targets(
    rule: Mapping[str, Any], path: str, resource: Resource, domain: str, known: frozenset[str]
) -> Iterator[Target]:
    for index, backend in enumerate(mappings(rule.get("backendRefs"))):
        weight = number(backend.get("weight", 1)) or 0
        if weight <= 0:
            continue
        host = _backend_host(backend, resource, domain)
        yield Target(
            host=host,
            port=number(backend.get("port")),
            weight=weight,
            field=f"{path}.backendRefs[{index}]",
            is_known=host in known,
        )


def _backend_host(backend: Mapping[str, Any], resource: Resource, domain: str) -> str:
    name, namespace = str(backend.get("name")), backend.get("namespace") or namespace_of(resource)
    kind = (backend.get("group", ""), backend.get("kind", "Service"))
    if kind == (ISTIO_NETWORKING, "Hostname"):
        return name.lower()
    if kind in (("", "Service"), (MCS, "ServiceImport")):
        return f"{name}.{namespace}.svc.{domain}"
    return f"{kind[1]} {namespace}/{name}"


def _answer(rule: Mapping[str, Any]) -> str:
    for each in mappings(rule.get("filters")):
        if each.get("type") == "RequestRedirect":
            redirect = mapping(each.get("requestRedirect"))
            place = redirect.get("hostname")
            code = number(redirect.get("statusCode")) or 302
            return f"{code} redirect" + (f" to {place}" if isinstance(place, str) else "")
    return ""


def _extras(rule: Mapping[str, Any]) -> Extras:
    timeouts, retry = mapping(rule.get("timeouts")), mapping(rule.get("retry"))
    mirrors = (
        mapping(each.get("requestMirror"))
        for each in mappings(rule.get("filters"))
        if each.get("type") == "RequestMirror"
    )
    return Extras(
        timeout=str(timeouts.get("request") or timeouts.get("backendRequest") or ""),
        retries=str(retry.get("attempts")) if "attempts" in retry else "",
        mirrors=tuple(_mirror(each) for each in mirrors),
    )


def _mirror(mirror: Mapping[str, Any]) -> str:
    percent = number(mirror.get("percent", 100))
    return f"{percent} % to {mapping(mirror.get('backendRef')).get('name')}"
