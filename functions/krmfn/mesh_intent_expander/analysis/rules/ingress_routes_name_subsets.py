"""A gateway's routes name the subset themselves: the mesh's rules for their host do not hold."""

from collections.abc import Iterable

from krmfn.mesh_intent_expander.analysis.finding import Code, Finding, Level
from krmfn.mesh_intent_expander.analysis.reading import items, quoted
from krmfn.mesh_intent_expander.analysis.virtual_services import (
    Destination,
    gateways_of,
    route_destinations,
    virtual_services,
)
from krmfn.mesh_intent_expander.view import ClusterView, Fleet, namespace_of, spec_of, strings
from krmfn.sdk import Resource

NOT_AFFECTED = Code(
    "IST0140",
    Level.WARNING,
    "A gateway's route must name the subset that the mesh's routes name.",
    "IngressRouteRulesNotAffected",
)
CODES = (NOT_AFFECTED,)


def check(view: ClusterView, _fleet: Fleet) -> Iterable[Finding]:
    """Yield routes of gateways without subset to a host that its own VirtualService splits."""
    splitting = _splitting(view)
    for resource in virtual_services(view):
        for each in _routes(resource) if gateways_of(resource) else ():
            others = splitting.get(each.host, ())
            if others and not each.subset:
                names = quoted(f"{namespace_of(other)}/{other.name}" for other in others)
                message = (
                    f'must name a subset of "{each.host}", since the rules of VirtualService '
                    f"{names} do not hold for what comes through a gateway"
                )
                yield Finding(NOT_AFFECTED, resource, message, each.field, tuple(others))


def _splitting(view: ClusterView) -> dict[str, dict[Resource, None]]:
    """Give the VirtualServices that lead their own host to its subsets, by that host."""
    found: dict[str, dict[Resource, None]] = {}
    for resource in virtual_services(view):
        hosts = strings(spec_of(resource).get("hosts"))
        for each in _routes(resource):
            if each.subset and each.host in hosts:
                found.setdefault(each.host, {})[resource] = None
    return found


def _routes(resource: Resource) -> Iterable[Destination]:
    for path, rule in items(spec_of(resource).get("http"), "spec.http"):
        yield from route_destinations(rule, path)
