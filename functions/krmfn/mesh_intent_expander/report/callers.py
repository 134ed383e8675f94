"""Which clients are asked for, of a service: those that somebody speaks of, and all others."""

import re
from collections.abc import Iterable, Iterator

from krmfn.mesh_intent_expander.plan.discovery import Discovered
from krmfn.mesh_intent_expander.report.population import Caller, Population
from krmfn.mesh_intent_expander.report.targets import Target
from krmfn.mesh_intent_expander.semantics.authorization import Policy
from krmfn.mesh_intent_expander.semantics.request import Client
from krmfn.mesh_intent_expander.semantics.world import World
from krmfn.mesh_intent_expander.view import mapping, mappings, namespace_of, spec_of, strings

MOST_CALLERS = 40
"""How many clients of a service are asked for, beside those that stand for others."""

MOST_CLUSTERS = 12
"""From how many clusters those call that stand for others."""


_PRINCIPAL = re.compile(r"[^/]+/ns/([^/*]+)/sa/([^/]+)")


def callers_of(
    world: World, population: Population, target: Target, policies: Iterable[Policy]
) -> tuple[tuple[Caller, ...], int]:
    """Give the clients of a target, and how many are left out.

    They are the consumers that discovery declares, those that policies name, and the workloads of
    the service's own namespace beside it; from each of their clusters and from one more, anyone
    else of the mesh; and beside the servers, a client without proxy.
    """
    found: dict[tuple[str, str], Caller] = {}
    for caller in _real(world, population, target, policies):
        found.setdefault(caller.key, caller)
    kept = list(found.values())[:MOST_CALLERS]
    clusters = _clusters(world, target, kept)
    others = [population.anyone(cluster) for cluster in clusters]
    others += [
        population.plaintext(cluster)
        for cluster in clusters
        if cluster in target.clusters and target.host in world.fleet[cluster].services_by_host
    ]
    return (*kept, *others), len(found) - len(kept)


def _clusters(world: World, target: Target, real: Iterable[Caller]) -> list[str]:
    """Give the clusters from which others call: those that take part, and one that does not."""
    taking = sorted({*target.clusters, *(each.client.cluster for each in real)})
    known = [cluster for cluster in taking if cluster in world.fleet.views][:MOST_CLUSTERS]
    strange = (cluster for cluster in world.fleet.clusters if cluster not in taking)
    return [*known, *(each for each in (next(strange, None),) if each is not None)]


def _real(
    world: World, population: Population, target: Target, policies: Iterable[Policy]
) -> Iterator[Caller]:
    for use in target.uses:
        for client in _declared(population, use):
            yield population.named(client, "declared")
    for namespace, account in sorted({named for each in policies for named in _named(each)}):
        for client in _by_identity(world, population, target, namespace, account):
            yield population.named(client, "named")
    for cluster in target.clusters:
        if cluster in world.fleet.views:
            for client in population.of(cluster, target.service.namespace):
                yield population.named(client, "neighbour")


def _declared(population: Population, use: Discovered) -> Iterator[Client]:
    """Yield the consumers; those that the package does not have are imagined."""
    own = use.by.namespace or "default"
    accounts = (account.rpartition("/") for account in use.accounts)
    wanted = [(namespace or own, account) for namespace, _, account in accounts]
    wanted += [(namespace, "") for namespace in use.namespaces]
    for cluster in use.clients:
        for namespace, account in wanted:
            found = list(population.of(cluster, namespace, account))
            yield from found or [population.imagined(cluster, namespace, account or "default")]


def _by_identity(
    world: World, population: Population, target: Target, namespace: str, account: str
) -> list[Client]:
    """Give the clients of a namespace, or of an account of it, wherever they are."""
    clusters = world.fleet.clusters
    found = [each for name in clusters for each in population.of(name, namespace, account)]
    if found or not target.clusters:
        return found
    return [population.imagined(target.clusters[0], namespace, account or "default")]


def _named(policy: Policy) -> Iterator[tuple[str, str]]:
    """Yield the namespaces and accounts that a policy names; "" for all of a namespace."""
    own = namespace_of(policy.resource)
    for rule in mappings(spec_of(policy.resource).get("rules")):
        for given in mappings(rule.get("from")):
            source = mapping(given.get("source"))
            for principal in strings(source.get("principals")):
                if found := _PRINCIPAL.fullmatch(principal):
                    yield found[1], "" if "*" in found[2] else found[2]
            for account in strings(source.get("serviceAccounts")):
                namespace, _, name = account.rpartition("/")
                yield namespace or own, name
            for namespace in strings(source.get("namespaces")):
                if "*" not in namespace:
                    yield namespace, ""
