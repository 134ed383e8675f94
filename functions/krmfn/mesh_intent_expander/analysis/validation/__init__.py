"""Istio's own validation of its kinds: what it refuses, and what it accepts with a warning."""

from collections.abc import Callable
from typing import Any

from krmfn.mesh_intent_expander.analysis.validation import (
    authentication,
    authorization_policy,
    destination_rule,
    envoy_filter,
    extensions,
    gateway,
    proxy_config,
    service_entry,
    sidecar,
    telemetry,
    virtual_service,
    workload_entry,
    workload_group,
)
from krmfn.mesh_intent_expander.analysis.validation.decoding import read
from krmfn.mesh_intent_expander.analysis.validation.faults import (
    ADMISSION,
    ERROR,
    Fault,
    Faults,
    Spec,
)
from krmfn.mesh_intent_expander.view import (
    ISTIO_EXTENSIONS,
    ISTIO_NETWORKING,
    ISTIO_SECURITY,
    ISTIO_TELEMETRY,
)
from krmfn.sdk import Resource

KINDS: dict[tuple[str, str], Callable[[Spec, Resource], Faults]] = {
    (ISTIO_EXTENSIONS, "TrafficExtension"): extensions.check_traffic_extension,
    (ISTIO_EXTENSIONS, "WasmPlugin"): extensions.check_wasm_plugin,
    (ISTIO_NETWORKING, "DestinationRule"): destination_rule.check,
    (ISTIO_NETWORKING, "EnvoyFilter"): envoy_filter.check,
    (ISTIO_NETWORKING, "Gateway"): gateway.check,
    (ISTIO_NETWORKING, "ProxyConfig"): proxy_config.check,
    (ISTIO_NETWORKING, "ServiceEntry"): service_entry.check,
    (ISTIO_NETWORKING, "Sidecar"): sidecar.check,
    (ISTIO_NETWORKING, "VirtualService"): virtual_service.check,
    (ISTIO_NETWORKING, "WorkloadEntry"): workload_entry.check,
    (ISTIO_NETWORKING, "WorkloadGroup"): workload_group.check,
    (ISTIO_SECURITY, "AuthorizationPolicy"): authorization_policy.check,
    (ISTIO_SECURITY, "PeerAuthentication"): authentication.check_peer,
    (ISTIO_SECURITY, "RequestAuthentication"): authentication.check_request,
    (ISTIO_TELEMETRY, "Telemetry"): telemetry.check,
}
"""What checks the objects of a kind, by group and kind."""


def faults_of(resource: Resource) -> list[Fault]:
    """Give what is wrong in one object of Istio; nothing for an object of another kind.

    An object that Istio cannot read is not checked further. What only the API server refuses is
    not told of a field of which Istio has something to say.
    """
    check = KINDS.get((resource.group, resource.kind))
    if check is None:
        return []
    spec, faults = read(resource.kind, _spec(resource), "spec")
    if all(fault.code is not ERROR for fault in faults):
        faults += check(spec, resource)
    told = {fault.path for fault in faults if fault.code is ERROR}
    return [fault for fault in faults if fault.code is not ADMISSION or fault.path not in told]


def _spec(resource: Resource) -> Any:
    return resource.body.get("spec")
