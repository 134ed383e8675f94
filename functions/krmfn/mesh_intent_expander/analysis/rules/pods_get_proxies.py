"""Namespaces say clearly whether their pods get proxies, and pods that should have one do."""

from collections.abc import Iterable, Iterator, Mapping

from krmfn.mesh_intent_expander.analysis.annotations import INJECT
from krmfn.mesh_intent_expander.analysis.finding import Code, Finding, Level
from krmfn.mesh_intent_expander.analysis.injection import (
    AMBIENT,
    DATAPLANE,
    ENABLED,
    INJECTION,
    PROXY,
    REVISION,
    injector_values,
)
from krmfn.mesh_intent_expander.view import (
    ClusterView,
    Fleet,
    mapping,
    mappings,
    namespace_of,
    spec_of,
)
from krmfn.sdk import Resource

NOT_INJECTED = Code(
    "IST0102",
    Level.INFO,
    "A namespace should say whether its pods are to be injected.",
    "NamespaceNotInjected",
)
MISSING_PROXY = Code(
    "IST0103",
    Level.WARNING,
    "A pod of an injected namespace must have a proxy.",
    "PodMissingProxy",
)
SEVERAL_LABELS = Code(
    "IST0123",
    Level.WARNING,
    "A namespace must have only one label that decides about injection.",
    "NamespaceMultipleInjectionLabels",
)
INJECTED_BY_DEFAULT = Code(
    "IST0148",
    Level.INFO,
    "A namespace without a label is injected when the injector does so by default.",
    "NamespaceInjectionEnabledByDefault",
)
CODES = (NOT_INJECTED, MISSING_PROXY, SEVERAL_LABELS, INJECTED_BY_DEFAULT)


def check(view: ClusterView, _fleet: Fleet) -> Iterable[Finding]:
    """Yield namespaces that do not say what they want, and pods that did not get it."""
    for namespace in view.of("Namespace", ""):
        if namespace.name != view.root_namespace:
            yield from _several_labels(namespace)
            yield from _no_label(view, namespace)
    for pod in view.of("Pod", ""):
        if _is_injected(view.namespaces.get(namespace_of(pod), {})) and not _has_its_way(pod):
            message = f'must have a container "{PROXY}", since its namespace is injected'
            yield Finding(MISSING_PROXY, pod, message, "spec.containers")


def _several_labels(namespace: Resource) -> Iterator[Finding]:
    labels = namespace.labels
    deciding = [INJECTION] if INJECTION in labels else []
    if labels.get(INJECTION, ENABLED) == ENABLED:
        deciding += [each for each in (REVISION, DATAPLANE) if each in labels]
    if len(deciding) > 1:
        listed = " and ".join(f'"{each}={labels[each]}"' for each in deciding)
        message = f"must have only one of the labels {listed}"
        yield Finding(SEVERAL_LABELS, namespace, message, "metadata.labels")


def _no_label(view: ClusterView, namespace: Resource) -> Iterator[Finding]:
    labels = namespace.labels
    if labels.get(DATAPLANE) == AMBIENT or labels.get(INJECTION) or REVISION in labels:
        return
    if _is_default(view):
        message = f'should have the label "{INJECTION}"; without it this namespace is injected'
        yield Finding(INJECTED_BY_DEFAULT, namespace, message, "metadata.labels")
    else:
        message = f'must have the label "{INJECTION}", "{ENABLED}" or "disabled"'
        yield Finding(NOT_INJECTED, namespace, message, "metadata.labels")


def _is_default(view: ClusterView) -> bool:
    webhook = mapping((injector_values(view, "") or {}).get("sidecarInjectorWebhook"))
    return webhook.get("enableNamespacesByDefault") is True


def _is_injected(labels: Mapping[str, str]) -> bool:
    return labels.get(DATAPLANE) != AMBIENT and labels.get(INJECTION) == ENABLED


def _has_its_way(pod: Resource) -> bool:
    """Say whether a pod has a proxy, or says that it wants none."""
    spec = spec_of(pod)
    if spec.get("hostNetwork") is True:
        return True
    if pod.labels.get(INJECT, pod.annotations.get(INJECT, "")).lower() == "false":
        return True
    containers = [*mappings(spec.get("containers")), *mappings(spec.get("initContainers"))]
    return any(each.get("name") == PROXY and each.get("image") for each in containers)
