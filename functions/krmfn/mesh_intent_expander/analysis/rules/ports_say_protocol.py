"""Ports of Services say their protocol by ``appProtocol`` or by the prefix of their name."""

from collections.abc import Iterable, Mapping
from typing import Any

from krmfn.mesh_intent_expander.analysis.finding import Code, Finding, Level
from krmfn.mesh_intent_expander.analysis.injection import is_control_plane
from krmfn.mesh_intent_expander.analysis.reading import items, text
from krmfn.mesh_intent_expander.view import ClusterView, Fleet, number, protocol_of, spec_of
from krmfn.sdk import Resource

NOT_SAID = Code(
    "IST0118",
    Level.INFO,
    "The name of a port should begin with its protocol.",
    "PortNameIsNotUnderNamingConvention",
)
NOT_FORWARDED = Code(
    "IST0150",
    Level.WARNING,
    "A port of an ExternalName Service must say a protocol that has hosts.",
    "ExternalNameServiceTypeInvalidPortName",
)
CODES = (NOT_SAID, NOT_FORWARDED)

_MANAGED = "gateway.istio.io/managed"
_CONTROLLERS = frozenset(
    "istio.io-gateway-controller istio.io-mesh-controller istio.io-eastwest-controller".split()
)
_NOT_OF_SERVICES = ("", "hbone")
_NEVER_SNIFFED = frozenset((25, 53, 3306, 27017))
"""Ports whose protocol lets the server speak first; Istio takes them for plain TCP."""


def check(view: ClusterView, _fleet: Fleet) -> Iterable[Finding]:
    """Yield ports whose protocol Istio has to guess."""
    for service in view.of("Service", ""):
        if is_control_plane(service) or service.labels.get(_MANAGED) in _CONTROLLERS:
            continue
        is_external = spec_of(service).get("type") == "ExternalName"
        for field, port in items(spec_of(service).get("ports"), "spec.ports"):
            is_plain = is_external and port.get("name") == "tcp"
            if is_plain or not _says_protocol(port):
                yield _finding(service, field, text(port.get("name")), is_external)


def _says_protocol(port: Mapping[str, Any]) -> bool:
    said = (text(port.get(each)) for each in ("name", "appProtocol", "protocol"))
    if protocol_of(*said) not in _NOT_OF_SERVICES:
        return True
    return number(port.get("port")) in _NEVER_SNIFFED


def _finding(service: Resource, field: str, name: str, is_external: bool) -> Finding:
    if is_external:
        message = f'must begin with a protocol such as "http" or "tls", but is "{name}"'
        return Finding(NOT_FORWARDED, service, message, f"{field}.name")
    message = f'must begin with a protocol, as in "http-web" or "tcp", but is "{name}"'
    return Finding(NOT_SAID, service, message, f"{field}.name")
