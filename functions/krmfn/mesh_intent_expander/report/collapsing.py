"""Edges that are alike become one row of the report."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from krmfn.mesh_intent_expander.intents.report import Reach
from krmfn.mesh_intent_expander.report.operations import Operations, operations
from krmfn.mesh_intent_expander.report.reaching import Edge
from krmfn.mesh_intent_expander.report.requests import Probe

MOST_CLIENTS, MOST_CLUSTERS, MOST_OPERATIONS, MOST_POLICIES = 40, 10, 8, 4
"""How many of each a row lists."""

_ROLES = {"declared": 0, "named": 0, "neighbour": 0, "anyone": 1, "plaintext": 2}
_Clusters = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Look:
    """What a row says beside clients and clusters."""

    outcome: str
    passed: frozenset[int]
    path: str
    via: str
    tls: tuple[str, str]
    priority: int | None
    policies: tuple[str, ...]
    asks: tuple[str, ...]
    reason: str
    is_real: bool
    is_own: bool


def rows(edges: Iterable[Edge], probes: Sequence[Probe]) -> list[Reach]:
    """Give the rows of one target: what people speak of first, then all others.

    Args:
        edges: of the target.
        probes: the requests that were tried.
    """
    alike: dict[tuple[_Look, _Clusters], list[Edge]] = {}
    for (look, _), mine in _by_caller(edges).items():
        clusters = () if look.is_own else tuple(edge.cluster for edge in mine)
        alike.setdefault((look, clusters), []).append(mine[0])
    told: dict[frozenset[int], Operations] = {}
    found = []
    for (look, clusters), mine in alike.items():
        said = told.setdefault(look.passed, operations(probes, look.passed))
        found.append((_order(look, mine), _row(look, clusters, mine, said)))
    return [row for _, row in sorted(found, key=lambda each: each[0])]


def _by_caller(edges: Iterable[Edge]) -> Mapping[tuple[_Look, tuple[str, str]], list[Edge]]:
    found: dict[tuple[_Look, tuple[str, str]], list[Edge]] = {}
    for edge in edges:
        found.setdefault((_look(edge), edge.caller.key), []).append(edge)
    return found


def _look(edge: Edge) -> _Look:
    leg = edge.leg
    return _Look(
        outcome=edge.outcome,
        passed=edge.passed,
        path=edge.path,
        via="" if leg is None or leg.via == edge.cluster else leg.via,
        tls=("", "") if leg is None else (leg.client_mode, leg.server_mode),
        priority=None if leg is None or not edge.passed else leg.priority,
        policies=tuple(sorted(edge.policies)),
        asks=edge.asks,
        reason="" if edge.passed else _anywhere(edge),
        is_real=edge.caller.is_real,
        is_own=edge.leg is not None and edge.cluster == edge.caller.client.cluster,
    )


def _anywhere(edge: Edge) -> str:
    """Give a reason in words that are the same for all clusters of clients."""
    return edge.reason.replace(f'cluster "{edge.caller.client.cluster}"', "the client's cluster")


def _order(look: _Look, edges: Sequence[Edge]) -> tuple[object, ...]:
    role = min(_ROLES[edge.caller.role] for edge in edges)
    priority = 0 if look.priority is None else look.priority
    return role, not look.passed, edges[0].caller.key, priority, edges[0].cluster


HERE = "here"
"""What a package's own cluster is called that has no name: kpt takes no empty keys."""


def _row(look: _Look, clusters: _Clusters, edges: Sequence[Edge], said: Operations) -> Reach:
    target = edges[0].target
    listed = clusters or tuple(dict.fromkeys(edge.cluster for edge in edges))
    listed = tuple(cluster for cluster in listed if cluster or look.path)
    values = {
        "service": "/".join(target.service),
        "host": target.host,
        "port": target.port.number,
        "from_": dict(_clients(edges[:MOST_CLIENTS])),
        "more_clients": max(0, len(edges) - MOST_CLIENTS),
        "clusters": tuple(cluster or HERE for cluster in listed[:MOST_CLUSTERS]),
        "more_clusters": max(0, len(listed) - MOST_CLUSTERS),
        "own": look.is_own,
        "outcome": look.outcome,
        "allows": said.allows,
        "operations": said.listed[:MOST_OPERATIONS],
        "more_operations": max(0, len(said.listed) - MOST_OPERATIONS),
        "excepting": said.excepting,
        "asks": look.asks,
        "policies": look.policies[:MOST_POLICIES],
        "path": look.path,
        "via": look.via,
        "client_tls": look.tls[0],
        "server_tls": look.tls[1],
        "priority": look.priority,
        "reason": look.reason,
    }
    return Reach.model_validate(values)


def _clients(edges: Iterable[Edge]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield the names of the clients by cluster."""
    found: dict[str, list[str]] = {}
    for edge in edges:
        found.setdefault(edge.caller.client.cluster, []).append(edge.caller.name)
    for cluster, names in found.items():
        yield cluster or HERE, tuple(names)
