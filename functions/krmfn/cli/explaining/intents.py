"""One intent: why it is where it is, and why nowhere else."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from krmfn.cli.explaining.obstacles import Candidate, obstacles
from krmfn.cli.explaining.overview import (
    CHANGE_STYLES,
    VERDICT_STYLES,
    Value,
    counted,
    ranked,
    replicas_of,
    verdict,
)
from krmfn.cli.explaining.pages import Section, cell, table
from krmfn.cli.explaining.resolving import Resolution
from krmfn.cli.rendering.terminal import Part
from krmfn.placement_resolver.emit.naming import key_of
from krmfn.placement_resolver.plan import Assignment, Decision, PodPlan
from krmfn.placement_resolver.vectors import Column

_MOST_EXAMPLES = 5


def intent_value(resolution: Resolution, position: int, most: int | None) -> Value:
    """Give all that was decided for an intent, at most `most` of each thing."""
    decision = resolution.plan.decisions[position]
    chosen = ranked(decision.assignments)
    ranking = resolution.solved.layout.candidacies[position].scores()
    others = _others(resolution, position, ranking)
    removed = sorted(decision.removed.items())
    return {
        "intent": key_of(decision.intent),
        "verdict": verdict(decision),
        "wanted": decision.wanted,
        "chosen": len(chosen),
        "candidates": decision.candidates,
        "clusters": resolution.plan.clusters,
        "affinityGroup": decision.group,
        "message": decision.unplaced,
        "assignments": [_assignment(resolution, position, each) for each in chosen[:most]],
        "moreAssignments": _more(chosen, most),
        "notChosen": [
            _other(Candidate(resolution, position, number, ranking)) for number in others[:most]
        ],
        "moreNotChosen": _more(others, most),
        "removed": [{"cluster": name, "why": why} for name, why in removed[:most]],
        "moreRemoved": _more(removed, most),
        **_reasons(decision),
    }


def intent_page(value: Mapping[str, Any]) -> Iterator[Section]:
    """Give the sections of an intent."""
    yield Section(lines=(_headline(value),))
    yield Section("Why here", table=_here(value))
    yield Section("Nodes and devices", table=_nodes(value))
    yield Section("Left", table=_left(value))
    yield Section("Would do, but not chosen", table=_not_chosen(value))
    yield Section("Why not there", table=_rejected(value))
    yield Section("What would help", table=_helps(value))
    facts = tuple(Part(f"- {fact}") for fact in value["unknownFacts"])
    yield Section("Not known", lines=facts)
    yield Section("Loss of a cluster", lines=tuple(_survival(value["survives"])))


def _reasons(decision: Decision) -> Value:
    lost = decision.survives
    return {
        "rejected": [
            {
                "reason": each.reason,
                "text": each.text,
                "count": each.count,
                "total": each.total,
                "examples": list(each.examples[:_MOST_EXAMPLES]),
            }
            for each in decision.rejections
        ],
        "relaxations": [
            {
                "text": each.text,
                "clusters": each.clusters,
                "examples": list(each.examples[:_MOST_EXAMPLES]),
            }
            for each in decision.relaxations
        ],
        "unknownFacts": list(decision.unknown),
        "survives": {
            "absorbed": sorted(name for name in lost if lost[name]),
            "notAbsorbed": sorted(name for name in lost if not lost[name]),
        },
    }


def _more(listed: Iterable[object], most: int | None) -> int:
    return 0 if most is None else max(0, len(list(listed)) - most)


def _others(resolution: Resolution, position: int, ranking: Column) -> list[int]:
    """Give the candidates that were not chosen, the best ones first."""
    each = resolution.solved.layout.candidacies[position]
    view = each.ask.view
    rest = each.feasible & ~view.mask_of_names(resolution.solved.chosen(position))
    return view.vectors.best(ranking, rest, rest.bit_count())


def _other(candidate: Candidate) -> Value:
    score = round(candidate.score, 1)
    return {"cluster": candidate.name, "score": score, "why": obstacles(candidate)}


def _assignment(resolution: Resolution, position: int, each: Assignment) -> Value:
    return {
        "cluster": each.cluster.name,
        "change": each.change,
        "cameFrom": each.came_from,
        "forced": each.forced,
        "since": each.since,
        "replicas": replicas_of(resolution, position, each),
        "score": round(each.score, 1),
        "terms": {name: round(points, 1) + 0.0 for name, points in each.terms.items()},
        "runnerUp": each.runner_up,
        "margin": round(each.margin, 1) if each.runner_up else None,
        "pods": [_pods(pods) for pods in each.pods],
    }


def _pods(pods: PodPlan) -> Value:
    return {
        "resource": f"{pods.resource.kind} {pods.resource.name}",
        "replicas": pods.replicas,
        "nodeGroup": pods.group,
        "nodeLabels": dict(pods.node_labels),
        "taints": [f"{each.key}={each.value}:{each.effect}" for each in pods.taints],
        "devices": [
            {
                "resourceName": grant.device.resource_name,
                "count": grant.count,
                "container": grant.container,
            }
            for grant in pods.devices
        ],
    }


def _headline(value: Mapping[str, Any]) -> Part:
    wanted = "all that fit" if value["wanted"] is None else counted(value["wanted"], "cluster")
    group = f", of the group {value['affinityGroup']}" if value["affinityGroup"] else ""
    text = (
        f"{value['intent']}: {value['verdict'].lower()}, {value['chosen']} chosen of {wanted}"
        f"{group}; {counted(value['candidates'], 'candidate')} among "
        f"{counted(value['clusters'], 'cluster')}"
    )
    if value["message"]:
        text += f"; {value['message']}"
    return Part(text, VERDICT_STYLES[value["verdict"]])


def _here(value: Mapping[str, Any]) -> Any:
    names = list(dict.fromkeys(name for each in value["assignments"] for name in each["terms"]))
    rows = [
        [
            each["cluster"],
            cell(_change(each), CHANGE_STYLES[each["change"]]),
            each["replicas"],
            each["score"],
            *(each["terms"].get(name) for name in names),
            f"{each['runnerUp']} ({each['margin']:+.1f})" if each["runnerUp"] else None,
        ]
        for each in value["assignments"]
    ]
    header = ["CLUSTER", "CHANGE", "PODS", "SCORE", *names, "RUNNER-UP (MARGIN)"]
    return table("|".join(header), rows, value["moreAssignments"])


def _change(each: Mapping[str, Any]) -> str:
    if not each["cameFrom"] or each["change"] != "moved":
        return str(each["change"])
    return f"moved from {each['cameFrom']}{', forced' if each['forced'] else ''}"


def _nodes(value: Mapping[str, Any]) -> Any:
    rows = [
        [
            each["cluster"],
            pods["resource"],
            pods["nodeGroup"] or "any",
            [f"{key}={text}" for key, text in pods["nodeLabels"].items()],
            [f"{one['count']} {one['resourceName']}" for one in pods["devices"]],
        ]
        for each in value["assignments"]
        for pods in each["pods"]
    ]
    return table("CLUSTER|PODS OF|NODE GROUP|NODE SELECTOR|DEVICES A POD", rows)


def _left(value: Mapping[str, Any]) -> Any:
    rows = [[each["cluster"], each["why"]] for each in value["removed"]]
    return table("CLUSTER|WHY", rows, value["moreRemoved"])


def _not_chosen(value: Mapping[str, Any]) -> Any:
    rows = [[each["cluster"], each["score"], each["why"]] for each in value["notChosen"]]
    return table("CLUSTER|SCORE|WHY NOT", rows, value["moreNotChosen"])


def _rejected(value: Mapping[str, Any]) -> Any:
    rows = [
        [each["count"], each["total"], each["text"], each["examples"]] for each in value["rejected"]
    ]
    return table("FIRST|IN ALL|THE CLUSTER|FOR EXAMPLE", rows)


def _helps(value: Mapping[str, Any]) -> Any:
    rows = [[each["clusters"], each["text"], each["examples"]] for each in value["relaxations"]]
    return table("GIVES|TO|FOR EXAMPLE", rows)


def _survival(survives: Mapping[str, Any]) -> Iterator[Part]:
    if survives["absorbed"]:
        yield Part(f"absorbed: {', '.join(survives['absorbed'])}", "good")
    if survives["notAbsorbed"]:
        yield Part(f"not absorbed: {', '.join(survives['notAbsorbed'])}", "bad")
