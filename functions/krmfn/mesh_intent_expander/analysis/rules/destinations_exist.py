"""Routes and mirrors lead to hosts and ports that exist."""

from collections.abc import Iterable, Iterator

from krmfn.mesh_intent_expander.analysis.finding import Code, Finding, Level
from krmfn.mesh_intent_expander.analysis.hosts import Target, registry_of
from krmfn.mesh_intent_expander.analysis.references import NOT_FOUND
from krmfn.mesh_intent_expander.analysis.virtual_services import (
    Destination,
    destinations,
    virtual_services,
)
from krmfn.mesh_intent_expander.view import ClusterView, Fleet, namespace_of, spec_of, strings
from krmfn.sdk import Resource

PORT_REQUIRED = Code(
    "IST0112",
    Level.ERROR,
    "A destination with several ports must say which one is meant.",
    "VirtualServiceDestinationPortSelectorRequired",
)
CODES = (NOT_FOUND, PORT_REQUIRED)


def check(view: ClusterView, fleet: Fleet) -> Iterable[Finding]:
    """Yield destinations without a Service or ServiceEntry, or without a port of it."""
    registry = registry_of(view, fleet)
    for resource in virtual_services(view):
        export_to = strings(spec_of(resource).get("exportTo"))
        for destination in destinations(resource):
            target = registry.target(destination.host, namespace_of(resource), export_to)
            yield from _wrong(resource, destination, target)


def _wrong(
    resource: Resource, destination: Destination, target: Target | None
) -> Iterator[Finding]:
    if target is None:
        message = (
            "must be the host of a Service or ServiceEntry that is visible here, "
            f'but is "{destination.host}"'
        )
        yield Finding(NOT_FOUND, resource, message, f"{destination.field}.host")
    elif destination.port is None:
        if len(target.ports) > 1:
            message = f"must be set, since {target.what} has several ports: {_listed(target)}"
            yield Finding(PORT_REQUIRED, resource, message, f"{destination.field}.port")
    elif destination.port not in target.ports:
        message = (
            f"must be a port of {target.what}"
            f"{f': {_listed(target)}' if target.ports else ', which has none'}, "
            f"but is {destination.port}"
        )
        yield Finding(NOT_FOUND, resource, message, f"{destination.field}.port.number")


def _listed(target: Target) -> str:
    *others, last = map(str, target.ports)
    return f"{', '.join(others)} or {last}" if others else last
