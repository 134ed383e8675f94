"""VirtualServices as routes.

Source: Istio's API reference, "Virtual Service", and ``pilot/pkg/networking/core/route``.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from krmfn.mesh_intent_expander.semantics.hosts import full_name
from krmfn.mesh_intent_expander.semantics.routes import (
    MESH,
    Extras,
    Match,
    RouteObject,
    Rule,
    Target,
)
from krmfn.mesh_intent_expander.semantics.strings import Text, read_text, read_texts
from krmfn.mesh_intent_expander.view import (
    ISTIO_NETWORKING,
    ClusterView,
    labels_in,
    mapping,
    mappings,
    namespace_of,
    number,
    spec_of,
    strings,
)
from krmfn.sdk import Resource

_MOVED = 301


def virtual_services(view: ClusterView) -> Iterator[RouteObject]:
    """Yield the VirtualServices that have hosts, those of their delegates built in."""
    objects = view.of("VirtualService", ISTIO_NETWORKING)
    delegates = {(namespace_of(each), each.name): each for each in objects}
    for resource in objects:
        if strings(spec_of(resource).get("hosts")):
            yield _read(resource, delegates, view.domain)


def _read(
    resource: Resource, delegates: Mapping[tuple[str, str], Resource], domain: str
) -> RouteObject:
    spec, namespace = spec_of(resource), namespace_of(resource)
    hosts = (full_name(host, namespace, domain) for host in strings(spec.get("hosts")))
    gateways = (_gateway(name, namespace) for name in strings(spec.get("gateways")))
    return RouteObject(
        resource=resource,
        namespace=namespace,
        hosts=tuple(host.lower() for host in hosts),
        gateways=tuple(gateways) or (MESH,),
        export_to=tuple(strings(spec.get("exportTo"))),
        rules={
            "http": tuple(_http(resource, delegates, domain)),
            "tls": tuple(_connections(resource, "tls", domain)),
            "tcp": tuple(_connections(resource, "tcp", domain)),
        },
    )


def _gateway(name: str, namespace: str) -> str:
    return name if name == MESH or "/" in name else f"{namespace}/{name}"


def _http(
    resource: Resource, delegates: Mapping[tuple[str, str], Resource], domain: str
) -> Iterator[Rule]:
    for index, value in enumerate(mappings(spec_of(resource).get("http"))):
        rule = _rule(resource, value, f"spec.http[{index}]", domain)
        delegate = value.get("delegate")
        if not isinstance(delegate, Mapping):
            yield rule
            continue
        key = (str(delegate.get("namespace") or namespace_of(resource)), str(delegate.get("name")))
        if (other := delegates.get(key)) is not None:
            for number_, below in enumerate(mappings(spec_of(other).get("http"))):
                leaf = _rule(other, below, f"spec.http[{number_}]", domain)
                if (merged := _delegated(rule, leaf)) is not None:
                    yield merged


def _delegated(root: Rule, leaf: Rule) -> Rule | None:
    """Give the rule of a delegate as far as its root lets it hold; None where they conflict."""
    if not root.matches or not leaf.matches:
        return replace(leaf, matches=root.matches or leaf.matches)
    both = (_both(one, other) for other in leaf.matches for one in root.matches)
    matches = tuple(match for match in both if match is not None)
    return replace(leaf, matches=matches) if matches else None


def _both(root: Match, leaf: Match) -> Match | None:
    pairs = ((getattr(root, name), getattr(leaf, name)) for name in _TEXTS)
    if any(not _is_narrower(one, other) for one, other in pairs):
        return None
    if root.ignore_case != leaf.ignore_case or (root.port and leaf.port and root.port != leaf.port):
        return None
    changes: dict[str, Any] = {name: getattr(leaf, name) or getattr(root, name) for name in _TEXTS}
    for name in ("headers", "without", "query"):
        changes[name] = getattr(root, name) + getattr(leaf, name)
    return replace(
        leaf,
        **changes,
        port=leaf.port or root.port,
        labels={**root.labels, **leaf.labels},
        namespace=leaf.namespace or root.namespace,
        gateways=leaf.gateways or root.gateways,
    )


_TEXTS = ("uri", "method", "scheme", "authority")


def _is_narrower(root: Text | None, leaf: Text | None) -> bool:
    if root is None or leaf is None:
        return True
    if root.way == "exact":
        return leaf == root
    return root.way == "prefix" and leaf.way != "regex" and leaf.value.startswith(root.value)


def _rule(resource: Resource, value: Mapping[str, Any], path: str, domain: str) -> Rule:
    targets = tuple(_targets(value.get("route"), path, namespace_of(resource), domain))
    abort = mapping(mapping(value.get("fault")).get("abort"))
    return Rule(
        resource=resource,
        field=path,
        name=str(value.get("name") or ""),
        matches=tuple(
            _match(match, namespace_of(resource)) for match in mappings(value.get("match"))
        ),
        targets=targets,
        answer=_answer(value),
        extras=_extras(value),
        percent_aborted=_percent(abort, "percentage") if abort else 0.0,
    )


def _match(value: Mapping[str, Any], namespace: str) -> Match:
    gateways = strings(value.get("gateways"))
    return Match(
        uri=read_text(value.get("uri")),
        ignore_case=value.get("ignoreUriCase") is True,
        method=read_text(value.get("method")),
        scheme=read_text(value.get("scheme")),
        authority=read_text(value.get("authority")),
        headers=read_texts(value.get("headers")),
        without=read_texts(value.get("withoutHeaders")),
        query=read_texts(value.get("queryParams")),
        port=number(value.get("port")) or None,
        labels=labels_in(value.get("sourceLabels")),
        namespace=str(value.get("sourceNamespace") or ""),
        gateways=tuple(_gateway(name, namespace) for name in gateways),
    )


def _targets(value: Any, path: str, namespace: str, domain: str) -> Iterator[Target]:
    """Yield the destinations; among several those of weight 0 get nothing."""
    routes = mappings(value)
    for index, route in enumerate(routes):
        destination = mapping(route.get("destination"))
        weight = number(route.get("weight")) or 0
        if len(routes) > 1 and weight <= 0:
            continue
        host = destination.get("host")
        yield Target(
            host=full_name(host if isinstance(host, str) else "", namespace, domain).lower(),
            port=number(mapping(destination.get("port")).get("number")),
            subset=str(destination.get("subset") or ""),
            weight=weight if len(routes) > 1 else 1,
            field=f"{path}.route[{index}]",
        )


def _connections(resource: Resource, layer: str, domain: str) -> Iterator[Rule]:
    for index, value in enumerate(mappings(spec_of(resource).get(layer))):
        path = f"spec.{layer}[{index}]"
        targets = tuple(_targets(value.get("route"), path, namespace_of(resource), domain))
        if targets:
            matches = map(_connection_match, mappings(value.get("match")))
            yield Rule(resource=resource, field=path, matches=tuple(matches), targets=targets)


def _connection_match(value: Mapping[str, Any]) -> Match:
    return Match(
        port=number(value.get("port")) or None,
        labels=labels_in(value.get("sourceLabels")),
        namespace=str(value.get("sourceNamespace") or ""),
        gateways=tuple(strings(value.get("gateways"))),
        server_names=tuple(name.lower() for name in strings(value.get("sniHosts"))),
        is_undecidable=bool(value.get("destinationSubnets")),
    )


def _answer(value: Mapping[str, Any]) -> str:
    redirect, direct = value.get("redirect"), value.get("directResponse")
    if isinstance(redirect, Mapping):
        code = number(redirect.get("redirectCode")) or _MOVED
        place = str(redirect.get("authority") or "") + str(redirect.get("uri") or "")
        return f"{code} redirect" + (f" to {place}" if place else "")
    if isinstance(direct, Mapping):
        return f"{number(direct.get('status')) or 200} direct response"
    return ""


def _extras(value: Mapping[str, Any]) -> Extras:
    retries, rewrite = mapping(value.get("retries")), mapping(value.get("rewrite"))
    return Extras(
        fault=" and ".join(_faults(mapping(value.get("fault")))),
        mirrors=tuple(_mirrors(value)),
        rewrite=_joined(rewrite.get("authority"), rewrite.get("uri")),
        timeout=str(value.get("timeout") or ""),
        retries=str(retries.get("attempts")) if "attempts" in retries else "",
    )


def _joined(*parts: object) -> str:
    return "".join(part for part in parts if isinstance(part, str))


def _faults(fault: Mapping[str, Any]) -> Iterable[str]:
    if delay := mapping(fault.get("delay")):
        yield f"{_percent(delay, 'percentage'):g} % delayed by {delay.get('fixedDelay')}"
    if abort := mapping(fault.get("abort")):
        code = abort.get("httpStatus", abort.get("grpcStatus"))
        yield f"{_percent(abort, 'percentage'):g} % aborted with {code}"


def _mirrors(value: Mapping[str, Any]) -> Iterator[str]:
    if mirror := mapping(value.get("mirror")):
        yield f"{_percent(value, 'mirrorPercentage'):g} % to {mirror.get('host')}"
    for mirror in mappings(value.get("mirrors")):
        host = mapping(mirror.get("destination")).get("host")
        yield f"{_percent(mirror, 'percentage'):g} % to {host}"


def _percent(value: Mapping[str, Any], key: str) -> float:
    found = mapping(value.get(key)).get("value", 100)
    return float(found) if isinstance(found, int | float) else 100.0
