"""VirtualService.

Source: Istio's ``ValidateVirtualService``, without what it says about routes that are never
reached, which has codes of its own.
"""

from collections.abc import Sequence

from krmfn.mesh_intent_expander.analysis.validation.addresses import is_ip
from krmfn.mesh_intent_expander.analysis.validation.domains import (
    overlap,
    sni_domain,
    wildcard_domain,
)
from krmfn.mesh_intent_expander.analysis.validation.faults import Fault, Faults, Spec
from krmfn.mesh_intent_expander.analysis.validation.gateway_names import MESH, gateway_names
from krmfn.mesh_intent_expander.analysis.validation.headers import is_claim
from krmfn.mesh_intent_expander.analysis.validation.http_route import http_route
from krmfn.mesh_intent_expander.analysis.validation.tcp_tls_routes import tcp_route, tls_route
from krmfn.mesh_intent_expander.analysis.validation.visibility import export_to
from krmfn.mesh_intent_expander.view import namespace_of
from krmfn.sdk import Resource


def check(spec: Spec, resource: Resource) -> Faults:
    """Check one VirtualService; one without hosts is there for others to delegate to."""
    hosts, gateways = spec.get("hosts") or (), spec.get("gateways") or ()
    if not hosts:
        for field in ("gateways", "tls", "tcp"):
            if spec.get(field):
                yield Fault(f"spec.{field}", "must be left out without `hosts`")
    yield from gateway_names("spec.gateways", gateways)
    is_at_gateways = bool(gateways) and MESH not in gateways
    if not is_at_gateways:
        yield from _claims(spec)
    yield from _hosts(spec, hosts, is_at_gateways=is_at_gateways)
    if not (spec.get("http") or spec.get("tls") or spec.get("tcp")):
        yield Fault("spec", "must have `http`, `tls` or `tcp`")
    for number, route in enumerate(spec.get("http") or ()):
        yield from http_route(f"spec.http[{number}]", route, is_delegate=not hosts)
    for number, route in enumerate(spec.get("tls") or ()):
        path = f"spec.tls[{number}]"
        yield from tls_route(path, route, hosts, may_be_outbound=MESH not in gateways)
    for number, route in enumerate(spec.get("tcp") or ()):
        yield from tcp_route(f"spec.tcp[{number}]", route)
    exported = spec.get("exportTo") or ()
    yield from export_to("spec.exportTo", exported, namespace_of(resource))


def _claims(spec: Spec) -> Faults:
    for number, route in enumerate(spec.get("http") or ()):
        for index, match in enumerate(route.get("match") or ()):
            for field in ("headers", "withoutHeaders"):
                for name in filter(is_claim, match.get(field) or ()):
                    path = f"spec.http[{number}].match[{index}].{field}"
                    said = f'must match claims of tokens at gateways only, but matches "{name}"'
                    yield Fault(path, said)


def _hosts(spec: Spec, hosts: Sequence[str], *, is_at_gateways: bool) -> Faults:
    routes_sni = any(
        match.get("sniHosts")
        for route in spec.get("tls") or ()
        for match in route.get("match") or ()
    )
    faults: list[Fault] = []
    for number, host in enumerate(hosts):
        said = sni_domain(host) if is_at_gateways and routes_sni else wildcard_domain(host)
        if said and is_ip(host):
            said = ""
        elif host == "*" and not is_at_gateways:
            said = 'must be no "*" in the mesh, only at gateways'
        if said:
            faults.append(Fault(f"spec.hosts[{number}]", said))
    yield from faults
    if not faults and (pair := overlap(hosts)):
        yield Fault("spec.hosts", f'must not overlap, but "{pair[0]}" and "{pair[1]}" do')
