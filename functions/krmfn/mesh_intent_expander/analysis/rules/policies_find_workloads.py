"""AuthorizationPolicies hold for workloads that there are."""

from collections.abc import Iterable

from krmfn.mesh_intent_expander.analysis.finding import Code, Finding, Level
from krmfn.mesh_intent_expander.analysis.pods import selector_text
from krmfn.mesh_intent_expander.analysis.selecting import is_captured
from krmfn.mesh_intent_expander.view import (
    ISTIO_SECURITY,
    ClusterView,
    Fleet,
    Workload,
    labels_in,
    mapping,
    namespace_of,
    selects,
    spec_of,
)

NO_WORKLOAD = Code(
    "IST0127",
    Level.WARNING,
    "An AuthorizationPolicy must hold for workloads of the mesh.",
    "NoMatchingWorkloadsFound",
)
CODES = (NO_WORKLOAD,)


def check(view: ClusterView, _fleet: Fleet) -> Iterable[Finding]:
    """Yield policies whose selector, or whose namespace, has no workload of the mesh."""
    meshed = [each for each in view.workloads if view.is_meshed(each) or is_captured(view, each)]
    of: dict[str, list[Workload]] = {}
    for workload in meshed:
        of.setdefault(workload.namespace, []).append(workload)
    for policy in view.of("AuthorizationPolicy", ISTIO_SECURITY):
        spec, namespace = spec_of(policy), namespace_of(policy)
        is_of_mesh, has_selector = (
            namespace == view.root_namespace,
            spec.get("selector") is not None,
        )
        if spec.get("targetRef") or spec.get("targetRefs") or (is_of_mesh and not has_selector):
            continue
        labels = labels_in(mapping(spec.get("selector")).get("matchLabels"))
        there = meshed if is_of_mesh else of.get(namespace, [])
        if not any(selects(labels, each.labels) for each in there):
            where = "the mesh" if is_of_mesh else f'namespace "{namespace}"'
            which = f' with the labels "{selector_text(labels)}"' if labels else ""
            message = f"must hold for a workload, but {where} has none{which} that is in the mesh"
            yield Finding(NO_WORKLOAD, policy, message, "spec.selector" if has_selector else "")
