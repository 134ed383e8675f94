"""Open Cluster Management's Placement (cluster.open-cluster-management.io) as PlacementIntents."""

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import product
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

GROUP = "cluster.open-cluster-management.io"
KINDS = frozenset({"Placement"})
HELPERS = frozenset({"ManagedClusterSet", "ManagedClusterSetBinding"})
_SET_LABEL = f"{GROUP}/clusterset"
_BUILT_IN = {"ResourceAllocatableCPU": "cpu", "ResourceAllocatableMemory": "memory"}
_LOSSES = {
    "spec.decisionStrategy": (
        "decision-groups",
        "decisions are not rolled out group by group; the delivery does that",
    ),
}
_STEADY = (
    "Steady, of weight {weight}, is `disruption.stickiness`: what is placed stays until another "
    "cluster is better by `disruption.minImprovementPercent`, whatever the weight"
)
_CLAIMS = 'cluster.properties.map(claim, {"name": claim, "value": cluster.properties[claim]})'
_STRING = r"\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'"
_VARIABLE = re.compile(
    rf"(?P<text>{_STRING})|managedCluster(?:"
    r"(?P<labels>\.metadata\.labels\b)|(?P<name>\.metadata\.name\b)"
    r"|(?P<version>\.status\.version\.kubernetes\b)|(?P<claims>\.status\.clusterClaims\b)"
    rf"|\.scores\(\s*(?P<scores>{_STRING})\s*\)"
    rf"|\.status\.allocatable(?:\.(?P<field>\w+)|\[\s*(?P<index>{_STRING})\s*\])"
    r"|(?P<other>\b))"
)


def translate(document: Document, others: Iterable[Document]) -> Imported:
    """Give the intent of a Placement.

    Its candidates are told by the ManagedClusterSets and ManagedClusterSetBindings of `others`.
    """
    fields = spec_of(document, [], _LOSSES)
    sets = _sets(fields, document.namespace, list(others))
    predicates = [_predicate(each) for each in fields.parts("predicates")] or [{}]
    number, notes = fields.take("numberOfClusters"), list[str]()
    spec = {
        "placementType": "PickAll" if number is None else "PickN",
        "numberOfClusters": number,
        "clusterSelectorTerms": [
            term for pair in product(sets or [{}], predicates) if (term := _both(*pair))
        ],
        "requirements": {"resources": "None"},
        "topologySpreadConstraints": list(_spread(fields.part("spreadPolicy"))),
        "tolerations": tolerations_of(fields),
        **_priorities(fields.part("prioritizerPolicy"), notes),
    }
    fields.finish()
    body = intent(document.name, document.namespace, spec)
    return Imported((body,), tuple(fields.losses), tuple(notes))


def _sets(fields: Fields, namespace: str, others: list[Document]) -> list[dict[str, Any]]:
    """Give a term for every kind of cluster set; none where all clusters are candidates."""
    bound = {
        str((each.body.get("spec") or {}).get("clusterSet") or each.name)
        for each in others
        if each.kind == "ManagedClusterSetBinding" and each.namespace == namespace
    }
    named = fields.texts("clusterSets")
    if not bound and not named:
        fields.lose(
            "clusterSets",
            "sets-unknown",
            "must be told by the ManagedClusterSetBindings of the namespace: import them together",
        )
    chosen = sorted(set(named) & bound if named and bound else bound or set(named))
    kinds = {each.name: each.body for each in others if each.kind == "ManagedClusterSet"}
    selectors = {name: _selector(name, kinds.get(name, {})) for name in chosen}
    terms = [{"labelSelector": each} for each in selectors.values() if each is not None]
    exclusive = [name for name, each in selectors.items() if each is None]
    if exclusive:
        expression = {"key": _SET_LABEL, "operator": "In", "values": exclusive}
        terms.append({"labelSelector": {"matchExpressions": [expression]}})
    return [] if any(not each["labelSelector"] for each in terms) else terms


def _selector(name: str, body: Mapping[str, Any]) -> dict[str, Any] | None:
    """Give the label selector of a set; None where a label of the clusters names their set."""
    given = (body.get("spec") or {}).get("clusterSelector") or {}
    if given.get("selectorType") == "LabelSelector":
        return dict(given.get("labelSelector") or {})
    return {} if name == "global" and not given else None


def _both(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """Give the term of which both hold."""
    selectors = [each["labelSelector"] for each in (one, other) if "labelSelector" in each]
    labels: dict[str, str] = {}
    expressions = [each for one in selectors for each in one.get("matchExpressions") or []]
    for key, value in (
        pair for one in selectors for pair in (one.get("matchLabels") or {}).items()
    ):
        if labels.setdefault(key, value) != value:
            expressions.append({"key": key, "operator": "In", "values": [value]})
    selector = filled({"matchLabels": labels, "matchExpressions": expressions})
    return filled({**one, **other, "labelSelector": selector})


def _predicate(predicate: Fields) -> dict[str, Any]:
    given = predicate.part("requiredClusterSelector")
    cel, claims = given.part("celSelector"), given.part("claimSelector")
    demands = [requirement_of(each, "key", "name") for each in claims.parts("matchExpressions")]
    term = {
        "labelSelector": selector_of(given.part("labelSelector")),
        "propertySelector": filled({"matchExpressions": demands}),
        "celExpressions": [
            _expression(text, cel, number)
            for number, text in enumerate(cel.texts("celExpressions"))
        ],
    }
    for each in (cel, claims, given, predicate):
        each.finish()
    return filled(term)


def _expression(text: str, given: Fields, number: int) -> str:
    from krmfn.sdk import cel

    place = f"celExpressions[{number}]"
    translated = rewrite_cel(text)
    if translated is None:
        why = "reads a part of managedCluster that a ClusterProfile does not have"
        given.lose(place, "cel-variable", why)
        return text
    try:
        cel.compile(translated, variables=("cluster", "workload"))
    except cel.CelError as error:
        given.lose(place, "cel-invalid", str(error))
    return translated


def rewrite_cel(text: str) -> str | None:
    """Give CEL over OCM's `managedCluster` as CEL over `cluster`.

    Labels, name, version, claims, allocatable amounts and scores are known by other names.

    Returns:
        None when the expression reads anything else.
    """
    if any(match["other"] is not None for match in _VARIABLE.finditer(text)):
        return None
    return _VARIABLE.sub(_renamed, text)


def _renamed(match: re.Match[str]) -> str:
    if match["text"]:
        return match["text"]
    if scores := match["scores"]:
        prefix = f"score.{DOMAIN}/{scores[1:-1]}."
        return (
            f'cluster.properties.filter(score, score.startsWith("{prefix}")).map(score, '
            f'{{"name": score.substring({len(prefix)}), "value": int(cluster.properties[score])}})'
        )
    if resource := match["field"] or (match["index"] or "")[1:-1]:
        return f'cluster.properties["allocatable.{DOMAIN}/{resource.replace("/", ".")}"]'
    names = {"labels": "cluster.labels", "name": "cluster.name", "version": "cluster.version"}
    return next((ours for part, ours in names.items() if match[part]), _CLAIMS)


def _spread(policy: Fields) -> Iterator[dict[str, Any]]:
    for each in policy.parts("spreadConstraints"):
        each.take("topologyKeyType")
        yield filled(
            {
                "topologyKey": each.take("topologyKey"),
                "maxSkew": each.take("maxSkew"),
                "whenUnsatisfiable": each.take("whenUnsatisfiable", "ScheduleAnyway"),
            }
        )
        each.finish()
    policy.finish()


def _priorities(policy: Fields, notes: list[str]) -> dict[str, Any]:
    """Give preferences, objectives and stickiness for the scores of a Placement.

    OCM's scores lie between -100 and 100 over the candidates and its weights between -10 and 10:
    the order of the clusters stays when they are scaled. An objective that weighs nothing keeps
    those of the PlacementPolicy out.
    """
    weights = {} if policy.take("mode", "Additive") == "Exact" else {"Balance": 1, "Steady": 1}
    preferences = []
    for each in policy.parts("configurations"):
        coordinate, weight = each.part("scoreCoordinate"), each.number("weight", 1)
        if coordinate.take("type", "BuiltIn") == "AddOn":
            preferences.append(_add_on(coordinate.part("addOn"), weight))
        else:
            weights[str(coordinate.take("builtIn", ""))] = weight
        coordinate.finish()
        each.finish()
    balance, steady = weights.pop("Balance", 0), weights.pop("Steady", 0)
    if steady < 0:
        policy.lose("configurations", "unsteady", "must not wish for other clusters every time")
    elif steady > 0:
        notes.append(_STEADY.format(weight=steady))
    for name, weight in weights.items():
        if name in _BUILT_IN:
            sorter = {"name": f"allocatable.{DOMAIN}/{_BUILT_IN[name]}", "sortOrder": "Descending"}
            preferences.append({"weight": weight * 10, "propertySorter": sorter})
        else:
            policy.lose("configurations", "unknown-score", f'must not use the score "{name}"')
    policy.finish()
    goal = "binPacking" if balance < 0 else "loadBalance"
    return {
        "preferences": [each for each in preferences if each["weight"]],
        "objectives": [{"name": goal, "weight": abs(balance) * 10}],
        "disruption": {"stickiness": "LeastMoves" if steady > 0 else "None"},
    }


def _add_on(given: Fields, weight: int) -> dict[str, Any]:
    name = f"score.{DOMAIN}/{given.take('resourceName')}.{given.take('scoreName')}"
    given.finish()
    sorter = {"name": name, "sortOrder": "Descending", "minimum": -100, "maximum": 100}
    return {"weight": weight * 10, "propertySorter": sorter}
