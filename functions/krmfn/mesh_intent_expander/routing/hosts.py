"""One host, all intents about it: which rules its clients have, in which order."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from krmfn.mesh_intent_expander.intents.treatment import SessionAffinity
from krmfn.mesh_intent_expander.plan.destinations import shortened
from krmfn.mesh_intent_expander.plan.discovery import How
from krmfn.mesh_intent_expander.plan.routes import Protocol, RoutedHost, RoutedRule, Share
from krmfn.mesh_intent_expander.routing.agreeing import agreed
from krmfn.mesh_intent_expander.routing.backends import own_share
from krmfn.mesh_intent_expander.routing.claims import Clients, claims_of, gather, settle
from krmfn.mesh_intent_expander.routing.clients import clients_by_clusters
from krmfn.mesh_intent_expander.routing.directory import Directory, Name
from krmfn.mesh_intent_expander.routing.matching import path_of
from krmfn.mesh_intent_expander.routing.parents import L7, Parent
from krmfn.mesh_intent_expander.routing.reading import Route
from krmfn.mesh_intent_expander.routing.timing import retries_of, timeout_of
from krmfn.sdk import Result, error, info

_SUFFIXES: dict[How, str] = {
    "native": "",
    "global": "",
    "federated": "-global",
    "mcs": "-clusterset",
}


def route_service(
    routes: Sequence[Route], directory: Directory
) -> tuple[list[RoutedHost], list[Result]]:
    """Merge all intents about one service.

    Args:
        routes: the intents, in the order of their names.
        directory: the services of the mesh.

    Returns:
        its hosts, one for each of its names, protocols and groups of clusters with the same
        rules; and what is wrong, conflicts among them.
    """
    routes, problems = agreed(routes)
    parents = [route.parent for route in routes]
    first, hosts = parents[0], list[RoutedHost]()
    for name, clusters in first.entry.names():
        for members, clients in clients_by_clusters(directory.mesh, parents, clusters):
            present = [(route, each) for route, each in zip(routes, clients, strict=True) if each]
            for protocol, rules, wrong in _by_protocol(present, directory):
                problems += wrong
                host = RoutedHost(
                    service=first.entry.key,
                    hosts=(name.host,),
                    protocol=protocol,
                    flavor=first.flavor,
                    rules=tuple(_known_as(name, rules, directory)),
                    clusters=members,
                    by=tuple(route.parent.by for route, _ in present),
                    affinity=_affinity(parents),
                    name=shortened(f"{first.entry.key.name}{_SUFFIXES[name.how]}"),
                )
                hosts += [host] if rules else []
    return hosts, problems


def _affinity(parents: Iterable[Parent]) -> SessionAffinity | None:
    return next(
        (each.spec.session_affinity for each in parents if each.spec.session_affinity), None
    )


def _by_protocol(
    present: Sequence[tuple[Route, tuple[Clients, ...]]], directory: Directory
) -> Iterator[tuple[Protocol, list[RoutedRule], list[Result]]]:
    """Yield the rules of each protocol: those of its ports, one after another."""
    found: dict[Protocol, tuple[list[RoutedRule], list[Result]]] = {}
    for port in sorted({route.parent.port for route, _ in present}):
        about = [(route, clients) for route, clients in present if route.parent.port == port]
        parents = [route.parent for route, _ in about]
        protocols = [parent.protocol for parent in parents]
        protocol: Protocol = "grpc" if "grpc" in protocols else protocols[0]
        rules, problems = found.setdefault(protocol, ([], []))
        made, wrong = _rules_of_port(about, port, directory)
        rules += made
        problems += wrong
    for protocol, (rules, problems) in found.items():
        yield protocol, [*unique_names(rules)], problems


def _rules_of_port(
    about: Sequence[tuple[Route, tuple[Clients, ...]]], port: int, directory: Directory
) -> tuple[list[RoutedRule], list[Result]]:
    claims, problems = settle(
        claim
        for route, clients in about
        for candidate in route.candidates
        for claim in claims_of(candidate, clients)
    )
    parents = [route.parent for route, _ in about]
    is_only = parents[0].flavor == "istio" and len(parents[0].entry.ports) == 1
    number = None if is_only else port
    rules = [*gather(claims, number)]
    has_default = any(not rule.matches and not rule.consumers for rule in rules)
    refusing = next((each for each in parents if each.spec.default == "none"), None)
    if not has_default and refusing is None:
        rules.append(default_rule(parents[0], number, directory))
    elif not has_default and refusing is not None:
        problems.append(_nowhere(refusing))
    if parents[0].flavor == "gateway-api" and (has_default or refusing is None):
        problems += _never_tried(rules)
    return rules, problems


def default_rule(parent: Parent, number: int | None, directory: Directory) -> RoutedRule:
    """Give the rule for all other requests to a port: they go to the service itself."""
    is_seen, defaults = parent.protocol in L7, directory.mesh.defaults
    return RoutedRule(
        name="default",
        matches=(),
        shares=(own_share(parent, parent.port),),
        by=parent.by,
        port=number,
        timeout=timeout_of(None, defaults) if is_seen else "",
        retries=retries_of(None, defaults) if is_seen else None,
    )


def _nowhere(parent: Parent) -> Result:
    return info(
        f"refuses requests to port {parent.port} of {parent.entry} that no rule matches",
        code="route-without-default",
        at=parent.intent.resource,
        field="spec.default",
    )


def _never_tried(rules: Iterable[RoutedRule]) -> Iterator[Result]:
    """Yield the rules whose expressions Istio tries after a default of the Gateway API.

    Source: Istio's order of HTTPRoute matches, where every prefix, ``/`` as well, comes before
    every regular expression.
    """
    for rule in rules:
        paths = [path_of(match) for match in rule.matches]
        if any(path and path.type == "RegularExpression" for path in paths):
            yield error(
                "must not match paths by a regular expression where flavor is `gateway-api`: "
                "Istio tries the default rule before it; `default: none` or a prefix helps",
                code="not-portable",
                at=rule.by,
                field=f"{rule.field}.matches",
            )


def unique_names(rules: Iterable[RoutedRule]) -> Iterator[RoutedRule]:
    """Yield rules with a number after each name that was there before."""
    taken: set[str] = set()
    for rule in rules:
        name, count = rule.name, 1
        while name in taken:
            count += 1
            name = f"{rule.name}-{count}"
        taken.add(name)
        yield rule if name == rule.name else replace(rule, name=name)


def _known_as(
    name: Name, rules: Iterable[RoutedRule], directory: Directory
) -> Iterable[RoutedRule]:
    """Give rules with the names that clients know services by who find them this way."""
    if name.how == "native":
        return rules

    def renamed(share: Share) -> Share:
        entry = directory.find(share.service)
        return replace(share, host=entry.host_as(name.how)) if entry else share

    return [
        replace(
            rule,
            shares=tuple(renamed(share) for share in rule.shares),
            mirror=renamed(rule.mirror) if rule.mirror else None,
        )
        for rule in rules
    ]
