"""What VirtualServices say, as far as several rules read it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from krmfn.mesh_intent_expander.analysis.reading import items, text
from krmfn.mesh_intent_expander.view import (
    ISTIO_NETWORKING,
    ClusterView,
    mapping,
    number,
    spec_of,
    strings,
)
from krmfn.sdk import Resource

MESH = "mesh"
"""The gateway that stands for the sidecars."""

ROUTE_KINDS = ("http", "tls", "tcp")


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a route or a mirror leads.

    Attributes:
        field: its path in the VirtualService.
        mirror: whether it gets a copy of the requests only.
        port: None when no port is named.
    """

    field: str
    mirror: bool
    host: str
    port: int | None
    subset: str


def virtual_services(view: ClusterView) -> tuple[Resource, ...]:
    """Give the VirtualServices of a cluster."""
    return view.of("VirtualService", ISTIO_NETWORKING)


def gateways_of(virtual_service: Resource) -> list[str]:
    """Give the gateways as they are written: none stand for the mesh alone."""
    return strings(spec_of(virtual_service).get("gateways"))


def gateway_name(written: str, namespace: str) -> tuple[str, str]:
    """Give namespace and name of a gateway: of the given namespace when it names none."""
    own, slash, name = written.partition("/")
    return (own, name) if slash else (namespace, written)


def is_in_mesh(virtual_service: Resource) -> bool:
    """Say whether sidecars take the VirtualService's routes."""
    gateways = gateways_of(virtual_service)
    return not gateways or MESH in gateways


def destinations(virtual_service: Resource) -> Iterator[Destination]:
    """Yield all destinations: those of routes, then those of mirrors."""
    spec = spec_of(virtual_service)
    for kind in ROUTE_KINDS:
        for path, rule in items(spec.get(kind), f"spec.{kind}"):
            yield from route_destinations(rule, path)
    for path, rule in items(spec.get("http"), "spec.http"):
        if isinstance(rule.get("mirror"), Mapping):
            yield _destination(rule["mirror"], f"{path}.mirror", mirror=True)
        for inner, each in items(rule.get("mirrors"), f"{path}.mirrors"):
            yield _destination(each.get("destination"), f"{inner}.destination", mirror=True)


def route_destinations(rule: Mapping[str, Any], path: str) -> Iterator[Destination]:
    """Yield the destinations of one rule's routes."""
    for inner, route in items(rule.get("route"), f"{path}.route"):
        yield _destination(route.get("destination"), f"{inner}.destination", mirror=False)


def _destination(value: Any, path: str, *, mirror: bool) -> Destination:
    said = mapping(value)
    port = said.get("port")
    return Destination(
        field=path,
        mirror=mirror,
        host=text(said.get("host")),
        port=(number(port.get("number")) or 0) if isinstance(port, Mapping) else None,
        subset=text(said.get("subset")),
    )
