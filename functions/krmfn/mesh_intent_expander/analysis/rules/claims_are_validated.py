"""Routes by a token's claims stand behind gateways that validate the token."""

from collections.abc import Iterable, Iterator

from krmfn.mesh_intent_expander.analysis.finding import Code, Finding, Level
from krmfn.mesh_intent_expander.analysis.pods import gateways, pods, selector_of
from krmfn.mesh_intent_expander.analysis.virtual_services import (
    MESH,
    gateway_name,
    gateways_of,
    virtual_services,
)
from krmfn.mesh_intent_expander.view import (
    ISTIO_SECURITY,
    ClusterView,
    Fleet,
    Workload,
    labels_in,
    mapping,
    mappings,
    namespace_of,
    selects,
    spec_of,
)
from krmfn.sdk import Resource

NOT_VALIDATED = Code(
    "IST0149",
    Level.ERROR,
    "Routes by a token's claims must stand behind a RequestAuthentication.",
    "JwtClaimBasedRoutingWithoutRequestAuthN",
)
CODES = (NOT_VALIDATED,)
_CLAIM = "@request.auth.claims"


def check(view: ClusterView, _fleet: Fleet) -> Iterable[Finding]:
    """Yield VirtualServices that match claims on a gateway pod without RequestAuthentication."""
    known = {(namespace_of(each), each.name): each for each in gateways(view)}
    unvalidated = list(_unvalidated(view))
    for resource in virtual_services(view):
        claim = _claim(resource)
        for written in gateways_of(resource) if claim else ():
            gateway = known.get(gateway_name(written, namespace_of(resource)))
            if gateway is None or written == MESH:
                continue
            for pod in unvalidated:
                if selects(selector_of(gateway), pod.labels):
                    message = (
                        f'must not match "{claim}" without a RequestAuthentication for pod '
                        f'"{pod.namespace}/{pod.name}" of Gateway "{written}"'
                    )
                    yield Finding(NOT_VALIDATED, resource, message, "spec.http")


def _unvalidated(view: ClusterView) -> Iterator[Workload]:
    """Yield the pods that no RequestAuthentication selects."""
    selectors: dict[str, list[dict[str, str]]] = {}
    for each in view.of("RequestAuthentication", ISTIO_SECURITY):
        selector = labels_in(mapping(spec_of(each).get("selector")).get("matchLabels"))
        selectors.setdefault(namespace_of(each), []).append(selector)
    for pod in pods(view):
        near = [*selectors.get(view.root_namespace, ()), *selectors.get(pod.namespace, ())]
        if not any(selects(selector, pod.labels) for selector in near):
            yield pod


def _claim(resource: Resource) -> str:
    """Give the first header that stands for a claim, or ""."""
    for rule in mappings(spec_of(resource).get("http")):
        for match in mappings(rule.get("match")):
            for field in ("headers", "withoutHeaders"):
                for name in mapping(match.get(field)):
                    if _is_claim(str(name)):
                        return str(name)
    return ""


def _is_claim(header: str) -> bool:
    """Tell ``@request.auth.claims.name`` and ``@request.auth.claims[name]`` from other headers."""
    path = header[len(_CLAIM) :]
    is_path = path[:1] == "." or (path[:1] == "[" and path[-1:] == "]" and len(path) > len("[]"))
    return header.lower().startswith(_CLAIM) and len(path) > 1 and is_path
