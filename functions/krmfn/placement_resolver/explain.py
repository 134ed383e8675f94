"""Why a workload cannot go to a cluster, and what would let it."""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from krmfn.placement_resolver.amounts import PODS, granule, spelled
from krmfn.placement_resolver.demand import DeviceNeed, PodDemand
from krmfn.placement_resolver.filters.nodes import replicas_at_least
from krmfn.placement_resolver.fitting import allowed_rows, amounts_of, node_demand
from krmfn.placement_resolver.options import Candidacy
from krmfn.placement_resolver.plan import Rejection, Relaxation
from krmfn.placement_resolver.vectors import first_rows

MOST_EXAMPLES = 5
_NOT_DROPPED = {"resources", "devices", "replicas", "nodes-unknown", "companions"}
_MOST_PODS = 50
"""Up to how many pods on one node are thought of, when amounts are made smaller."""


def rejections(each: Candidacy) -> tuple[Rejection, ...]:
    """Count for every filter the clusters that fail there first, the most frequent first."""
    view = each.ask.view
    alive, found = view.everything, []
    for check in each.checks():
        failing = alive & ~check.mask
        if failing:
            examples = tuple(
                f"{view.clusters[number].name}: {check.found(number)}"
                for number in first_rows(failing, MOST_EXAMPLES)
            )
            total = (view.everything & ~check.mask).bit_count()
            found.append(Rejection(check.reason, check.text, failing.bit_count(), total, examples))
        alive &= check.mask
    return tuple(sorted(found, key=lambda one: -one.count))


def unknown_facts(each: Candidacy) -> tuple[str, ...]:
    """Say which facts kept clusters out only because nobody knows them, at most five."""
    view = each.ask.view
    alive = view.everything
    found: list[str] = []
    for check in each.checks():
        for number in first_rows(alive & ~check.mask, MOST_EXAMPLES):
            if len(found) < MOST_EXAMPLES and check.unknown(number):
                found.append(f"{view.clusters[number].name}: {check.text}: {check.found(number)}")
        alive &= check.mask
    return tuple(found)


def relaxations(each: Candidacy) -> tuple[Relaxation, ...]:
    """Give the smallest single changes that would let a cluster fit: first those of an amount."""
    view, checks = each.ask.view, each.checks()
    found: list[Relaxation] = []
    for check in checks:
        others = view.everything
        for other in checks:
            if other is not check:
                others &= other.mask
        gained = others & ~check.mask
        if gained and check.reason not in _NOT_DROPPED:
            found.append(_relaxation(each, f"accept a cluster that {check.text}", gained))
    amounts = sorted(_smaller_amounts(each), key=_by_use)
    return (*amounts, *sorted(found, key=_by_use))[:MOST_EXAMPLES]


def _by_use(relaxation: Relaxation) -> tuple[int, str]:
    return -relaxation.clusters, relaxation.text


def _smaller_amounts(each: Candidacy) -> Iterator[Relaxation]:
    """Yield the least reductions of one amount, all others kept, that let a cluster fit."""
    room = {"resources", "devices", "replicas"}
    others = each.ask.view.everything
    for check in each.checks():
        if check.reason not in room:
            others &= check.mask
    pods = [pod for pod in each.workload.pods if pod.replicas]
    if others and len(pods) == 1 and not each.feasible:
        yield from _reductions(each, pods[0], others)


def _reductions(each: Candidacy, pod: PodDemand, others: int) -> Iterator[Relaxation]:
    view = each.ask.view
    rows = view.rows_for(pod.aligned)
    allowed = allowed_rows(node_demand(pod, each.workload), rows, view)
    amounts = amounts_of(pod, view.devices)
    replicas = replicas_at_least(each.ask, pod)

    def fit(asked: Mapping[str | DeviceNeed, int], count: int) -> int:
        within = allowed
        for resource, amount in asked.items():
            within &= rows.at_least(resource, amount)
        return others & rows.room_for(asked, within, count)

    for resource, amount in amounts.items():
        if resource == PODS:
            continue
        offered = {
            row.has(resource)
            for number, row in enumerate(rows.all)
            if allowed >> number & 1 and others >> row.cluster & 1
        }
        smaller = _smaller(resource, amount, offered, replicas)
        value = _greatest(smaller, lambda less, at=resource: fit({**amounts, at: less}, replicas))  # type: ignore[misc]
        if value:
            mask = fit({**amounts, resource: value}, replicas)
            yield _relaxation(each, _lower(resource, amount, value), mask)
    count = _greatest(range(1, replicas), lambda fewer: fit(amounts, fewer))
    if count:
        text = f"run {count} instead of {replicas} pods of {pod.name}"
        yield _relaxation(each, text, fit(amounts, count))


def _smaller(
    resource: str | DeviceNeed, amount: int, offered: Iterable[int], replicas: int
) -> list[int]:
    """Give the lesser amounts that would matter: those of which a node has one, or several."""
    step = granule(resource) if isinstance(resource, str) else 1
    shares = {
        whole // pods // step * step
        for whole in offered
        for pods in range(1, min(replicas, _MOST_PODS) + 1)
    }
    return sorted(share for share in shares if 0 < share < amount)


def _greatest(ascending: Sequence[int], fits: Callable[[int], int]) -> int:
    """Give the greatest number that fits, 0 if none does; whatever is less than that fits, too."""
    found = bisect_left(ascending, 1, key=lambda number: not fits(number))
    return ascending[found - 1] if found else 0


def _relaxation(each: Candidacy, text: str, mask: int) -> Relaxation:
    clusters = each.ask.view.clusters
    names = tuple(clusters[number].name for number in first_rows(mask, MOST_EXAMPLES))
    return Relaxation(text, mask.bit_count(), names)


def _lower(resource: str | DeviceNeed, amount: int, value: int) -> str:
    if isinstance(resource, DeviceNeed):
        return f"ask for {value} instead of {amount} {resource}"
    return f"lower {resource} from {spelled(resource, amount)} to {spelled(resource, value)}"
