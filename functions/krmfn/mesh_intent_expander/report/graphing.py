"""Rows as a graph: clients at one side, services by cluster at the other, and edges between."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from krmfn.mesh_intent_expander.intents.report import Reach
from krmfn.mesh_intent_expander.report import wording
from krmfn.mesh_intent_expander.report.population import ANYONE, PLAINTEXT
from krmfn.mesh_intent_expander.report.wording import Style

_MOST_OPERATIONS = 2
_OTHERS = {ANYONE, PLAINTEXT}


@dataclass(frozen=True, slots=True)
class ClientNode:
    """Clients of one cluster that reach the same in the same ways."""

    cluster: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Line:
    """What becomes of some clients' requests to a service in a cluster.

    Attributes:
        text: which of them come there, and how.
        clients: positions of the clients' nodes.
    """

    text: str
    style: Style
    clients: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ServiceNode:
    """A service in one cluster; "" where it is reached in none."""

    title: str
    cluster: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Graph:
    """A graph; edges go from clients to the lines of services.

    Attributes:
        left_out: how many lines are not drawn.
    """

    clients: tuple[ClientNode, ...]
    services: tuple[ServiceNode, ...]
    left_out: int = 0


_Client = tuple[str, str]


@dataclass(slots=True)
class _Drawn:
    """A line of a service in a cluster, and the cluster and name of its clients."""

    title: str
    cluster: str
    text: str
    style: Style
    clients: dict[_Client, None] = field(default_factory=dict)


def graph(rows: Iterable[Reach], most: int) -> Graph:
    """Give rows as a graph of at most so many lines; those that read alike are one.

    That others than those who are spoken of find no way at all is not drawn.
    """
    listed = _drawn(rows)
    drawn = listed[:most]
    nodes = _nodes(drawn)
    position = {
        (node.cluster, name): number for number, node in enumerate(nodes) for name in node.names
    }
    services: dict[tuple[str, str], list[Line]] = {}
    for each in drawn:
        clients = tuple(dict.fromkeys(position[client] for client in each.clients))
        line = Line(each.text, each.style, clients)
        services.setdefault((each.title, each.cluster), []).append(line)
    return Graph(
        clients=nodes,
        services=tuple(
            ServiceNode(title, cluster, tuple(lines))
            for (title, cluster), lines in services.items()
        ),
        left_out=len(listed) - len(drawn),
    )


def _drawn(rows: Iterable[Reach]) -> list[_Drawn]:
    found: dict[tuple[str, str, str], _Drawn] = {}
    for key, mine in wording.by_target(rows).items():
        title = wording.title(key)
        for row in mine:
            names = {name for names in row.from_.values() for name in names}
            if not row.clusters and names <= _OTHERS:
                continue
            text = _text(row)
            for cluster in row.clusters or ("",):
                line = _Drawn(title, cluster, text, wording.style(row))
                line = found.setdefault((title, cluster, text), line)
                line.clients.update(dict.fromkeys(_clients(row, cluster)))
    return list(found.values())


def _clients(row: Reach, server: str) -> Iterator[_Client]:
    """Yield cluster and name of the clients; some lead to their own cluster only."""
    for cluster, names in row.from_.items():
        if not row.own or cluster == server:
            for name in names:
                yield cluster, name


def _nodes(drawn: Iterable[_Drawn]) -> tuple[ClientNode, ...]:
    """Give the clients; those that stand in exactly the same lines are one node."""
    lines: dict[_Client, list[int]] = {}
    for number, each in enumerate(drawn):
        for client in each.clients:
            lines.setdefault(client, []).append(number)
    alike: dict[tuple[str, tuple[int, ...]], list[str]] = {}
    for (cluster, name), numbers in lines.items():
        alike.setdefault((cluster, tuple(numbers)), []).append(name)
    return tuple(ClientNode(key[0], tuple(alike[key])) for key in sorted(alike))


def _text(row: Reach) -> str:
    parts = (
        wording.requests(row, _MOST_OPERATIONS),
        wording.way(row),
        wording.tls(row),
        wording.rank(row) if row.priority else "",
    )
    return " · ".join(part for part in parts if part)
