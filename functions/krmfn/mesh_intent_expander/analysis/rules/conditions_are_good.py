"""No object's status says that Istio refused it."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from krmfn.mesh_intent_expander.analysis.finding import Code, Finding, Level
from krmfn.mesh_intent_expander.analysis.reading import items, text
from krmfn.mesh_intent_expander.view import (
    GATEWAY_API,
    ISTIO_NETWORKING,
    ISTIO_SECURITY,
    ClusterView,
    Fleet,
    mapping,
)
from krmfn.sdk import Resource

NEGATIVE = Code(
    "IST0171",
    Level.WARNING,
    "The conditions of an object must not say that it was refused.",
    "NegativeConditionStatus",
)
CODES = (NEGATIVE,)

_WAYPOINT = frozenset(("istio.io/WaypointBound",))
_GATEWAY = frozenset(("Accepted", "Programmed", "ResolvedRefs"))
_CONDITIONS = {
    ("Service", ""): _WAYPOINT,
    ("ServiceEntry", ISTIO_NETWORKING): _WAYPOINT,
    ("WorkloadEntry", ISTIO_NETWORKING): _WAYPOINT,
    ("AuthorizationPolicy", ISTIO_SECURITY): frozenset(("ZtunnelAccepted", "WaypointAccepted")),
    ("Gateway", GATEWAY_API): _GATEWAY,
    ("HTTPRoute", GATEWAY_API): _GATEWAY,
    ("GRPCRoute", GATEWAY_API): _GATEWAY,
}
"""The types of conditions that are read of each kind."""

_PARTLY = ("WaypointAccepted", "PartiallyInvalid")
"""The type and reason of a condition that is true though a part was refused."""


def check(view: ClusterView, _fleet: Fleet) -> Iterable[Finding]:
    """Yield objects with a condition that is false."""
    for (kind, group), types in _CONDITIONS.items():
        for resource in view.of(kind, group):
            for field, condition in _conditions(resource):
                name, reason = text(condition.get("type")), text(condition.get("reason"))
                is_refused = name in types and condition.get("status") == "False"
                if is_refused or (name in types and (name, reason) == _PARTLY):
                    said = text(condition.get("message"))
                    message = f'condition "{name}" must be true, but is not: {reason}: {said}'
                    yield Finding(NEGATIVE, resource, message, field)


def _conditions(resource: Resource) -> Iterator[tuple[str, Mapping[str, Any]]]:
    status = mapping(resource.body.get("status"))
    if resource.kind.endswith("Route"):
        for field, parent in items(status.get("parents"), "status.parents"):
            yield from items(parent.get("conditions"), f"{field}.conditions")
    else:
        yield from items(status.get("conditions"), "status.conditions")
