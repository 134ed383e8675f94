"""Steering: clients are led from one cluster to another, a phase at a time.

Shares by cluster move requests by percent, but nothing takes over within them; a preference of
clusters moves all requests at once, and the other cluster stays as spare. So shares come first, and
the preference last, before the source goes.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from krmfn.kinds.relocation import RelocationPlan
from krmfn.mesh_intent_expander.discovery.preference import CLUSTER, cluster_label, errors_of
from krmfn.mesh_intent_expander.plan.destinations import TrafficPolicy
from krmfn.mesh_intent_expander.plan.discovery import Discovered
from krmfn.mesh_intent_expander.plan.routes import Protocol, RoutedHost, RoutedRule, Share
from krmfn.mesh_intent_expander.steering.admission import read_moves
from krmfn.mesh_intent_expander.steering.moves import Move, Surroundings
from krmfn.mesh_intent_expander.steering.shares import Moves, steered
from krmfn.mesh_intent_expander.topology import Mesh
from krmfn.mesh_intent_expander.view import L7, Fleet, Port
from krmfn.sdk import Result, warning

Steered = tuple[tuple[RoutedHost, ...], tuple[Discovered, ...], list[Result]]
_PREFERS_TARGET = ("Flip", "Drain")


def steer(
    mesh: Mesh,
    fleet: Fleet,
    plans: Iterable[RelocationPlan],
    hosts: Sequence[RoutedHost],
    discovered: Sequence[Discovered],
) -> Steered:
    """Change routes and preferences as the current phase of each RelocationPlan wants it.

    Args:
        mesh: the mesh and its clusters.
        fleet: what people's packages put into each cluster.
        plans: the moves, each at the phase that is to be rendered.
        hosts: the routes as the intents have them.
        discovered: how services are found, as the intents have it.

    Returns:
        routes, discoveries, and what is wrong or worth knowing.
    """
    around = Surroundings.of(mesh, fleet, hosts, discovered)
    moves, results = read_moves(plans, around)
    if not moves:
        return tuple(hosts), tuple(discovered), results
    found = tuple(_steered_discovery(each, moves, mesh) for each in discovered)
    routed = _with_own_rules(hosts, found, moves)
    results += [each for host in routed for each in _left_behind(host, moves)]
    return tuple(_steered_host(host, moves) for host in routed), found, results


def _steered_host(host: RoutedHost, moves: Moves) -> RoutedHost:
    return replace(host, rules=tuple(steered(rule, moves) for rule in host.rules))


def _with_own_rules(
    hosts: Iterable[RoutedHost], discovered: Iterable[Discovered], moves: Moves
) -> list[RoutedHost]:
    """Give the routes, and a rule for each port of a moving service that no route is about.

    All clients of a moving service route by its rules, in whatever cluster they are.
    """
    routed = list(hosts)
    for found in discovered:
        move = moves.get(found.service)
        if move is None or not move.weighted:
            continue
        for port in found.ports:
            if (protocol := _protocol(port)) is not None:
                routed = _with_rule(routed, found, _own_rule(found, move, port), protocol)
    return routed


def _with_rule(
    routed: list[RoutedHost], found: Discovered, rule: RoutedRule, protocol: Protocol
) -> list[RoutedHost]:
    """Add a rule wherever no other one is about its port: to what is there, or as a new host."""
    mine = [host for host in routed if _is_for(host, found)]
    lacking = _callers(found) - {
        cluster
        for host in mine
        if any(each.port in (None, rule.port) for each in host.rules)
        for cluster in host.clusters
    }
    kept: list[RoutedHost] = []
    for host in routed:
        if host in mine and _kin(host.protocol) == _kin(protocol) and lacking >= {*host.clusters}:
            kept.append(replace(host, rules=(*host.rules, rule)))
            lacking -= {*host.clusters}
        else:
            kept.append(host)
    if lacking:
        new = RoutedHost(
            service=found.service,
            hosts=(found.hostname,),
            protocol=protocol,
            flavor="istio",
            rules=(rule,),
            clusters=tuple(sorted(lacking)),
            by=(rule.by,),
            name=mine[0].name if mine else "",
        )
        kept.append(new)
    return kept


def _is_for(host: RoutedHost, found: Discovered) -> bool:
    return host.service == found.service and found.hostname in host.hosts and not host.gateways


def _callers(found: Discovered) -> set[str]:
    """Give the clusters whose proxies route to a service."""
    return {*found.clients} | (set() if found.how == "federated" else {*found.servers})


def _kin(protocol: Protocol) -> Protocol:
    return "http" if protocol == "grpc" else protocol


def _own_rule(found: Discovered, move: Move, port: Port) -> RoutedRule:
    single = len(found.ports) == 1
    return RoutedRule(
        name="default" if single else f"default-{port.number}",
        matches=(),
        shares=(Share(found.service, found.hostname, port.number),),
        by=move.by,
        port=None if single else port.number,
    )


def _protocol(port: Port) -> Protocol | None:
    """Give how requests to a port are told apart; None for datagrams, which nothing routes."""
    if port.protocol in L7:
        return "http"
    if port.protocol in ("https", "tls"):
        return "tls"
    return None if port.protocol == "udp" else "tcp"


def _left_behind(host: RoutedHost, moves: Moves) -> Iterator[Result]:
    """Tell rules that name the cluster that the service has left."""
    for rule in host.rules:
        for share in rule.shares:
            move = moves.get(share.service)
            if move is None or move.phase.step != "Remove" or share.cluster != move.source:
                continue
            yield warning(
                f'must not name cluster "{move.source}", which "{share.service.name}" has left; as '
                f'long as RelocationPlan "{move.plan.metadata.name}" is there, "{move.target}" '
                "takes its requests",
                code="relocation-left-behind",
                at=rule.by,
                field=rule.field,
                current=move.source,
                proposed=move.target,
            )


def _steered_discovery(found: Discovered, moves: Moves, mesh: Mesh) -> Discovered:
    """Give who serves and what clients prefer; the target serves from the first phase on."""
    move = moves.get(found.service)
    if move is None:
        return found
    gone = {move.source} if move.phase.step == "Remove" else set()
    servers = {*found.servers, move.source, move.target} - gone
    label = cluster_label(mesh) if found.how == "federated" else CLUSTER
    policies = {name: _policy(policy, move, mesh, label) for name, policy in found.policy.items()}
    if policies:
        policies.setdefault(move.target, next(iter(policies.values())))
    return replace(
        found,
        servers=tuple(sorted(servers)),
        policy=policies,
        reaches=tuple(
            replace(reach, endpoints=tuple(e for e in reach.endpoints if e.cluster not in gone))
            for reach in found.reaches
        ),
        offers=tuple(offer for offer in found.offers if offer.cluster not in gone),
    )


def _policy(policy: TrafficPolicy, move: Move, mesh: Mesh, label: str) -> TrafficPolicy:
    """Give a policy under which no cluster of the service is out of reach.

    Shares by locality leave out what they do not list, at the gateways of servers as well, so that
    they do not hold while a service moves. Where it stays on further clusters, shares alone move
    it: a preference would take those clusters' requests away.
    """
    open_to_all = replace(policy, distribute={}, errors=policy.errors or errors_of(mesh))
    if move.phase.step == "Remove" or (move.others and move.weighted):
        return open_to_all
    preferred = move.target if move.phase.step in _PREFERS_TARGET else move.source
    return replace(open_to_all, failover={}, failover_priority=(f"{label}={preferred}",))
