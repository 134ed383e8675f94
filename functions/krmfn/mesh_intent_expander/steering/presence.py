"""Where a service must run in each phase of its move, and where its package has it."""

from collections.abc import Iterator

from krmfn.kinds.relocation import Phase, RelocationPlan
from krmfn.mesh_intent_expander.plan.common import ServiceKey
from krmfn.mesh_intent_expander.steering.moves import Move, Surroundings, named
from krmfn.mesh_intent_expander.steering.proof import Running
from krmfn.sdk import Result, error, info, warning


def running_in(phase: Phase, source: str, target: str) -> frozenset[Running]:
    """Give which of two clusters may run a service in a phase.

    What starts or stops does so inside of a phase, when its objects are everywhere.
    """
    before, both, after = frozenset((source,)), frozenset((source, target)), frozenset((target,))
    match phase.step:
        case "Prepare" | "Pin":
            return frozenset((before, both))
        case "Shift":
            ends = {0: (before, both), 100: (both, after)}
            return frozenset(ends.get(phase.target_weight, (both,)))
        case "Remove":
            return frozenset((after,))
        case _:
            return frozenset((both, after))


def absent(plan: RelocationPlan, service: ServiceKey, around: Surroundings) -> Iterator[Result]:
    """Yield an error for each end that does not run the service, and must in the current phase."""
    phase, runners = plan.spec.current, around.runners(service)
    listed = ", ".join(f'"{name}"' for name in runners) or "nowhere"
    sources = [name for name in runners if name != plan.spec.to]
    ends = (("source", "spec.from", plan.spec.from_), ("target", "spec.to", plan.spec.to))
    for end, field, cluster in ends:
        if cluster in needed(plan, phase) and _is_lacking(service, cluster, around):
            yield error(
                f'must be a cluster that runs "{named(service)}" in phase "{phase.name}" '
                f'({phase.step}), but the package of "{cluster}" has '
                f"{_lack(service, cluster, around)}; it runs in: {listed}",
                code=f"relocation-{end}",
                at=plan,
                field=field,
                current=cluster,
                proposed=sources[0] if end == "source" and len(sources) == 1 else None,
            )


def awaited(move: Move, around: Surroundings) -> Iterator[Result]:
    """Yield what may start or stop from now on, must before a later phase, and has not yet."""
    plan, source, target = move.plan, move.source, move.target
    phases = plan.spec.phases
    ahead = range(phases.index(plan.spec.current) + 1, len(phases))
    if _is_lacking(move.service, target, around):
        start = next((index for index in ahead if target in needed(plan, phases[index])), None)
        if start is not None:
            yield _due(move, "relocation-start", f'must run in "{target}"', "start", start)
    if source in around.runners(move.service) and source not in needed(plan, plan.spec.current):
        stop = next((index for index in ahead if source not in _allowed(plan, phases[index])), None)
        if stop is not None:
            yield _due(move, "relocation-stop", f'must be gone from "{source}"', "stop", stop)
    if move.lingers:
        yield warning(
            f'must be the phase after "{named(move.service)}" is gone from "{source}", but its '
            "package has the workload still, so that all stays as in step `Drain`; delete the "
            "workload, or scale it to 0",
            code="relocation-lingering",
            at=plan,
            field="spec.phase",
            current=move.phase.name,
        )


def needed(plan: RelocationPlan, phase: Phase) -> Running:
    """Give which of source and target must run the service in all of a phase."""
    return frozenset.intersection(*running_in(phase, plan.spec.from_, plan.spec.to))


def _allowed(plan: RelocationPlan, phase: Phase) -> Running:
    return frozenset.union(*running_in(phase, plan.spec.from_, plan.spec.to))


def _is_lacking(service: ServiceKey, cluster: str, around: Surroundings) -> bool:
    """Say whether the package tells that a cluster does not run a service."""
    is_told = around.is_known(service) and around.shows(cluster)
    return is_told and cluster not in around.runners(service)


def _due(move: Move, code: str, what: str, deed: str, index: int) -> Result:
    before, phase = move.plan.spec.phases[index - 1 : index + 1]
    return info(
        f'"{named(move.service)}" {what} before phase "{phase.name}" ({phase.step}): {deed} it in '
        f'phase "{before.name}" at the latest',
        code=code,
        at=move.plan,
        field="spec.phase",
        current=move.phase.name,
    )


def _lack(service: ServiceKey, cluster: str, around: Surroundings) -> str:
    view = around.fleet[cluster]
    own = view.services.get(service)
    if own is None:
        return "no Service of this name"
    if view.workloads_of(own):
        return "its workload scaled to 0"
    return "no workload that the Service selects"
