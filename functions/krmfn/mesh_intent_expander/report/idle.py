"""What is written but never used: subsets without a route, weights of 0, exports without users."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from krmfn.mesh_intent_expander.intents.report import Dead, DeadThing
from krmfn.mesh_intent_expander.plan.common import ServiceKey
from krmfn.mesh_intent_expander.plan.discovery import Discovered
from krmfn.mesh_intent_expander.report.reaching import named
from krmfn.mesh_intent_expander.semantics.hosts import full_name
from krmfn.mesh_intent_expander.view import (
    GATEWAY_API,
    ISTIO_NETWORKING,
    Fleet,
    mapping,
    mappings,
    namespace_of,
    number,
    spec_of,
)
from krmfn.sdk import Resource

_LAYERS = ("http", "tls", "tcp")
_MOST_CLUSTERS = 5
_Destination = tuple[str, Mapping[str, Any], bool]


def idle_things(
    fleet: Fleet, discovered: Sequence[Discovered], moving: Collection[ServiceKey] = ()
) -> Iterator[Dead]:
    """Yield what nobody uses; the same thing of several clusters once.

    A subset counts as used where any cluster routes to it, since gateways must know it too; and so
    does one of a service that moves, since steps before or after this one route to it.
    """
    routes = _distinct(fleet, "VirtualService", ISTIO_NETWORKING)
    read = [(route, list(_destinations(route))) for route in routes]
    domain = next((view.domain for view in fleet.views.values()), "")
    used = {_subset(each, route, domain) for route, found in read for _, each, _ in found}
    kept = {f"{name}.{namespace}.svc.{domain}" for namespace, name in moving}
    kept |= {each.hostname for each in discovered if each.service in moving}
    found = dict.fromkeys((*_subsets(fleet, used, kept, domain), *_weightless(fleet, read)))
    for what, at, where, why in sorted(found):
        yield Dead(what=what, at=at, field=where, why=why, clusters=_clusters(fleet, at))
    for each in discovered:
        is_used = any(client != server for client in each.clients for server in each.servers)
        if len(fleet.views) > 1 and not is_used:
            yield Dead(
                what="export",
                at=named(each.by),
                field="spec.consumers",
                why=f"no other cluster uses {'/'.join(each.service)}, which it exports",
                clusters=each.servers[:_MOST_CLUSTERS],
            )


_Idle = tuple[DeadThing, str, str, str]


def _subsets(
    fleet: Fleet, used: set[tuple[str, str]], kept: set[str], domain: str
) -> Iterator[_Idle]:
    for rule in _distinct(fleet, "DestinationRule", ISTIO_NETWORKING):
        host = _host(spec_of(rule).get("host"), rule, domain)
        for index, subset in enumerate(mappings(spec_of(rule).get("subsets"))):
            name = str(subset.get("name"))
            if (host, name) not in used and host not in kept:
                why = f'no route leads to subset "{name}" of {host}'
                yield "subset", named(rule), f"spec.subsets[{index}]", why


def _weightless(
    fleet: Fleet, read: Iterable[tuple[Resource, list[_Destination]]]
) -> Iterator[_Idle]:
    why = "its weight is 0: it gets no requests"
    for route, found in read:
        for where, each, has_others in found:
            if has_others and not number(each.get("weight")):
                yield "weight-zero", named(route), where, why
    for kind in ("HTTPRoute", "GRPCRoute"):
        for route in _distinct(fleet, kind, GATEWAY_API):
            for index, rule in enumerate(mappings(spec_of(route).get("rules"))):
                for place, each in enumerate(mappings(rule.get("backendRefs"))):
                    if each.get("weight") == 0:
                        where = f"spec.rules[{index}].backendRefs[{place}]"
                        yield "weight-zero", named(route), where, why


def _distinct(fleet: Fleet, kind: str, group: str) -> list[Resource]:
    """Give the objects of a kind; what is shared among clusters once."""
    found = (each for view in fleet.views.values() for each in view.of(kind, group))
    return list({id(each.body): each for each in found}.values())


def _destinations(route: Resource) -> Iterator[_Destination]:
    """Yield where each destination of a VirtualService stands, and whether it is one of several."""
    for layer in _LAYERS:
        for index, rule in enumerate(mappings(spec_of(route).get(layer))):
            shares = mappings(rule.get("route"))
            for place, each in enumerate(shares):
                yield f"spec.{layer}[{index}].route[{place}]", each, len(shares) > 1
            for each in mappings([rule.get("mirror")]):
                yield "", {"destination": each}, False
            for each in mappings(rule.get("mirrors")):
                yield "", each, False


def _subset(each: Mapping[str, Any], route: Resource, domain: str) -> tuple[str, str]:
    destination = mapping(each.get("destination"))
    return _host(destination.get("host"), route, domain), str(destination.get("subset"))


def _host(value: object, resource: Resource, domain: str) -> str:
    name = value if isinstance(value, str) else ""
    return full_name(name, namespace_of(resource), domain).lower()


def _clusters(fleet: Fleet, at: str) -> tuple[str, ...]:
    """Give some clusters that have an object of this name."""
    kind = at.partition(" ")[0]
    group = GATEWAY_API if kind in ("HTTPRoute", "GRPCRoute") else ISTIO_NETWORKING
    having = (
        name
        for name, view in fleet.views.items()
        if name and any(named(each) == at for each in view.of(kind, group))
    )
    return tuple(cluster for cluster, _ in zip(having, range(_MOST_CLUSTERS), strict=False))
