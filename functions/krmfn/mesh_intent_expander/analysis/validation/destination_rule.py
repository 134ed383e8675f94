"""DestinationRule.

Source: Istio's ``ValidateDestinationRule``.
"""

from krmfn.mesh_intent_expander.analysis.validation.domains import label, wildcard_domain
from krmfn.mesh_intent_expander.analysis.validation.faults import (
    Fault,
    Faults,
    Spec,
    errors_only,
    refuse,
)
from krmfn.mesh_intent_expander.analysis.validation.labels import labels, selector
from krmfn.mesh_intent_expander.analysis.validation.traffic_policy import traffic_policy
from krmfn.mesh_intent_expander.analysis.validation.visibility import export_to
from krmfn.mesh_intent_expander.view import namespace_of
from krmfn.sdk import Resource


def check(spec: Spec, resource: Resource) -> Faults:
    """Check one DestinationRule; Istio drops the warnings of its subsets."""
    namespace = namespace_of(resource)
    yield from refuse("spec.host", wildcard_domain(spec.get("host") or ""))
    yield from traffic_policy("spec.trafficPolicy", spec.get("trafficPolicy"), namespace)
    seen: set[str] = set()
    for number, subset in enumerate(spec.get("subsets") or ()):
        path = f"spec.subsets[{number}]"
        name = subset.get("name") or ""
        if name in seen:
            yield Fault(f"{path}.name", f'must be there once, but "{name}" is there again')
        seen.add(name)
        yield from refuse(f"{path}.name", label(name))
        yield from labels(f"{path}.labels", subset.get("labels"))
        policy = subset.get("trafficPolicy")
        yield from errors_only(traffic_policy(f"{path}.trafficPolicy", policy, namespace))
    chosen = spec.get("workloadSelector")
    is_private = chosen is not None
    exported = spec.get("exportTo") or ()
    yield from export_to("spec.exportTo", exported, namespace, must_be_private=is_private)
    yield from selector("spec.workloadSelector", chosen, "matchLabels")
