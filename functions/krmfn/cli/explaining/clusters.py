"""One intent on one cluster: every check, every term, and what would have to change."""

from collections.abc import Iterator, Mapping
from typing import Any

from krmfn.cli.explaining.obstacles import Candidate, obstacles
from krmfn.cli.explaining.overview import Value
from krmfn.cli.explaining.pages import Section, cell, table
from krmfn.cli.explaining.resolving import Resolution
from krmfn.cli.rendering.terminal import Part
from krmfn.placement_resolver.filters import Check
from krmfn.placement_resolver.plan import Assignment
from krmfn.placement_resolver.scoring import term_values
from krmfn.placement_resolver.solving.packing import Packer

_FOUND_ALWAYS = frozenset(("capability", "latency", "residency"))
"""Checks that can tell what is the case on a cluster that passes, too."""

_MOST_NAMES = 3
_COUNTED = "it runs there already, and the facts, which are younger, are taken to have counted it"
_STYLES = {"passed": "good", "failed": "bad", "unknown": "mild"}


def cluster_value(resolution: Resolution, position: int, number: int, most: int | None) -> Value:
    """Give the verdict of every check and every term on a cluster for an intent.

    Of the other workloads there at most `most` are named.
    """
    each = resolution.solved.layout.candidacies[position]
    decision = resolution.plan.decisions[position]
    candidate = Candidate(resolution, position, number, each.scores())
    passes = bool(each.feasible >> number & 1)
    assigned = {one.cluster.name: one for one in decision.assignments}
    chosen = assigned.get(candidate.name)
    rivals = [one for one in assigned.values() if one is not chosen]
    rival = min(rivals, key=lambda one: (one.score, one.cluster.name), default=None)
    checks = [_check(check, number) for check in each.checks()]
    failed = any(check["verdict"] != "passed" for check in checks)
    return {
        "intent": each.workload.key,
        "cluster": candidate.name,
        "verdict": "chosen" if chosen else "candidate" if passes else "rejected",
        "rank": candidate.rank() if passes else None,
        "candidates": decision.candidates,
        "score": round(candidate.score, 1),
        "checks": checks,
        "comparedWith": rival.cluster.name if rival else "",
        "terms": _terms(candidate, rival),
        "room": _room(candidate),
        "counted": each.ask.is_counted(each.ask.view.clusters[number]),
        **_there(candidate, most),
        "obstacles": _obstacles(candidate, chosen, failed=failed),
    }


def _there(candidate: Candidate, most: int | None) -> Value:
    """Give the other workloads on the cluster."""
    residents = candidate.residents()
    return {
        "residents": [
            {"intent": key, "pods": sum(pod.replicas for pod in option.pods)}
            for key, option in residents[:most]
        ],
        "moreResidents": len(residents) - len(residents[:most]),
    }


def cluster_page(value: Mapping[str, Any]) -> Iterator[Section]:
    """Give the sections of an intent on a cluster."""
    yield Section(lines=(_headline(value),))
    obstacles_said = tuple(Part(f"- {text}") for text in value["obstacles"])
    yield Section("What would have to change", lines=obstacles_said)
    rows = [_check_row(each) for each in value["checks"]]
    yield Section("Checks", table=table("CHECK|VERDICT|STOPS A CLUSTER THAT|FOUND HERE", rows))
    rival = value["comparedWith"]
    compared = f"|ON {rival}|DIFFERENCE" if rival else ""
    terms = [_term_row(each, compared=bool(rival)) for each in value["terms"]]
    yield Section("Score", table=table(f"TERM|POINTS|OF{compared}", terms))
    columns = ("pods", "wanted", "alone", "beside")
    rooms = [[each[name] for name in columns] for each in value["room"]]
    beside = f"FIT BESIDE {there}" if (there := _residents(value)) else "FIT NOW"
    yield Section("Room", table=table(f"PODS OF|WANTED|FIT ALONE|{beside}", rooms))
    if value["counted"]:
        yield Section(lines=(Part(_COUNTED),))


def _residents(value: Mapping[str, Any]) -> str:
    names = [each["intent"] for each in value["residents"]]
    more = len(names[_MOST_NAMES:]) + value["moreResidents"]
    return ", ".join([*names[:_MOST_NAMES], *([f"{more} more"] if more else [])])


def _check_row(each: Mapping[str, Any]) -> list[object]:
    verdict = cell(each["verdict"], _STYLES[each["verdict"]])
    stops = "" if each["verdict"] == "passed" else each["text"]
    return [each["check"], verdict, stops, each["found"]]


def _headline(value: Mapping[str, Any]) -> Part:
    failed = [check for check in value["checks"] if check["verdict"] != "passed"]
    said = {
        "chosen": f"chosen, number {value['rank']} of {value['candidates']} candidates by score",
        "candidate": f"would do (number {value['rank']} of {value['candidates']} candidates by "
        "score), but was not chosen",
        "rejected": f"rejected by {len(failed)} of {len(value['checks'])} checks"
        if failed
        else "passes every check, but not with those that it must go along with",
    }[value["verdict"]]
    style = {"chosen": "good", "candidate": "mild", "rejected": "bad"}[value["verdict"]]
    return Part(f"{value['intent']} on {value['cluster']}: {said}", style)


def _obstacles(candidate: Candidate, chosen: Assignment | None, *, failed: bool) -> list[str]:
    if chosen:
        return []
    if candidate.name in candidate.chosen:
        return ["its divided replicas all go to other clusters"]
    return [] if failed else obstacles(candidate)


def _check(check: Check, number: int) -> Value:
    passed = bool(check.mask >> number & 1)
    verdict = "passed" if passed else "unknown" if check.unknown(number) else "failed"
    tells = not passed or check.reason in _FOUND_ALWAYS
    return {
        "check": check.reason,
        "verdict": verdict,
        "text": check.text,
        "found": check.found(number) if tells else "",
    }


def _terms(candidate: Candidate, rival: Assignment | None) -> list[Value]:
    each = candidate.each
    points = term_values(each.terms, candidate.number)
    whole = sum(term.weight for term in each.terms)
    return [
        {
            "term": term.name,
            "points": round(points[term.name], 1) + 0.0,
            "most": round(100 * term.weight / whole, 1),
            "rival": round(rival.terms.get(term.name, 0.0), 1) + 0.0 if rival else None,
        }
        for term in each.terms
    ]


def _term_row(each: Mapping[str, Any], *, compared: bool) -> list[object]:
    row = [each["term"], each["points"], each["most"]]
    if not compared:
        return row
    difference = round(each["points"] - each["rival"], 1) + 0.0
    return [*row, each["rival"], f"{difference:+.1f}"]


def _room(candidate: Candidate) -> list[Value]:
    """Give how many pods of each kind fit, alone and beside what was placed on the cluster."""
    layout, workload = candidate.solved.layout, candidate.each.workload
    cluster = candidate.each.ask.view.clusters[candidate.number]
    empty = Packer(layout.bins(cluster))
    others = [pod for _, option in candidate.residents() for pod in option.pods]
    left = empty.pack(others).room
    pods = layout.pods(workload, cluster, {})
    beside = Packer(layout.bins(cluster))
    if left is not None:
        beside.room = left
    return [
        {
            "pods": demand.name,
            "wanted": demand.replicas,
            "alone": empty.slots(pod),
            "beside": beside.slots(pod),
        }
        for demand, pod in zip(workload.pods, pods, strict=True)
    ]
