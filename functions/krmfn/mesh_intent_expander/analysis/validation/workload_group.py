"""WorkloadGroup.

Source: Istio's ``ValidateWorkloadGroup``, and the rules of its CustomResourceDefinition.
"""

import re

from krmfn.mesh_intent_expander.analysis.validation.addresses import UNIX, socket_path
from krmfn.mesh_intent_expander.analysis.validation.domains import label
from krmfn.mesh_intent_expander.analysis.validation.faults import (
    ADMISSION,
    Fault,
    Faults,
    Spec,
    refuse,
)
from krmfn.mesh_intent_expander.analysis.validation.labels import labels
from krmfn.mesh_intent_expander.analysis.validation.ports import port_number
from krmfn.mesh_intent_expander.analysis.validation.traffic_policy import at_least_zero
from krmfn.sdk import Resource

_HEADER = re.compile(r"[-A-Za-z0-9]+")
_TIMES = "periodSeconds initialDelaySeconds timeoutSeconds successThreshold failureThreshold"


def check(spec: Spec, _resource: Resource) -> Faults:
    """Check one WorkloadGroup."""
    template = spec.get("template")
    if template is None:
        yield Fault("spec.template", "must be given")
        return
    refused = list(labels("spec.metadata.labels", (spec.get("metadata") or {}).get("labels")))
    if refused:
        yield from refused
        return
    yield from _template("spec.template", template)
    if (probe := spec.get("probe")) is not None:
        yield from _probe("spec.probe", probe)


def _template(path: str, template: Spec) -> Faults:
    """Check what only the API server refuses: Istio fills the template in later."""
    address, ports = template.get("address") or "", template.get("ports") or {}
    if address.startswith(UNIX):
        said = socket_path(address.removeprefix(UNIX))
        yield from refuse(f"{path}.address", said, ADMISSION)
        if ports:
            said = "must be left out beside a Unix domain socket"
            yield Fault(f"{path}.ports", said, ADMISSION)
    for name, number in ports.items():
        yield from refuse(f"{path}.ports", label(name), ADMISSION)
        yield from refuse(f"{path}.ports", port_number(number), ADMISSION)


def _probe(path: str, probe: Spec) -> Faults:
    yield from at_least_zero(path, probe, _TIMES)
    if (http := probe.get("httpGet")) is not None:
        yield from _http_get(f"{path}.httpGet", http)
    elif (tcp := probe.get("tcpSocket")) is not None:
        yield from refuse(f"{path}.tcpSocket.port", port_number(tcp.get("port") or 0))
    elif (command := probe.get("exec")) is not None:
        if not command.get("command"):
            yield Fault(f"{path}.exec.command", "must be given")
    else:
        yield Fault(path, "must have `httpGet`, `tcpSocket` or `exec`")


def _http_get(path: str, http: Spec) -> Faults:
    yield from refuse(f"{path}.port", port_number(http.get("port") or 0))
    if (scheme := http.get("scheme") or "HTTP") not in ("HTTP", "HTTPS"):
        yield Fault(f"{path}.scheme", f'must be "HTTP" or "HTTPS", but is "{scheme}"')
    for number, header in enumerate(http.get("httpHeaders") or ()):
        name = header.get("name") or ""
        if not _HEADER.fullmatch(name):
            said = f'must be letters, digits and -, but is "{name}"'
            yield Fault(f"{path}.httpHeaders[{number}].name", said)
