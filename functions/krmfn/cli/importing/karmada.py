"""Karmada's PropagationPolicy and ClusterPropagationPolicy as PlacementIntents."""

import json
from collections.abc import Iterable
from typing import Any

from krmfn.cli.importing.source import (
    Document,
    Fields,
    Imported,
    filled,
    intent,
    selector_of,
    spec_of,
    tolerations_of,
)
from krmfn.kinds.fleet import DOMAIN

GROUP = "policy.karmada.io"
KINDS = frozenset({"PropagationPolicy", "ClusterPropagationPolicy"})
HELPERS: frozenset[str] = frozenset()
_ZONES = f"zone.topology.{DOMAIN}/"
_LABELS = {
    "region": "topology.kubernetes.io/region",
    "zone": "topology.kubernetes.io/zone",
    "provider": f"topology.{DOMAIN}/provider",
}
_ANY_SKEW = 100_000
_DEFAULTS = {
    "preemption": "Never",
    "conflictResolution": "Abort",
    "schedulerName": "default-scheduler",
    "priority": 0,
    "propagateDeps": False,
    "association": False,
    "preserveResourcesOnDeletion": False,
}
_DELIVERY = "tells how resources are delivered, not where they go"
_LOSSES = {
    "spec.propagateDeps": (
        "dependencies",
        "what the resources need must be selected by `resourceSelectors` too",
    ),
    "spec.association": ("dependencies", "what the resources need must be selected too"),
    "spec.dependentOverrides": ("delivery", _DELIVERY),
    "spec.activationPreference": ("delivery", _DELIVERY),
    "spec.suspension": ("delivery", _DELIVERY),
    "spec.preserveResourcesOnDeletion": ("delivery", _DELIVERY),
    "spec.conflictResolution": ("delivery", _DELIVERY),
    "spec.schedulerName": ("scheduler", "only placement-resolver places a PlacementIntent"),
    "spec.failover": (
        "failover",
        "happens at run time; `spec.survive` and `spec.disruption` say what a render can do",
    ),
    "spec.preemption": (
        "policy-precedence",
        "a resource has one PlacementIntent, so that none takes it from another",
    ),
    "spec.priority": (
        "policy-precedence",
        "ranks policies that select one resource; `spec.priority` of an intent ranks workloads",
    ),
    "spec.schedulePriority": (
        "priority-class",
        "the number stands in a PriorityClass; write it to `spec.priority`",
    ),
    "spec.placement.workloadAffinity": (
        "workload-label",
        "groups by a label of the resources; `workloadAffinity` groups by one of the intents",
    ),
    "spec.placement.clusterAffinities.overflowAffinities": (
        "overflow",
        "replicas do not flow over into a further group; the next group takes all of them",
    ),
}


def translate(document: Document, others: Iterable[Document]) -> Imported:
    """Give the intent of a policy; it needs no `others`."""
    del others
    fields = spec_of(document, [], _LOSSES)
    placement = fields.part("placement")
    own = placement.part("clusterAffinity")
    term, exclude = _affinity(own)
    own.finish()
    replicas = _replicas(placement.part("replicaScheduling"))
    spread = _spread(placement, replicas)
    term = _in_domains(term, spread["topologySpreadConstraints"])
    spec = {
        "resourceSelectors": [
            _resource(each, document.namespace) for each in fields.parts("resourceSelectors")
        ],
        **spread,
        "clusterSelectorTerms": [term] if term else [],
        "exclude": exclude,
        "clusterAffinities": [_group(each) for each in placement.parts("clusterAffinities")],
        "requirements": {} if replicas else {"resources": "None"},
        "tolerations": tolerations_of(placement, "clusterTolerations"),
        "replicaScheduling": replicas,
    }
    placement.finish()
    fields.taken |= {name for name, usual in _DEFAULTS.items() if fields.body.get(name) == usual}
    fields.finish()
    return Imported((intent(document.name, document.namespace, spec),), tuple(fields.losses))


def _goes_by_room(replicas: dict[str, Any]) -> bool:
    """Say whether Karmada's estimators take part: they do where replicas go by what is free."""
    return replicas.get("replicaSchedulingType") == "Divided" and (
        replicas.get("replicaDivisionPreference") == "Aggregated"
        or "dynamicWeight" in replicas.get("weightPreference", {})
    )


def _resource(given: Fields, namespace: str) -> dict[str, Any]:
    found = {key: given.take(key) for key in ("apiVersion", "kind", "name")}
    found |= {
        "namespace": given.take("namespace", namespace),
        "labelSelector": selector_of(given.part("labelSelector")),
    }
    given.finish()
    return filled(found)


def _affinity(given: Fields) -> tuple[dict[str, Any], list[str]]:
    """Give the term of an affinity, and the clusters that it excludes."""
    labels = selector_of(given.part("labelSelector"))
    expressions = list(labels.get("matchExpressions", []))
    cel: list[str] = []
    fields = given.part("fieldSelector")
    for each in fields.parts("matchExpressions"):
        key, operator, values = each.take("key"), each.take("operator"), each.texts("values")
        if key == "zone":
            cel.append(_zones(operator, values))
        elif key in _LABELS:
            expressions.append({"key": _LABELS[key], "operator": operator, "values": values})
        else:
            each.lose("key", "unknown-field-selector", "must be provider, region or zone")
        each.finish()
    fields.finish()
    selector = filled({**labels, "matchExpressions": expressions})
    names = given.texts("clusterNames")
    term = {"labelSelector": selector, "clusterNames": names, "celExpressions": cel}
    return filled(term), given.texts("exclude")


def _zones(operator: str, values: list[str]) -> str:
    """Give CEL for a demand on all zones of a cluster: it has some, and all of them are listed."""
    listed = json.dumps([f"{_ZONES}{value}" for value in values], ensure_ascii=False)
    zones = f'cluster.properties.filter(zone, zone.startsWith("{_ZONES}"))'
    if operator == "NotIn":
        return f"!{zones}.exists(zone, zone in {listed})"
    return f"{zones}.size() > 0 && {zones}.all(zone, zone in {listed})"


def _group(given: Fields) -> dict[str, Any]:
    name = given.take("affinityName")
    term, exclude = _affinity(given)
    given.finish()
    found = {"name": name, "clusterSelectorTerms": [term] if term else [], "exclude": exclude}
    return filled(found)


def _spread(placement: Fields, replicas: dict[str, Any]) -> dict[str, Any]:
    """Give how many clusters, and over which domains, for Karmada's spread constraints."""
    static = replicas.get("replicaSchedulingType") == "Divided" and not _goes_by_room(replicas)
    found: dict[str, Any] = {"placementType": "PickAll"}
    constraints = []
    for each in placement.parts("spreadConstraints"):
        by, label = each.take("spreadByField"), each.take("spreadByLabel")
        least, most = each.number("minGroups", 1 if by else 0), each.number("maxGroups", 0)
        each.finish()
        if static:
            each.lose("", "spread-ignored", "Karmada does not heed it beside static weights")
        elif by == "cluster":
            found |= {"placementType": "PickN", "numberOfClusters": most} if most else {}
            if least > 1 and least != most:
                why = f"an intent asks for {most or 'all'} clusters; {least} would not do"
                each.lose("minGroups", "fewer-clusters", why)
        else:
            constraints.append(
                {
                    "topologyKey": _LABELS.get(by, label or by),
                    "maxSkew": _ANY_SKEW,
                    "minGroups": least,
                    "maxGroups": most,
                }
            )
    return {**found, "topologySpreadConstraints": constraints}


def _in_domains(term: dict[str, Any], constraints: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """Demand that clusters that are spread over regions, zones or providers are in one."""
    keys = {each["topologyKey"] for each in constraints}
    found = [key for field, key in _LABELS.items() if key in keys and field != "zone"]
    selector = term.get("labelSelector", {})
    exist = [{"key": key, "operator": "Exists"} for key in found]
    expressions = [*selector.get("matchExpressions", []), *exist]
    cel = list(term.get("celExpressions", []))
    if _LABELS["zone"] in keys:
        cel.append(f'cluster.properties.exists(zone, zone.startsWith("{_ZONES}"))')
    demanded = filled({**selector, "matchExpressions": expressions})
    return filled({**term, "labelSelector": demanded, "celExpressions": cel})


def _replicas(given: Fields) -> dict[str, Any]:
    weights = given.part("weightPreference")
    preference = {
        "staticWeightList": [_weight(each) for each in weights.parts("staticWeightList")],
        "dynamicWeight": weights.take("dynamicWeight"),
    }
    weights.finish()
    divided = given.take("replicaSchedulingType") == "Divided"
    found = {
        "replicaSchedulingType": "Divided" if divided else None,
        "replicaDivisionPreference": given.take("replicaDivisionPreference"),
        "weightPreference": filled(preference),
    }
    given.finish()
    return filled(found) if divided else {}


def _weight(given: Fields) -> dict[str, Any]:
    target = given.part("targetCluster")
    term, exclude = _affinity(target)
    target.finish()
    if exclude:
        listed = json.dumps(exclude, ensure_ascii=False)
        term["celExpressions"] = [*term.get("celExpressions", []), f"!(cluster.name in {listed})"]
    found = {"targetClusters": term, "weight": given.take("weight")}
    given.finish()
    return found
