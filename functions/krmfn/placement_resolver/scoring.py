"""How good a cluster is for a workload: weighed terms between 0 and 1, added up to 0 to 100.

Terms are scaled by limits that are stated, never by the other candidates, so that a cluster's
score does not change when another one joins the fleet; only a `propertySorter` without limits
goes by the candidates, as it does in Azure Fleet.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from krmfn.kinds.fleet import DOMAIN
from krmfn.placement_resolver.distances import finite
from krmfn.placement_resolver.filters import Ask
from krmfn.placement_resolver.filters.capabilities import with_capability
from krmfn.placement_resolver.filters.latency import time_to
from krmfn.placement_resolver.fleet import Cluster
from krmfn.placement_resolver.intents.intent import CapabilityRequirement, Objective
from krmfn.placement_resolver.intents.selectors import Preference
from krmfn.placement_resolver.load import utilisation
from krmfn.placement_resolver.matching import interpolate, tolerated
from krmfn.placement_resolver.terms import mask_of_selectors
from krmfn.placement_resolver.vectors import Column, rows_of
from krmfn.sdk import quantity

COST = f"cost.{DOMAIN}/cpu-hour"
CARBON = f"energy.{DOMAIN}/carbon-gco2-per-kwh"
_LIMITS = {"latency": 100.0, "loadBalance": 1.0, "cost": 0.1, "carbon": 1000.0, "binPacking": 1.0}
_TAINT_WEIGHT = 10


@dataclass(frozen=True, slots=True)
class Term:
    """One thing that counts.

    Attributes:
        weight: how much it counts, above 0.
        parts: columns and their shares, whose sum goes from 0, worst, to 1, best; unknown facts
            are worst. Workloads share columns, of which a fleet's would else fill the memory.
    """

    name: str
    weight: float
    parts: tuple[tuple[float, Column], ...]

    def of(self, number: int) -> float:
        """Give how good one cluster is."""
        return sum(share * float(column[number]) for share, column in self.parts)


def terms(ask: Ask) -> list[Term]:
    """Give all that counts for a workload; what weighs nothing is left out."""
    spec = ask.workload.intent.spec
    found = [_objective(each, ask) for each in spec.objectives or ask.policy.objectives]
    found += [_capability(each.name, each.weight, ask) for each in _wished(ask)]
    wishes = (*spec.preferences, *ask.policy.preferences)
    found += [_preference(each, position, ask) for position, each in enumerate(wishes)]
    found += [_unwanted(ask), _rego(ask)]
    return [each for each in found if each is not None and each.weight > 0]


def scores(found: list[Term], ask: Ask) -> Column:
    """Give the score of every cluster, from 0 to 100; 0 where nothing counts."""
    whole = sum(term.weight for term in found)
    weighed = [
        (100 * term.weight / whole * share, column)
        for term in found
        for share, column in term.parts
    ]
    return ask.view.vectors.total(weighed, len(ask.view.clusters))


def term_values(found: list[Term], number: int) -> dict[str, float]:
    """Give what each term adds to the score of one cluster."""
    whole = sum(term.weight for term in found)
    return {term.name: 100 * term.weight / whole * term.of(number) for term in found}


def _objective(objective: Objective, ask: Ask) -> Term | None:
    limit = quantity.as_float(objective.limit) if objective.limit is not None else None
    if objective.name == "latency":
        return _latency(objective, limit, ask)
    limit = limit or _LIMITS[objective.name]
    measure: Callable[[Cluster], float | None] = {
        "loadBalance": lambda cluster: utilisation(cluster, ask.view.decided),
        "binPacking": lambda cluster: utilisation(cluster, ask.view.decided),
        "cost": lambda cluster: _property(cluster, COST),
        "carbon": lambda cluster: _property(cluster, CARBON),
    }[objective.name]
    view = ask.view
    values = view.column(("measure", objective.name), measure)
    rate = view.vectors.rising if objective.name == "binPacking" else view.vectors.falling
    column = view.kept((objective.name, limit), lambda: rate(values, limit))
    return Term(objective.name, objective.weight, ((1.0, column),))


def _latency(objective: Objective, limit: float | None, ask: Ask) -> Term | None:
    """Weigh the mean time of all users; a workload without users has no such term."""
    wanted = ask.workload.intent.spec.requirements.latency
    if wanted is None or not (users := sum(share.users for share in wanted.from_)):
        return None
    limit = limit or quantity.as_float(wanted.max_milliseconds) or _LIMITS["latency"]
    shares = tuple(
        (share.users / users, _nearness(share.area, limit, ask))
        for share in wanted.from_
        if share.users
    )
    return Term("latency", objective.weight, shares)


def _nearness(area: str, limit: float, ask: Ask) -> Column:
    times = time_to(ask, area)
    return ask.view.kept(("nearness", area, limit), lambda: ask.view.vectors.falling(times, limit))


def _property(cluster: Cluster, name: str) -> float | None:
    known = cluster.properties.get(name)
    return finite(known.value) if known else None


def _wished(ask: Ask) -> Iterator[CapabilityRequirement]:
    for each in ask.workload.intent.spec.requirements.capabilities:
        if not each.support_mandatory:
            yield each


def _capability(name: str, weight: float, ask: Ask) -> Term:
    mask = with_capability(ask.view, name)
    return Term(f"capability {name}", weight, ((1.0, ask.view.marked(mask)),))


def _preference(preference: Preference, position: int, ask: Ask) -> Term:
    """Weigh a wish; one of negative weight is the wish that it does not hold."""
    parts: tuple[tuple[float, Column], ...] = ((1.0, _wish(preference, ask)),)
    if preference.weight < 0:
        parts = ((1.0, ask.view.marked(ask.view.everything)), (-1.0, parts[0][1]))
    return Term(f"preference {position}", abs(preference.weight), parts)


def _wish(preference: Preference, ask: Ask) -> Column:
    view = ask.view
    mask = mask_of_selectors(preference.label_selector, preference.property_selector, view)
    column = ask.view.marked(mask)
    if preference.property_sorter is not None:
        column = view.vectors.times(column, _sorted(preference, mask, ask))
    if preference.cel_expression is not None:
        rated = ask.judges.rates(preference.cel_expression, view, ask.workload)
        column = view.vectors.times(column, rated)
    return column


def _sorted(preference: Preference, mask: int, ask: Ask) -> Column:
    """Rate clusters by a property, from its least value to its greatest."""
    sorter = preference.property_sorter
    if sorter is None:
        raise TypeError("a preference without a sorter has no order")
    clusters = ask.view.clusters
    values = [_property(clusters[row], sorter.name) for row in rows_of(mask)]
    known = [value for value in values if value is not None]
    least = (
        quantity.as_float(sorter.minimum) if sorter.minimum is not None else min(known, default=0)
    )
    most = (
        quantity.as_float(sorter.maximum) if sorter.maximum is not None else max(known, default=0)
    )

    def rate(cluster: Cluster) -> float:
        value = _property(cluster, sorter.name)
        if value is None:
            return 0.0
        return interpolate(value, min(least, most), most, sorter.sort_order, 1.0)

    return ask.view.column(("sorted", sorter.model_dump_json(), least, most), rate)


def _unwanted(ask: Ask) -> Term | None:
    """Weigh taints that only prefer to keep workloads away."""
    view, tolerations = ask.view, ask.workload.intent.spec.tolerations

    def prefers(cluster: Cluster) -> bool:
        is_new = cluster.name not in ask.previous
        return not tolerated(cluster.taints, tolerations, is_new=is_new, now=view.now)[1]

    if not view.mark("tainted", lambda cluster: bool(cluster.taints)):
        return None
    mask = view.mark(("prefers", tolerations, frozenset(ask.previous)), prefers)
    if mask == view.everything:
        return None
    return Term("taints", _TAINT_WEIGHT, ((1.0, ask.view.marked(mask)),))


def _rego(ask: Ask) -> Term | None:
    verdict = ask.judges.rego(ask.view, ask.workload)
    if verdict is None or verdict.rating is None:
        return None
    return Term("rego", verdict.weight, ((1.0, verdict.rating),))
