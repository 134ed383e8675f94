"""The routes of a VirtualService for connections that are not HTTP.

Source: Istio's ``validateTLSRoute``, ``validateTCPRoute`` and ``validateSniHost``; an IP
address as SNI is against RFC 6066, but only a warning.
"""

from collections.abc import Sequence

from krmfn.mesh_intent_expander.analysis.validation.addresses import ip_or_cidr, is_ip
from krmfn.mesh_intent_expander.analysis.validation.destinations import weighted
from krmfn.mesh_intent_expander.analysis.validation.domains import (
    covered_by,
    sni_domain,
    wildcard_domain,
)
from krmfn.mesh_intent_expander.analysis.validation.faults import (
    ERROR,
    WARNING,
    Fault,
    Faults,
    Spec,
    errors_only,
    refuse,
)
from krmfn.mesh_intent_expander.analysis.validation.gateway_names import gateway_names
from krmfn.mesh_intent_expander.analysis.validation.labels import labels
from krmfn.mesh_intent_expander.analysis.validation.ports import port_number


def tls_route(path: str, route: Spec, hosts: Sequence[str], *, may_be_outbound: bool) -> Faults:
    """Check a route by SNI, which must be covered by one of the VirtualService's hosts.

    Args:
        path: of the route.
        route: the route.
        hosts: of its VirtualService.
        may_be_outbound: whether an SNI may be one that sidecars make, as ``outbound_.80_._.a.b``.
    """
    if not route.get("match"):
        yield Fault(f"{path}.match", "must be given")
    is_covered = covered_by(hosts)
    for number, match in enumerate(route.get("match") or ()):
        here = f"{path}.match[{number}]"
        if not match.get("sniHosts"):
            yield Fault(f"{here}.sniHosts", "must be given")
        for index, sni in enumerate(match.get("sniHosts") or ()):
            said = sni_domain(sni) if may_be_outbound else wildcard_domain(sni)
            if not said and not is_covered(sni):
                said = f'must be covered by one of `spec.hosts`, but is "{sni}"'
            is_odd = said and is_ip(sni)
            yield from refuse(f"{here}.sniHosts[{index}]", said, WARNING if is_odd else ERROR)
        yield from _match(here, match)
    yield from _route(path, route)


def tcp_route(path: str, route: Spec) -> Faults:
    """Check a route by port and address; Istio drops its warnings."""
    for number, match in enumerate(route.get("match") or ()):
        yield from errors_only(_match(f"{path}.match[{number}]", match))
    yield from _route(path, route)


def _route(path: str, route: Spec) -> Faults:
    if not route.get("route"):
        yield Fault(f"{path}.route", "must be given")
    yield from weighted(f"{path}.route", route.get("route") or ())


def _match(path: str, match: Spec) -> Faults:
    for number, subnet in enumerate(match.get("destinationSubnets") or ()):
        yield from refuse(f"{path}.destinationSubnets[{number}]", ip_or_cidr(subnet))
    if port := match.get("port"):
        yield from refuse(f"{path}.port", port_number(port))
    yield from labels(f"{path}.sourceLabels", match.get("sourceLabels"))
    yield from gateway_names(f"{path}.gateways", match.get("gateways") or ())
