"""What is behind an east-west gateway for a host, and why it may be nothing.

Source: ``builtAutoPassthroughFilterChains`` of Istio's ``pilot/pkg/networking/core/gateway.go``: a
gateway knows the hosts, ports and subsets of its own control plane, by the server name that clients
send, and has only endpoints of its network that speak mutual TLS.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from krmfn.mesh_intent_expander.semantics.destinations import NO_POLICY, Policy
from krmfn.mesh_intent_expander.semantics.endpoints import Endpoint, Endpoints
from krmfn.mesh_intent_expander.semantics.hosts import covers
from krmfn.mesh_intent_expander.semantics.locality import priorities, setting_of
from krmfn.mesh_intent_expander.semantics.ordering import is_exported
from krmfn.mesh_intent_expander.semantics.registry import Host
from krmfn.mesh_intent_expander.semantics.world import ControlPlane, Entrance, World
from krmfn.mesh_intent_expander.topology import NETWORK
from krmfn.mesh_intent_expander.view import (
    GATEWAY_API,
    ISTIO_NETWORKING,
    Port,
    labels_in,
    mapping,
    mappings,
    selects,
    spec_of,
    strings,
)
from krmfn.sdk import Resource

GLOBAL = "istio.io/global"
_PASSTHROUGH_PORT = 15443


Lack = Literal["", "exposure", "port", "subset", "mtls", "locality"]
"""What is missing where a gateway leads nowhere."""


@dataclass(frozen=True, slots=True)
class Crossing:
    """What a gateway leads to.

    Attributes:
        problem: why it leads nowhere, "" when it leads somewhere.
        resource, field: what decides that.
        lack: what is missing.
    """

    endpoints: tuple[Endpoint, ...] = ()
    problem: str = ""
    resource: Resource | None = None
    field: str = ""
    lack: Lack = ""


def cross(endpoints: Endpoints, entrance: Entrance, name: str, port: int, subset: str) -> Crossing:
    """Give what a gateway has for the server name of a host, port and subset ("" for none)."""
    plane = endpoints.world.plane(entrance.cluster)
    exposing, where = _exposing(endpoints.world, plane, entrance, name)
    if not where:
        problem = f"no Gateway with AUTO_PASSTHROUGH exposes {name} in {_shown(entrance.cluster)}"
        return Crossing(problem=problem, lack="exposure")
    host = _known(plane, entrance, name)
    if host is None or (own := host.port(port)) is None:
        missing = f"{name}:{port} is not known to the gateway of {_shown(entrance.cluster)}"
        return Crossing((), missing, host.resource if host else exposing, "spec.ports", "port")
    rule = plane.rules.of(host, name, entrance.gateway.namespace, {})
    if subset and (rule is None or subset not in rule.subsets):
        problem = f'subset "{subset}" is not known to the gateway of {_shown(entrance.cluster)}'
        return Crossing((), problem, rule.resources[0] if rule else None, "spec.subsets", "subset")
    policy = rule.policy_for(port, subset) if rule else NO_POLICY
    wanted = rule.labels_of(subset) if rule and subset else {}
    behind = _behind(endpoints, entrance, host, own, wanted, policy)
    if not behind:
        problem = f"the gateway of {_shown(entrance.cluster)} has no endpoint with mutual TLS"
        return Crossing((), problem, host.resource, lack="mtls")
    found = tuple(_preferred(endpoints, entrance, behind, policy))
    if not found:
        problem = f"`distribute` leaves the gateway of {_shown(entrance.cluster)} no endpoint"
        by = rule.resources[0] if rule else None
        return Crossing((), problem, by, "spec.trafficPolicy", "locality")
    return Crossing(found, resource=exposing, field=where)


def cross_ambient(world: World, entrance: Entrance, name: str) -> Crossing:
    """Say whether a gateway of ambient lets a host be reached: it must be global there."""
    plane = world.plane(entrance.cluster)
    gateways = (
        each
        for each in plane.config.of("Gateway", GATEWAY_API)
        if spec_of(each).get("gatewayClassName") == "istio-east-west"
    )
    gateway = next(gateways, None)
    if gateway is None:
        problem = f"no Gateway of class istio-east-west is in {_shown(entrance.cluster)}"
        return Crossing(problem=problem)
    service = world.fleet[entrance.cluster].services_by_host.get(name)
    if service is None or service.labels.get(GLOBAL) != "true":
        problem = f"{name} must have the label {GLOBAL} in {_shown(entrance.cluster)}"
        return Crossing((), problem, service.resource if service else None, "metadata.labels")
    return Crossing(resource=gateway, field="spec.listeners")


def _shown(cluster: str) -> str:
    return f'cluster "{cluster}"' if cluster else "this cluster"


def _exposing(
    world: World, plane: ControlPlane, entrance: Entrance, name: str
) -> tuple[Resource | None, str]:
    """Give what exposes a host and where it says so; "" when nothing does.

    Where the base layer is not in the package and tells of no gateway, it is taken to expose all.
    """
    servers = [*_servers(plane, entrance), *_listeners(plane, entrance)]
    for resource, path, hosts in servers:
        if any(covers(host.rpartition("/")[2], name) for host in hosts):
            return resource, path
    if not servers and not world.mesh.base_layer:
        return None, "assumed"
    return None, ""


def _servers(plane: ControlPlane, entrance: Entrance) -> Iterator[tuple[Resource, str, list[str]]]:
    for resource in plane.config.of("Gateway", ISTIO_NETWORKING):
        spec = spec_of(resource)
        if not selects(labels_in(spec.get("selector")), entrance.gateway.selector):
            continue
        for index, server in enumerate(mappings(spec.get("servers"))):
            if mapping(server.get("tls")).get("mode") == "AUTO_PASSTHROUGH":
                yield resource, f"spec.servers[{index}].hosts", strings(server.get("hosts"))


def _listeners(
    plane: ControlPlane, entrance: Entrance
) -> Iterator[tuple[Resource, str, list[str]]]:
    for resource in plane.config.of("Gateway", GATEWAY_API):
        spec, network = spec_of(resource), resource.labels.get(NETWORK)
        if spec.get("gatewayClassName") != "istio" or network != entrance.network:
            continue
        for index, listener in enumerate(mappings(spec.get("listeners"))):
            if _is_passthrough(listener):
                host = listener.get("hostname")
                hosts = [host if isinstance(host, str) else "*"]
                yield resource, f"spec.listeners[{index}].hostname", hosts


def _is_passthrough(listener: Mapping[str, Any]) -> bool:
    tls = mapping(listener.get("tls"))
    protocol = mapping(tls.get("options")).get("gateway.istio.io/listener-protocol")
    if protocol == "auto-passthrough":
        return True
    return tls.get("mode") == "Passthrough" and listener.get("port") == _PASSTHROUGH_PORT


def _known(plane: ControlPlane, entrance: Entrance, name: str) -> Host | None:
    namespace = entrance.gateway.namespace
    for host in plane.registry.find(name):
        is_inside = host.service is not None or not host.is_external
        if is_inside and is_exported(host.export_to, host.namespace, namespace):
            return host
    return None


def _behind(
    endpoints: Endpoints,
    entrance: Entrance,
    host: Host,
    port: Port,
    wanted: Mapping[str, str],
    policy: Policy,
) -> list[Endpoint]:
    """Give the endpoints of its network that the gateway may lead to."""
    plane = endpoints.world.plane(entrance.cluster)
    return [
        each
        for each in endpoints.of(plane, host, port)
        if selects(wanted, each.labels)
        and (each.address or each.network == entrance.network)
        and speaks_mtls(plane, host, each, policy)
    ]


def _preferred(
    endpoints: Endpoints, entrance: Entrance, behind: list[Endpoint], policy: Policy
) -> Iterator[Endpoint]:
    """Yield the pods to which the gateway's own locality setting leaves requests."""
    ranked = priorities(
        setting_of(policy, None),
        fails_over=False,
        client=(endpoints.world.clusters[entrance.cluster].locality, {}),
        endpoints=[(each.locality, each.labels) for each in behind],
    )
    for endpoint, priority in zip(behind, ranked, strict=True):
        if priority is None:
            continue
        if endpoint.workload is not None:
            yield endpoint
        else:
            yield from endpoints.behind(entrance.cluster, endpoint.address, endpoint.port or 0)


def speaks_mtls(plane: ControlPlane, host: Host, endpoint: Endpoint, policy: Policy) -> bool:
    """Say whether a control plane takes an endpoint for one that speaks mutual TLS.

    Source: ``checkMtlsEnabled`` of Istio's ``pilot/pkg/xds/endpoints/mtls_checker.go``.
    """
    if endpoint.data_plane == "none":
        return False
    if policy.mtls:
        return policy.mtls == "ISTIO_MUTUAL"
    namespace = endpoint.workload.namespace if endpoint.workload else host.namespace
    mode = plane.peers.of_workload(namespace, endpoint.labels, endpoint.port)
    return mode.mode != "DISABLE"
