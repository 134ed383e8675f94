"""No two Gateways serve one host on one port of the same pods."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from krmfn.mesh_intent_expander.analysis.finding import Code, Finding, Level
from krmfn.mesh_intent_expander.analysis.pods import gateways, pods, selector_of, selector_text
from krmfn.mesh_intent_expander.analysis.reading import items, quoted, text
from krmfn.mesh_intent_expander.view import (
    ClusterView,
    Fleet,
    Workload,
    mapping,
    namespace_of,
    number,
    selects,
    spec_of,
    strings,
)
from krmfn.sdk import Resource

CONFLICT = Code(
    "IST0145",
    Level.ERROR,
    "A host must be served by one Gateway on a port of the same pods.",
    "ConflictingGateways",
)
CODES = (CONFLICT,)


@dataclass(frozen=True, slots=True)
class _Server:
    gateway: Resource
    field: str
    selector: dict[str, str]
    port: int
    bind: str
    hosts: tuple[str, ...]


def check(view: ClusterView, _fleet: Fleet) -> Iterable[Finding]:
    """Yield servers of Gateways of which another Gateway serves a host as well."""
    all_pods = pods(view)
    by_place: dict[tuple[int, str, str], list[_Server]] = {}
    servers = [server for gateway in gateways(view) for server in _servers(gateway)]
    for server in servers:
        for host in server.hosts:
            by_place.setdefault((server.port, server.bind, host), []).append(server)
    for server in servers:
        near = (by_place[(server.port, server.bind, host)] for host in server.hosts)
        rivals = dict.fromkeys(
            each.gateway
            for shared in near
            for each in shared
            if each.gateway is not server.gateway and _same_pods(server, each, all_pods)
        )
        if rivals:
            yield _finding(server, tuple(rivals))


def _servers(gateway: Resource) -> Iterator[_Server]:
    for path, server in items(spec_of(gateway).get("servers"), "spec.servers"):
        yield _Server(
            gateway,
            path,
            selector_of(gateway),
            number(mapping(server.get("port")).get("number")) or 0,
            text(server.get("bind")),
            tuple(dict.fromkeys(strings(server.get("hosts")))),
        )


def _same_pods(one: _Server, other: _Server, all_pods: Sequence[Workload]) -> bool:
    """Say whether both select the same, or one more narrowly and some pod is in both.

    As in istioctl, pods that merely happen to have both sets of labels do not count.
    """
    if one.selector == other.selector:
        return True
    mine, theirs = selector_text(one.selector), selector_text(other.selector)
    return (mine in theirs or theirs in mine) and any(
        selects(one.selector, pod.labels) and selects(other.selector, pod.labels)
        for pod in all_pods
    )


def _finding(server: _Server, rivals: tuple[Resource, ...]) -> Finding:
    names = quoted(sorted(f"{namespace_of(each)}/{each.name}" for each in rivals))
    message = (
        f"must be the only Gateway that serves {quoted(server.hosts)} on port {server.port} of "
        f'"{selector_text(server.selector)}", but so does Gateway {names}'
    )
    return Finding(CONFLICT, server.gateway, message, server.field, rivals)
