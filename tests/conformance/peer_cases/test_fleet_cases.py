"""Azure Fleet's scheduler: affinity, properties, taints, and topology spread."""

import math
from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any

from peer_rig import Body, best, eligible, fleet, imported

from krmfn.cli.importing.fleet import property_name
from krmfn.placement_resolver.fleet import Cluster
from krmfn.placement_resolver.intents.selectors import Preference
from krmfn.placement_resolver.matching import interpolate, label_selector_matches, spread_skew
from krmfn.sdk import quantity

PEER = "fleet"
Input = Mapping[str, Any]
_ERROR = "error"
_PENALTY = 1000
_LEVELS = "three scores are compared one after the other; ours are added up"


def test_ours_is_fleets_answer(case: Input, agree: Callable[[Input], None]) -> None:
    agree(case)


def _placed(policy: Input) -> Any:
    return imported(
        {
            "apiVersion": "placement.kubernetes-fleet.io/v1beta1",
            "kind": "ClusterResourcePlacement",
            "metadata": {"name": "test"},
            "spec": {"policy": policy},
        }
    )


def _member(body: Input) -> Body:
    return {"apiVersion": "cluster.kubernetes-fleet.io/v1beta1", "kind": "MemberCluster", **body}


def _only(body: Input) -> Cluster:
    (cluster,) = fleet(_member(body))
    return cluster


def _affinity(**fields: Any) -> dict[str, Any]:
    return {"affinity": {"clusterAffinity": fields}}


def _passes(policy: Input, cluster: Input) -> bool:
    return bool(eligible(_placed(policy), fleet(_member(cluster))))


def _filtered(given: Input, expect: Input) -> tuple[Any, Any]:
    snapshot = given.get("ps") or given["policySnapshot"]
    policy = (snapshot.get("spec") or {}).get("policy") or {}
    return _passes(policy, given["cluster"]), expect.get("wantStatus") is None


def _required(given: Input, expect: Input) -> tuple[Any, Any]:
    """Match one term; where Fleet gives an error, the cluster must not match."""
    term = given["clusterRequirement"].get("clusterSelectorTerm") or {}
    required = {"clusterSelectorTerms": [term]}
    policy = _affinity(requiredDuringSchedulingIgnoredDuringExecution=required)
    try:
        mine = _passes(policy, given["cluster"])
    except NotImplementedError:
        if not expect.get("expectedToFail"):
            raise
        mine = False
    return mine, bool(expect.get("want") or expect.get("wantMatched"))


def _value(cluster: Cluster, name: str) -> float | None:
    ours = property_name(name)
    if ours is None:
        raise ValueError(name)
    known = cluster.properties.get(ours)
    return None if known is None else quantity.as_float(known.value)


def _extremes(given: Input, name: str) -> tuple[float, float]:
    prepared = (given.get("state") or {}).get("minMaxValuesByProperty") or {}
    if not (found := prepared.get(name)) or None in (found.get("min"), found.get("max")):
        raise NotImplementedError("is about a state that another step has to prepare")
    return quantity.as_float(found["min"]), quantity.as_float(found["max"])


def _rated(given: Input, name: str, order: str, weight: int) -> int | str:
    """Interpolate, and round half away from zero."""
    try:
        value = _value(_only(given["cluster"]), name)
        if value is None:
            return 0
        low, high = _extremes(given, name)
        if low <= high and not low <= value <= high:
            raise NotImplementedError("a value beyond the scale counts as its end")
        found = interpolate(value, low, high, order, weight)
    except ValueError:
        return _ERROR
    return int(math.copysign(math.floor(abs(found) + 0.5), found))


def _interpolated(given: Input, expect: Input) -> tuple[Any, Any]:
    order, weight = given.get("sortOrder", "Descending"), given.get("weight", 0)
    if order not in ("Ascending", "Descending"):
        raise NotImplementedError("another order is no PlacementIntent")
    mine = _rated(given, given["propertyName"], order, weight)
    return mine, _ERROR if expect.get("expectedToFail") else expect.get("want", 0)


def _preferred(given: Input, expect: Input) -> tuple[Any, Any]:
    theirs = _ERROR if expect.get("expectedToFail") else expect.get("want", 0)
    wished = given["clusterPreference"]
    policy = _affinity(preferredDuringSchedulingIgnoredDuringExecution=[wished])
    try:
        (preference,) = _placed(policy).spec.preferences
    except NotImplementedError:
        if theirs != _ERROR:
            raise
        return _ERROR, theirs
    return _score(preference, given), theirs


def _score(preference: Preference, given: Input) -> int | str:
    labels = (given["cluster"].get("metadata") or {}).get("labels") or {}
    if preference.label_selector and not label_selector_matches(preference.label_selector, labels):
        return 0
    sorter = given["clusterPreference"]["preference"].get("propertySorter")
    if sorter is None:
        return preference.weight
    return _rated(given, sorter["name"], sorter["sortOrder"], preference.weight)


def _retrieved(given: Input, expect: Input) -> tuple[Any, Any]:
    return _looked_up(given, expect, given["propertyName"])


def _used(given: Input, expect: Input) -> tuple[Any, Any]:
    return _looked_up(given, expect, f"resources.kubernetes-fleet.io/{given['propertyName']}")


def _looked_up(given: Input, expect: Input, name: str) -> tuple[Any, Any]:
    theirs = expect.get("wantQuantity")
    try:
        mine: Any = _value(_only(given["cluster"]), name)
    except ValueError:
        if not expect.get("expectedToFail"):
            raise NotImplementedError("a ClusterProfile does not tell the total") from None
        mine = _ERROR
    wanted = None if theirs is None else quantity.as_float(theirs)
    return mine, _ERROR if expect.get("expectedToFail") else wanted


def _skewed(given: Input, expect: Input) -> tuple[Any, Any]:
    counter = given["counter"]
    counts = counter.get("counter") or {}
    if expect.get("expectedToFail") and given["dn"] in counts:
        raise NotImplementedError("is about a state that another step has to prepare")
    try:
        mine: Any = spread_skew(counts, given["dn"], given["maxSkew"])
    except KeyError:
        mine = _ERROR
    theirs = (expect.get("wantViolated", False), expect.get("wantSkewChange", 0))
    return mine, _ERROR if expect.get("expectedToFail") else theirs


def _evaluated(given: Input, expect: Input) -> tuple[Any, Any]:
    """Judge every cluster by all constraints: a better spread counts 1, a broken wish -1000."""
    labels = {
        each["metadata"]["name"]: each["metadata"].get("labels") or {} for each in given["clusters"]
    }
    chosen = {each["spec"]["targetCluster"] for each in given.get("bindings") or ()}
    violating: set[str] = set()
    scores = (
        dict.fromkeys(labels, 0)
        if given.get("doNotSchedule") or given.get("scheduleAnyway")
        else {}
    )
    for field in ("doNotSchedule", "scheduleAnyway"):
        for constraint in given.get(field) or ():
            key = constraint["topologyKey"]
            domains = {name: each[key] for name, each in labels.items() if key in each}
            counts = dict.fromkeys(domains.values(), 0)
            for name in chosen & domains.keys():
                counts[domains[name]] += 1
            for name, domain in domains.items():
                broken, change = spread_skew(counts, domain, constraint.get("maxSkew", 1))
                scores[name] -= _PENALTY if broken and field == "scheduleAnyway" else change
                if broken and field == "doNotSchedule":
                    violating.add(name)
    mine = {name: score for name, score in scores.items() if name not in violating}
    return [sorted(violating), mine], [
        sorted(expect.get("wantViolations") or ()),
        expect.get("wantScores") or {},
    ]


def _levels(scored: Any) -> dict[str, float]:
    """Give the one score by which clusters differ, by their names."""
    scores = {each["cluster"]["metadata"]["name"]: each.get("score") or {} for each in scored or ()}
    fields = sorted({field for score in scores.values() for field in score})
    levels = [{name: score.get(field, 0) for name, score in scores.items()} for field in fields]
    varying = [each for each in levels if len({*each.values()}) > 1]
    if len(varying) > 1:
        raise NotImplementedError(_LEVELS)
    level = varying[0] if varying else dict.fromkeys(scores, 0)
    if len({*level.values()}) < len(level):
        raise NotImplementedError("equal clusters go by name; ours by a hash of both names")
    return level


def _names(scored: Any) -> list[str]:
    return [each["cluster"]["metadata"]["name"] for each in scored or ()]


def _picked(given: Input, expect: Input) -> tuple[Any, Any]:
    """Pick the best; how they are rated does not matter where all or none are picked."""
    scored, picks = given.get("scoredClusters") or [], given.get("picks", 0)
    is_clear = picks == 0 or picks >= len(scored)
    level = dict.fromkeys(_names(scored), 0.0) if is_clear else _levels(scored)
    return best(level, picks) if level else [], sorted(_names(expect.get("wantPicked")))


def _sorted(given: Input, expect: Input) -> tuple[Any, Any]:
    level = _levels(given["scs"])
    tops = [set(best(level, number)) for number in range(len(level) + 1)]
    order = [name for less, more in pairwise(tops) for name in more - less]
    return order, _names(expect.get("want"))


def _numbered(given: Input, expect: Input) -> tuple[Any, Any]:
    desired, limit = given.get("desired", 0), given.get("limit", 0)
    if limit < desired:
        raise NotImplementedError("clusters are chosen all at once, not in batches")
    level = {f"cluster-{number}": float(number) for number in range(given.get("scored", 0))}
    return len(best(level, desired)) if level else 0, expect.get("want", 0)


ANSWERS = {
    "clusteraffinity/TestFilter": _filtered,
    "tainttoleration/TestFilter": _filtered,
    "clusteraffinity/TestClusterRequirementMatches": _required,
    "clusteraffinity/TestClusterPreferenceScores": _preferred,
    "clusteraffinity/TestInterpolateWeightFor": _interpolated,
    "clusteraffinity/TestRetrieveResourceUsageFrom": _used,
    "clusteraffinity/TestRetrievePropertyValueFrom": _retrieved,
    "topologyspreadconstraints/TestWillViolate": _skewed,
    "topologyspreadconstraints/TestEvaluateAllConstraints": _evaluated,
    "framework/TestPickTopNScoredClusters": _picked,
    "framework/TestScoredClustersSort": _sorted,
    "framework/TestCalcNumOfClustersToSelect": _numbered,
}
NOT_COVERED = {
    "topologyspreadconstraints/TestFilter": "looks up what an earlier step of its own has found",
    "clustereligibilitychecker/TestIsClusterEligible": "goes by heartbeats and times of grace, "
    "which no ClusterProfile has",
}
