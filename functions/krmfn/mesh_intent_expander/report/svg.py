"""Who reaches what, as a picture: clients left, services right, an edge for each way.

The layout is layered by hand: clients stand in boxes of their clusters; each service in a cluster
is a box whose lines say which requests come there, and edges end at these lines, so that no text
lies over an edge.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape

from krmfn.mesh_intent_expander.intents.report import Reach
from krmfn.mesh_intent_expander.report.graphing import ClientNode, Graph, ServiceNode, graph
from krmfn.mesh_intent_expander.report.wording import Style

MOST_LINES = 120
"""How many lines a picture has."""

_COLOURS: Mapping[Style, str] = {
    "open": "#1a7f37",
    "part": "#9a6700",
    "asked": "#8250df",
    "closed": "#cf222e",
    "lost": "#6e7781",
}
_DASHES: Mapping[Style, str] = {"part": "8 3", "asked": "2 3", "closed": "5 4", "lost": "1 4"}
_LEGEND: Mapping[Style, str] = {
    "open": "all requests",
    "part": "some requests",
    "asked": "an authoriser is asked",
    "closed": "refused",
    "lost": "no way",
}
_LINE, _GAP, _PAD, _MARGIN = 18, 14, 10, 20
_CHARACTER, _BETWEEN, _HEAD = 6.7, 220, 34
_FONT = "font-family='ui-monospace,SFMono-Regular,Menlo,Consolas,monospace' font-size='11'"


@dataclass(frozen=True, slots=True)
class _Box:
    """A box with lines of text and their colours, the first of which may be its title."""

    x: float
    y: float
    width: float
    lines: tuple[tuple[str, str], ...]
    fill: str
    has_title: bool = False

    @property
    def height(self) -> float:
        return _LINE * len(self.lines) + _PAD

    def middle(self, line: int) -> float:
        """Give where an edge meets a line."""
        return self.y + _PAD / 2 + _LINE * (line + 0.5)


def svg(rows: Iterable[Reach], most: int = MOST_LINES) -> str:
    """Give rows as a picture of at most so many lines."""
    drawn = graph(rows, most)
    clients = _clients(drawn)
    left = max((box.width for box in clients.values()), default=0.0)
    services = _services(drawn, _MARGIN + left + _BETWEEN)
    boxes = [*clients.values(), *services]
    texts = _cluster_names(drawn, clients)
    width = max((box.x + box.width for box in boxes), default=400.0) + _MARGIN
    width = max(width, _legend_width() + 2 * _MARGIN)
    height = max((box.y + box.height for box in boxes), default=60.0) + _MARGIN
    body = [
        *texts,
        *_edges(drawn, clients, services),
        *(part for box in boxes for part in _drawn(box)),
    ]
    more = f"and {drawn.left_out} more" if drawn.left_out else ""
    return "\n".join(
        [
            _opening(width, height),
            "<title>Who reaches what</title>",
            "<rect width='100%' height='100%' fill='#ffffff'/>",
            *_legend(more),
            *body,
            "</svg>\n",
        ]
    )


def _opening(width: float, height: float) -> str:
    return (
        f"<svg xmlns='http://www.w3.org/2000/svg' width='{width:.0f}' height='{height:.0f}' "
        f"viewBox='0 0 {width:.0f} {height:.0f}' {_FONT}>"
    )


def _clients(drawn: Graph) -> dict[int, _Box]:
    """Give the box of each client node, one below the other, clusters parted by a gap."""
    found: dict[int, _Box] = {}
    width = max((_width(_client_lines(node)) for node in drawn.clients), default=0.0)
    y, last = float(_MARGIN + _HEAD), None
    for number in _ordered(drawn):
        node = drawn.clients[number]
        is_new = node.cluster != last
        y += (_GAP * (last is not None) + _LINE * bool(node.cluster)) if is_new else 0
        found[number] = _Box(_MARGIN, y, width, _client_lines(node), "#f6f8fa")
        y, last = y + found[number].height + _GAP / 2, node.cluster
    return found


def _cluster_names(drawn: Graph, clients: Mapping[int, _Box]) -> Iterator[str]:
    """Yield the name of each cluster above its first box."""
    last = ""
    for number, box in clients.items():
        cluster = drawn.clients[number].cluster
        if cluster != last:
            yield _text(f"on {cluster}", box.x, box.y - 5, "#57606a", " font-weight='bold'")
        last = cluster


def _ordered(drawn: Graph) -> list[int]:
    """Give the clients in an order in which few edges cross.

    Clusters stand by the mean of the lines that their clients lead to, and so do clients in them.
    """
    lines: dict[int, list[int]] = {}
    position = 0
    for service in drawn.services:
        for line in service.lines:
            for client in line.clients:
                lines.setdefault(client, []).append(position)
            position += 1
    by_cluster: dict[str, list[int]] = {}
    for number, node in enumerate(drawn.clients):
        by_cluster.setdefault(node.cluster, []).extend(lines.get(number, []))
    return sorted(
        range(len(drawn.clients)),
        key=lambda number: (
            _mean(by_cluster[drawn.clients[number].cluster]),
            drawn.clients[number].cluster,
            _mean(lines.get(number, [])),
            number,
        ),
    )


def _mean(numbers: Sequence[int]) -> float:
    return sum(numbers) / len(numbers) if numbers else 0.0


def _services(drawn: Graph, x: float) -> list[_Box]:
    boxes: list[_Box] = []
    y = float(_MARGIN + _HEAD)
    width = max((_width(_service_lines(node)) for node in drawn.services), default=0.0)
    for node in drawn.services:
        boxes.append(_Box(x, y, width, _service_lines(node), "#ddf4ff", has_title=True))
        y += boxes[-1].height + _GAP
    return boxes


def _client_lines(node: ClientNode) -> tuple[tuple[str, str], ...]:
    return tuple((name, "#1f2328") for name in node.names)


def _service_lines(node: ServiceNode) -> tuple[tuple[str, str], ...]:
    title = f"{node.title} on {node.cluster}" if node.cluster else node.title
    lines = ((line.text, _COLOURS[line.style]) for line in node.lines)
    return ((title, "#1f2328"), *lines)


def _width(lines: Iterable[tuple[str, str]]) -> float:
    return max((len(text) for text, _ in lines), default=0) * _CHARACTER + 2 * _PAD


def _edges(drawn: Graph, clients: Mapping[int, _Box], services: Sequence[_Box]) -> Iterator[str]:
    """Yield the edges, those that are closed below the others."""
    ends = [
        (line.style, client, box.x, box.middle(number + 1))
        for node, box in zip(drawn.services, services, strict=True)
        for number, line in enumerate(node.lines)
        for client in line.clients
    ]
    starts = _starts(clients, [(client, y) for _, client, _, y in ends])
    closed_first = sorted(range(len(ends)), key=lambda each: ends[each][0] not in _CLOSED)
    for number in closed_first:
        style, client, x, y = ends[number]
        box = clients[client]
        yield _edge(style, (box.x + box.width, starts[number]), (x, y))


_CLOSED = ("closed", "lost")


def _starts(clients: Mapping[int, _Box], ends: Sequence[tuple[int, float]]) -> dict[int, float]:
    """Spread the edges of a client over the height of its box, in the order of their ends."""
    by_client: dict[int, list[int]] = {}
    for number, (client, _) in enumerate(ends):
        by_client.setdefault(client, []).append(number)
    starts: dict[int, float] = {}
    for client, numbers in by_client.items():
        box = clients[client]
        step = box.height / (len(numbers) + 1)
        for place, number in enumerate(sorted(numbers, key=lambda each: ends[each][1])):
            starts[number] = box.y + step * (place + 1)
    return starts


def _edge(style: Style, start: tuple[float, float], end: tuple[float, float]) -> str:
    (x, y), (to_x, to_y) = start, end
    bend = (to_x - x) / 2
    dash = f" stroke-dasharray='{_DASHES[style]}'" if style in _DASHES else ""
    tip = (
        f"M{to_x - 5:.1f} {to_y - 4:.1f}v8"
        if style in _CLOSED
        else f"M{to_x - 7:.1f} {to_y - 4:.1f}L{to_x:.1f} {to_y:.1f}L{to_x - 7:.1f} {to_y + 4:.1f}"
    )
    return (
        f"<g fill='none' stroke='{_COLOURS[style]}' stroke-width='1.3'>"
        f"<path d='M{x:.1f} {y:.1f}C{x + bend:.1f} {y:.1f} {to_x - bend:.1f} {to_y:.1f} "
        f"{to_x:.1f} {to_y:.1f}'{dash}/><path d='{tip}'/></g>"
    )


def _drawn(box: _Box) -> Iterator[str]:
    yield (
        f"<rect x='{box.x:.1f}' y='{box.y:.1f}' width='{box.width:.1f}' "
        f"height='{box.height:.1f}' rx='5' fill='{box.fill}' stroke='#d0d7de'/>"
    )
    for number, (text, colour) in enumerate(box.lines):
        bold = " font-weight='bold'" if box.has_title and not number else ""
        yield _text(text, box.x + _PAD, box.middle(number) + 4, colour, bold)


def _legend(more: str) -> Iterator[str]:
    x = float(_MARGIN)
    for style, text in _LEGEND.items():
        dash = f" stroke-dasharray='{_DASHES[style]}'" if style in _DASHES else ""
        yield (
            f"<path d='M{x:.1f} {_MARGIN}h24' stroke='{_COLOURS[style]}' stroke-width='2'{dash}/>"
        )
        yield _text(text, x + 30, _MARGIN + 4, _COLOURS[style])
        x += 30 + len(text) * _CHARACTER + 20
    if more:
        yield _text(more, x, _MARGIN + 4, "#57606a")


def _legend_width() -> float:
    return sum(50 + len(text) * _CHARACTER for text in _LEGEND.values()) + 120


def _text(text: str, x: float, y: float, colour: str, more: str = "") -> str:
    return f"<text x='{x:.1f}' y='{y:.1f}' fill='{colour}'{more}>{escape(text)}</text>"
