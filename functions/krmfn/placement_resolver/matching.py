"""Whether labels, properties and taints are as demanded, and how a value or a spread rates.

Label selectors are those of Kubernetes (`labels.Requirement` in k8s.io/apimachinery), property
demands, sorters and spread those of Azure Fleet's scheduler plugins, taints those of Kubernetes
and of Open Cluster Management.
"""

import math
import re
from collections.abc import Callable, Iterable, Mapping
from operator import eq, ge, gt, le, lt, ne

from krmfn.placement_resolver.fleet import Taint
from krmfn.placement_resolver.intents.intent import Toleration
from krmfn.placement_resolver.intents.selectors import (
    LabelRequirement,
    LabelSelector,
    PropertyRequirement,
)
from krmfn.sdk import quantity

_INTEGER = re.compile(r"[-+]?[0-9]+", re.ASCII)
_COMPARISONS: Mapping[str, Callable[[quantity.Exact, quantity.Exact], bool]] = {
    "Gt": gt,
    "Ge": ge,
    "Lt": lt,
    "Le": le,
    "Eq": eq,
    "Ne": ne,
}
_WISHES = frozenset({"PreferNoSelect", "PreferNoSchedule"})
_ONLY_NEW = frozenset({"NoSelectIfNew", "NoSchedule"})


def label_selector_matches(selector: LabelSelector, labels: Mapping[str, str]) -> bool:
    """Say whether labels are as demanded; an empty selector takes all."""
    return selector.match_labels.items() <= labels.items() and all(
        _label_matches(each, labels.get(each.key)) for each in selector.match_expressions
    )


def _label_matches(requirement: LabelRequirement, value: str | None) -> bool:
    match requirement.operator:
        case "Gt" | "Lt" as operator:
            pair = [_integer(text) for text in (value, *requirement.values)]
            found, limit = pair if len(pair) == 2 else (None, None)
            if found is None or limit is None:
                return False
            return found > limit if operator == "Gt" else found < limit
        case operator:
            return _text_matches(operator, value, requirement.values)


def _integer(text: str | None) -> int | None:
    return int(text) if text is not None and _INTEGER.fullmatch(text) else None


def _text_matches(operator: str, value: str | None, values: tuple[str, ...]) -> bool:
    """Compare as labels are: what is absent is in no list and therefore not in this one."""
    match operator:
        case "In":
            return value in values
        case "NotIn":
            return value not in values
        case "Exists":
            return value is not None
        case _:
            return value is None


def property_matches(
    requirement: PropertyRequirement, properties: Mapping[str, str]
) -> bool | None:
    """Say whether a property is as demanded.

    `In`, `NotIn`, `Exists` and `DoesNotExist` compare text, as with labels; the other operators
    compare quantities.

    Returns:
        None where it cannot be known: the property is absent, or one side is no quantity.
    """
    found = properties.get(requirement.name)
    compare = _COMPARISONS.get(requirement.operator)
    if compare is None:
        return _text_matches(requirement.operator, found, requirement.values)
    if found is None or len(requirement.values) != 1:
        return None
    try:
        return compare(quantity.parse(found), quantity.parse(requirement.values[0]))
    except ValueError:
        return None


def tolerated(
    taints: Iterable[Taint],
    tolerations: Iterable[Toleration],
    *,
    is_new: bool,
    now: float | None,
) -> tuple[Taint | None, bool]:
    """Say which taint keeps a workload away.

    `NoSchedule` and `NoSelectIfNew` keep away only what is not there yet; `NoExecute` and
    `NoSelect` drive away too.

    Args:
        taints: the taints of the cluster, in order.
        tolerations: what the workload bears. One of limited time has run out where both the time
            at which the taint was added and the time of the decision are known to say so.
        is_new: whether the workload is not on the cluster yet.
        now: the time of the decision, in seconds since 1970; None when it is not known.

    Returns:
        the first taint that is not borne, if any, and whether one that is not borne would rather
        keep the workload away.
    """
    borne = tuple(tolerations)
    prefers_not = False
    for taint in taints:
        if taint.effect in _ONLY_NEW and not is_new:
            continue
        if any(_tolerates(each, taint, now) for each in borne):
            continue
        if taint.effect not in _WISHES:
            return taint, prefers_not
        prefers_not = True
    return None, prefers_not


def _tolerates(toleration: Toleration, taint: Taint, now: float | None) -> bool:
    exists = toleration.operator == "Exists"
    return (
        toleration.effect in ("", taint.effect)
        and (toleration.key == taint.key or (exists and not toleration.key))
        and (exists or toleration.value == taint.value)
        and not _ran_out(toleration, taint, now)
    )


def _ran_out(toleration: Toleration, taint: Taint, now: float | None) -> bool:
    seconds = toleration.toleration_seconds
    if seconds is None or taint.added is None or now is None:
        return False
    return now >= taint.added + seconds


def interpolate(value: float, low: float, high: float, order: str, weight: float) -> float:
    """Rate a value by where it lies on a scale, as Azure Fleet's property sorter.

    Args:
        value: the value; beyond an end of the scale it counts as that end.
        low: where the scale begins.
        high: where the scale ends; on a scale of one point everything rates 0.
        order: ``Ascending`` when the least value gets the whole weight, ``Descending`` when the
            greatest does.
        weight: the whole weight.

    Raises:
        ValueError: the scale is not finite, or ends before it begins.
    """
    if not (math.isfinite(low) and math.isfinite(high) and low <= high):
        raise ValueError(f"must be a scale that begins before it ends, but is {low} to {high}")
    if low == high:
        return 0.0
    share = (min(max(value, low), high) - low) / (high - low)
    return weight * (1 - share if order == "Ascending" else share)


def spread_skew(counts: Mapping[str, int], domain: str, max_skew: int) -> tuple[bool, int]:
    """Say what one more cluster of a domain does to the spread, as Azure Fleet reckons it.

    Args:
        counts: how many clusters of each domain are chosen; domains of none count too.
        domain: the domain that would get one more.
        max_skew: the greatest difference that is allowed.

    Returns:
        whether the difference would be greater than allowed, and by how much it changes. Domains
        that are all alike become uneven by one, even where there is only one of them.

    Raises:
        KeyError: the domain is none of those counted.
    """
    here = counts[domain]
    least, most = min(counts.values()), max(counts.values())
    if here == least < most and sum(count == least for count in counts.values()) == 1:
        change = -1
    else:
        change = int(here == most)
    return most - least + change > max_skew, change
