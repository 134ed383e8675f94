"""Two decisions compared: who moves, why, and what it is worth."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from krmfn.cli.explaining.overview import Value, counted, fleet_value, replicas_of, verdict
from krmfn.cli.explaining.pages import Section, cell, table
from krmfn.cli.explaining.resolving import Resolution
from krmfn.cli.rendering.terminal import Part
from krmfn.placement_resolver.plan import Assignment, Decision

What = Literal["unplaced", "forced", "better", "left", "placed", "replicas"]

_STYLES = {"unplaced": "bad", "forced": "mild", "better": "mild", "left": "mild", "placed": "good"}
_ORDER: tuple[What, ...] = ("unplaced", "forced", "left", "better", "placed", "replicas")
_WORDS = {
    "unplaced": "newly unplaced",
    "forced": "forced to move",
    "left": "given up",
    "better": "moved to a better place",
    "placed": "newly placed",
    "replicas": "with other replicas",
}
_FLEET = ("intents", "placed", "partly", "unplaced", "clusters", "objective", "bound")


@dataclass(frozen=True, slots=True)
class Move:
    """One thing that is different for an intent; `None` where there is nothing to compare."""

    intent: str
    what: What
    source: str | None = None
    target: str | None = None
    before: float | None = None
    after: float | None = None
    why: str = ""


@dataclass(frozen=True)
class Side:
    """An intent in one of the decisions."""

    resolution: Resolution
    position: int

    @property
    def decision(self) -> Decision:
        """What was decided for it."""
        return self.resolution.plan.decisions[self.position]

    @property
    def assigned(self) -> dict[str, Assignment]:
        """Its clusters by name."""
        return {each.cluster.name: each for each in self.decision.assignments}

    def replicas(self, name: str) -> int:
        """Give how many pods run on one of its clusters."""
        return replicas_of(self.resolution, self.position, self.assigned[name])


def difference_value(
    before: Sequence[Resolution], after: Sequence[Resolution], most: int | None
) -> Value:
    """Give how two decisions differ, at most `most` of the changes."""
    old, new = _sides(before), _sides(after)
    moves = [
        move for key in sorted({*old, *new}) for move in _moves(key, old.get(key), new.get(key))
    ]
    moves.sort(key=lambda move: (_ORDER.index(move.what), move.intent))
    lost, now_lost = _losses(old), _losses(new)
    renders = [not any(each.fails for each in side) for side in (before, after)]
    return {
        "changed": bool(moves) or renders[0] != renders[1],
        "renders": dict(zip(("before", "after"), renders, strict=True)),
        "counts": dict(Counter(move.what for move in moves)),
        "changes": [_value(move) for move in moves[:most]],
        "moreChanges": 0 if most is None else max(0, len(moves) - most),
        "newIntents": sorted(new.keys() - old.keys()),
        "goneIntents": sorted(old.keys() - new.keys()),
        "before": [fleet_value(each) for each in before],
        "after": [fleet_value(each) for each in after],
        "survives": {
            "notAbsorbed": sorted(now_lost[False] - lost[False])[:most],
            "absorbed": sorted(lost[False] & now_lost[True])[:most],
        },
    }


def difference_page(value: Mapping[str, Any]) -> Iterator[Section]:
    """Give the sections of a difference."""
    yield Section(lines=(_headline(value),))
    rows = [
        [
            each["intent"],
            cell(each["what"], _STYLES.get(each["what"], "")),
            each["from"],
            each["to"],
            each["scoreBefore"],
            each["scoreAfter"],
            each["why"],
        ]
        for each in value["changes"]
    ]
    header = "INTENT|CHANGE|FROM|TO|BEFORE|AFTER|WHY"
    yield Section(table=table(header, rows, value["moreChanges"]))
    for before, after in zip(value["before"], value["after"], strict=False):
        step = after["step"] if len(value["after"]) > 1 else ""
        yield Section(step, table=table("FLEET|BEFORE|AFTER|DIFFERENCE", _fleet(before, after)))
        if before["asOf"] != after["asOf"]:
            yield Section(lines=(Part(f"facts as of {before['asOf']} → {after['asOf']}"),))
    survives = value["survives"]
    lines = [Part(f"newly not absorbed: the loss {one}", "bad") for one in survives["notAbsorbed"]]
    lines += [Part(f"newly absorbed: the loss {one}", "good") for one in survives["absorbed"]]
    yield Section(lines=tuple(lines))


def _sides(resolutions: Sequence[Resolution]) -> dict[str, Side]:
    return {
        key: Side(each, position)
        for each in resolutions
        for key, position in each.positions.items()
    }


def _moves(key: str, old: Side | None, new: Side | None) -> Iterator[Move]:
    held = old.assigned if old else {}
    if new is None:
        for name, each in held.items():
            yield Move(key, "left", name, None, each.score, None, "the intent is gone")
        return
    came_from = {each.came_from: name for name, each in new.assigned.items() if name not in held}
    for name, each in held.items():
        if name not in new.assigned:
            yield _departure(key, each, new, came_from.get(name))
    for name, each in new.assigned.items():
        if name in held and old and old.replicas(name) != new.replicas(name):
            why = f"{old.replicas(name)} → {new.replicas(name)} replicas"
            yield Move(key, "replicas", name, name, held[name].score, each.score, why)
        elif name not in held and each.came_from not in held:
            yield Move(key, "placed", None, name, None, each.score)
    was_placed = old is None or verdict(old.decision) == "Placed"
    if was_placed and verdict(new.decision) != "Placed" and held.keys() <= new.assigned.keys():
        yield Move(key, "unplaced", why=_unplaced(new.decision))


def _departure(key: str, each: Assignment, new: Side, target: str | None) -> Move:
    """Give what became of a cluster that was left."""
    name = each.cluster.name
    why = new.decision.removed.get(name, "")
    if target is None and verdict(new.decision) != "Placed":
        why = f"{why}; elsewhere: {_unplaced(new.decision)}"
        return Move(key, "unplaced", name, None, each.score, None, why)
    if target is None:
        return Move(key, "left", name, None, each.score, None, why)
    now = new.assigned[target]
    what: What = "forced" if now.forced else "better"
    score = _score_on(new, name)
    return Move(key, what, name, target, each.score if score is None else score, now.score, why)


def _score_on(side: Side, name: str) -> float | None:
    """Give how good a cluster is by the facts of this side; None where it is gone."""
    each = side.resolution.solved.layout.candidacies[side.position]
    number = each.ask.view.index.get(name)
    return None if number is None else float(each.scores()[number])


def _unplaced(decision: Decision) -> str:
    if decision.unplaced:
        return decision.unplaced
    found = [f"{each.count}: {each.text}" for each in decision.rejections[:2]]
    return "; ".join(found) or "there is no cluster"


def _losses(sides: Mapping[str, Side]) -> dict[bool, set[str]]:
    """Give the losses of clusters, in words, by whether they are absorbed."""
    found: dict[bool, set[str]] = {True: set(), False: set()}
    for key, side in sides.items():
        for name, absorbed in side.decision.survives.items():
            found[absorbed].add(f"of {name} for {key}")
    return found


def _value(move: Move) -> Value:
    return {
        "intent": move.intent,
        "what": move.what,
        "from": move.source,
        "to": move.target,
        "scoreBefore": None if move.before is None else round(move.before, 1),
        "scoreAfter": None if move.after is None else round(move.after, 1),
        "why": move.why,
    }


def _headline(value: Mapping[str, Any]) -> Part:
    counts = value["counts"]
    parts = [f"{counts[what]} {_WORDS[what]}" for what in _ORDER if what in counts]
    for name, word in (("newIntents", "new"), ("goneIntents", "gone")):
        if value[name]:
            parts.append(f"{counted(len(value[name]), 'intent')} {word}")
    parts = parts or ["nothing moves"]
    if not value["renders"]["after"]:
        parts.append("and rendering fails")
    bad = "unplaced" in counts or not value["renders"]["after"]
    return Part(", ".join(parts), "bad" if bad else "strong")


def _fleet(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[list[object]]:
    for name in _FLEET:
        if before[name] or after[name]:
            difference = round(after[name] - before[name], 1) + 0.0
            shown = f"{difference:+.{int(isinstance(after[name], float))}f}"
            yield [name, before[name], after[name], shown if difference else ""]
    gaps = [f"{side['gap']:.2%}" for side in (before, after)]
    yield ["gap", *gaps, ""]
