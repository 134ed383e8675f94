"""What an HTTP route of a VirtualService does.

Source: Istio's ``validateHTTPRoute`` and what it calls.
"""

from krmfn.mesh_intent_expander.analysis.validation.destinations import destination, weighted
from krmfn.mesh_intent_expander.analysis.validation.durations import durations
from krmfn.mesh_intent_expander.analysis.validation.faults import WARNING, Fault, Faults, Spec
from krmfn.mesh_intent_expander.analysis.validation.headers import one_authority, operations
from krmfn.mesh_intent_expander.analysis.validation.http_actions import (
    direct_response,
    redirect,
    rewrite,
)
from krmfn.mesh_intent_expander.analysis.validation.http_match import http_matches
from krmfn.mesh_intent_expander.analysis.validation.http_resilience import (
    cors_policy,
    fault_injection,
    retries,
)

_ROUTING = ("route", "redirect", "directResponse")


def http_route(path: str, route: Spec, *, is_delegate: bool) -> Faults:
    """Check one route, of a VirtualService that others delegate to or of one with hosts."""
    yield from _conflicts(path, route, is_delegate=is_delegate)
    yield from http_matches(f"{path}.match", route.get("match") or ())
    if headers := route.get("headers"):
        yield from operations(f"{path}.headers", headers)
    yield from cors_policy(f"{path}.corsPolicy", route.get("corsPolicy"))
    yield from fault_injection(f"{path}.fault", route.get("fault"))
    yield from _mirrors(path, route)
    yield from redirect(f"{path}.redirect", route.get("redirect"), route.get("match") or ())
    yield from direct_response(f"{path}.directResponse", route.get("directResponse"))
    yield from retries(f"{path}.retries", route.get("retries"))
    yield from rewrite(f"{path}.rewrite", route.get("rewrite"))
    yield from one_authority(path, route)
    yield from weighted(f"{path}.route", route.get("route") or ())
    yield from durations(path, route, "timeout")


def _conflicts(path: str, route: Spec, *, is_delegate: bool) -> Faults:
    if route.get("delegate") is not None:
        if not is_delegate:
            for field in ("redirect", "route"):
                if route.get(field) is not None:
                    yield Fault(f"{path}.{field}", "must be left out beside `delegate`")
            return
        yield Fault(f"{path}.delegate", "must be left out where a route delegates to it")
    chosen = [field for field in _ROUTING if route.get(field) is not None]
    if not chosen:
        yield Fault(path, "must have `route`, `redirect` or `directResponse`")
    beside = [field for field in ("fault", "rewrite") if route.get(field) is not None]
    answers = [field for field in chosen if field != "route"]
    if len(chosen) > 1 or (answers and beside):
        said = " and ".join(f"`{field}`" for field in [*chosen, *beside])
        yield Fault(path, f"must have only one of {said}")
    if route.get("mirror") is not None and route.get("mirrors"):
        yield Fault(path, "must have only one of `mirror` and `mirrors`")


def _mirrors(path: str, route: Spec) -> Faults:
    if (percent := route.get("mirrorPercent")) is not None:
        said = "must be `mirrorPercentage`; it is deprecated"
        yield Fault(f"{path}.mirrorPercent", said, WARNING)
        yield from _percentage(f"{path}.mirrorPercent", percent)
    percentage = route.get("mirrorPercentage") or {}
    yield from _percentage(f"{path}.mirrorPercentage.value", percentage.get("value") or 0)
    yield from destination(f"{path}.mirror", route.get("mirror"))
    for number, mirror in enumerate(route.get("mirrors") or ()):
        here = f"{path}.mirrors[{number}]"
        if mirror.get("destination") is None:
            yield Fault(f"{here}.destination", "must be given")
            continue
        yield from destination(f"{here}.destination", mirror["destination"])
        value = (mirror.get("percentage") or {}).get("value") or 0
        yield from _percentage(f"{here}.percentage.value", value)


def _percentage(path: str, value: float) -> Faults:
    if value > 100 or value < 0:
        yield Fault(path, f"must be from 0 to 100, but is {value:g}")
