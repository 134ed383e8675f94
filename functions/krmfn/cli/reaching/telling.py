"""Who reaches what, as data and as a page."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from krmfn.cli.explaining.pages import Section, cell, table
from krmfn.cli.rendering.terminal import Part
from krmfn.mesh_intent_expander.intents.report import Dead, MeshReportStatus, Reach
from krmfn.mesh_intent_expander.report import wording

_STYLES: Mapping[wording.Style, str] = {
    "open": "good",
    "part": "mild",
    "asked": "mild",
    "closed": "bad",
    "lost": "dim",
}
_HEADER = "CLIENT|WHERE|REQUESTS|OVER|USED|BY"
_MOST_OPERATIONS = 4
_WHATS = {
    "route-rule": "rule that no request reaches",
    "denied-route": "rule whose requests are all denied",
    "subset": "subset without a route",
    "weight-zero": "destination without requests",
    "export": "export without a user",
    "allow-rule": "rule that allows what is denied",
}


def reach_value(status: MeshReportStatus) -> dict[str, Any]:
    """Give who reaches what as data."""
    value: dict[str, Any] = status.model_dump(
        mode="json", by_alias=True, include={"totals", "reachability", "dead"}
    )
    return value


def reach_page(status: MeshReportStatus) -> Iterator[Section]:
    """Give the sections: one for each service, and what is in vain."""
    yield Section(lines=(_headline(status),))
    for key, rows in wording.by_target(status.reachability).items():
        yield Section(
            wording.title(key), table=table(_HEADER, map(_row, rows, wording.ranks(rows)))
        )
        yield Section(lines=tuple(_reasons(rows)))
    if left_out := status.totals.more.get("services"):
        yield Section(lines=(Part(f"… and {left_out} more services", "dim"),))
    yield Section("In vain" if status.dead else "", lines=tuple(_dead(status.dead)))


def _headline(status: MeshReportStatus) -> Part:
    totals = status.totals
    if not totals.services:
        return Part("no service has pods")
    ports = f"{totals.services} port{'s' * (totals.services != 1)} of services"
    return Part(f"{ports}: {wording.ways(totals)}", "strong")


def _row(row: Reach, rank: str) -> list[object]:
    clients = wording.clients(row)
    return [
        "\n".join(names for names, _ in clients),
        "\n".join(wording.journey(where, row) for _, where in clients),
        cell(wording.requests(row, _MOST_OPERATIONS), _STYLES[wording.style(row)]),
        ", ".join(part for part in (wording.way(row), wording.tls(row)) if part),
        rank,
        "\n".join(_short(each, row.service) for each in row.policies),
    ]


def _short(name: str, service: str) -> str:
    """Give the name of an object; its kind and the service's own namespace go without saying."""
    return name.rpartition(" ")[2].removeprefix(service.partition("/")[0] + "/")


def _reasons(rows: Iterable[Reach]) -> Iterator[Part]:
    """Yield why requests do not come there, each reason once."""
    reasons: dict[tuple[str, str], dict[str, None]] = {}
    for row in rows:
        if row.reason:
            by = f" ({', '.join(row.policies)})" if row.policies else ""
            where = reasons.setdefault((row.outcome, f"{row.reason}{by}"), {})
            where.update(dict.fromkeys(row.clusters or row.from_))
    for (outcome, reason), places in reasons.items():
        listed = wording.named([place for place in places if place][:5], max(0, len(places) - 5))
        yield Part(f"- {outcome}{f' ({listed})' if listed else ''}: {reason}", "dim")


def _dead(found: Sequence[Dead]) -> Iterator[Part]:
    for each in found:
        where = f"{each.at} {each.field}".strip()
        shown = f"; shown by {each.witness}" if each.witness else ""
        yield Part(f"- {_WHATS[each.what]}: {where}: {each.why}{shown}", "mild")
