"""What the values of Istio's annotations on pods must be.

Source of the rules: Istio's sidecar injector, which refuses pods with other values.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_network

from krmfn.mesh_intent_expander.analysis.proxy_config import wrong_field
from krmfn.sdk import quantity

_PROXY_CONFIG = "proxy.istio.io/config"
_PORT = "a number from 0 to 65535"
_PREFIX = re.compile(r"[^%/]+/(?:0|[1-9][0-9]{0,2})")
_INTERFACE = re.compile(r"[a-zA-Z][a-zA-Z0-9_.\-]{0,14}")
_BOOLEANS = frozenset("1 t T TRUE true True 0 f F FALSE false False".split())


@dataclass(frozen=True, slots=True)
class ValueRule:
    """What the value of an annotation must be.

    Attributes:
        must: it in words, to be read after "must be".
        holds: whether a value is that.
    """

    must: str
    holds: Callable[[str], bool]


def _is_number(text: str, bits: int) -> bool:
    digits = text.lstrip("0") or text[:1]
    return re.fullmatch("[0-9]{1,10}", digits) is not None and int(digits) < 2**bits


def _is_port(text: str) -> bool:
    return _is_number(text.strip(), 16)


def _are_ports(text: str) -> bool:
    return not text.strip() or all(map(_is_port, text.strip().split(",")))


def _is_prefix(text: str) -> bool:
    try:
        return bool(_PREFIX.fullmatch(text) and ip_network(text, strict=False))
    except ValueError:
        return False


def _are_prefixes(text: str) -> bool:
    return not text or all(map(_is_prefix, text.split(",")))


def _are_interfaces(text: str) -> bool:
    return not text or all(_INTERFACE.fullmatch(each.strip()) for each in text.split(","))


def _or_all(holds: Callable[[str], bool]) -> Callable[[str], bool]:
    return lambda text: text == "*" or holds(text)


_SECONDS = ValueRule("a whole number of 0 or more", lambda text: _is_number(text, 32))
_QUANTITY = ValueRule('a quantity such as "500m" or "256Mi"', quantity.is_quantity)
_PORTS = ValueRule(f"a list of ports with commas between, each {_PORT}", _are_ports)
_PREFIXES = ValueRule("a list of prefixes such as 10.0.0.0/8 with commas between", _are_prefixes)
_INTERFACES = ValueRule("a list of names of interfaces with commas between", _are_interfaces)

VALUES = {
    "sidecar.istio.io/interceptionMode": ValueRule(
        "REDIRECT, TPROXY or NONE", frozenset(("REDIRECT", "TPROXY", "NONE")).__contains__
    ),
    "status.sidecar.istio.io/port": ValueRule(_PORT, _is_port),
    "readiness.status.sidecar.istio.io/initialDelaySeconds": _SECONDS,
    "readiness.status.sidecar.istio.io/periodSeconds": _SECONDS,
    "readiness.status.sidecar.istio.io/failureThreshold": _SECONDS,
    "traffic.sidecar.istio.io/includeOutboundIPRanges": ValueRule(
        f"* or {_PREFIXES.must}", _or_all(_are_prefixes)
    ),
    "traffic.sidecar.istio.io/excludeOutboundIPRanges": _PREFIXES,
    "traffic.sidecar.istio.io/includeInboundPorts": ValueRule(
        f"* or {_PORTS.must}", _or_all(_are_ports)
    ),
    "traffic.sidecar.istio.io/excludeInboundPorts": _PORTS,
    "traffic.sidecar.istio.io/excludeOutboundPorts": _PORTS,
    "traffic.sidecar.istio.io/excludeInterfaces": _INTERFACES,
    "traffic.sidecar.istio.io/kubevirtInterfaces": _INTERFACES,
    "istio.io/reroute-virtual-interfaces": _INTERFACES,
    "prometheus.istio.io/merge-metrics": ValueRule("true or false", _BOOLEANS.__contains__),
    "sidecar.istio.io/proxyCPU": _QUANTITY,
    "sidecar.istio.io/proxyCPULimit": _QUANTITY,
    "sidecar.istio.io/proxyMemory": _QUANTITY,
    "sidecar.istio.io/proxyMemoryLimit": _QUANTITY,
}
"""The annotations whose values are checked, by name, beside the ProxyConfig."""


def complaint(name: str, value: str) -> str:
    """Say what the value of an annotation must be; "" when it is that, or anything will do."""
    if name == _PROXY_CONFIG:
        field = wrong_field(value)
        return f"must be a ProxyConfig as YAML, but `{field}` has a wrong value" if field else ""
    rule = VALUES.get(name)
    return "" if rule is None or rule.holds(value) else f'must be {rule.must}, but is "{value}"'
