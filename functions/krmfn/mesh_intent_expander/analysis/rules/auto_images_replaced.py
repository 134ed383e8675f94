"""The image ``auto`` stands only where the sidecar injector puts a real one in its place."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from krmfn.mesh_intent_expander.analysis.finding import Code, Finding, Level
from krmfn.mesh_intent_expander.analysis.injection import PROXY
from krmfn.mesh_intent_expander.analysis.label_selectors import selector_matches
from krmfn.mesh_intent_expander.analysis.reading import items, text
from krmfn.mesh_intent_expander.view import (
    ClusterView,
    Fleet,
    labels_in,
    mapping,
    mappings,
    namespace_of,
    spec_of,
)

NOT_INJECTED = Code(
    "IST0146",
    Level.WARNING,
    "A Deployment whose proxy has the image `auto` must be one that the injector takes.",
    "ImageAutoWithoutInjectionWarning",
)
NEVER_INJECTED = Code(
    "IST0147",
    Level.ERROR,
    "A Pod that exists must not have the image `auto`.",
    "ImageAutoWithoutInjectionError",
)
CODES = (NOT_INJECTED, NEVER_INJECTED)
_AUTO = "auto"


def check(view: ClusterView, _fleet: Fleet) -> Iterable[Finding]:
    """Yield Pods and Deployments whose proxy keeps the image ``auto``."""
    for pod in view.of("Pod", ""):
        for field in _auto_images(spec_of(pod), "spec"):
            message = f'must be a real image: the injector replaces "{_AUTO}" before a Pod exists'
            yield Finding(NEVER_INJECTED, pod, message, field)
    injectors = list(_injectors(view))
    for deployment in view.of("Deployment", "apps"):
        template = mapping(spec_of(deployment).get("template"))
        own = labels_in(mapping(template.get("metadata")).get("labels"))
        namespace = view.namespaces.get(namespace_of(deployment), {})
        if any(_takes(each, namespace, own) for each in injectors):
            continue
        for field in _auto_images(mapping(template.get("spec")), "spec.template.spec"):
            message = f'must be a real image: no injector that replaces "{_AUTO}" takes these pods'
            yield Finding(NOT_INJECTED, deployment, message, field)


def _auto_images(pod: Mapping[str, Any], path: str) -> Iterator[str]:
    for where, container in items(pod.get("containers"), f"{path}.containers"):
        if (container.get("name"), container.get("image")) == (PROXY, _AUTO):
            yield f"{where}.image"


def _injectors(view: ClusterView) -> Iterator[Mapping[str, Any]]:
    for configuration in view.of("MutatingWebhookConfiguration", "admissionregistration.k8s.io"):
        for webhook in mappings(configuration.body.get("webhooks")):
            if text(webhook.get("name")).endswith("istio.io"):
                yield webhook


def _takes(
    webhook: Mapping[str, Any], namespace: Mapping[str, str], pod: Mapping[str, str]
) -> bool:
    return selector_matches(webhook.get("namespaceSelector"), namespace) and selector_matches(
        webhook.get("objectSelector"), pod
    )
