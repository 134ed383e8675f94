"""Who reaches what, as a flowchart of Mermaid, which forges show in Markdown."""

import re
from collections.abc import Iterable, Iterator

from krmfn.mesh_intent_expander.intents.report import Reach
from krmfn.mesh_intent_expander.report.graphing import Graph, graph
from krmfn.mesh_intent_expander.report.wording import Style

MOST_LINES = 40
"""How many lines a graph has that stands in a report."""

_COLOURS: dict[Style, str] = {
    "open": "#1a7f37",
    "part": "#9a6700",
    "asked": "#8250df",
    "closed": "#cf222e",
    "lost": "#6e7781",
}
_DOTTED: tuple[Style, ...] = ("closed", "lost")
_SPECIAL = re.compile(r"[\"#;<>{}`\[\]|&]")


def mermaid(rows: Iterable[Reach], most: int = MOST_LINES) -> str:
    """Give rows as a flowchart of at most so many lines; "" when there are none."""
    drawn = graph(rows, most)
    return "\n".join(_lines(drawn)) + "\n" if drawn.services else ""


def _lines(drawn: Graph) -> Iterator[str]:
    yield "flowchart LR"
    for number, (cluster, members) in enumerate(_client_groups(drawn).items()):
        yield from _group(f"c{number}", cluster, members)
    for number, (cluster, members) in enumerate(_service_groups(drawn).items()):
        yield from _group(f"s{number}", cluster, members)
    styles: dict[Style, list[int]] = {}
    edge = 0
    for number, service in enumerate(drawn.services):
        for line in service.lines:
            arrow = "-.->" if line.style in _DOTTED else "-->"
            for client in line.clients:
                yield f'  client{client} {arrow}|"{_escaped(line.text)}"| service{number}'
                styles.setdefault(line.style, []).append(edge)
                edge += 1
    for style, numbers in styles.items():
        yield f"  linkStyle {','.join(map(str, numbers))} stroke:{_COLOURS[style]}"
    if drawn.left_out:
        yield f"  %% and {drawn.left_out} more"


def _client_groups(drawn: Graph) -> dict[str, list[str]]:
    groups: dict[str, list[str]] = {}
    for number, node in enumerate(drawn.clients):
        text = "<br>".join(map(_escaped, node.names))
        groups.setdefault(node.cluster, []).append(f'client{number}("{text}")')
    return groups


def _service_groups(drawn: Graph) -> dict[str, list[str]]:
    groups: dict[str, list[str]] = {}
    for number, node in enumerate(drawn.services):
        groups.setdefault(node.cluster, []).append(f'service{number}["{_escaped(node.title)}"]')
    return groups


def _group(name: str, cluster: str, members: Iterable[str]) -> Iterator[str]:
    """Yield the nodes of a cluster in a box; without one where there is no cluster to name."""
    if cluster:
        yield f'  subgraph {name}["{_escaped(cluster)}"]'
    for member in members:
        yield f"    {member}"
    if cluster:
        yield "  end"


def _escaped(text: str) -> str:
    """Write what Mermaid would read as its own as entities."""
    return _SPECIAL.sub(lambda found: f"#{ord(found[0])};", text)
