"""Assigning workloads to clusters together, and saying what came of it."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from math import fsum

from krmfn.placement_resolver import load, solving
from krmfn.placement_resolver.assembly import Assembly, Baseline
from krmfn.placement_resolver.dividing import is_divided, share_of
from krmfn.placement_resolver.filters import Check
from krmfn.placement_resolver.fleet import Cluster
from krmfn.placement_resolver.intents import PlacementPolicySpec
from krmfn.placement_resolver.options import (
    Candidacy,
    Layout,
    domain_of,
    dwells,
    short_list,
)
from krmfn.placement_resolver.plan import Standing
from krmfn.placement_resolver.solving.packing import Packer
from krmfn.placement_resolver.vectors import rows_of

_DISPLACED, _WIDENED = 10, 50
"""How many times as many clusters are considered for workloads without a place."""

_FIRST = 2_000_000
"""The priority of what stays where it is: above any that an intent may have."""

NextGroups = Callable[[Iterable[str]], Layout | None]


def assemble(
    layout: Layout,
    policy: PlacementPolicySpec,
    standing: Baseline,
    as_of: str,
    next_groups: NextGroups,
) -> Assembly:
    """Solve for all workloads; those without a place try their next affinity group."""
    widened: set[str] = set()
    while True:
        solved = _solved(layout, policy, standing, as_of, widened)
        missing = [layout.candidacies[one.item] for one in solved.solution.unplaced]
        narrow = {each.workload.key for each in missing if _is_narrow(solved, each)} - widened
        if narrow:
            widened |= narrow
            continue
        further = next_groups(each.workload.key for each in missing) if missing else None
        if further is None:
            return solved
        layout = further


def _is_narrow(solved: Assembly, each: Candidacy) -> bool:
    """Say whether a workload was considered on some of its candidates only."""
    item = next(one for one in solved.problem.items if one.key == each.workload.key)
    return len(item.options) < each.feasible.bit_count()


def _solved(
    layout: Layout,
    policy: PlacementPolicySpec,
    standing: Baseline,
    as_of: str,
    widened: Collection[str],
) -> Assembly:
    lists = _short_lists(layout, policy, standing, widened)
    view = layout.view
    used = {number for numbers in lists for number in numbers}
    used |= {view.index[name] for held in standing.values() for name in held if name in view.index}
    present = [view.clusters[number] for number in sorted(used)]
    gone = sorted({name for held in standing.values() for name in held} - set(view.index))
    names = [*(each.name for each in present), *gone]
    numbers = {name: number for number, name in enumerate(names)}
    items = tuple(
        _item(layout, each, numbers, short, policy, standing, as_of)
        for each, short in zip(layout.candidacies, lists, strict=True)
    )
    crowding = _crowding(layout, items, len(names))
    clusters = [
        solving.Cluster(each.name, layout.bins(each), crowding[number])
        for number, each in enumerate(present)
    ]
    problem = solving.Problem((*clusters, *(solving.Cluster(name, ()) for name in gone)), items)
    solution = solving.solve(problem, _limits(policy))
    return Assembly(layout, policy, standing, as_of, names, problem, solution)


def _limits(policy: PlacementPolicySpec) -> solving.Limits:
    return solving.Limits(
        gap=policy.solver.relative_gap,
        nodes=policy.solver.node_limit,
        solver=policy.solver.name != "Greedy",
    )


def _short_lists(
    layout: Layout, policy: PlacementPolicySpec, standing: Baseline, widened: Collection[str]
) -> list[list[int]]:
    """Give each workload's options; those that go together have the same ones."""
    candidacies = layout.candidacies
    groups: dict[str, list[Candidacy]] = {}
    for each in candidacies:
        for key in sorted(layout.groups.together_of(each.workload)):
            groups.setdefault(key, []).append(each)
    for members in groups.values():
        _agree(members)
    lists = [
        short_list(
            each,
            _considered(each, policy.solver.candidates, standing, widened),
            standing.get(each.workload.key, ()),
        )
        for each in candidacies
    ]
    shared: dict[str, list[int]] = {}
    for each, short in zip(candidacies, lists, strict=True):
        for key in layout.groups.together_of(each.workload):
            shared.setdefault(key, []).extend(short)
    return [
        list(dict.fromkeys(number for key in keys for number in shared[key])) if keys else short
        for each, short in zip(candidacies, lists, strict=True)
        for keys in [sorted(layout.groups.together_of(each.workload))]
    ]


def _considered(each: Candidacy, usual: int, standing: Baseline, widened: Collection[str]) -> int:
    """Give how many of its best clusters a workload is considered on.

    One that lost its place is considered on more: were the nearest ones full, others would have
    to make room for it. One that found no place is considered on many.
    """
    if each.workload.key in widened:
        return _WIDENED * usual
    held = standing.get(each.workload.key, ())
    stays = each.ask.view.mask_of_names(held)
    lost = stays & ~each.feasible or any(name not in each.ask.view.index for name in held)
    return _DISPLACED * usual if lost else usual


def _agree(members: Sequence[Candidacy]) -> None:
    """Leave those clusters to workloads of a group that all of them can go to."""
    alone = [(each.workload.key, each.checks(), each.feasible) for each in members]
    common = members[0].feasible
    for each in members:
        common &= each.feasible
    for each in members:
        others = [one for one in alone if one[0] != each.workload.key]
        if each.feasible != common:
            each.companions = (_companions(each, others, common),)
        each.feasible = common


def _companions(
    each: Candidacy, others: Sequence[tuple[str, Sequence[Check], int]], common: int
) -> Check:
    """Give the check that all workloads that go along may go to a cluster."""

    def found(number: int) -> str:
        for key, checks, feasible in others:
            failed = next((one for one in checks if not one.mask >> number & 1), None)
            if failed and not feasible >> number & 1:
                return f"{key} cannot, since it {failed.text}: {failed.found(number)}"
        return ""

    names = ", ".join(key for key, _, _ in others)
    mask = each.ask.view.everything & ~(each.feasible & ~common)
    return Check("companions", f"is no candidate of all that go along ({names})", mask, found)


def _item(  # noqa: PLR0913, PLR0917 - a problem's item is made of all that
    layout: Layout,
    each: Candidacy,
    numbers: Mapping[str, int],
    short: Sequence[int],
    policy: PlacementPolicySpec,
    standing: Baseline,
    as_of: str,
) -> solving.Item:
    workload, view = each.workload, layout.view
    held = standing.get(workload.key, {})
    disruption = workload.intent.spec.disruption or policy.disruption
    ranked = each.scores()
    options = [
        solving.Option(
            numbers[view.clusters[number].name],
            float(ranked[number]),
            pods,
            _load(each, view.clusters[number], len(short)),
        )
        for number in _returning(each, short, held, disruption.failback)
        for pods in [_pods(layout, each, view.clusters[number])]
    ]
    return solving.Item(
        key=workload.key,
        options=tuple(options),
        picks=len(options) if each.wanted is None else each.wanted,
        priority=_FIRST if each.ask.held else workload.intent.spec.priority,
        previous=frozenset(numbers[name] for name in held),
        min_improvement=(
            None if disruption.stickiness == "None" else float(disruption.min_improvement_percent)
        ),
        movable=not any(dwells(one.since, as_of, disruption.min_dwell) for one in held.values()),
        apart=layout.groups.apart_of(workload),
        together=layout.groups.together_of(workload),
        spreads=tuple(_spreads(each, numbers)),
    )


def _load(each: Candidacy, cluster: Cluster, options: int) -> float:
    """Give the share of a cluster's CPUs that a workload would take there, if it has a choice."""
    if each.wanted is None:
        return 0.0
    share = load.share_of(each.workload, cluster)
    return share / max(each.wanted or options, 1) if is_divided(each.workload) else share


def _crowding(layout: Layout, items: Sequence[solving.Item], size: int) -> list[float]:
    """Give for every cluster the points that two workloads of load 1 cost each other there.

    A workload that comes to a cluster makes it busier for those that are there, and they for it:
    of a mean load each, the two lose what `loadBalance` weighs on the mean over the workloads,
    times twice that load.
    """
    points = [_balance(each) for each in layout.candidacies if not each.ask.held]
    mean = sum(points) / len(points) if points else 0.0
    loads: list[list[float]] = [[] for _ in range(size)]
    for item in items:
        for option in item.options:
            if option.load > 0:
                loads[option.cluster].append(option.load)
    return [2 * mean * len(each) / fsum(each) if each and mean else 0.0 for each in loads]


def _balance(each: Candidacy) -> float:
    """Give the points that `loadBalance` is worth to a workload."""
    whole = sum(term.weight for term in each.terms)
    weight = sum(term.weight for term in each.terms if term.name == "loadBalance")
    return 100 * weight / whole if whole else 0.0


def _pods(layout: Layout, each: Candidacy, cluster: Cluster) -> tuple[solving.Pod, ...]:
    """Give what a workload adds to a cluster; of divided pods what is reserved for them."""
    if each.ask.is_counted(cluster):
        return layout.pods(each.workload, cluster, _grown(each, cluster))
    shares = {}
    if each.ask.held and is_divided(each.workload):
        shares = _held_shares(each, cluster)
    elif is_divided(each.workload):
        shares = {kind: share_of(each, pod.replicas) for kind, pod in enumerate(each.workload.pods)}
    pods = layout.pods(each.workload, cluster, shares)
    if not shares:
        return pods
    packer = Packer(layout.bins(cluster))
    return tuple(
        replace(pod, replicas=max(min(pod.replicas, packer.slots(pod)), min(pod.replicas, 1)))
        for pod in pods
    )


def _grown(each: Candidacy, cluster: Cluster) -> dict[int, int]:
    """Give the pods that a workload has more than those that the facts have counted."""
    known = each.ask.previous[cluster.name].replicas
    pods = each.workload.pods
    if known is None or len(pods) != 1 or is_divided(each.workload):
        return dict.fromkeys(range(len(pods)), 0)
    return {0: max(0, pods[0].replicas - known)}


def _held_shares(each: Candidacy, cluster: Cluster) -> dict[int, int]:
    """Give the pods that a workload on which nobody decides has on a cluster, as far as known."""
    stands = each.ask.previous.get(cluster.name)
    replicas = stands.replicas if stands else None
    if replicas is None or len(each.workload.pods) != 1:
        return {kind: share_of(each, pod.replicas) for kind, pod in enumerate(each.workload.pods)}
    return {0: replicas}


def _returning(
    each: Candidacy, short: Sequence[int], held: Mapping[str, Standing], failback: str
) -> Iterator[int]:
    """Yield the options; not those it was driven from, while its place is good and it may stay."""
    view = each.ask.view
    stays = held and all(
        name in view.index and each.feasible >> view.index[name] & 1 for name in held
    )
    left = {one.came_from for one in held.values() if one.came_from} - set(held)
    for number in short:
        if failback == "WhenBetter" or not stays or view.clusters[number].name not in left:
            yield number


def _spreads(each: Candidacy, numbers: Mapping[str, int]) -> Iterator[solving.Spread]:
    view = each.ask.view
    for constraint in each.workload.intent.spec.topology_spread_constraints:
        skew = constraint.max_skew
        if constraint.min_groups > 1 and each.wanted:
            # So little skew that no fewer domains than wanted can hold all picks.
            skew = min(skew, max(1, -(-each.wanted // (constraint.min_groups - 1)) - 1))
        domains = {
            numbers[view.clusters[number].name]: domain
            for number in rows_of(each.feasible)
            if view.clusters[number].name in numbers
            and (domain := domain_of(view.clusters[number], constraint.topology_key))
        }
        yield solving.Spread(domains, skew, hard=constraint.when_unsatisfiable == "DoNotSchedule")
