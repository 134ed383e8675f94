"""Every workload has one Telemetry at most, and access logs have somewhere to go."""

from collections.abc import Iterable, Iterator

from krmfn.mesh_intent_expander.analysis.finding import Code, Finding, Level
from krmfn.mesh_intent_expander.analysis.reading import items
from krmfn.mesh_intent_expander.analysis.selecting import same_namespace, same_pods, selected_pods
from krmfn.mesh_intent_expander.mesh_config import mesh_config
from krmfn.mesh_intent_expander.view import (
    ISTIO_TELEMETRY,
    ClusterView,
    Fleet,
    labels_in,
    mapping,
    spec_of,
)
from krmfn.sdk import Resource

NO_PROVIDER = Code(
    "IST0157",
    Level.WARNING,
    "Access logging must have a provider.",
    "InvalidTelemetryProvider",
)
SAME_PODS = Code(
    "IST0159",
    Level.ERROR,
    "Two Telemetry objects must not select the same pods.",
    "ConflictingTelemetryWorkloadSelectors",
)
SAME_NAMESPACE = Code(
    "IST0160",
    Level.ERROR,
    "A namespace must have only one Telemetry without a selector.",
    "MultipleTelemetriesWithoutWorkloadSelectors",
)
CODES = (NO_PROVIDER, SAME_PODS, SAME_NAMESPACE)

_FIELD = "spec.selector"


def check(view: ClusterView, _fleet: Fleet) -> Iterable[Finding]:
    """Yield Telemetry objects that others contradict, and those that log nowhere."""
    telemetries = view.of("Telemetry", ISTIO_TELEMETRY)
    if not mapping(mesh_config(view).get("defaultProviders")).get("accessLogging"):
        for resource in telemetries:
            yield from _without_provider(resource)
    yield from same_pods(selected_pods(view, telemetries, _selector), SAME_PODS, _FIELD)
    wide = (each for each in telemetries if spec_of(each).get("selector") is None)
    yield from same_namespace(wide, SAME_NAMESPACE, _FIELD)


def _selector(telemetry: Resource) -> dict[str, str]:
    return labels_in(mapping(spec_of(telemetry).get("selector")).get("matchLabels"))


def _without_provider(telemetry: Resource) -> Iterator[Finding]:
    for field, logging in items(spec_of(telemetry).get("accessLogging"), "spec.accessLogging"):
        if logging.get("disabled") is not True and not logging.get("providers"):
            message = "must name a provider, since the mesh has no default one"
            yield Finding(NO_PROVIDER, telemetry, message, f"{field}.providers")
