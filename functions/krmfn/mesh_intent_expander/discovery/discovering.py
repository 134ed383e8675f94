"""ServiceDiscoveries become services that are found: who offers them, who uses them, and how."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from ipaddress import ip_network

from krmfn.mesh_intent_expander.discovery.federation import offers, reaches, sans
from krmfn.mesh_intent_expander.discovery.preference import Preference, policies
from krmfn.mesh_intent_expander.discovery.requirements import (
    Parties,
    dns_missing,
    host_problems,
    mesh_problems,
    unmet,
)
from krmfn.mesh_intent_expander.discovery.serving import Served, Serving, key_of, namespaces_in
from krmfn.mesh_intent_expander.discovery.telling import unknown
from krmfn.mesh_intent_expander.discovery.vips import RangeExhaustedError, allocate, known_addresses
from krmfn.mesh_intent_expander.intents.mutual_tls import MutualTLS
from krmfn.mesh_intent_expander.intents.service_discovery import ServiceDiscovery
from krmfn.mesh_intent_expander.plan.common import ServiceKey
from krmfn.mesh_intent_expander.plan.destinations import TrafficPolicy
from krmfn.mesh_intent_expander.plan.discovery import Discovered, How
from krmfn.mesh_intent_expander.topology import Mesh
from krmfn.mesh_intent_expander.view import CLUSTER_SET, Fleet
from krmfn.sdk import Package, Resource, Result, error, info


def discover(
    mesh: Mesh, fleet: Fleet, intents: Iterable[ServiceDiscovery], package: Package
) -> tuple[tuple[Discovered, ...], list[Result]]:
    """Decide how the services of all intents are found.

    Args:
        mesh: the mesh and its clusters.
        fleet: the objects of its clusters.
        intents: the intents.
        package: the package: its PlacementDecisions say where services run, and what was made
            before which addresses were given.

    Returns:
        the services, in the order of their names, and what is wrong with the intents.
    """
    ordered = sorted(intents, key=lambda intent: (*key_of(intent), str(_resource(intent).id)))
    if not ordered:
        return (), []
    problems = [*mesh_problems(mesh, [*mesh.trust_domain_aliases, *_aliases(package)])]
    problems += _single_cluster(mesh)
    deciding = _Deciding(mesh, fleet, Serving(mesh, fleet, package), namespaces_in(fleet))
    found: list[Discovered] = []
    for intent in _unique(ordered, problems):
        discovered, told = deciding.discovered(intent)
        found += [discovered] if discovered else []
        problems += told
    addressed, told = _addressed(mesh, found, package)
    federated = [c for each in addressed for reach in each.reaches for c in reach.clusters]
    return addressed, [*problems, *told, *dns_missing(mesh, federated)]


@dataclass(frozen=True, slots=True)
class _Deciding:
    mesh: Mesh
    fleet: Fleet
    serving: Serving
    namespaces: Mapping[str, frozenset[str]]

    def discovered(self, intent: ServiceDiscovery) -> tuple[Discovered | None, list[Result]]:
        """Give how one intent's service is found, None when it is not."""
        served, problems = self.serving.served(intent)
        clients, told = self._clients(intent)
        problems += told
        if served is None:
            return None, problems
        how = self._how(intent, (*served.servers, *clients))
        parties = Parties(intent, how, served.servers, clients)
        host = self._host(served.key, how)
        problems += unmet(self.mesh, self.fleet, parties)
        problems += host_problems(self.mesh, intent, host)
        problems += _name_refused(intent, how)
        preference = Preference(self.mesh, intent, served.servers, how == "federated")
        policy, told = policies(preference, parties.all)
        problems += told
        found = _found(parties, served, host, policy)
        if how != "federated":
            return found, problems
        problems += _accounts_missing(intent, served)
        return self._federated(found, preference, served), problems

    def _federated(self, found: Discovered, preference: Preference, served: Served) -> Discovered:
        identities = sans(self.mesh, served)
        reached = reaches(preference, served, found.clients)
        shared: dict[int, TrafficPolicy] = {}
        policy = {
            cluster: shared.setdefault(id(base), replace(base, tls="ISTIO_MUTUAL", sans=identities))
            for cluster, base in found.policy.items()
        }
        offered = offers(self.mesh, served, reached)
        return replace(found, policy=policy, sans=identities, reaches=reached, offers=offered)

    def _how(self, intent: ServiceDiscovery, clusters: Sequence[str]) -> How:
        if len(self.mesh.clusters) < 2:
            return "native"
        if intent.spec.hostname == "clusterSet":
            return "mcs"
        if intent.spec.hostname == "global" or not self.mesh.endpoint_discovery:
            return "federated"
        ambient = any(self.mesh.clusters[c].data_plane == "ambient" for c in clusters)
        return "global" if ambient else "native"

    def _host(self, key: ServiceKey, how: How) -> str:
        match how:
            case "federated":
                return f"{key.name}.{key.namespace}.{self.mesh.global_domain}"
            case "mcs":
                return f"{key.name}.{key.namespace}.svc.{CLUSTER_SET}"
            case _:
                return self.mesh.host(*key)

    def _clients(self, intent: ServiceDiscovery) -> tuple[tuple[str, ...], list[Result]]:
        """Give the clusters of an intent's clients, and what is wrong with their names.

        Where the intent names no clusters, those are meant that have a namespace of its clients.
        """
        said, field = intent.spec.consumers, "spec.consumers.clusters"
        problems = [
            unknown(intent, field, "a cluster of the mesh", name, self.mesh.clusters)
            for name in dict.fromkeys(said.clusters)
            if name not in self.mesh.clusters
        ]
        named = {*said.namespaces, *(a.partition("/")[0] for a in said.service_accounts)}
        clients = tuple(
            cluster
            for cluster in self.mesh.clusters
            if (
                cluster in said.clusters
                if said.clusters
                else not named or not named.isdisjoint(self.namespaces[cluster])
            )
        )
        for name in dict.fromkeys(said.namespaces):
            if not any(name in self.namespaces[c] for c in clients or self.namespaces):
                known = {each for names in self.namespaces.values() for each in names}
                what, field = "a namespace of its clusters", "spec.consumers.namespaces"
                problems.append(unknown(intent, field, what, name, known))
        return clients, problems


def _found(
    parties: Parties, served: Served, host: str, policy: Mapping[str, TrafficPolicy]
) -> Discovered:
    said = parties.intent.spec.consumers
    return Discovered(
        service=served.key,
        hostname=host,
        how=parties.how,
        servers=parties.servers,
        clients=parties.clients,
        policy=policy,
        namespaces=tuple(sorted({*said.namespaces})),
        by=_resource(parties.intent),
        ports=served.ports,
        accounts=tuple(sorted({*said.service_accounts})),
    )


def _resource(intent: ServiceDiscovery) -> Resource:
    if intent.resource is None:
        raise ValueError("an intent must come from a package")
    return intent.resource


def _aliases(package: Package) -> Iterator[str]:
    """Yield the trust domains that the MutualTLS of the package takes for the mesh's own."""
    instances, _ = package.parsed(MutualTLS)
    for each in instances:
        yield from each.spec.trust_domain_aliases


def _single_cluster(mesh: Mesh) -> Iterator[Result]:
    if len(mesh.clusters) < 2:
        yield info(
            "has one cluster, so that nothing is emitted that crosses clusters",
            code="single-cluster",
            at=mesh.topology,
            field="spec.clusters",
        )


def _unique(
    intents: Iterable[ServiceDiscovery], problems: list[Result]
) -> Iterator[ServiceDiscovery]:
    """Yield the first intent of each service; the others are wrong."""
    claimed: dict[ServiceKey, ServiceDiscovery] = {}
    for intent in intents:
        first = claimed.setdefault(key_of(intent), intent)
        if first is intent:
            yield intent
            continue
        problems.append(
            error(
                f'must be the only ServiceDiscovery of "{"/".join(key_of(intent))}", '
                f'but "{_resource(first).name}" is one as well; put them together',
                code="service-claimed-twice",
                at=intent,
                field="spec.service",
            )
        )


def _name_refused(intent: ServiceDiscovery, how: How) -> Iterator[Result]:
    if how == "federated" and intent.spec.hostname == "clusterLocal":
        yield error(
            "must be `global` in a mesh without endpoint discovery: "
            "Istio adds no endpoints to the name of a Service",
            code="hostname-not-federated",
            at=intent,
            field="spec.hostname",
            current="clusterLocal",
            proposed="global",
        )


def _accounts_missing(intent: ServiceDiscovery, served: Served) -> Iterator[Result]:
    if not served.accounts:
        yield error(
            "must be given where the package does not hold the pods: "
            "clients would not verify who answers them",
            code="service-account-unknown",
            at=intent,
            field="spec.serviceAccount",
        )


def _addressed(
    mesh: Mesh, found: Sequence[Discovered], package: Package
) -> tuple[tuple[Discovered, ...], list[Result]]:
    """Give the services with the addresses of those that are federated."""
    hosts = [each.hostname for each in found if each.how == "federated"]
    if not hosts:
        return tuple(found), []
    pool = ip_network(mesh.vip_range)
    try:
        addresses = allocate(hosts, pool, known_addresses(package))
    except RangeExhaustedError:
        problem = error(
            f'must have an address for each of {len(hosts)} services, but "{pool}" has too few',
            code="vip-range-exhausted",
            at=mesh.topology,
            field="spec.vipRange",
            current=mesh.vip_range,
        )
        return tuple(found), [problem]
    return tuple(replace(each, vip=addresses.get(each.hostname, "")) for each in found), []
