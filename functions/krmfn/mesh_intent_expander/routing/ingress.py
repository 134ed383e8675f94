"""Ingress: the rules that hold for requests from outside of the mesh, by host name."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from krmfn.mesh_intent_expander.plan.destinations import shortened
from krmfn.mesh_intent_expander.plan.routes import Protocol, RoutedHost, RoutedRule
from krmfn.mesh_intent_expander.routing.claims import claims_of, gather, settle
from krmfn.mesh_intent_expander.routing.directory import Directory, nearest
from krmfn.mesh_intent_expander.routing.hosts import default_rule, unique_names
from krmfn.mesh_intent_expander.routing.parents import L7, Parent
from krmfn.mesh_intent_expander.routing.reading import Route
from krmfn.mesh_intent_expander.view import GATEWAY_API, ISTIO_NETWORKING, namespace_of
from krmfn.sdk import Result, error

_GROUPS = {"istio": ISTIO_NETWORKING, "gateway-api": GATEWAY_API}


@dataclass(frozen=True, slots=True)
class Door:
    """A gateway, as ``namespace/name``, and a name by which clients outside call a service."""

    gateway: str
    hostname: str


def route_ingress(
    routes: Sequence[Route], directory: Directory
) -> tuple[list[RoutedHost], list[Result]]:
    """Merge all intents about one host name of one ingress gateway.

    Rules of the mesh have no effect there, so they are said again. Clients outside have no
    namespace: `from` is not asked.

    Args:
        routes: all intents, in the order of their names.
        directory: the services of the mesh.

    Returns:
        a host for each group of names that the same intents are about, and what is wrong.
    """
    behind: dict[Door, list[Route]] = {}
    problems: list[Result] = []
    for route in routes:
        if route.parent.spec.gateway is not None:
            problems += _problems(route.parent, directory)
            for hostname in dict.fromkeys(route.parent.spec.gateway.hostnames):
                behind.setdefault(Door(_gateway(route.parent), hostname), []).append(route)
    alike: dict[tuple[str, tuple[int, ...], bool], tuple[list[str], list[Route]]] = {}
    for door, members in behind.items():
        key = (door.gateway, tuple(map(id, members)), door.hostname.startswith("*"))
        alike.setdefault(key, ([], members))[0].append(door.hostname)
    hosts = []
    for (gateway, _, _), (hostnames, members) in alike.items():
        host, wrong = _host(gateway, hostnames, members, directory)
        hosts += [host] if host else []
        problems += wrong
    return hosts, problems


def _gateway(parent: Parent) -> str:
    name = parent.spec.gateway.name if parent.spec.gateway else ""
    return name if "/" in name else f"{parent.key[0]}/{name}"


def _clusters_with(gateway: str, flavor: str, directory: Directory) -> tuple[str, ...]:
    group = _GROUPS[flavor]
    return tuple(
        name
        for name, view in directory.fleet.views.items()
        if any(f"{namespace_of(each)}/{each.name}" == gateway for each in view.of("Gateway", group))
    )


def _problems(parent: Parent, directory: Directory) -> Iterator[Result]:
    at, gateway = parent.intent.resource, _gateway(parent)
    if parent.protocol not in L7:
        message = f"must be absent: ingress is for http and grpc, not for {parent.protocol}"
        yield error(message, code="protocol-mismatch", at=at, field="spec.gateway")
    if not _clusters_with(gateway, parent.flavor, directory):
        yield _unknown_gateway(parent, gateway, directory)
    for index, hostname in enumerate(parent.spec.gateway.hostnames if parent.spec.gateway else ()):
        if hostname.endswith(f".svc.{directory.mesh.cluster_domain}"):
            yield error(
                "must be a name of the world outside: names of Services are the mesh's own",
                code="hostname-invalid",
                at=at,
                field=f"spec.gateway.hostnames[{index}]",
                current=hostname,
            )


def _unknown_gateway(parent: Parent, gateway: str, directory: Directory) -> Result:
    group = _GROUPS[parent.flavor]
    known = {
        f"{namespace_of(each)}/{each.name}"
        for view in directory.fleet.views.values()
        for each in view.of("Gateway", group)
    }
    return error(
        f'must be a Gateway of {group} in some cluster, but is "{gateway}"',
        code="gateway-unknown",
        at=parent.intent.resource,
        field="spec.gateway.name",
        current=gateway,
        proposed=nearest(gateway, known),
    )


def _host(
    gateway: str, hostnames: Sequence[str], routes: Sequence[Route], directory: Directory
) -> tuple[RoutedHost | None, list[Result]]:
    parents = [route.parent for route in routes]
    first = parents[0]
    rules, problems = _rules(routes, directory)
    protocol: Protocol = "grpc" if all(each.protocol == "grpc" for each in parents) else "http"
    plain = hostnames[0].replace("*", "any")
    host = RoutedHost(
        service=first.entry.key,
        hosts=tuple(sorted(hostnames)),
        protocol=protocol,
        flavor=first.flavor,
        rules=tuple(unique_names(rules)),
        clusters=_clusters_with(gateway, first.flavor, directory),
        by=tuple(parent.by for parent in parents),
        gateways=(gateway,),
        name=shortened(f"{gateway.partition('/')[2]}-{plain}"),
    )
    return host if rules and host.clusters else None, problems


def _rules(routes: Sequence[Route], directory: Directory) -> tuple[list[RoutedRule], list[Result]]:
    """Give the rules for a name; what none of them takes goes to the service if it is one only."""
    parents = [route.parent for route in routes]
    claims, problems = settle(
        claim
        for route in routes
        for candidate in route.candidates
        for claim in claims_of(candidate, [(None, None)])
    )
    rules = [*gather(claims, None)]
    is_shared = len({parent.entry.key for parent in parents}) > 1
    is_refused = any(parent.spec.default == "none" for parent in parents)
    if not (is_shared or is_refused or any(not rule.matches for rule in rules)):
        rules.append(default_rule(parents[0], None, directory))
    return rules, problems
