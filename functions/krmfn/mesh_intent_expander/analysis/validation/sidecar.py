"""Sidecar.

Source: Istio's ``ValidateSidecar``.
"""

import re
from collections.abc import Sequence

from krmfn.mesh_intent_expander.analysis.validation.addresses import UNIX, ip, socket_path
from krmfn.mesh_intent_expander.analysis.validation.destinations import destination
from krmfn.mesh_intent_expander.analysis.validation.domains import fqdn, label, sidecar_host
from krmfn.mesh_intent_expander.analysis.validation.faults import (
    ERROR,
    WARNING,
    Fault,
    Faults,
    Spec,
    refuse,
)
from krmfn.mesh_intent_expander.analysis.validation.labels import selector
from krmfn.mesh_intent_expander.analysis.validation.ports import HTTP, TLS, port_number, protocol
from krmfn.mesh_intent_expander.analysis.validation.tls import server_tls
from krmfn.mesh_intent_expander.analysis.validation.traffic_policy import connection_pool
from krmfn.mesh_intent_expander.view import namespace_of
from krmfn.sdk import Resource

_ENDPOINT = re.compile(r"(?:127\.0\.0\.1|0\.0\.0\.0|\[::1?\])?:([0-9]{1,18})")
_UNSUPPORTED = "subjectAltNames httpsRedirect credentialName credentialNames tlsCertificates"
_CONTENT = frozenset({"egress", "ingress", "outboundTrafficPolicy", "inboundConnectionPool"})


def check(spec: Spec, resource: Resource) -> Faults:
    """Check one Sidecar."""
    chosen = list(selector("spec.workloadSelector", spec.get("workloadSelector"), "labels"))
    if any(fault.code is ERROR for fault in chosen):
        yield from chosen
        return
    if not spec.keys() & _CONTENT:
        yield Fault("spec", "must have `egress`, `ingress` or a policy")
        return
    yield from chosen
    yield from _all_ingress(spec.get("ingress") or ())
    yield from connection_pool("spec.inboundConnectionPool", spec.get("inboundConnectionPool"))
    yield from _all_egress(spec.get("egress") or (), namespace_of(resource))
    yield from _outbound("spec.outboundTrafficPolicy", spec.get("outboundTrafficPolicy") or {})


def _all_ingress(listeners: Sequence[Spec]) -> Faults:
    seen: set[int | str] = set()
    for number, listener in enumerate(listeners):
        path = f"spec.ingress[{number}]"
        port = listener.get("port")
        if port is None:
            yield Fault(f"{path}.port", "must be given")
            continue
        yield from _ip_port(path, listener, port)
        yield from _once(f"{path}.port.number", port.get("number") or 0, seen)
        yield from _default_endpoint(path, listener.get("defaultEndpoint") or "")
        spoken = (port.get("protocol") or "").lower()
        yield from _ingress_tls(f"{path}.tls", listener.get("tls"), spoken)
        pool = listener.get("connectionPool")
        yield from connection_pool(f"{path}.connectionPool", pool)
        if (pool or {}).get("http") is not None and spoken not in HTTP:
            said = "must be left out where the protocol is not HTTP"
            yield Fault(f"{path}.connectionPool.http", said, WARNING)


def _ip_port(path: str, listener: Spec, port: Spec) -> Faults:
    yield from _port(f"{path}.port", port)
    yield from refuse(f"{path}.port.number", port_number(port.get("number") or 0))
    if bind := listener.get("bind"):
        yield from refuse(f"{path}.bind", ip(bind))


def _port(path: str, port: Spec) -> Faults:
    if port.get("targetPort"):
        yield Fault(f"{path}.targetPort", "must be left out in a Sidecar")
    if name := port.get("name"):
        yield from refuse(f"{path}.name", label(name))
    if spoken := port.get("protocol"):
        yield from refuse(f"{path}.protocol", protocol(spoken))


def _once(path: str, value: int | str, seen: set[int | str]) -> Faults:
    if value in seen:
        yield Fault(path, f"must be there once, but {value} is there again")
    seen.add(value)


def _default_endpoint(path: str, endpoint: str) -> Faults:
    here = f"{path}.defaultEndpoint"
    if endpoint.startswith(UNIX):
        yield from refuse(here, socket_path(endpoint.removeprefix(UNIX)))
    elif endpoint:
        match = _ENDPOINT.fullmatch(endpoint)
        if match is None:
            said = 'must be as in "127.0.0.1:80", "0.0.0.0:80", "[::1]:80" or "unix:///path"'
            yield Fault(here, f'{said}, but is "{endpoint}"')
        else:
            yield from refuse(here, port_number(int(match[1])))


def _ingress_tls(path: str, tls: Spec | None, spoken: str) -> Faults:
    if tls is None:
        return
    for field in _UNSUPPORTED.split():
        if tls.get(field):
            yield Fault(f"{path}.{field}", "must be left out in a Sidecar")
    if (mode := tls.get("mode")) in ("ISTIO_MUTUAL", "AUTO_PASSTHROUGH"):
        yield Fault(f"{path}.mode", f'must be another one in a Sidecar, but is "{mode}"')
    if spoken not in TLS:
        yield Fault(path, "must be left out where the protocol is not HTTPS or TLS")
    yield from server_tls(path, tls)


def _all_egress(listeners: Sequence[Spec], namespace: str) -> Faults:
    seen: set[int | str] = set()
    for number, listener in enumerate(listeners):
        path = f"spec.egress[{number}]"
        port = listener.get("port")
        if port is None:
            if number < len(listeners) - 1:
                yield Fault(path, "must stand last, for it has no port")
        else:
            yield from _egress_port(path, listener, port)
            yield from _once(path, port.get("number") or listener.get("bind") or "", seen)
        yield from _egress_hosts(f"{path}.hosts", listener.get("hosts") or (), namespace)


def _egress_port(path: str, listener: Spec, port: Spec) -> Faults:
    if port.get("number"):
        yield from _ip_port(path, listener, port)
        return
    yield from _port(f"{path}.port", port)
    bind = listener.get("bind") or ""
    if bind.startswith(UNIX):
        yield from refuse(f"{path}.bind", socket_path(bind.removeprefix(UNIX)))
    else:
        yield Fault(f"{path}.bind", f'must begin with "{UNIX}" beside the port 0, but is "{bind}"')
    if (mode := listener.get("captureMode") or "DEFAULT") not in ("DEFAULT", "NONE"):
        said = f'must be "DEFAULT" or "NONE" for a Unix domain socket, but is "{mode}"'
        yield Fault(f"{path}.captureMode", said)


def _egress_hosts(path: str, hosts: Sequence[str], namespace: str) -> Faults:
    if not hosts:
        yield Fault(path, "must have at least one host")
    imported: dict[str, set[str]] = {}
    for number, host in enumerate(hosts):
        here = f"{path}[{number}]"
        source, slash, name = host.partition("/")
        if slash and not source.startswith("~"):
            names = imported.setdefault(namespace if source == "." else source, set())
            if name in names or "*" in names or (name == "*" and names):
                said = f'must be covered by no other host, but "{host}" is'
                yield Fault(here, said, WARNING)
            names.add(name)
        yield from sidecar_host(here, host)
    if "*" in imported.get("*", ()) and len(imported) > 1:
        yield Fault(path, 'must have no other host beside "*/*"', WARNING)


def _outbound(path: str, policy: Spec) -> Faults:
    if (proxy := policy.get("egressProxy")) is None:
        return
    if policy.get("mode") != "ALLOW_ANY":
        yield Fault(f"{path}.egressProxy", "must stand beside the mode ALLOW_ANY")
        return
    yield from refuse(f"{path}.egressProxy.host", fqdn(proxy.get("host") or ""))
    if proxy.get("port") is None:
        yield Fault(f"{path}.egressProxy.port", "must be given")
    else:
        yield from destination(f"{path}.egressProxy", proxy)
