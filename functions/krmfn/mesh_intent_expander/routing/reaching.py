"""Which clusters' pods the clients of a route can be sent to at all."""

from collections.abc import Collection, Iterator

from krmfn.mesh_intent_expander.plan.discovery import Discovered
from krmfn.mesh_intent_expander.routing.directory import Directory, Entry, Name, listed
from krmfn.mesh_intent_expander.routing.parents import Parent
from krmfn.sdk import Result, error


def reach_problems(
    targets: Collection[str], entry: Entry, parent: Parent, directory: Directory, field: str
) -> Iterator[Result]:
    """Yield an error for each reason that keeps clients of a route from all of some clusters.

    Args:
        targets: the clusters whose pods are to take the requests.
        entry: the service that takes them.
        parent: the service that is routed.
        directory: the services of the mesh.
        field: path of the part of the intent that chooses the pods.
    """
    kept: dict[str, list[str]] = {}
    for name, clusters in parent.entry.names():
        for client in _clients(parent, clusters):
            found = _found(entry, name, client)
            if not _reached(entry, found, client, directory).intersection(targets):
                kept.setdefault(_reason(entry, found), []).append(client)
    for reason, clients in kept.items():
        yield error(
            f"must be reached by all clients, but {reason} keeps those of {listed(clients, 'and')} "
            f"from {listed(sorted(targets), 'and')}; `from` with `clusters` can leave them out",
            code="backend-unreached",
            at=parent.intent.resource,
            field=field,
        )


def _clients(parent: Parent, clusters: Collection[str]) -> Iterator[str]:
    """Yield those of some clusters in which the intent holds for some clients."""
    from_ = parent.spec.from_
    for cluster in clusters:
        if not from_ or any(not each.clusters or cluster in each.clusters for each in from_):
            yield cluster


def _found(entry: Entry, name: Name, client: str) -> Discovered | None:
    """Give how a client finds a service where it calls services by this kind of name."""
    host = entry.host if name.how == "native" else entry.host_as(name.how)
    return next(
        (
            each
            for each in entry.found
            if each.hostname == host and client in (*each.clients, *each.servers)
        ),
        None,
    )


def _reached(
    entry: Entry, found: Discovered | None, client: str, directory: Directory
) -> frozenset[str]:
    """Give the clusters whose pods a client knows and, by its policy, may use."""
    mesh = directory.mesh
    if found is None:
        return frozenset(entry.clusters if mesh.endpoint_discovery else (client,))
    if found.how == "federated":
        known = {
            endpoint.cluster
            for reach in found.reaches
            if client in reach.clusters
            for endpoint in reach.endpoints
        }
    else:
        known = {*entry.clusters, *found.servers}
    policy = found.policy.get(client)
    if policy is None or not policy.distribute:
        return frozenset(known)
    shared = {locality for shares in policy.distribute.values() for locality in shares}
    return frozenset(name for name in known if mesh.clusters[name].locality in shared)


def _reason(entry: Entry, found: Discovered | None) -> str:
    if found is None:
        return f'the name "{entry.host}", without endpoint discovery known in each cluster alone,'
    return f'ServiceDiscovery "{found.by.namespace or "default"}/{found.by.name}"'
