"""One injector at most takes a pod, and injectors are served by Services that exist."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from krmfn.mesh_intent_expander.analysis.annotations import INJECT
from krmfn.mesh_intent_expander.analysis.finding import Code, Finding, Level
from krmfn.mesh_intent_expander.analysis.injection import ENABLED, INJECTION, REVISION
from krmfn.mesh_intent_expander.analysis.label_selectors import selector_matches, values_of
from krmfn.mesh_intent_expander.analysis.pods import services
from krmfn.mesh_intent_expander.analysis.reading import items, quoted, text
from krmfn.mesh_intent_expander.view import ClusterView, Fleet, mapping
from krmfn.sdk import Resource

INVALID = Code(
    "IST0139",
    Level.ERROR,
    "An injector must take pods that no other one takes, and have a Service.",
    "InvalidWebhook",
)
CODES = (INVALID,)

_NAMESPACES: tuple[dict[str, str], ...] = (
    {},
    {INJECTION: ENABLED},
    {INJECTION: "disabled"},
)
_PODS: tuple[dict[str, str], ...] = ({}, {INJECT: "true"}, {INJECT: "false"})


@dataclass(frozen=True, slots=True)
class _Injector:
    resource: Resource
    field: str
    webhook: Mapping[str, Any]

    @property
    def name(self) -> str:
        return f"{self.resource.name}/{text(self.webhook.get('name'))}"


def check(view: ClusterView, _fleet: Fleet) -> Iterable[Finding]:
    """Yield injectors that take the pods of others, and those without a Service."""
    injectors = list(_injectors(view))
    yield from _overlaps(injectors)
    known = {(each.namespace, each.name) for each in services(view)}
    for each in injectors:
        service = mapping(each.webhook.get("clientConfig")).get("service")
        if isinstance(service, Mapping):
            wanted = text(service.get("namespace")), text(service.get("name"))
            if wanted not in known:
                message = f'must be a Service that exists, but is "{"/".join(wanted)}"'
                field = f"{each.field}.clientConfig.service"
                yield Finding(INVALID, each.resource, message, field)


def _injectors(view: ClusterView) -> Iterator[_Injector]:
    for resource in view.of("MutatingWebhookConfiguration", "admissionregistration.k8s.io"):
        found = [
            _Injector(resource, field, webhook)
            for field, webhook in items(resource.body.get("webhooks"), "webhooks")
        ]
        named = any(text(each.webhook.get("name")).endswith("istio.io") for each in found)
        if named or _revisions(found):
            yield from found


def _revisions(injectors: Sequence[_Injector]) -> set[str]:
    """Give the revisions that configurations or their selectors name."""
    labels = (each.resource.labels for each in injectors)
    return {own[REVISION] for own in labels if REVISION in own} | {
        revision
        for each in injectors
        for key in ("namespaceSelector", "objectSelector")
        for revision in values_of(each.webhook.get(key), REVISION)
    }


def _overlaps(injectors: Sequence[_Injector]) -> Iterator[Finding]:
    """Try all labels that decide about injection, and yield injectors that share pods."""
    revisions = _revisions(injectors)
    takes = {}
    for each in injectors:
        namespaces = _matched(each.webhook.get("namespaceSelector"), _NAMESPACES, revisions)
        pods = _matched(each.webhook.get("objectSelector"), _PODS, revisions)
        takes[each.name] = namespaces, pods
    for each in injectors:
        namespaces, pods = takes[each.name]
        others = sorted(
            name
            for name, (other_namespaces, other_pods) in takes.items()
            if name != each.name and namespaces & other_namespaces and pods & other_pods
        )
        if others:
            message = f"must take pods that no other injector takes, as {quoted(others)} does"
            yield Finding(INVALID, each.resource, message, each.field)


def _matched(
    selector: Any, bases: Iterable[Mapping[str, str]], revisions: set[str]
) -> frozenset[tuple[int, str | None]]:
    """Give which of the label sets, each without and with every revision, a selector matches."""
    return frozenset(
        (index, revision)
        for index, base in enumerate(bases)
        for revision in (None, *revisions)
        if selector_matches(selector, base if revision is None else {**base, REVISION: revision})
    )
