"""Gateway.

Source: Istio's ``ValidateGateway``.
"""

from krmfn.mesh_intent_expander.analysis.validation.addresses import UNIX, ip, socket_path
from krmfn.mesh_intent_expander.analysis.validation.domains import gateway_host, label
from krmfn.mesh_intent_expander.analysis.validation.faults import (
    WARNING,
    Fault,
    Faults,
    Spec,
    refuse,
)
from krmfn.mesh_intent_expander.analysis.validation.ports import HTTP, TLS, port_number, protocol
from krmfn.mesh_intent_expander.analysis.validation.tls import PASSTHROUGH, server_tls
from krmfn.sdk import Resource


def check(spec: Spec, resource: Resource) -> Faults:
    """Check one Gateway."""
    yield from refuse("metadata.name", label(resource.name))
    servers = spec.get("servers") or ()
    if not servers:
        yield Fault("spec.servers", "must have at least one server")
    names: set[str] = set()
    for number, server in enumerate(servers):
        path = f"spec.servers[{number}]"
        yield from _server(path, server)
        port = server.get("port")
        if port is not None:
            name = port.get("name") or ""
            if name in names:
                said = f'must be there once, but "{name}" is there again'
                yield Fault(f"{path}.port.name", said)
            names.add(name)


def _server(path: str, server: Spec) -> Faults:
    if not server.get("hosts"):
        yield Fault(f"{path}.hosts", "must have at least one host")
    for number, host in enumerate(server.get("hosts") or ()):
        yield from gateway_host(f"{path}.hosts[{number}]", host)
    port, bind = server.get("port"), server.get("bind") or ""
    refused = list(_port(f"{path}.port", port, bind))
    yield from refused
    yield from _bind(f"{path}.bind", bind, (port or {}).get("number") or 0)
    yield from server_tls(f"{path}.tls", server.get("tls"))
    spoken = ((port or {}).get("protocol") or "").lower()
    if port is not None and spoken not in HTTP and (server.get("tls") or {}).get("httpsRedirect"):
        said = "must be left out where the protocol is not HTTP"
        yield Fault(f"{path}.tls.httpsRedirect", said, WARNING)
    if not refused:
        yield from _tls_fits(path, server, spoken)


def _port(path: str, port: Spec | None, bind: str) -> Faults:
    if port is None:
        yield Fault(path, "must be given")
        return
    yield from refuse(f"{path}.protocol", protocol(port.get("protocol") or ""))
    number = port.get("number") or 0
    if number or not bind.startswith(UNIX):
        yield from refuse(f"{path}.number", port_number(number))
    if port.get("targetPort"):
        yield Fault(f"{path}.targetPort", "must be left out in a Gateway")
    if not port.get("name"):
        yield Fault(f"{path}.name", "must be given")


def _bind(path: str, bind: str, number: int) -> Faults:
    if bind.startswith(UNIX):
        yield from refuse(path, socket_path(bind.removeprefix(UNIX)))
        if number:
            yield Fault(path, f"must stand beside the port 0, but beside {number}")
    elif bind:
        yield from refuse(path, ip(bind))


def _tls_fits(path: str, server: Spec, spoken: str) -> Faults:
    tls = server.get("tls")
    if spoken in TLS:
        if tls is None:
            yield Fault(f"{path}.tls", f"must be given for the protocol {spoken.upper()}")
    elif tls is not None:
        files = ("caCertificates", "privateKey", "serverCertificate")
        is_passing = (tls.get("mode") or "PASSTHROUGH") in PASSTHROUGH
        if spoken not in HTTP or not is_passing or any(tls.get(field) for field in files):
            said = f"must be left out for the protocol {spoken.upper()}"
            allowed = ", but for `httpsRedirect`" if spoken in HTTP else ""
            yield Fault(f"{path}.tls", said + allowed)
