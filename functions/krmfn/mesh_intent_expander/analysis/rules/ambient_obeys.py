"""Objects for pods of ambient say only what ztunnel and waypoints obey, alike in all clusters.

Source: Istio's "Layer 4 security policy" and "Configure waypoint proxies", and
``pilot/pkg/serviceregistry/ambient/authorization.go``: of what only HTTP tells, ztunnel leaves out
rules of ALLOW, and conditions of DENY.
"""

from collections.abc import Iterable, Iterator, Mapping

from krmfn.mesh_intent_expander.analysis.finding import Code, Finding, Level
from krmfn.mesh_intent_expander.analysis.planes import governed, plane_of
from krmfn.mesh_intent_expander.analysis.policies import (
    action_of,
    authorization_policies,
    rules_of,
)
from krmfn.mesh_intent_expander.analysis.reading import items, quoted
from krmfn.mesh_intent_expander.analysis.selecting import is_ambient_namespace, is_captured
from krmfn.mesh_intent_expander.analysis.virtual_services import virtual_services
from krmfn.mesh_intent_expander.semantics.conditions import is_http_only
from krmfn.mesh_intent_expander.semantics.crossing import GLOBAL
from krmfn.mesh_intent_expander.semantics.selecting import selecting
from krmfn.mesh_intent_expander.semantics.world import ControlPlane, world_of
from krmfn.mesh_intent_expander.view import (
    GATEWAY_API,
    ISTIO_NETWORKING,
    ISTIO_SECURITY,
    ClusterView,
    Fleet,
    labels_in,
    mapping,
    namespace_of,
    spec_of,
    strings,
)
from krmfn.sdk import Resource

IGNORED = Code(
    "ignored-in-ambient",
    Level.WARNING,
    "Objects for pods of ambient must not say what only sidecars obey.",
)
AT_ZTUNNEL = Code(
    "l7-policy-at-ztunnel",
    Level.WARNING,
    "A policy that asks for HTTP must be attached to a waypoint (`targetRefs`).",
)
GLOBALLY = Code(
    "global-label-differs",
    Level.WARNING,
    "Services and waypoints of ambient must be global in all clusters, or in none.",
)
CODES = (IGNORED, AT_ZTUNNEL, GLOBALLY)


def check(view: ClusterView, fleet: Fleet) -> Iterable[Finding]:
    """Yield what pods of ambient do not obey, and what is not global everywhere."""
    plane = plane_of(view, fleet)
    if plane is not None:
        yield from _ignored(view)
        yield from _at_ztunnel(plane, fleet)
    if world_of(fleet).clusters[view.name].data_plane == "ambient":
        yield from _differing(view, fleet)


def _ignored(view: ClusterView) -> Iterator[Finding]:
    ambient = {each for each in view.namespaces if is_ambient_namespace(view, each)}
    for resource in view.of("PeerAuthentication", ISTIO_SECURITY) if ambient else ():
        mode = mapping(spec_of(resource).get("mtls")).get("mode")
        if namespace_of(resource) in ambient and mode == "DISABLE":
            message = 'must be "STRICT" or "PERMISSIVE", but is "DISABLE": mutual TLS is always on'
            yield Finding(IGNORED, resource, message, "spec.mtls.mode")
    rules = view.of("DestinationRule", ISTIO_NETWORKING)
    for resource in (*virtual_services(view), *rules) if ambient else ():
        if namespace_of(resource) not in ambient:
            continue
        if {*strings(spec_of(resource).get("exportTo"))} - {"*"}:
            message = "must be left out, for waypoints obey an object wherever it is exported to"
            yield Finding(IGNORED, resource, message, "spec.exportTo")
        yield from _told_by_client(resource)


def _told_by_client(resource: Resource) -> Iterator[Finding]:
    for path, rule in items(spec_of(resource).get("http"), "spec.http"):
        for inner, match in items(rule.get("match"), f"{path}.match"):
            for field in ("sourceLabels", "sourceNamespace"):
                if match.get(field):
                    message = "must be left out, for waypoints do not tell clients by it"
                    yield Finding(IGNORED, resource, message, f"{inner}.{field}")


def _at_ztunnel(plane: ControlPlane, fleet: Fleet) -> Iterator[Finding]:
    for resource in authorization_policies(plane.config):
        chosen, namespace = selecting(resource), namespace_of(resource)
        if chosen.targets or not any(
            is_captured(view, pod)
            for view in governed(plane, fleet)
            for pod in view.selected(namespace, chosen.selector)
        ):
            continue
        action = action_of(resource)
        if action == "CUSTOM":
            message = "must be attached to a waypoint by `targetRefs`: ztunnel asks nobody"
            yield Finding(AT_ZTUNNEL, resource, message, "spec.action")
        effect = "matches nothing" if action == "ALLOW" else "matches more than it says"
        for rule in rules_of(resource):
            asked = [
                each
                for each in rule.conditions
                if is_http_only(each.key) or each.key == "remote.ip"
            ]
            if asked and action != "CUSTOM":
                message = f"must be in a policy with `targetRefs`: at ztunnel the rule {effect}"
                yield Finding(AT_ZTUNNEL, resource, message, asked[0].field)


def _differing(view: ClusterView, fleet: Fleet) -> Iterator[Finding]:
    known = fleet.once(_global, fleet)
    for key, (resource, is_global) in _labelled(view).items():
        clusters = [each for each in known.get(key, ()) if each != view.name]
        if clusters and not is_global:
            message = f'must be "true", as in {quoted(clusters)}, or be left out there too'
            yield Finding(GLOBALLY, resource, message, f'metadata.labels["{GLOBAL}"]')


def _global(fleet: Fleet) -> Mapping[tuple[str, str, str], list[str]]:
    """Give the clusters in which each Service or waypoint is global."""
    found: dict[tuple[str, str, str], list[str]] = {}
    for name, cluster in world_of(fleet).clusters.items():
        if cluster.data_plane == "ambient":
            for key, (_, is_global) in _labelled(fleet[name]).items():
                if is_global:
                    found.setdefault(key, []).append(name)
    return found


def _labelled(view: ClusterView) -> dict[tuple[str, str, str], tuple[Resource, bool]]:
    """Give Services and waypoints by kind, namespace and name, and whether they are global."""
    found = {
        ("Service", each.namespace, each.name): (each.resource, each.labels.get(GLOBAL) == "true")
        for each in view.services.values()
        if each.resource
    }
    for gateway in view.of("Gateway", GATEWAY_API):
        spec = spec_of(gateway)
        if spec.get("gatewayClassName") == "istio-waypoint":
            inner = labels_in(mapping(spec.get("infrastructure")).get("labels"))
            is_global = "true" in (inner.get(GLOBAL), gateway.labels.get(GLOBAL))
            found["Gateway", namespace_of(gateway), gateway.name] = (gateway, is_global)
    return found
