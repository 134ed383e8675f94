"""What a policy is attached to: workloads by label, or objects by name.

Source: Istio's ``validateOneOfSelectorType`` and ``validatePolicyTargetReference``, and the
patterns of its CustomResourceDefinitions.
"""

import re

from krmfn.mesh_intent_expander.analysis.validation.faults import (
    ADMISSION,
    Fault,
    Faults,
    Spec,
    at_most_one,
)
from krmfn.mesh_intent_expander.analysis.validation.labels import selector

_TARGETS = {
    ("", "Service"),
    ("core", "Service"),
    ("networking.istio.io", "ServiceEntry"),
    ("gateway.networking.k8s.io", "Gateway"),
    ("gateway.networking.k8s.io", "GatewayClass"),
}
_PART = r"[a-z0-9](?:[-a-z0-9]*[a-z0-9])?"
_GROUP = re.compile(rf"(?:{_PART}(?:\.{_PART})*)?")


def attachment(path: str, spec: Spec) -> Faults:
    """Check ``selector``, ``targetRef`` and ``targetRefs``, of which there may be one."""
    yield from at_most_one(path, spec, "selector targetRef targetRefs")
    yield from selector(f"{path}.selector", spec.get("selector"), "matchLabels")
    if (single := spec.get("targetRef")) is not None:
        yield from _target_ref(f"{path}.targetRef", single)
    for number, target in enumerate(spec.get("targetRefs") or ()):
        yield from _target_ref(f"{path}.targetRefs[{number}]", target)


def _target_ref(path: str, target: Spec) -> Faults:
    """Check one reference."""
    if not target.get("name"):
        yield Fault(f"{path}.name", "must be given")
    if namespace := target.get("namespace"):
        yield Fault(f"{path}.namespace", f'must be left out, but is "{namespace}"')
    group, kind = target.get("group") or "", target.get("kind") or ""
    if (group, kind) not in _TARGETS:
        wanted = "a Service, ServiceEntry, Gateway or GatewayClass"
        yield Fault(path, f'must refer to {wanted}, but to "{group}/{kind}"')
    elif not _GROUP.fullmatch(group):
        yield Fault(f"{path}.group", f'must be a domain name, but is "{group}"', ADMISSION)
