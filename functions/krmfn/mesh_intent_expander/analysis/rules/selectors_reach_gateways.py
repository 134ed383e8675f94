"""Policies for gateways of the Gateway API name them by ``targetRefs``, not by a selector."""

from collections.abc import Iterable

from krmfn.mesh_intent_expander.analysis.finding import Code, Finding, Level
from krmfn.mesh_intent_expander.view import (
    ISTIO_EXTENSIONS,
    ISTIO_SECURITY,
    ISTIO_TELEMETRY,
    ClusterView,
    Fleet,
    labels_in,
    mapping,
    namespace_of,
    selects,
    spec_of,
)

INEFFECTIVE = Code(
    "IST0166",
    Level.WARNING,
    "A policy must not select the pods of a Gateway of the Gateway API, on which it has no effect.",
    "IneffectiveSelector",
)
CODES = (INEFFECTIVE,)

_POLICIES = {
    "AuthorizationPolicy": ISTIO_SECURITY,
    "RequestAuthentication": ISTIO_SECURITY,
    "Telemetry": ISTIO_TELEMETRY,
    "WasmPlugin": ISTIO_EXTENSIONS,
}
_GATEWAY = "gateway.networking.k8s.io/gateway-name"


def check(view: ClusterView, _fleet: Fleet) -> Iterable[Finding]:
    """Yield policies that select pods of such gateways."""
    pods = [each for each in view.workloads if _GATEWAY in each.labels]
    for kind, group in _POLICIES.items():
        for policy in view.of(kind, group):
            spec = spec_of(policy)
            if spec.get("targetRef") is not None or spec.get("selector") is None:
                continue
            selector = labels_in(mapping(spec["selector"]).get("matchLabels"))
            for pod in pods:
                if pod.namespace == namespace_of(policy) and selects(selector, pod.labels):
                    name = pod.labels[_GATEWAY]
                    message = f'must not select the pods of Gateway "{name}"; use `spec.targetRefs`'
                    yield Finding(INEFFECTIVE, policy, message, "spec.selector")
                    break
