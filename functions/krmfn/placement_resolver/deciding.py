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
        forced=sum(min(move.forced, len(move.joined)) for move in solved.solution.moved),
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
        removed=_removed(each, chosen, held, move),
        rejections=rejections(each),
        relaxations=relaxations(each) if missing or not chosen else (),
        unplaced=_unplaced(solved, missing) if missing else "",
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
            forced=bool(came_from and move and move.forced),
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
    each: Candidacy,
    chosen: Sequence[str],
    held: Mapping[str, Standing],
    move: solving.Move | None,
) -> dict[str, str]:
    """Say of every cluster that was left why."""
    view = each.ask.view
    removed = {}
    for name in sorted(set(held) - set(chosen)):
        if name not in view.index:
            removed[name] = "the cluster is gone"
            continue
        number = view.index[name]
        failed = next((one for one in each.checks if not one.mask >> number & 1), None)
        if failed is not None:
            removed[name] = f"the cluster {failed.text}: {failed.found(number)}"
        else:
            removed[name] = _why_left(each, chosen, held, move)
    return removed


def _why_left(
    each: Candidacy,
    chosen: Sequence[str],
    held: Mapping[str, Standing],
    move: solving.Move | None,
) -> str:
    """Say why a cluster was left that would still do."""
    if each.wanted is not None and len(held) > each.wanted and set(chosen) <= set(held):
        return "fewer clusters are wanted"
    return "its room is needed by others" if move and move.forced else "there is a better place"


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
