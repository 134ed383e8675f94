"""Sidecars and Telemetries that select workloads match some."""

from collections.abc import Iterable

from krmfn.mesh_intent_expander.analysis.finding import Finding
from krmfn.mesh_intent_expander.analysis.pods import pods, selector_text
from krmfn.mesh_intent_expander.analysis.references import NOT_FOUND
from krmfn.mesh_intent_expander.view import (
    ISTIO_NETWORKING,
    ISTIO_TELEMETRY,
    ClusterView,
    Fleet,
    labels_in,
    mapping,
    namespace_of,
    selects,
    spec_of,
)

CODES = (NOT_FOUND,)
_SELECTORS = (
    ("Sidecar", ISTIO_NETWORKING, "workloadSelector", "labels"),
    ("Telemetry", ISTIO_TELEMETRY, "selector", "matchLabels"),
)


def check(view: ClusterView, _fleet: Fleet) -> Iterable[Finding]:
    """Yield objects whose selector matches no pod of their namespace."""
    all_pods = pods(view)
    for kind, group, selector_field, labels_field in _SELECTORS:
        for resource in view.of(kind, group):
            selector = labels_in(mapping(spec_of(resource).get(selector_field)).get(labels_field))
            namespace = namespace_of(resource)
            if selector and not any(
                pod.namespace == namespace and selects(selector, pod.labels) for pod in all_pods
            ):
                message = (
                    f'must match the labels of some pod of namespace "{namespace}", '
                    f'but "{selector_text(selector)}" does not'
                )
                field = f"spec.{selector_field}.{labels_field}"
                yield Finding(NOT_FOUND, resource, message, field)
