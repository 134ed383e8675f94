"""What is different between two states of a mesh, as data and as a page."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from krmfn.cli.explaining.pages import Section, cell, table
from krmfn.cli.rendering.terminal import Part
from krmfn.mesh_intent_expander.report import wording
from krmfn.mesh_intent_expander.report.difference import CHANGES, Change, Changed

_STYLES: Mapping[Change, str] = {
    "opens": "bad",
    "widens": "bad",
    "changes": "mild",
    "narrows": "good",
    "closes": "good",
}
_HEADER = "CLIENT|WHERE|CHANGE|OPENED|CLOSED|WHAT"
_WORDS: Mapping[Change, tuple[str, str]] = {
    "opens": ("way opens", "ways open"),
    "widens": ("way lets more in", "ways let more in"),
    "changes": ("way changes", "ways change"),
    "narrows": ("way lets less in", "ways let less in"),
    "closes": ("way closes", "ways close"),
}


def difference_value(changes: Sequence[Changed], most: int | None) -> dict[str, Any]:
    """Give the differences as data, so many of them; all when None."""
    ordered = sorted(changes, key=lambda each: (CHANGES.index(each.change), each.key))
    return {
        "changed": bool(changes),
        "weakens": any(each.weakens for each in changes),
        "counts": dict(Counter(each.change for each in ordered)),
        "changes": [_value(each) for each in ordered[:most]],
        "moreChanges": len(ordered) - len(ordered[:most]),
    }


def difference_page(value: Mapping[str, Any]) -> Iterator[Section]:
    """Give the sections of a difference: one for each service."""
    yield Section(lines=(_headline(value),))
    by_service: dict[tuple[str, str, int], list[Mapping[str, Any]]] = {}
    for each in value["changes"]:
        key = (each["service"], each["host"], each["port"])
        by_service.setdefault(key, []).append(each)
    for key, changes in sorted(by_service.items()):
        yield Section(wording.title(key), table=table(_HEADER, map(_row, _alike(changes))))
    if left_out := value["moreChanges"]:
        yield Section(lines=(Part(f"… and {left_out} more", "dim"),))


def _value(each: Changed) -> dict[str, Any]:
    target, (cluster, client), to = each.key
    edge = each.after or each.before
    return {
        "service": "/".join(target.service),
        "host": target.host,
        "port": target.port,
        "from": cluster,
        "client": client,
        "to": to,
        "change": each.change,
        "weakens": each.weakens,
        "opened": list(each.opened),
        "closed": list(each.closed),
        "what": list(each.why),
        "by": list(edge.policies) if edge else [],
    }


def _headline(value: Mapping[str, Any]) -> Part:
    counts = value["counts"]
    parts = [
        f"{counts[change]} {_WORDS[change][counts[change] != 1]}"
        for change in CHANGES
        if change in counts
    ]
    text = ", ".join(parts) or "nothing opens or closes"
    return Part(text, "bad" if value["weakens"] else "strong")


def _alike(changes: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Put changes together that differ only in their clients."""
    found: dict[str, dict[str, Any]] = {}
    for each in changes:
        rest = {name: value for name, value in each.items() if name != "client"}
        same = found.setdefault(repr(rest), {**rest, "clients": []})
        same["clients"].append(each["client"])
    return list(found.values())


def _row(each: Mapping[str, Any]) -> list[object]:
    is_own = each["from"] == each["to"]
    return [
        ", ".join(each["clients"]),
        each["from"] if is_own else f"{each['from']} → {each['to']}",
        cell(each["change"], _STYLES[each["change"]]),
        ", ".join(each["opened"]),
        ", ".join(each["closed"]),
        ", ".join(each["what"]),
    ]
