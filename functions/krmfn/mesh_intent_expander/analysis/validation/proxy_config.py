"""ProxyConfig.

Source: Istio's ``ValidateProxyConfig``, and the rules of its CustomResourceDefinition.
"""

from krmfn.mesh_intent_expander.analysis.validation.faults import ADMISSION, Fault, Faults, Spec
from krmfn.mesh_intent_expander.analysis.validation.labels import selector
from krmfn.mesh_intent_expander.analysis.validation.traffic_policy import at_least_zero
from krmfn.sdk import Resource

_LONGEST = 2048


def check(spec: Spec, _resource: Resource) -> Faults:
    """Check one ProxyConfig."""
    yield from selector("spec.selector", spec.get("selector"), "matchLabels")
    yield from at_least_zero("spec", spec, "concurrency")
    for name, value in (spec.get("environmentVariables") or {}).items():
        if len(value) > _LONGEST:
            said = f"must have values of at most {_LONGEST} characters, but {name} has more"
            yield Fault("spec.environmentVariables", said, ADMISSION)
