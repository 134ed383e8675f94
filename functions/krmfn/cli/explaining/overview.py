"""All intents of a fleet at a glance."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from krmfn.cli.explaining.pages import Section, cell, table
from krmfn.cli.explaining.resolving import Resolution
from krmfn.cli.rendering.terminal import Part
from krmfn.placement_resolver.emit.naming import key_of
from krmfn.placement_resolver.plan import Assignment, Decision

Value = dict[str, Any]

VERDICT_STYLES = {"Placed": "good", "Partly": "mild", "Unplaced": "bad"}
CHANGE_STYLES = {"kept": "dim", "moved": "mild", "new": "good"}
_RANK = {"Unplaced": 0, "Partly": 1, "Placed": 2}
_CHANGE_RANK = {"moved": 0, "new": 1, "kept": 2}


def overview_value(resolution: Resolution, most: int | None) -> Value:
    """Give what was decided for all intents, at most `most` of them and of their clusters each."""
    rows = [_intent(resolution, position, most) for position in range(_count(resolution))]
    rows.sort(key=lambda row: (_RANK[row["verdict"]], row["intent"]))
    return {
        **fleet_value(resolution),
        "decisions": rows[:most],
        "moreDecisions": len(rows[most:]) if most is not None else 0,
    }


def fleet_value(resolution: Resolution) -> Value:
    """Give what holds for all placements together."""
    plan = resolution.plan
    verdicts = Counter(verdict(each) for each in plan.decisions)
    return {
        "step": resolution.step,
        "clusters": plan.clusters,
        "intents": len(plan.decisions),
        "placed": verdicts["Placed"],
        "partly": verdicts["Partly"],
        "unplaced": verdicts["Unplaced"],
        "objective": round(plan.objective, 1),
        "bound": round(plan.bound, 1),
        "gap": round(plan.gap, 4),
        "method": plan.method,
        "asOf": plan.as_of,
        "moves": plan.moves,
        "forced": plan.forced,
    }


def verdict(decision: Decision) -> str:
    """Say whether an intent has all the clusters that it wants, some, or none."""
    if not decision.unplaced and len(decision.assignments) >= (decision.wanted or 0):
        return "Placed" if decision.assignments or decision.wanted == 0 else "Unplaced"
    return "Partly" if decision.assignments else "Unplaced"


def replicas_of(resolution: Resolution, position: int, each: Assignment) -> int:
    """Give how many pods run on a chosen cluster."""
    if each.replicas is not None:
        return each.replicas
    workload = resolution.solved.layout.candidacies[position].workload
    return sum(pod.replicas for pod in workload.pods)


def ranked(assignments: Iterable[Assignment]) -> list[Assignment]:
    """Give chosen clusters, those that changed first."""
    return sorted(
        assignments, key=lambda each: (_CHANGE_RANK[each.change], -each.score, each.cluster.name)
    )


def overview_page(value: Mapping[str, Any]) -> Iterator[Section]:
    """Give the sections of a fleet."""
    rows = [_row(each) for each in value["decisions"]]
    header = "INTENT|PLACED|CLUSTERS|PODS|SCORE|CHANGE|FIT|MOST OTHERS STOPPED BY"
    yield Section(table=table(header, rows, value["moreDecisions"]))
    yield Section(lines=tuple(map(Part, fleet_lines(value))))


def fleet_lines(value: Mapping[str, Any]) -> Iterator[str]:
    """Yield, in words, what holds for all placements together."""
    short = [f"{value[name]} {name}" for name in ("placed", "partly", "unplaced") if value[name]]
    yield f"{counted(value['intents'], 'intent')} on {counted(value['clusters'], 'cluster')}: " + (
        ", ".join(short)
    )
    proof = "proven best" if not value["gap"] else f"at most {value['gap']:.2%} from the best"
    line = f"objective {value['objective']:.1f} of at most {value['bound']:.1f}: {proof}"
    yield f"{line} ({value['method']})"
    moves = f"{counted(value['moves'], 'move')}, {value['forced']} of them forced"
    facts = f"; facts as of {value['asOf']}" if value["asOf"] else ""
    yield f"{moves if value['moves'] else 'no moves'}{facts}"


def counted(number: int, noun: str) -> str:
    """Give a number of things, as in `1 intent`, `2 intents`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _count(resolution: Resolution) -> int:
    return len(resolution.plan.decisions)


def _intent(resolution: Resolution, position: int, most: int | None) -> Value:
    decision = resolution.plan.decisions[position]
    chosen = ranked(decision.assignments)
    worst = decision.rejections[0] if decision.rejections else None
    return {
        "intent": key_of(decision.intent),
        "verdict": verdict(decision),
        "wanted": decision.wanted,
        "chosen": len(chosen),
        "candidates": decision.candidates,
        "clusters": resolution.plan.clusters,
        "assignments": [
            {
                "cluster": each.cluster.name,
                "replicas": replicas_of(resolution, position, each),
                "score": round(each.score, 1),
                "change": each.change,
            }
            for each in chosen[:most]
        ],
        "moreAssignments": len(chosen[most:]) if most is not None else 0,
        "stoppedBy": {"reason": worst.reason, "text": worst.text, "clusters": worst.count}
        if worst
        else None,
    }


def _row(each: Mapping[str, Any]) -> list[object]:
    assignments, stopped = each["assignments"], each["stoppedBy"]
    names = [one["cluster"] for one in assignments]
    if each["moreAssignments"]:
        names.append(f"… and {each['moreAssignments']} more")
    change = assignments[0]["change"] if assignments else ""
    wanted = "all" if each["wanted"] is None else each["wanted"]
    return [
        each["intent"],
        cell(f"{each['chosen']}/{wanted}", VERDICT_STYLES[each["verdict"]]),
        names or cell("none", "bad"),
        [one["replicas"] for one in assignments] or None,
        [one["score"] for one in assignments] or None,
        cell([one["change"] for one in assignments], CHANGE_STYLES.get(change, "")),
        f"{each['candidates']}/{each['clusters']}",
        f"{stopped['clusters']}: {stopped['text']}" if stopped else "",
    ]
