"""Where routes send requests, and how they share them out.

Source: Istio's ``validateDestination``, ``validateHTTPRouteDestinations`` and
``validateRouteDestinations``.
"""

from collections.abc import Sequence

from krmfn.mesh_intent_expander.analysis.validation.domains import label, wildcard_domain
from krmfn.mesh_intent_expander.analysis.validation.faults import Fault, Faults, Spec, refuse
from krmfn.mesh_intent_expander.analysis.validation.headers import operations
from krmfn.mesh_intent_expander.analysis.validation.ports import port_number


def destination(path: str, given: Spec | None) -> Faults:
    """Check one destination, if there is one."""
    if given is None:
        return
    host = given.get("host") or ""
    said = 'must be a host, but is "*"' if host == "*" else wildcard_domain(host)
    yield from refuse(f"{path}.host", said)
    if subset := given.get("subset"):
        yield from refuse(f"{path}.subset", label(subset))
    if (port := given.get("port")) is not None:
        yield from refuse(f"{path}.port.number", port_number(port.get("number") or 0))


def weighted(path: str, destinations: Sequence[Spec]) -> Faults:
    """Check the destinations of a route with their weights and what they do to headers."""
    total = 0
    for number, each in enumerate(destinations):
        here = f"{path}[{number}]"
        if each.get("destination") is None:
            yield Fault(f"{here}.destination", "must be given")
        yield from destination(f"{here}.destination", each.get("destination"))
        if headers := each.get("headers"):
            yield from operations(f"{here}.headers", headers)
        weight = each.get("weight") or 0
        if weight < 0:
            yield Fault(f"{here}.weight", f"must be at least 0, but is {weight}")
        total += weight
    if len(destinations) > 1 and total == 0:
        yield Fault(path, "must have weights that are not 0 together")
