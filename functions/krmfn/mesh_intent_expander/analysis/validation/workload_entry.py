"""WorkloadEntry, and the endpoints of a ServiceEntry.

Source: Istio's ``ValidateWorkloadEntry``, and the rules of its CustomResourceDefinition.
"""

from krmfn.mesh_intent_expander.analysis.validation.addresses import UNIX, ip, is_ip, socket_path
from krmfn.mesh_intent_expander.analysis.validation.domains import fqdn, label
from krmfn.mesh_intent_expander.analysis.validation.faults import (
    ADMISSION,
    WARNING,
    Fault,
    Faults,
    Spec,
    refuse,
)
from krmfn.mesh_intent_expander.analysis.validation.labels import labels
from krmfn.mesh_intent_expander.analysis.validation.ports import port_number
from krmfn.sdk import Resource

_LONGEST_NAME = 62


def check(spec: Spec, _resource: Resource) -> Faults:
    """Check one WorkloadEntry."""
    return workload_entry("spec", spec, None, may_be_name=True)


def workload_entry(
    path: str, entry: Spec, ports: frozenset[str] | None, *, may_be_name: bool
) -> Faults:
    """Check an address with its ports.

    Args:
        path: of the entry.
        entry: what is checked.
        ports: the names of the service's ports; None when the service is not known.
        may_be_name: whether the address may be a domain name.
    """
    address = entry.get("address") or ""
    if not address:
        if not entry.get("network"):
            yield Fault(f"{path}.address", "must be given")
            return
        yield Fault(f"{path}.address", "must be given even beside `network`", WARNING)
    elif address.startswith(UNIX):
        yield from refuse(f"{path}.address", socket_path(address.removeprefix(UNIX)))
        if entry.get("ports"):
            yield Fault(f"{path}.ports", "must be left out beside a Unix domain socket")
        if ports is not None and len(ports) != 1:
            said = f"must stand beside one port only in `spec.ports`, but there are {len(ports)}"
            yield Fault(f"{path}.address", said)
    elif not is_ip(address):
        yield from refuse(f"{path}.address", fqdn(address) if may_be_name else ip(address))
    yield from endpoint_ports(path, entry, ports)
    yield from labels(f"{path}.labels", entry.get("labels"))


def endpoint_ports(path: str, entry: Spec, ports: frozenset[str] | None) -> Faults:
    """Check the ports of an address, which are named like those of its service."""
    for name, number in (entry.get("ports") or {}).items():
        if ports is not None and name not in ports:
            yield Fault(f"{path}.ports", f'must name ports of `spec.ports`, but has "{name}"')
        yield from refuse(f"{path}.ports", label(name))
        yield from refuse(f"{path}.ports", port_number(number))
        if len(name) > _LONGEST_NAME:
            said = f"must have names of at most {_LONGEST_NAME} characters"
            yield Fault(f"{path}.ports", said, ADMISSION)
