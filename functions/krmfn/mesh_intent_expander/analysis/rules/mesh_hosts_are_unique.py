"""No host has two VirtualServices in the mesh: sidecars would take one and ignore the other."""

from collections.abc import Iterable

from krmfn.mesh_intent_expander.analysis.finding import Code, Finding, Level
from krmfn.mesh_intent_expander.analysis.hosts import (
    EVERYWHERE,
    ScopedHost,
    full_host,
    overlap,
    scopes_of,
)
from krmfn.mesh_intent_expander.analysis.reading import quoted
from krmfn.mesh_intent_expander.analysis.virtual_services import is_in_mesh, virtual_services
from krmfn.mesh_intent_expander.view import ClusterView, Fleet, namespace_of, spec_of, strings
from krmfn.sdk import Resource

CONFLICT = Code(
    "IST0109",
    Level.ERROR,
    "A host must have one VirtualService in the mesh.",
    "ConflictingMeshGatewayVirtualServiceHosts",
)
CODES = (CONFLICT,)


def check(view: ClusterView, _fleet: Fleet) -> Iterable[Finding]:
    """Yield VirtualServices that share a host with another one visible to the same clients."""
    claims = _claims(view)
    public = {key.host: own for key, own in claims.items() if key.scope == EVERYWHERE}
    wildcards = [host for host in public if host.startswith("*")]
    told: set[Resource] = set()
    for key, own in sorted(claims.items(), key=lambda claim: claim[0]):
        rivals = list(own)
        if key.scope != EVERYWHERE:
            near = public if key.host.startswith("*") else [key.host, *wildcards]
            rivals += [
                each
                for host in dict.fromkeys(near)
                if host in public and overlap(key.host, host)
                for each in public[host]
            ]
        if len(rivals) > 1:
            for resource in dict.fromkeys(rivals):
                if resource not in told:
                    told.add(resource)
                    yield _finding(resource, key, rivals)


def _claims(view: ClusterView) -> dict[ScopedHost, list[Resource]]:
    """Give the VirtualServices of the mesh by their hosts and by who sees them."""
    found: dict[ScopedHost, list[Resource]] = {}
    for resource in filter(is_in_mesh, virtual_services(view)):
        namespace, spec = namespace_of(resource), spec_of(resource)
        for scope in scopes_of(strings(spec.get("exportTo")), namespace):
            for host in strings(spec.get("hosts")):
                key = ScopedHost(scope, full_host(host, namespace, view.domain))
                found.setdefault(key, []).append(resource)
    return found


def _finding(resource: Resource, key: ScopedHost, rivals: list[Resource]) -> Finding:
    others = tuple(each for each in dict.fromkeys(rivals) if each is not resource)
    if others:
        names = quoted(sorted(f"{namespace_of(each)}/{each.name}" for each in others))
        also = f"is also that of VirtualService {names}"
    else:
        also = "is listed twice"
    message = f'must be the host of one VirtualService in the mesh, but "{key.host}" {also}'
    return Finding(CONFLICT, resource, message, "spec.hosts", others)
