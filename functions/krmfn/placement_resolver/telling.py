"""What is said about a plan: what did not fit, what was moved, what could not be borne."""

from collections.abc import Iterator

from krmfn.placement_resolver.assembly import Assembly
from krmfn.placement_resolver.plan import Decision, Plan
from krmfn.sdk import Result, info, warning
from krmfn.sdk.result import graded

_MOST = 4


def tell(solved: Assembly, plan: Plan) -> Iterator[Result]:
    """Yield the results of a plan."""
    fails = solved.policy.when_unplaced == "Fail"
    for decision in plan.decisions:
        yield from _unplaced(decision, fails=fails)
        yield from _survival(solved, decision)
        for name, why in decision.removed.items():
            if why == "the cluster is gone":
                message = f'was placed on "{name}", which has no ClusterProfile any more'
                yield warning(message, code="cluster-gone", at=decision.intent)
    intents = {each.workload.key: each.workload.intent for each in solved.layout.candidacies}
    for (key, cluster), short in sorted(solved.short_of.items()):
        message = f"must have all its devices on {cluster}, but not every pod can have {short}"
        yield graded(message, code="devices-short", fails=fails, at=intents[key])
    if plan.moves:
        were = "placement was" if plan.moves == 1 else "placements were"
        message = f"{plan.moves} {were} moved, {plan.forced} by force"
        yield info(message, code="moved")


def _unplaced(decision: Decision, *, fails: bool) -> Iterator[Result]:
    placed, wanted = len(decision.assignments), decision.wanted
    divided = decision.intent.spec.replica_scheduling.replica_scheduling_type == "Divided"
    if placed >= (1 if wanted is None else min(wanted, 1) if divided else wanted):
        return
    aim = "a cluster" if wanted is None else f"{wanted} cluster{'s' if wanted != 1 else ''}"
    found = "none does" if not placed else f"{placed} {'does' if placed == 1 else 'do'}"
    parts = [f"must fit on {aim}, but {found}"]
    parts += [
        f"{'each of ' if one.count > 1 else ''}{one.count} {one.text} "
        f"({', '.join(one.examples[:2])})"
        for one in decision.rejections[:_MOST]
    ]
    parts += [decision.unplaced] if decision.unplaced and decision.candidates else []
    parts += [
        f"to {one.text} would give {one.clusters}: {', '.join(one.examples[:3])}"
        for one in decision.relaxations[:1]
    ]
    yield graded("; ".join(parts), code="unplaced", fails=fails, at=decision.intent, field="spec")


def _survival(solved: Assembly, decision: Decision) -> Iterator[Result]:
    lost = sorted(name for name, absorbed in decision.survives.items() if not absorbed)
    if not lost:
        return
    fails = solved.policy.survive.when_violated == "Fail"
    message = f"must survive the loss of any cluster it is on, but not of {', '.join(lost)}"
    yield graded(message, code="not-survivable", fails=fails, at=decision.intent)
