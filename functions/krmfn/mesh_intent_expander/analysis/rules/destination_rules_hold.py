"""Every DestinationRule holds for somebody, hides nobody else's, and keeps all of its parts.

Istio looks in the client's namespace, then the host's, then the root namespace, and takes the first
that has a rule for the host; rules of one namespace it merges, and the older one's parts hold.
Source: ``mergeDestinationRule`` and ``destinationRule`` of Istio's ``pilot/pkg/model``.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from krmfn.mesh_intent_expander.analysis.finding import Code, Finding, Level
from krmfn.mesh_intent_expander.analysis.planes import governed, plane_of
from krmfn.mesh_intent_expander.analysis.reading import items, quoted
from krmfn.mesh_intent_expander.semantics.destinations import DestinationRule
from krmfn.mesh_intent_expander.semantics.hosts import covers, is_wildcard
from krmfn.mesh_intent_expander.semantics.ordering import is_exported
from krmfn.mesh_intent_expander.semantics.world import ControlPlane
from krmfn.mesh_intent_expander.view import (
    GATEWAY_API,
    ISTIO_NETWORKING,
    ClusterView,
    Fleet,
    namespace_of,
    spec_of,
)
from krmfn.sdk import Resource

SHADOWED = Code(
    "shadowed-destination-rule",
    Level.WARNING,
    "A DestinationRule in a client's namespace must not hide that of the host's owner.",
)
UNUSED = Code(
    "unused-destination-rule",
    Level.WARNING,
    "A DestinationRule must be in the namespace of a client, of the host, or of the mesh.",
)
DROPPED = Code(
    "destination-rule-part-dropped",
    Level.WARNING,
    "DestinationRules of one host and namespace must not both say the same part.",
)
CODES = (SHADOWED, UNUSED, DROPPED)


def check(view: ClusterView, fleet: Fleet) -> Iterable[Finding]:
    """Yield DestinationRules that hide others, that nobody uses, or of which parts are lost."""
    plane = plane_of(view, fleet)
    if plane is None or not view.of("DestinationRule", ISTIO_NETWORKING):
        return
    rules = list(plane.rules)
    by_host: dict[str, list[DestinationRule]] = {}
    for rule in rules:
        by_host.setdefault(rule.host, []).append(rule)
    clients = _client_namespaces(plane, fleet)
    for rule in rules:
        yield from _dropped(rule)
        owners = _owners(plane, rule)
        if owners and rule.namespace not in (*owners, view.root_namespace):
            if clients and rule.namespace not in clients:
                yield _unused(rule, owners)
            elif hidden := _hidden(rule, owners, by_host):
                yield _shadowing(rule, hidden)


def _owners(plane: ControlPlane, rule: DestinationRule) -> frozenset[str]:
    """Give the namespaces that a rule's host may be of; a wildcard's owner is not known."""
    if is_wildcard(rule.host):
        parts = rule.host.split(".", 2)
        is_of_namespace = parts[0] == "*" and rule.host.endswith(f".svc.{plane.config.domain}")
        return frozenset(parts[1:2]) if is_of_namespace and len(parts) > 2 else frozenset()
    return frozenset(host.namespace for host in plane.registry.find(rule.host))


def _client_namespaces(plane: ControlPlane, fleet: Fleet) -> frozenset[str]:
    """Give the namespaces that have proxies of pods or gateways, none when no pods are known."""
    views = governed(plane, fleet)
    known = {each.namespace for view in views for each in view.workloads}
    gateways = (
        namespace_of(each)
        for view in views
        for group in (GATEWAY_API, ISTIO_NETWORKING)
        for each in view.of("Gateway", group)
    )
    return frozenset((*known, *gateways)) if known else frozenset()


def _hidden(
    rule: DestinationRule,
    owners: frozenset[str],
    by_host: Mapping[str, Sequence[DestinationRule]],
) -> list[DestinationRule]:
    """Give the owner's rules that clients in a rule's namespace would obey without it."""
    if not is_exported(rule.export_to, rule.namespace, rule.namespace):
        return []
    hosts = [rule.host]
    if is_wildcard(rule.host):
        hosts = [host for host in by_host if covers(rule.host, host)]
    return [
        other
        for host in hosts
        for other in by_host.get(host, ())
        if other.namespace in owners
        and is_exported(other.export_to, other.namespace, rule.namespace)
    ]


def _shadowing(rule: DestinationRule, hidden: Sequence[DestinationRule]) -> Finding:
    names = quoted(sorted({f"{each.namespace}/{each.resources[0].name}" for each in hidden}))
    message = (
        f"must not hide DestinationRule {names}: for clients in namespace "
        f'"{rule.namespace}" only this one holds, and all that the other says is lost'
    )
    others = tuple(hidden[0].resources)
    return Finding(SHADOWED, rule.resources[0], message, "spec.host", others)


def _unused(rule: DestinationRule, owners: frozenset[str]) -> Finding:
    message = (
        f"must be a host of its own namespace, or the rule must be in {quoted(sorted(owners))}: "
        f'no pods are in namespace "{rule.namespace}", so no client uses the rule for "{rule.host}"'
    )
    return Finding(UNUSED, rule.resources[0], message, "spec.host")


def _dropped(rule: DestinationRule) -> Iterator[Finding]:
    first, *others = rule.resources
    for other in others:
        name = f'DestinationRule "{first.namespace}/{first.name}"'
        policy = spec_of(other).get("trafficPolicy")
        if policy and policy != rule.policy:
            message = f"must be left out or be in {name}, whose own holds for the host"
            yield Finding(DROPPED, other, message, "spec.trafficPolicy", (first,))
    for resource in rule.resources if others else ():
        yield from _doubled(rule, resource)


def _doubled(rule: DestinationRule, resource: Resource) -> Iterator[Finding]:
    """Yield the subsets of an object whose names another object of the same host has."""
    for path, subset in items(spec_of(resource).get("subsets"), "spec.subsets"):
        said, holder, where = rule.subsets.get(str(subset.get("name")), (subset, resource, path))
        if holder is not resource and said != subset:
            message = (
                f'must not be there twice: "{subset.get("name")}" is that of DestinationRule '
                f'"{holder.namespace}/{holder.name}" (`{where}`)'
            )
            yield Finding(DROPPED, resource, message, f"{path}.name", (holder,))
