"""Applications do not run as the user of the proxy, whose traffic is not redirected."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from krmfn.mesh_intent_expander.analysis.finding import Code, Finding, Level
from krmfn.mesh_intent_expander.analysis.injection import PROXY, is_control_plane
from krmfn.mesh_intent_expander.analysis.reading import items
from krmfn.mesh_intent_expander.view import ClusterView, Fleet, mapping, spec_of

USER_OF_PROXY = Code(
    "IST0144",
    Level.WARNING,
    "An application must not run as user 1337, the user of the proxy.",
    "InvalidApplicationUID",
)
CODES = (USER_OF_PROXY,)

_USER = 1337
_ISTIOS_OWN = (PROXY, "istio-operator")


def check(view: ClusterView, _fleet: Fleet) -> Iterable[Finding]:
    """Yield Pods and Deployments that run as the user of the proxy."""
    pods = [(pod, spec_of(pod), "spec") for pod in view.of("Pod", "")]
    for each in view.of("Deployment", "apps"):
        template = mapping(spec_of(each).get("template"))
        pods.append((each, mapping(template.get("spec")), "spec.template.spec"))
    for resource, pod, path in pods:
        if not is_control_plane(resource):
            for field in _users(pod, path):
                message = f"must not be {_USER}, which is the user of the proxy"
                yield Finding(USER_OF_PROXY, resource, message, field)


def _users(pod: Mapping[str, Any], path: str) -> Iterator[str]:
    """Yield the fields that name the user of the proxy."""
    parts = [(path, pod)]
    parts += (
        (where, each)
        for where, each in items(pod.get("containers"), f"{path}.containers")
        if each.get("name") not in _ISTIOS_OWN
    )
    for where, each in parts:
        if mapping(each.get("securityContext")).get("runAsUser") == _USER:
            yield f"{where}.securityContext.runAsUser"
