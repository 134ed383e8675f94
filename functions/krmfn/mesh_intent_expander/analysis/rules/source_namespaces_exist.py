"""AuthorizationPolicies name namespaces that exist."""

from collections.abc import Iterable, Iterator
from functools import lru_cache

from krmfn.mesh_intent_expander.analysis.finding import Finding
from krmfn.mesh_intent_expander.analysis.reading import items
from krmfn.mesh_intent_expander.analysis.references import NOT_FOUND
from krmfn.mesh_intent_expander.view import (
    ISTIO_SECURITY,
    ClusterView,
    Fleet,
    mapping,
    spec_of,
    strings,
)
from krmfn.sdk import Resource

CODES = (NOT_FOUND,)
_FIELDS = ("namespaces", "notNamespaces")


def check(view: ClusterView, fleet: Fleet) -> Iterable[Finding]:
    """Yield namespaces of sources that no cluster of the fleet has.

    A namespace exists when it has an object, be it a Namespace or one that stands in it.
    """
    known = _namespaces(fleet)
    for policy in view.of("AuthorizationPolicy", ISTIO_SECURITY):
        for path, name in _named(policy):
            if not _exists(name.lower(), known):
                message = f'must be a namespace that exists, but is "{name}"'
                yield Finding(NOT_FOUND, policy, message, path)


@lru_cache(maxsize=1)
def _namespaces(fleet: Fleet) -> frozenset[str]:
    """Give the namespaces of a fleet, gathered once for all its clusters."""
    return frozenset(
        (each.name if each.kind == "Namespace" else each.namespace).lower()
        for view in fleet.views.values()
        for each in view.resources
    )


def _named(policy: Resource) -> Iterator[tuple[str, str]]:
    for rule_path, rule in items(spec_of(policy).get("rules"), "spec.rules"):
        for from_path, each in items(rule.get("from"), f"{rule_path}.from"):
            source = mapping(each.get("source"))
            for field in _FIELDS:
                for index, name in enumerate(strings(source.get(field))):
                    yield f"{from_path}.source.{field}[{index}]", name


def _exists(name: str, known: frozenset[str]) -> bool:
    if name.startswith("*"):
        return any(each.endswith(name[1:]) for each in known) or name == "*"
    if name.endswith("*"):
        return any(each.startswith(name[:-1]) for each in known)
    return name in known
