"""Istiod is told which networks it must not fetch key sets from."""

from collections.abc import Iterable

from krmfn.mesh_intent_expander.analysis.finding import Code, Finding, Level
from krmfn.mesh_intent_expander.analysis.reading import quoted
from krmfn.mesh_intent_expander.view import (
    ISTIO_SECURITY,
    ClusterView,
    Fleet,
    mapping,
    mappings,
    namespace_of,
    spec_of,
)
from krmfn.sdk import Resource

UNRESTRICTED = Code(
    "IST0175",
    Level.WARNING,
    "Istiod must be told what to keep off when RequestAuthentications name key sets.",
    "JwksUriFetchUnrestricted",
)
CODES = (UNRESTRICTED,)

_BLOCKED = "BLOCKED_CIDRS_IN_JWKS_URIS"


def check(view: ClusterView, _fleet: Fleet) -> Iterable[Finding]:
    """Yield Deployments of istiod that may fetch key sets from anywhere."""
    users = view.of("RequestAuthentication", ISTIO_SECURITY)
    if not users:
        return
    names = sorted(f"{namespace_of(each)}/{each.name}" for each in users)
    for deployment in view.of("Deployment", "apps"):
        if deployment.labels.get("app") == "istiod" and not _is_restricted(deployment):
            message = (
                f'must set "{_BLOCKED}" in the environment of istiod, which fetches key sets for '
                f"RequestAuthentication {quoted(names)}"
            )
            yield Finding(UNRESTRICTED, deployment, message, "spec.template.spec.containers")


def _is_restricted(deployment: Resource) -> bool:
    pod = mapping(mapping(spec_of(deployment).get("template")).get("spec"))
    return any(
        each.get("name") == _BLOCKED and each.get("value")
        for container in mappings(pod.get("containers"))
        for each in mappings(container.get("env"))
    )
