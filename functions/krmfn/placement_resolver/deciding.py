"""What was decided for every workload, and why: read from the solved problem."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from krmfn.placement_resolver import solving
from krmfn.placement_resolver.assembly import Assembly, Baseline
from krmfn.placement_resolver.assigning import NextGroups, assemble
from krmfn.placement_resolver.dividing import Division, divided
from krmfn.placement_resolver.explain import rejections, relaxations, unknown_facts
from krmfn.placement_resolver.intents import PlacementPolicySpec
from krmfn.placement_resolver.options import Candidacy, Layout
from krmfn.placement_resolver.plan import Assignment, Decision, Plan, Standing
from krmfn.placement_resolver.podding import patches_on, pod_plans
from krmfn.placement_resolver.scoring import term_values
from krmfn.placement_resolver.solving.packing import Packer
from krmfn.placement_resolver.surviving import survival
from krmfn.placement_resolver.telling import tell
from krmfn.placement_resolver.vectors import Column
from krmfn.sdk import Result

_CAUSES = {
    solving.Cause.CAPACITY: "too little {}",
    solving.Cause.FRAGMENTATION: "no node with enough {}",
    solving.Cause.ANTI_AFFINITY: "taken by a workload that it must be apart from",
    solving.Cause.SPREAD: "would be too uneven a spread",
}

Watch = Callable[[Assembly], None]


def decide(
    layout: Layout,
    policy: PlacementPolicySpec,
    standing: Baseline,
    as_of: str,
    next_groups: NextGroups,
    watch: Watch | None = None,
) -> tuple[Plan, list[Result]]:
    """Assign all workloads, and write down what was decided and why; `watch` sees the solution."""
    solved = assemble(layout, policy, standing, as_of, next_groups)
    if watch:
        watch(solved)
    division = divided(solved)
    lost = survival(solved)
    decisions = tuple(
        _decision(solved, position, division, lost.get(each.workload.key, {}))
        for position, each in enumerate(solved.layout.candidacies)
        if not each.ask.held
    )
    score = solved.solution.score
    plan = Plan(
        decisions=decisions,
        objective=score.value,
        bound=score.bound,
        gap=score.gap,
        method=solved.solution.method.name.lower(),
        moves=sum(min(len(move.left), len(move.joined)) for move in solved.solution.moved),
        forced=sum(_forced(solved, move) for move in solved.solution.moved),
        baseline=standing,
    )
    return plan, [*division.problems, *tell(solved, plan)]


def _decision(
    solved: Assembly, position: int, division: Division, survives: Mapping[str, bool]
) -> Decision:
    each = solved.layout.candidacies[position]
    chosen = solved.chosen(position)
    held = solved.standing.get(each.workload.key, {})
    move = next((one for one in solved.solution.moved if one.item == position), None)
    missing = next((one for one in solved.solution.unplaced if one.item == position), None)
    return Decision(
        intent=each.workload.intent,
        resources=each.workload.resources,
        assignments=tuple(_assignments(solved, position, chosen, held, division)),
        group=each.ask.group.name if each.ask.group else "",
        wanted=each.wanted,
        candidates=each.feasible.bit_count(),
        removed=_removed(solved, position, chosen, move),
        rejections=rejections(each),
        relaxations=relaxations(each) if missing or not chosen else (),
        unplaced=(
            _unplaced(solved, missing) if missing else _short(solved, each, chosen, division)
        ),
        survives=survives,
        unknown=unknown_facts(each),
    )


def _assignments(
    solved: Assembly,
    position: int,
    chosen: Sequence[str],
    held: Mapping[str, Standing],
    division: Division,
) -> Iterator[Assignment]:
    each = solved.layout.candidacies[position]
    view = each.ask.view
    ranked, pods = each.scores(), each.workload.pods
    best = _runner_up(each, ranked, chosen)
    move = next((one for one in solved.solution.moved if one.item == position), None)
    left = sorted(set(held) - set(chosen))
    for name in chosen:
        number = view.index[name]
        stands = held.get(name)
        came_from = left.pop(0) if stands is None and left else ""
        score = float(ranked[number])
        replicas = division.of(each.workload, name)
        if replicas and not any(replicas.values()) and any(pod.replicas for pod in pods):
            continue
        yield Assignment(
            cluster=view.clusters[number],
            change="kept" if stands is not None else "moved" if came_from else "new",
            score=score,
            terms=term_values(each.terms, number),
            replicas=_number(each, replicas),
            came_from=stands.came_from if stands else came_from,
            since=stands.since if stands and stands.since else solved.as_of,
            forced=bool(came_from and move and _forced(solved, move)),
            runner_up=best[0] if best else "",
            margin=score - best[1] if best else 0.0,
            pods=pod_plans(solved, each, name, replicas),
            patches=patches_on(each, number),
        )


def _number(each: Candidacy, replicas: Mapping[int, int]) -> int | None:
    """Give how many pods run on a cluster; None where the intent has none."""
    if replicas:
        return sum(replicas.values())
    return sum(pod.replicas for pod in each.workload.pods) if each.workload.pods else None


def _runner_up(each: Candidacy, ranked: Column, chosen: Sequence[str]) -> tuple[str, float] | None:
    view = each.ask.view
    others = each.feasible & ~view.mask_of_names(chosen)
    found = view.vectors.best(ranked, others, 1)
    return (view.clusters[found[0]].name, float(ranked[found[0]])) if found else None


def _removed(
    solved: Assembly, position: int, chosen: Sequence[str], move: solving.Move | None
) -> dict[str, str]:
    """Say of every cluster that was left why."""
    each = solved.layout.candidacies[position]
    view, held = each.ask.view, each.ask.previous
    removed: dict[str, str] = {}
    checks = each.checks() if set(held) - set(chosen) else ()
    for name in sorted(set(held) - set(chosen)):
        number = view.index.get(name)
        if number is None:
            removed[name] = "the cluster is gone"
            continue
        failed = next((one for one in checks if not one.mask >> number & 1), None)
        if failed is not None:
            removed[name] = f"the cluster {failed.text}: {failed.found(number)}"
        elif each.wanted is not None and len(held) > each.wanted and set(chosen) <= set(held):
            removed[name] = "fewer clusters are wanted"
        elif why := _why_forced(solved, position, name):
            removed[name] = why
        else:
            forced = move is not None and move.forced
            removed[name] = "others need room" if forced else "there is a better place"
    return removed


def _why_forced(solved: Assembly, position: int, name: str) -> str:
    """Say why a workload had to leave a cluster that passes every filter; "" where it had not."""
    for option in solved.problem.items[position].options:
        if solved.names[option.cluster] == name:
            packer = Packer(solved.problem.clusters[option.cluster].groups)
            if packer.pack(option.pods).room is None:
                return "its pods do not fit there any more"
            if packer.pack([*_pods_on(solved, option.cluster), *option.pods]).room is None:
                return "its room is needed by others"
    return ""


def _pods_on(solved: Assembly, cluster: int) -> Iterator[solving.Pod]:
    """Yield all pods that were placed on a cluster."""
    for item, chosen in zip(solved.problem.items, solved.solution.chosen, strict=True):
        if cluster in chosen:
            yield from next(one.pods for one in item.options if one.cluster == cluster)


def _forced(solved: Assembly, move: solving.Move) -> int:
    """Give how many of the clusters that a workload moved from it could not stay on.

    Beside what the solver counts, these are those that are full now, though it may like it better
    where it is.
    """
    full = sum(bool(_why_forced(solved, move.item, solved.names[left])) for left in move.left)
    return min(max(move.forced, full), len(move.joined))


def _short(solved: Assembly, each: Candidacy, chosen: Sequence[str], division: Division) -> str:
    """Say what a workload with all its clusters lacks nevertheless: replicas, or devices."""
    key = each.workload.key
    devices = [
        f"{name}: not every pod can have {solved.short_of[key, name]}"
        for name in chosen
        if (key, name) in solved.short_of
    ]
    return "; ".join([*([division.short[key]] if key in division.short else []), *devices])


def _unplaced(solved: Assembly, missing: solving.Unplaced) -> str:
    """Say in words why picks are missing, though candidates may be there."""
    axes = list(solved.layout.axes)
    parts = []
    for blocker in missing.blockers[:5]:
        name = solved.names[blocker.cluster]
        said = _CAUSES[blocker.cause].format(axes[blocker.axis or 0] if axes else "room")
        is_room = blocker.cause in (solving.Cause.CAPACITY, solving.Cause.FRAGMENTATION)
        beside = " beside the other workloads" if is_room and not blocker.alone else ""
        parts.append(f"{name}: {said}{beside}")
    if len(missing.blockers) > 5:
        parts.append(f"and {len(missing.blockers) - 5} more")
    return "; ".join(parts)
