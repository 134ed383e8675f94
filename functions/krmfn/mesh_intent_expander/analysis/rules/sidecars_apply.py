"""Every workload has one Sidecar at most, and one that can apply."""

from collections.abc import Iterable
from itertools import compress
from operator import not_

from krmfn.mesh_intent_expander.analysis.finding import Code, Finding, Level
from krmfn.mesh_intent_expander.analysis.selecting import (
    is_ambient_namespace,
    is_captured,
    same_namespace,
    same_pods,
    selected_pods,
)
from krmfn.mesh_intent_expander.view import (
    ISTIO_NETWORKING,
    ClusterView,
    Fleet,
    labels_in,
    mapping,
    namespace_of,
    spec_of,
)
from krmfn.sdk import Resource

SAME_PODS = Code(
    "IST0110",
    Level.ERROR,
    "Two Sidecars must not select the same pods.",
    "ConflictingSidecarWorkloadSelectors",
)
SAME_NAMESPACE = Code(
    "IST0111",
    Level.ERROR,
    "A namespace must have only one Sidecar without a selector.",
    "MultipleSidecarsWithoutWorkloadSelectors",
)
NO_SIDECAR = Code(
    "IST0167",
    Level.WARNING,
    "A Sidecar must be for pods that have a sidecar.",
    "IneffectivePolicy",
)
CODES = (SAME_PODS, SAME_NAMESPACE, NO_SIDECAR)

_FIELD = "spec.workloadSelector"


def check(view: ClusterView, _fleet: Fleet) -> Iterable[Finding]:
    """Yield Sidecars that others contradict, and those for pods without a sidecar."""
    sidecars = view.of("Sidecar", ISTIO_NETWORKING)
    selected = selected_pods(view, sidecars, _selector)
    captured = [is_captured(view, each.pod) for each in selected]
    yield from same_pods(compress(selected, map(not_, captured)), SAME_PODS, _FIELD)
    wide = [each for each in sidecars if not _selector(each)]
    ambient = [is_ambient_namespace(view, namespace_of(each)) for each in wide]
    yield from same_namespace(compress(wide, map(not_, ambient)), SAME_NAMESPACE, _FIELD)
    ineffective = [own for each in compress(selected, captured) for own in each.by]
    for resource in {id(each): each for each in (*ineffective, *compress(wide, ambient))}.values():
        message = "must be for pods with a sidecar, but those of ambient mode have none"
        yield Finding(NO_SIDECAR, resource, message, _FIELD)


def _selector(sidecar: Resource) -> dict[str, str]:
    return labels_in(mapping(spec_of(sidecar).get("workloadSelector")).get("labels"))
