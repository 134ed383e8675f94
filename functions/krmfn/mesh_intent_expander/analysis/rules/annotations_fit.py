"""Istio's annotations stand where they are read, are known, settled, and have values that work."""

from collections.abc import Iterable, Iterator

from krmfn.mesh_intent_expander.analysis.annotation_values import complaint
from krmfn.mesh_intent_expander.analysis.annotations import (
    ANY,
    INJECT,
    KNOWN,
    SET_BY_CNI,
    SET_BY_ISTIO,
    is_istios,
)
from krmfn.mesh_intent_expander.analysis.finding import Code, Finding, Level
from krmfn.mesh_intent_expander.view import ClusterView, Fleet, mappings, spec_of
from krmfn.sdk import Resource

MISPLACED = Code(
    "IST0107",
    Level.WARNING,
    "An annotation of Istio must stand on an object of the kind it is for.",
    "MisplacedAnnotation",
)
UNKNOWN = Code(
    "IST0108",
    Level.WARNING,
    "An annotation in Istio's name must be one that Istio knows.",
    "UnknownAnnotation",
)
INVALID = Code(
    "IST0125",
    Level.WARNING,
    "An annotation of Istio must have a value that Istio takes.",
    "InvalidAnnotation",
)
DEPRECATED = Code(
    "IST0135",
    Level.INFO,
    "An annotation of Istio should not be a deprecated one.",
    "DeprecatedAnnotation",
)
ALPHA = Code(
    "IST0136",
    Level.INFO,
    "An annotation of Istio may change while it is alpha.",
    "AlphaAnnotation",
)
CODES = (MISPLACED, UNKNOWN, INVALID, DEPRECATED, ALPHA)

_KINDS = {"Namespace": "", "Service": "", "Pod": "", "Deployment": "apps"}
"""The kinds whose annotations are looked at, with their groups."""

_PODS_OF = {"Deployment": "Pod, here in `spec.template`"}


def check(view: ClusterView, _fleet: Fleet) -> Iterable[Finding]:
    """Yield what is wrong with annotations of Namespaces, Services, Pods and Deployments."""
    for kind, group in _KINDS.items():
        for resource in view.of(kind, group):
            for name, value in sorted(resource.annotations.items()):
                if is_istios(name) and name not in SET_BY_ISTIO:
                    yield from _judged(resource, name, value)


def _judged(resource: Resource, name: str, value: str) -> Iterator[Finding]:
    field = f'metadata.annotations["{name}"]'
    known = KNOWN.get(name)
    if known is None:
        yield Finding(UNKNOWN, resource, "must be an annotation that Istio knows", field)
        return
    if known.deprecated and not (name == INJECT and INJECT in resource.labels):
        instead = f'; use the label "{INJECT}"' if name == INJECT else ""
        message = f"should not be used, since it is deprecated{instead}"
        yield Finding(DEPRECATED, resource, message, field)
    if known.alpha and not (name in SET_BY_CNI and _may_be_set_by_cni(resource)):
        message = "is alpha: it may work in part, and may change"
        yield Finding(ALPHA, resource, message, field)
    if ANY in known.kinds:
        return
    if resource.kind not in known.kinds:
        wanted = " or ".join(known.kinds).replace("Pod", _PODS_OF.get(resource.kind, "Pod"))
        message = f"must stand on kind {wanted}, but stands on kind {resource.kind}"
        yield Finding(MISPLACED, resource, message, field)
    elif problem := complaint(name, value):
        yield Finding(INVALID, resource, problem, field)


def _may_be_set_by_cni(resource: Resource) -> bool:
    """Say whether a pod has no ``istio-init``, whose work Istio's CNI plugin does then."""
    if resource.kind != "Pod":
        return False
    names = (each.get("name") for each in mappings(spec_of(resource).get("initContainers")))
    return "istio-init" not in names
