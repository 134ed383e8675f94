"""The patches of EnvoyFilters are of a kind that Istio applies, and in an order that is certain."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from krmfn.mesh_intent_expander.analysis.finding import Code, Finding, Level
from krmfn.mesh_intent_expander.analysis.reading import items, text
from krmfn.mesh_intent_expander.view import ISTIO_NETWORKING, ClusterView, Fleet, mapping, spec_of
from krmfn.sdk import Resource

RELATIVE = Code(
    "IST0151",
    Level.WARNING,
    "An EnvoyFilter whose patch needs another one to stand already must have a priority.",
    "EnvoyFilterUsesRelativeOperation",
)
REPLACE = Code(
    "IST0152",
    Level.ERROR,
    "The operation REPLACE must be for a filter or a virtual host.",
    "EnvoyFilterUsesReplaceOperationIncorrectly",
)
ADD = Code(
    "IST0153",
    Level.ERROR,
    "The operation ADD must not be for a route or a route configuration.",
    "EnvoyFilterUsesAddOperationIncorrectly",
)
REMOVE = Code(
    "IST0154",
    Level.ERROR,
    "The operation REMOVE must not be for a route or a route configuration.",
    "EnvoyFilterUsesRemoveOperationIncorrectly",
)
RELATIVE_TO_VERSION = Code(
    "IST0155",
    Level.WARNING,
    "An EnvoyFilter whose patch needs one for certain proxy versions must have a priority.",
    "EnvoyFilterUsesRelativeOperationWithProxyVersion",
)
CODES = (RELATIVE, REPLACE, ADD, REMOVE, RELATIVE_TO_VERSION)

_ROUTES = frozenset(("ROUTE_CONFIGURATION", "HTTP_ROUTE"))
_REPLACEABLE = frozenset(("NETWORK_FILTER", "HTTP_FILTER", "VIRTUAL_HOST"))
_NOT_FOR_ROUTES = {"ADD": ADD, "REMOVE": REMOVE}
_RELATIVE = frozenset(("REMOVE", "REPLACE", "INSERT_BEFORE", "INSERT_AFTER"))


def check(view: ClusterView, _fleet: Fleet) -> Iterable[Finding]:
    """Yield EnvoyFilters with patches that are ignored, or may be."""
    filters = view.of("EnvoyFilter", ISTIO_NETWORKING)
    versioned = [
        {_name(each) for _, each in _patches(own) if _is_versioned(each)} for own in filters
    ]
    total = Counter(name for names in versioned for name in names)
    for resource, names in zip(filters, versioned, strict=True):
        known = {name for name, count in total.items() if count > (name in names)}
        for path, patch in _patches(resource):
            yield from _misused(resource, path, patch)
            if not spec_of(resource).get("priority") and _is_relative(patch):
                yield _uncertain(resource, path, _name(patch) in known)
            if _is_versioned(patch):
                known.add(_name(patch))


def _patches(resource: Resource) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for path, patch in items(spec_of(resource).get("configPatches"), "spec.configPatches"):
        if not isinstance(patch.get("patch"), Mapping):
            return
        yield path, patch


def _operation(patch: Mapping[str, Any]) -> tuple[str, str]:
    """Give what a patch does, and to what."""
    return text(patch["patch"].get("operation")), text(patch.get("applyTo"))


def _misused(resource: Resource, path: str, patch: Mapping[str, Any]) -> Iterator[Finding]:
    operation, target = _operation(patch)
    if operation == "REPLACE" and target not in _REPLACEABLE:
        message = (
            f"must be HTTP_FILTER, NETWORK_FILTER or VIRTUAL_HOST to be replaced, but is {target}"
        )
        yield Finding(REPLACE, resource, message, f"{path}.applyTo")
    elif operation in _NOT_FOR_ROUTES and target in _ROUTES:
        message = f"must be another operation, since {operation} is ignored for {target}"
        yield Finding(_NOT_FOR_ROUTES[operation], resource, message, f"{path}.patch.operation")


def _is_relative(patch: Mapping[str, Any]) -> bool:
    operation, target = _operation(patch)
    if operation == "REPLACE" and target not in _REPLACEABLE:
        return False
    return operation in _RELATIVE and not (operation == "REMOVE" and target in _ROUTES)


def _uncertain(resource: Resource, path: str, has_versions: bool) -> Finding:
    code = RELATIVE_TO_VERSION if has_versions else RELATIVE
    other = "one for certain proxy versions" if has_versions else "others"
    message = f"must be set, since `{path}.patch` is applied relative to {other}"
    return Finding(code, resource, message, "spec.priority")


def _is_versioned(patch: Mapping[str, Any]) -> bool:
    return bool(mapping(mapping(patch.get("match")).get("proxy")).get("proxyVersion"))


def _name(patch: Mapping[str, Any]) -> tuple[str, str]:
    """Give the name of what is patched: that of the new value, or that of the filter matched."""
    value = mapping(patch["patch"].get("value"))
    if "name" in value:
        return "value", str(value["name"])
    chain = mapping(mapping(patch.get("match")).get("listener")).get("filterChain")
    name = text(mapping(mapping(chain).get("filter")).get("name"))
    return "filter", name if value else ""
