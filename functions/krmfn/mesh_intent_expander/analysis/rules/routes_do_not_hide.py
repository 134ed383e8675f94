"""Routes are not hidden by others, and paths by their beginnings mean what they look like.

Source: Istio's "Traffic management" of the Gateway API: an HTTPRoute for a Service goes over a
VirtualService for it; and its API reference, "StringMatch" and "HTTPRewrite": a prefix is a
beginning of the text, and what is behind it stays as it is.
"""

from collections.abc import Iterable, Iterator

from krmfn.mesh_intent_expander.analysis.finding import Code, Finding, Level
from krmfn.mesh_intent_expander.analysis.hosts import full_host
from krmfn.mesh_intent_expander.analysis.planes import plane_of
from krmfn.mesh_intent_expander.analysis.reading import items, text
from krmfn.mesh_intent_expander.analysis.virtual_services import is_in_mesh, virtual_services
from krmfn.mesh_intent_expander.semantics.gateway_routes import attached
from krmfn.mesh_intent_expander.view import (
    ClusterView,
    Fleet,
    mapping,
    namespace_of,
    spec_of,
    strings,
)
from krmfn.sdk import Resource

HIDDEN = Code(
    "route-hidden-by-gateway-api",
    Level.WARNING,
    "A host must have a VirtualService or routes of the Gateway API, not both.",
)
SIBLINGS = Code(
    "prefix-matches-siblings",
    Level.INFO,
    "A path prefix should end with a slash: without it, it is the beginning of other names too.",
)
SLASHES = Code(
    "prefix-rewrite-slash",
    Level.WARNING,
    "A path prefix and what it is rewritten to must both end with a slash, or both not.",
)
CODES = (HIDDEN, SIBLINGS, SLASHES)


def check(view: ClusterView, fleet: Fleet) -> Iterable[Finding]:
    """Yield VirtualServices that others hide, and prefixes that match or leave too much."""
    routes = attached(view) if plane_of(view, fleet) else {}
    for resource in virtual_services(view):
        if routes and is_in_mesh(resource):
            yield from _hidden(resource, routes, view.domain)
        yield from _prefixes(resource)


def _hidden(
    resource: Resource, routes: dict[str, list[Resource]], domain: str
) -> Iterator[Finding]:
    for index, host in enumerate(strings(spec_of(resource).get("hosts"))):
        rivals = routes.get(full_host(host, namespace_of(resource), domain).lower())
        if rivals:
            rival = rivals[0]
            message = (
                f'must be left out: {rival.kind} "{namespace_of(rival)}/{rival.name}" is about '
                f'"{host}" too, and goes over this'
            )
            yield Finding(HIDDEN, resource, message, f"spec.hosts[{index}]", tuple(rivals))


def _prefixes(resource: Resource) -> Iterator[Finding]:
    open_: list[tuple[str, str]] = []
    for path, rule in items(spec_of(resource).get("http"), "spec.http"):
        target = text(mapping(rule.get("rewrite")).get("uri"))
        for inner, match in items(rule.get("match"), f"{path}.match"):
            prefix = text(mapping(match.get("uri")).get("prefix"))
            if prefix and target and prefix.endswith("/") != target.endswith("/"):
                yield _joined(resource, path, prefix, target)
            elif prefix and not prefix.endswith("/"):
                open_.append((f"{inner}.uri.prefix", prefix))
    if open_:
        field, prefix = open_[0]
        more = f" (and {len(open_) - 1} more)" if len(open_) > 1 else ""
        message = (
            f'should be "{prefix}/" beside the exact "{prefix}", but is "{prefix}"{more}: it '
            f'matches "{prefix}-other" too'
        )
        yield Finding(SIBLINGS, resource, message, field)


def _joined(resource: Resource, path: str, prefix: str, target: str) -> Finding:
    below = "x" if prefix.endswith("/") else "/x"
    ending = "end" if prefix.endswith("/") else "not end"
    message = (
        f'must {ending} with a slash as the prefix does, but is "{target}": "{prefix}{below}" '
        f'becomes "{target}{below}"'
    )
    return Finding(SLASHES, resource, message, f"{path}.rewrite.uri")
