"""Whoever policies ask, and whoever telemetry goes to, is known to the mesh.

Source: Istio's "External Authorization" and ``MeshConfig.ExtensionProvider``.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from krmfn.mesh_intent_expander.analysis.finding import Code, Finding, Level
from krmfn.mesh_intent_expander.analysis.planes import governed, plane_of
from krmfn.mesh_intent_expander.analysis.reading import items, quoted, text
from krmfn.mesh_intent_expander.mesh_config import MESH_CONFIG, source_of
from krmfn.mesh_intent_expander.semantics.selecting import Selecting, is_selected, selecting
from krmfn.mesh_intent_expander.view import (
    ISTIO_SECURITY,
    ISTIO_TELEMETRY,
    ClusterView,
    Fleet,
    Workload,
    mapping,
    namespace_of,
    spec_of,
)
from krmfn.sdk import Resource

UNKNOWN = Code(
    "unknown-extension-provider",
    Level.ERROR,
    "The provider of an AuthorizationPolicy must be an external authoriser of the mesh.",
)
NO_TELEMETRY = Code(
    "unknown-telemetry-provider",
    Level.WARNING,
    "The providers of a Telemetry must be those of the mesh.",
)
TWO = Code(
    "two-custom-providers",
    Level.ERROR,
    "A workload must ask one external authoriser only.",
)
NO_TIMEOUT = Code(
    "provider-without-timeout",
    Level.INFO,
    "An external authoriser should have a timeout: it is ten minutes by default.",
)
CODES = (UNKNOWN, NO_TELEMETRY, TWO, NO_TIMEOUT)

_AUTHORISERS = ("envoyExtAuthzGrpc", "envoyExtAuthzHttp")
_BUILT_IN = frozenset(("prometheus", "stackdriver", "envoy"))
"""Providers that every mesh has."""


def check(view: ClusterView, fleet: Fleet) -> Iterable[Finding]:
    """Yield providers that are not known, rivals, and authorisers without a timeout."""
    plane = plane_of(view, fleet)
    if plane is None:
        return
    listed = list(items(plane.settings.get("extensionProviders"), "extensionProviders"))
    known = {text(each.get("name")): each for _, each in listed}
    names = frozenset((*known, *plane.mesh.extension_providers))
    if names:
        yield from _unknown(view, known, names)
        yield from _nowhere(view, names | _BUILT_IN)
    pods = [pod for each in governed(plane, fleet) for pod in each.workloads]
    yield from _rivals(view, pods)
    yield from _endless(view, listed)


def _custom(view: ClusterView) -> list[tuple[str, Resource]]:
    """Give the policies that ask somebody, each behind the name of whom it asks."""
    return [
        (text(mapping(spec_of(each).get("provider")).get("name")), each)
        for each in view.of("AuthorizationPolicy", ISTIO_SECURITY)
        if spec_of(each).get("action") == "CUSTOM"
    ]


def _unknown(
    view: ClusterView, known: Mapping[str, Mapping[str, Any]], names: frozenset[str]
) -> Iterator[Finding]:
    for name, resource in _custom(view):
        if not name:
            continue
        if name not in names:
            message = f"must be an extension provider of the mesh ({quoted(sorted(names))})"
        elif name in known and not any(kind in known[name] for kind in _AUTHORISERS):
            message = f"must be a provider with `{_AUTHORISERS[0]}` or `{_AUTHORISERS[1]}`"
        else:
            continue
        message += f', but is "{name}": every request that the rules match is refused'
        yield Finding(UNKNOWN, resource, message, "spec.provider.name")


def _nowhere(view: ClusterView, names: frozenset[str]) -> Iterator[Finding]:
    for resource in view.of("Telemetry", ISTIO_TELEMETRY):
        for kind in ("tracing", "metrics", "accessLogging"):
            for path, each in items(spec_of(resource).get(kind), f"spec.{kind}"):
                for inner, provider in items(each.get("providers"), f"{path}.providers"):
                    name = text(provider.get("name"))
                    if name and name not in names:
                        message = (
                            f"must be an extension provider of the mesh "
                            f'({quoted(sorted(names))}), but is "{name}"'
                        )
                        yield Finding(NO_TELEMETRY, resource, message, f"{inner}.name")


def _rivals(view: ClusterView, pods: Iterable[Workload]) -> Iterator[Finding]:
    """Yield each policy that asks another provider than an earlier one does for the same pods."""
    asking: dict[str, list[tuple[str, Selecting]]] = {}
    for name, resource in _custom(view):
        asking.setdefault(namespace_of(resource), []).append((name, selecting(resource)))
    if len({name for those in asking.values() for name, _ in those}) < 2:
        return
    told: set[Resource] = set()
    for pod in pods:
        places = dict.fromkeys((view.root_namespace, pod.namespace))
        those = [
            (name, each.resource)
            for place in places
            for name, each in asking.get(place, ())
            if is_selected(each, pod.labels)
        ]
        for name, resource in those[1:]:
            other, first = those[0]
            if name != other and resource not in told:
                told.add(resource)
                message = (
                    f'must be "{other}", which AuthorizationPolicy "{namespace_of(first)}/'
                    f'{first.name}" asks for {pod.kind} "{pod.namespace}/{pod.name}" too, but is '
                    f'"{name}": unless istiod allows several, all requests are refused'
                )
                yield Finding(TWO, resource, message, "spec.provider.name", (first,))


def _endless(
    view: ClusterView, providers: Iterable[tuple[str, Mapping[str, Any]]]
) -> Iterator[Finding]:
    source = source_of(view, MESH_CONFIG)
    for path, provider in providers:
        for kind in _AUTHORISERS:
            asked = provider.get(kind)
            if source is not None and isinstance(asked, Mapping) and not asked.get("timeout"):
                name = text(provider.get("name"))
                message = f'should have a timeout for provider "{name}": it is 600s by default'
                field = f"{path}.{kind}.timeout" if source.kind == MESH_CONFIG else "data.mesh"
                yield Finding(NO_TIMEOUT, source, message, field)
