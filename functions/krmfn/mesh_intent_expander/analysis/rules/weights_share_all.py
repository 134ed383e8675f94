"""Weights say what they look like: shares of a hundred, each with something to share.

Source: Istio's API reference, ``HTTPRouteDestination.weight``: weights are relative to their sum; a
single destination gets everything, and one without weight among several gets nothing.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from krmfn.mesh_intent_expander.analysis.finding import Code, Finding, Level
from krmfn.mesh_intent_expander.analysis.reading import items
from krmfn.mesh_intent_expander.analysis.virtual_services import ROUTE_KINDS, virtual_services
from krmfn.mesh_intent_expander.view import ClusterView, Fleet, number, spec_of
from krmfn.sdk import Resource

NOT_100 = Code("weights-not-100", Level.INFO, "Weights should be 100 together.")
SINGLE = Code("weight-of-one", Level.INFO, "A single destination should have no weight.")
NOTHING = Code("weight-zero", Level.INFO, "A destination should have a weight above 0.")
CODES = (NOT_100, SINGLE, NOTHING)
_WHOLE = 100


def check(view: ClusterView, _fleet: Fleet) -> Iterable[Finding]:
    """Yield weights that do not say what they look like."""
    for resource in virtual_services(view):
        for kind in ROUTE_KINDS:
            for path, rule in items(spec_of(resource).get(kind), f"spec.{kind}"):
                routes = list(items(rule.get("route"), f"{path}.route"))
                if any("weight" in route for _, route in routes):
                    yield from _odd(resource, f"{path}.route", routes)


def _odd(
    resource: Resource, path: str, routes: list[tuple[str, Mapping[str, Any]]]
) -> Iterator[Finding]:
    weights = {inner: number(route.get("weight")) or 0 for inner, route in routes}
    total = sum(weights.values())
    if len(routes) == 1:
        (inner, weight), *_ = weights.items()
        if weight not in (0, _WHOLE):
            message = f"should be left out, but is {weight}: a single destination gets everything"
            yield Finding(SINGLE, resource, message, f"{inner}.weight")
        return
    for inner, weight in weights.items():
        if weight == 0 < total:
            message = "should be above 0, for the destination gets nothing"
            yield Finding(NOTHING, resource, message, f"{inner}.weight")
    if total not in (0, _WHOLE):
        shares = ", ".join(f"{_WHOLE * weight / total:.3g} %" for weight in weights.values())
        message = f"should have weights of 100 together, but has {total}: the shares are {shares}"
        yield Finding(NOT_100, resource, message, path)
