"""Rules for HTTP are about ports that speak it.

Source: Istio's "Protocol Selection": sidecars look for HTTP where a port is for it, or sniffed.
"""

from collections.abc import Iterable, Iterator

from krmfn.mesh_intent_expander.analysis.finding import Code, Finding, Level
from krmfn.mesh_intent_expander.analysis.hosts import full_host
from krmfn.mesh_intent_expander.analysis.planes import plane_of
from krmfn.mesh_intent_expander.analysis.reading import items, quoted
from krmfn.mesh_intent_expander.analysis.virtual_services import (
    MESH,
    gateways_of,
    virtual_services,
)
from krmfn.mesh_intent_expander.semantics.world import ControlPlane
from krmfn.mesh_intent_expander.view import (
    L7,
    ClusterView,
    Fleet,
    Port,
    namespace_of,
    number,
    spec_of,
    strings,
)
from krmfn.sdk import Resource

ON_TCP = Code(
    "http-rules-on-tcp",
    Level.WARNING,
    "Rules for HTTP must be about a port that speaks it.",
)
CODES = (ON_TCP,)


def check(view: ClusterView, fleet: Fleet) -> Iterable[Finding]:
    """Yield rules for HTTP that get no requests, as their ports speak something else."""
    plane = plane_of(view, fleet)
    for resource in virtual_services(view) if plane else ():
        if plane and set(gateways_of(resource)) <= {MESH} and spec_of(resource).get("http"):
            yield from _unused(resource, _ports(plane, resource))


def _ports(plane: ControlPlane, resource: Resource) -> list[Port]:
    """Give the ports of a route's hosts, none unless all hosts are known."""
    hosts = strings(spec_of(resource).get("hosts"))
    names = [full_host(each, namespace_of(resource), plane.config.domain) for each in hosts]
    known = [plane.registry.find(name.lower()) for name in names]
    return [port for found in known for host in found for port in host.ports] if all(known) else []


def _unused(resource: Resource, ports: list[Port]) -> Iterator[Finding]:
    http = {port.number for port in ports if port.protocol in L7}
    if ports and not http:
        message = f"must be `tcp` or `tls`, for the ports of the host speak {_protocols(ports)}"
        yield Finding(ON_TCP, resource, message, "spec.http")
        return
    for path, rule in items(spec_of(resource).get("http"), "spec.http"):
        for inner, match in items(rule.get("match"), f"{path}.match"):
            asked = number(match.get("port"))
            others = [port for port in ports if port.number == asked and asked not in http]
            if others:
                message = f"must be a port for HTTP, but {asked} speaks {_protocols(others)}"
                yield Finding(ON_TCP, resource, message, f"{inner}.port")


def _protocols(ports: Iterable[Port]) -> str:
    return quoted(sorted({port.protocol for port in ports}))
