"""ServiceEntry.

Source: Istio's ``ValidateServiceEntry``, and the rules of its CustomResourceDefinition.
"""

from collections.abc import Sequence

from krmfn.mesh_intent_expander.analysis.validation.addresses import ip_or_cidr, is_ip
from krmfn.mesh_intent_expander.analysis.validation.domains import (
    fqdn,
    label,
    partial_wildcard,
    wildcard_domain,
)
from krmfn.mesh_intent_expander.analysis.validation.faults import (
    ADMISSION,
    ERROR,
    WARNING,
    Fault,
    Faults,
    Spec,
    at_most_one,
    refuse,
)
from krmfn.mesh_intent_expander.analysis.validation.labels import labels, selector
from krmfn.mesh_intent_expander.analysis.validation.ports import (
    HTTP,
    TCP,
    TLS,
    port_number,
    protocol,
)
from krmfn.mesh_intent_expander.analysis.validation.visibility import export_to
from krmfn.mesh_intent_expander.analysis.validation.workload_entry import (
    endpoint_ports,
    workload_entry,
)
from krmfn.mesh_intent_expander.view import namespace_of
from krmfn.sdk import Resource

_DYNAMIC = frozenset({"http", "tls", "grpc", "http2"})
_WAYPOINT = "istio.io/use-waypoint"


def check(spec: Spec, resource: Resource) -> Faults:
    """Check one ServiceEntry."""
    chosen = list(selector("spec.workloadSelector", spec.get("workloadSelector"), "labels"))
    yield from chosen
    if any(fault.code is ERROR for fault in chosen):
        return
    yield from at_most_one("spec", spec, "workloadSelector endpoints")
    resolution = spec.get("resolution") or "NONE"
    yield from _hosts(spec.get("hosts") or (), resolution)
    yield from _addresses(spec.get("addresses") or (), resolution)
    yield from _ports(spec, resolution)
    if resolution == "NONE":
        yield from _unresolved(spec)
    elif resolution == "STATIC":
        names = _port_names(spec)
        for number, each in enumerate(spec.get("endpoints") or ()):
            yield from workload_entry(f"spec.endpoints[{number}]", each, names, may_be_name=False)
    elif resolution == "DYNAMIC_DNS":
        yield from _dynamic(spec, resource)
    else:
        yield from _resolved(spec, resolution)
    yield from _told_apart(spec, resolution)
    exported = spec.get("exportTo") or ()
    namespace = namespace_of(resource)
    yield from export_to("spec.exportTo", exported, namespace, may_be_nobody=True)


def _hosts(hosts: Sequence[str], resolution: str) -> Faults:
    if not hosts:
        yield Fault("spec.hosts", "must have at least one host")
    for number, host in enumerate(hosts):
        path = f"spec.hosts[{number}]"
        if host == "*":
            yield Fault(path, 'must be a host, but is "*"')
            continue
        yield from refuse(path, wildcard_domain(host))
        if resolution != "DYNAMIC_DNS":
            yield from refuse(path, partial_wildcard(host), WARNING)


def _addresses(addresses: Sequence[str], resolution: str) -> Faults:
    for number, address in enumerate(addresses):
        path = f"spec.addresses[{number}]"
        yield from refuse(path, ip_or_cidr(address))
        if "/" in address and resolution not in ("NONE", "STATIC"):
            said = f'must be an IP address in the resolution {resolution}, but is "{address}"'
            yield Fault(path, said)


def _ports(spec: Spec, resolution: str) -> Faults:
    names: set[str] = set()
    numbers: set[int] = set()
    for index, port in enumerate(spec.get("ports") or ()):
        path = f"spec.ports[{index}]"
        name, number = port.get("name") or "", port.get("number") or 0
        if name in names:
            yield Fault(f"{path}.name", f'must be there once, but "{name}" is there again')
        if number in numbers:
            yield Fault(f"{path}.number", f"must be there once, but {number} is there again")
        names.add(name)
        numbers.add(number)
        yield from refuse(f"{path}.name", label(name))
        yield from refuse(f"{path}.number", port_number(number))
        if target := port.get("targetPort"):
            yield from refuse(f"{path}.targetPort", port_number(target))
        spoken = port.get("protocol") or ""
        if spoken:
            yield from refuse(f"{path}.protocol", protocol(spoken))
        if resolution == "NONE" and not spec.get("addresses") and spoken in ("", "TCP"):
            said = "must stand beside `spec.addresses`, for TCP is told apart by address only"
            yield Fault(path, said, WARNING)


def _unresolved(spec: Spec) -> Faults:
    if spec.get("endpoints"):
        yield Fault("spec.endpoints", "must be left out in the resolution NONE")
    if spec.get("workloadSelector") is not None:
        said = "must be left out in the resolution NONE"
        yield Fault("spec.workloadSelector", said, WARNING)


def _resolved(spec: Spec, resolution: str) -> Faults:
    hosts, endpoints = spec.get("hosts") or (), spec.get("endpoints") or ()
    if not endpoints:
        for number, host in enumerate(hosts):
            yield from refuse(f"spec.hosts[{number}]", fqdn(host))
    if resolution == "DNS_ROUND_ROBIN" and len(endpoints) > 1:
        said = f"must have at most one in the resolution {resolution}, but has {len(endpoints)}"
        yield Fault("spec.endpoints", said)
    names = _port_names(spec)
    for number, each in enumerate(endpoints):
        path = f"spec.endpoints[{number}]"
        if not is_ip(address := each.get("address") or ""):
            yield from refuse(f"{path}.address", fqdn(address))
        yield from labels(f"{path}.labels", each.get("labels"))
        yield from endpoint_ports(path, each, names)
    has_tcp = any((port.get("protocol") or "").lower() in TCP for port in spec.get("ports") or ())
    if has_tcp and spec.get("addresses") and len(hosts) > 1:
        said = "must be only one beside `spec.addresses` and a port of TCP"
        yield Fault("spec.hosts", said, WARNING)


def _dynamic(spec: Spec, resource: Resource) -> Faults:
    for number, host in enumerate(spec.get("hosts") or ()):
        if not host.startswith("*"):
            said = f'must begin with "*" in the resolution DYNAMIC_DNS, but is "{host}"'
            yield Fault(f"spec.hosts[{number}]", said)
    for field in ("addresses", "endpoints"):
        if spec.get(field):
            yield Fault(f"spec.{field}", "must be left out in the resolution DYNAMIC_DNS")
    for index, port in enumerate(spec.get("ports") or ()):
        if (spoken := (port.get("protocol") or "").lower()) not in _DYNAMIC:
            said = "must be HTTP, HTTP2, GRPC or TLS in the resolution DYNAMIC_DNS"
            yield Fault(f"spec.ports[{index}].protocol", f'{said}, but is "{spoken}"')
    waypoint = resource.labels.get(_WAYPOINT, "none")
    if spec.get("location") == "MESH_INTERNAL" and waypoint.lower() not in ("", "none"):
        said = f"must be MESH_EXTERNAL in the resolution DYNAMIC_DNS beside the label {_WAYPOINT}"
        yield Fault("spec.location", said, ADMISSION)


def _told_apart(spec: Spec, resolution: str) -> Faults:
    if resolution == "NONE" or len(spec.get("hosts") or ()) < 2:
        return
    for index, port in enumerate(spec.get("ports") or ()):
        if (port.get("protocol") or "").lower() not in HTTP | TLS:
            said = "must be HTTP or TLS, by which several hosts can be told apart"
            yield Fault(f"spec.ports[{index}].protocol", said)
            return


def _port_names(spec: Spec) -> frozenset[str]:
    return frozenset(port.get("name") or "" for port in spec.get("ports") or ())
