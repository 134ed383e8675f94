"""ServiceEntry: services that clients find without endpoint discovery.

Clients get the endpoints of all clusters that they may use; the gateway of a server cluster gets
those of its own cluster, under the same host and ports, since both are part of the name by which
TLS asks for the service. Both have the same address: what is TCP, or sniffed, needs one.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from ipaddress import ip_address
from typing import Any

from krmfn.mesh_intent_expander.plan.common import Emitted
from krmfn.mesh_intent_expander.plan.destinations import shortened
from krmfn.mesh_intent_expander.plan.discovery import Discovered, Endpoint, Reach
from krmfn.mesh_intent_expander.view import Port


def service_entries(discovered: Iterable[Discovered]) -> Iterator[Emitted]:
    """Yield the ServiceEntries of federated services: for clients, then for gateways."""
    for each in discovered:
        yield from _for_clients(each)
        yield from _for_gateways(each)


def _for_clients(each: Discovered) -> Iterator[Emitted]:
    name = shortened(f"{each.service.name}-global")
    for reach in each.reaches:
        if reach.endpoints:
            endpoints = _ranked(each, reach)
            body = _body(name, each.service.namespace, _spec(each, endpoints))
            yield Emitted(body, reach.clusters, "destinations", each.by)


def _ranked(each: Discovered, reach: Reach) -> tuple[Endpoint, ...]:
    """Give the endpoints; localities beside ``failoverPriority`` crash istiod (istio#61857)."""
    policies = [each.policy[cluster] for cluster in reach.clusters if cluster in each.policy]
    if reach.ranks_by_locality or not any(policy.failover_priority for policy in policies):
        return reach.endpoints
    return tuple(replace(endpoint, locality="") for endpoint in reach.endpoints)


def _for_gateways(each: Discovered) -> Iterator[Emitted]:
    name = shortened(f"{each.service.name}.{each.service.namespace}")
    for offer in each.offers:
        spec = {**_spec(each, [offer.endpoint]), "exportTo": ["."]}
        body = _body(name, offer.namespace, spec)
        yield Emitted(body, (offer.cluster,), "exposure", each.by)


def _body(name: str, namespace: str, spec: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "apiVersion": "networking.istio.io/v1",
        "kind": "ServiceEntry",
        "metadata": {"name": name, "namespace": namespace},
        "spec": spec,
    }


def _spec(each: Discovered, endpoints: Iterable[Endpoint]) -> dict[str, Any]:
    ports = [port for port in each.ports if port.protocol != "udp"]
    spec: dict[str, Any] = {
        "hosts": [each.hostname],
        **({"addresses": [each.vip]} if each.vip else {}),
        "location": "MESH_INTERNAL",
        "resolution": "STATIC" if all(_is_ip(e.address) for e in endpoints) else "DNS",
        "ports": [_port(port) for port in ports],
        "endpoints": [_endpoint(endpoint, ports) for endpoint in endpoints],
    }
    if each.sans:
        spec["subjectAltNames"] = list(each.sans)
    return spec


def _port(port: Port) -> dict[str, Any]:
    """Give a port; one whose protocol is sniffed says none."""
    protocol = {"protocol": port.protocol.upper()} if port.protocol else {}
    return {"number": port.number, "name": _name(port), **protocol}


def _name(port: Port) -> str:
    return port.name or f"port-{port.number}"


def _endpoint(endpoint: Endpoint, ports: Iterable[Port]) -> dict[str, Any]:
    found: dict[str, Any] = {
        "address": endpoint.address,
        "ports": {_name(port): endpoint.port or port.number for port in ports},
    }
    if endpoint.locality:
        found["locality"] = endpoint.locality
    return {**found, "labels": dict(sorted(endpoint.labels.items()))}


def _is_ip(address: str) -> bool:
    try:
        ip_address(address)
    except ValueError:
        return False
    return True
