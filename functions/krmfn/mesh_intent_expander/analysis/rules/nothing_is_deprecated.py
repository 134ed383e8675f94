"""Objects use no field and no type that Istio has given up."""

from collections.abc import Iterable, Iterator

from krmfn.mesh_intent_expander.analysis.finding import Code, Finding, Level
from krmfn.mesh_intent_expander.analysis.reading import items, text
from krmfn.mesh_intent_expander.mesh_config import mesh_config
from krmfn.mesh_intent_expander.view import (
    ISTIO_NETWORKING,
    ISTIO_TELEMETRY,
    ClusterView,
    Fleet,
    mapping,
    mappings,
    number,
    spec_of,
)
from krmfn.sdk import Resource

DEPRECATED = Code(
    "IST0002",
    Level.WARNING,
    "What Istio has deprecated must not be used.",
    "Deprecated",
)
CODES = (DEPRECATED,)

_REMOVED_GROUP = "rbac.istio.io"
_REMOVED_KINDS = frozenset(("ClusterRbacConfig", "RbacConfig", "ServiceRole", "ServiceRoleBinding"))


def check(view: ClusterView, _fleet: Fleet) -> Iterable[Finding]:
    """Yield objects with something deprecated."""
    for virtual_service in view.of("VirtualService", ISTIO_NETWORKING):
        yield from _percents(virtual_service)
    for sidecar in view.of("Sidecar", ISTIO_NETWORKING):
        policy = mapping(spec_of(sidecar).get("outboundTrafficPolicy"))
        if policy.get("egressProxy") is not None:
            field = "spec.outboundTrafficPolicy.egressProxy"
            yield Finding(DEPRECATED, sidecar, "must not be set; Istio ignores it", field)
    for definition in view.of("CustomResourceDefinition", "apiextensions.k8s.io"):
        spec = spec_of(definition)
        kind = text(mapping(spec.get("names")).get("kind"))
        if spec.get("group") == _REMOVED_GROUP and kind in _REMOVED_KINDS:
            message = f"must be removed: Istio has no {kind} of {_REMOVED_GROUP} any more"
            yield Finding(DEPRECATED, definition, message, "spec.names.kind")
    yield from _lightstep(view)


def _percents(virtual_service: Resource) -> Iterator[Finding]:
    for field, rule in items(spec_of(virtual_service).get("http"), "spec.http"):
        delay = mapping(mapping(rule.get("fault")).get("delay"))
        if (number(delay.get("percent")) or 0) > 0:
            message = "must not be set; use `percentage`"
            yield Finding(DEPRECATED, virtual_service, message, f"{field}.fault.delay.percent")


def _lightstep(view: ClusterView) -> Iterator[Finding]:
    providers = mappings(mesh_config(view).get("extensionProviders"))
    names = {text(each.get("name")) for each in providers if each.get("lightstep") is not None}
    for telemetry in view.of("Telemetry", ISTIO_TELEMETRY):
        for field, tracing in items(spec_of(telemetry).get("tracing"), "spec.tracing"):
            for inner, provider in items(tracing.get("providers"), f"{field}.providers"):
                if (name := text(provider.get("name"))) in names:
                    message = f'must be a provider of OpenTelemetry, but "{name}" is of Lightstep'
                    yield Finding(DEPRECATED, telemetry, message, f"{inner}.name")
