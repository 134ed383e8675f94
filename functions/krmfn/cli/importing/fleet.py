"""Azure Fleet's ClusterResourcePlacement and ResourcePlacement as PlacementIntents."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from krmfn.cli.importing.source import (
    Document,
    Fields,
    Imported,
    filled,
    intent,
    requirement_of,
    selector_of,
    spec_of,
    tolerations_of,
)
from krmfn.kinds.fleet import DOMAIN

GROUP = "placement.kubernetes-fleet.io"
KINDS = frozenset({"ClusterResourcePlacement", "ResourcePlacement"})
HELPERS: frozenset[str] = frozenset()
_RESOURCES = "resources.kubernetes-fleet.io/"
_ROLLOUT = ("rollout", "tells how resources are rolled out, not where they go")
_LOSSES = {
    "spec.strategy.type": _ROLLOUT,
    "spec.strategy.rollingUpdate": _ROLLOUT,
    "spec.strategy.applyStrategy": _ROLLOUT,
    "spec.strategy.reportBackStrategy": _ROLLOUT,
    "spec.strategy.deleteStrategy": _ROLLOUT,
    "spec.statusReportingScope": ("status", "a PlacementReport tells what became of the intent"),
}
_USUAL = {
    "type": "RollingUpdate",
    "rollingUpdate": {
        "maxUnavailable": "25%",
        "maxSurge": "25%",
        "unavailablePeriodSeconds": 60,
    },
    "applyStrategy": {
        "type": "ClientSideApply",
        "comparisonOption": "PartialComparison",
        "whenToApply": "Always",
        "whenToTakeOver": "Always",
    },
}


def translate(document: Document, others: Iterable[Document]) -> Imported:
    """Give the intent of a placement; it needs no `others`."""
    del others
    fields = spec_of(document, [], _LOSSES)
    fields.take("revisionHistoryLimit")
    _take_usual(fields.part("strategy"))
    if fields.body.get("statusReportingScope") == "ClusterScopeOnly":
        fields.take("statusReportingScope")
    resources = [
        each
        for given in fields.parts("resourceSelectors")
        for each in _resources(given, document.namespace)
    ]
    policy = fields.part("policy")
    affinity = policy.part("affinity")
    clusters = affinity.part("clusterAffinity")
    required = clusters.part("requiredDuringSchedulingIgnoredDuringExecution")
    preferred = clusters.parts("preferredDuringSchedulingIgnoredDuringExecution")
    spec = {
        "resourceSelectors": resources,
        "placementType": policy.take("placementType"),
        "numberOfClusters": policy.take("numberOfClusters"),
        "clusterNames": policy.texts("clusterNames"),
        "clusterSelectorTerms": [
            filled(_term(each)) for each in required.parts("clusterSelectorTerms")
        ],
        "requirements": {"resources": "None"},
        "preferences": [_preference(each) for each in preferred],
        "topologySpreadConstraints": list(_spread(policy)),
        "tolerations": tolerations_of(policy),
    }
    for each in (required, clusters, affinity, policy, fields):
        each.finish()
    return Imported((intent(document.name, document.namespace, spec),), tuple(fields.losses))


def _take_usual(given: Fields) -> None:
    """Take what Fleet's API server writes where people write nothing; tell the rest."""
    for name, usual in _USUAL.items():
        if _is_within(given.body.get(name), usual):
            given.take(name)
    given.finish()


def _is_within(found: Any, usual: Any) -> bool:
    if isinstance(found, Mapping) and isinstance(usual, Mapping):
        return found.items() <= usual.items()
    return bool(found == usual)


def _resources(given: Fields, namespace: str) -> Iterator[dict[str, Any]]:
    group, version = given.take("group", ""), given.take("version", "v1")
    kind, name = given.take("kind"), given.take("name")
    scope = given.take("selectionScope", "NamespaceWithResources")
    labels = selector_of(given.part("labelSelector"))
    given.finish()
    yield filled(
        {
            "apiVersion": f"{group}/{version}" if group else version,
            "kind": kind,
            "name": name,
            "namespace": namespace,
            "labelSelector": labels,
        }
    )
    if (group, kind) == ("", "Namespace") and scope == "NamespaceWithResources":
        if not name:
            why = "selects all that is in namespaces; name the namespaces one by one"
            given.lose("labelSelector", "unnamed-namespaces", why)
        else:
            yield {"namespace": name}


def property_name(name: str) -> str | None:
    """Give our name of a Fleet property.

    Returns:
        None where a ClusterProfile has no such property: only what is allocatable or available
        of a resource is known, not the total.
    """
    if not name.startswith(_RESOURCES):
        return name
    which, _, resource = name.removeprefix(_RESOURCES).partition("-")
    if which not in ("allocatable", "available") or not resource or "-" in resource:
        return None
    return f"{which}.{DOMAIN}/{resource}"


def _named(given: Fields, name: str) -> str:
    ours = property_name(name)
    if ours is None:
        given.lose("name", "unknown-property", f'no ClusterProfile has the property "{name}"')
    return ours or name


def _term(given: Fields) -> dict[str, Any]:
    properties = given.part("propertySelector")
    expressions = []
    for each in properties.parts("matchExpressions"):
        expression = requirement_of(each, "name")
        expressions.append(expression | {"name": _named(each, str(expression.get("name")))})
    properties.finish()
    labels = given.take("labelSelector")
    term = {
        "labelSelector": None if labels is None else selector_of(given.part("labelSelector")),
        "propertySelector": filled({"matchExpressions": expressions}),
    }
    given.finish()
    return filled(term)


def _preference(given: Fields) -> dict[str, Any]:
    weight, preference = given.take("weight"), given.part("preference")
    sorter = preference.part("propertySorter")
    sorted_by = {"sortOrder": sorter.take("sortOrder")}
    if name := sorter.take("name"):
        sorted_by["name"] = _named(sorter, name)
    sorter.finish()
    found = {"weight": weight, "propertySorter": filled(sorted_by), **_term(preference)}
    given.finish()
    return filled(found)


def _spread(policy: Fields) -> Iterator[dict[str, Any]]:
    for each in policy.parts("topologySpreadConstraints"):
        names = ("maxSkew", "topologyKey", "whenUnsatisfiable")
        yield filled({name: each.take(name) for name in names})
        each.finish()
