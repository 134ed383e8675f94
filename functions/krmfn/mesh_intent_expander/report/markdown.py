"""The report as Markdown, for pull requests."""

import re
from collections.abc import Iterable, Iterator, Sequence

from krmfn.mesh_intent_expander.intents.report import MeshReportStatus, Reach
from krmfn.mesh_intent_expander.report import wording
from krmfn.mesh_intent_expander.report.mermaid import mermaid

_SIGNS = {"open": "✅", "part": "🟡", "asked": "🔷", "closed": "⛔", "lost": "⚪"}
_MOST_OPERATIONS = 4
_CODE, _SPECIAL = re.compile(r"(`[^`]*`)"), re.compile(r"[*<\\`\[~]")
_TITLES = {
    "dead": ("In vain", ("What", "Where", "Why", "Shown by")),
    "conflicts": ("Conflicts", ("Intent", "Field", "What must be")),
    "not_portable": ("Not portable", ("Intent", "Field", "To", "What is lost")),
    "too_old": ("Too old", ("Cluster", "Has", "Needs", "For", "Objects")),
}


def markdown(status: MeshReportStatus) -> str:
    """Give the report as GitHub-flavoured Markdown; parts that have nothing are left out."""
    return "\n".join(_parts(status))


def reachability(rows: Iterable[Reach], more: int = 0) -> Iterator[str]:
    """Yield the lines of a table for each service."""
    for key, mine in wording.by_target(rows).items():
        yield f"### {_cell(wording.title(key))}\n"
        yield from table(
            ("Clients", "Where", "Requests", "Over", "TLS", "Used", "By"),
            map(_row, mine, wording.ranks(mine)),
        )
    if more:
        yield f"… and {more} more rows\n"


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Yield the lines of a table; columns that have nothing are left out."""
    columns = [column for column in zip(header, *rows, strict=True) if any(column[1:])]
    if not columns:
        return
    names, *cells = zip(*columns, strict=True)
    yield f"| {' | '.join(names)} |"
    yield f"|{' --- |' * len(names)}"
    for row in cells:
        yield f"| {' | '.join(map(_cell, row))} |"
    yield ""


def _parts(status: MeshReportStatus) -> Iterator[str]:
    totals = status.totals
    yield "## Who reaches what\n"
    yield (
        f"{totals.traced} of {_counted(totals.services, 'port')} of services in "
        f"{_counted(totals.clusters, 'cluster')}: {wording.ways(totals)}.\n"
    )
    if drawn := mermaid(status.reachability):
        yield f"```mermaid\n{drawn}```\n"
    yield from reachability(status.reachability, totals.more.get("reachability", 0))
    lists: dict[str, list[Sequence[str]]] = {
        "dead": [
            (d.what, f"{d.at} {_code(d.field)}", d.why, _code(d.witness)) for d in status.dead
        ],
        "conflicts": [(c.at, _code(c.field), c.message) for c in status.conflicts],
        "not_portable": [(p.at, _code(p.field), p.flavor, p.what) for p in status.not_portable],
        "too_old": [
            (t.cluster, t.version, t.needs, t.what, f"{t.objects}, such as {t.example}")
            for t in status.too_old
        ],
    }
    for name, rows in lists.items():
        title, header = _TITLES[name]
        if rows:
            yield f"## {title}\n"
            yield from table(header, rows)
    if status.proven:
        yield "## Proven, and next\n"
        yield "".join(f"- {each.at}: {each.message}\n" for each in status.proven)


def _row(row: Reach, rank: str) -> tuple[str, ...]:
    clients = wording.clients(row)
    sign = _SIGNS[wording.style(row)]
    why = row.reason if row.allows == "none" else ""
    return (
        "\n".join(names for names, _ in clients),
        "\n".join(wording.journey(where, row) for _, where in clients),
        f"{sign} {wording.requests(row, _MOST_OPERATIONS)}",
        wording.way(row),
        wording.tls(row),
        rank,
        "\n".join(part for part in (*row.policies, why) if part),
    )


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'s' * (count != 1)}"


def _code(text: str) -> str:
    return f"`{text}`" if text else ""


def _cell(text: str) -> str:
    """Give a text that stands in one cell as it is, what is code as code."""
    parts = _CODE.split(text.strip())
    escaped = "".join(
        part if _CODE.fullmatch(part) else _SPECIAL.sub(lambda found: f"&#{ord(found[0])};", part)
        for part in parts
    )
    return escaped.replace("|", r"\|").replace("\n", "<br>")
