"""Clients of a route: which clusters' proxies have which of its rules."""

from collections.abc import Hashable, Iterator, Sequence

from krmfn.mesh_intent_expander.intents.traffic_route import Consumer
from krmfn.mesh_intent_expander.routing.claims import Clients
from krmfn.mesh_intent_expander.routing.matching import consumer_key
from krmfn.mesh_intent_expander.routing.parents import Parent
from krmfn.mesh_intent_expander.topology import Mesh

_CLUSTER = "topology.istio.io/cluster"
"""A label that istiod gives to each proxy, with the name of its cluster."""

_ALL: Clients = (None, None)


def clients_by_clusters(
    mesh: Mesh, parents: Sequence[Parent], clusters: Sequence[str]
) -> Iterator[tuple[tuple[str, ...], list[tuple[Clients, ...]]]]:
    """Yield clusters whose proxies have the same rules, and the clients of each intent there.

    Where several clusters obey one istiod, they read the same objects: rules for only some of
    them are told apart by the label of the cluster.

    Args:
        mesh: the clusters.
        parents: the intents about one host.
        clusters: the clusters whose proxies route by them.
    """
    by_config: dict[str, list[str]] = {}
    for name in clusters:
        by_config.setdefault(mesh.clusters[name].config_cluster, []).append(name)
    alike: dict[Hashable, tuple[list[str], list[tuple[Clients, ...]]]] = {}
    if not any(consumer.clusters for parent in parents for consumer in parent.spec.from_):
        by_config = {"": [*clusters]}
    for proxies in by_config.values():
        clients = [tuple(_clients(parent, proxies)) for parent in parents]
        key = tuple(
            tuple((consumer_key(left), consumer_key(said)) for left, said in each)
            for each in clients
        )
        alike.setdefault(key, ([], clients))[0].extend(proxies)
    for members, clients in alike.values():
        yield tuple(sorted(members)), clients


def _clients(parent: Parent, proxies: Sequence[str]) -> Iterator[Clients]:
    """Yield the clients of an intent among the proxies of some clusters."""
    if not parent.spec.from_:
        yield _ALL
    for consumer in parent.spec.from_:
        here = [name for name in proxies if name in consumer.clusters]
        if not consumer.clusters:
            yield consumer, consumer
        elif len(here) == len(proxies):
            yield _of_cluster(consumer, ""), consumer
        else:
            yield from ((_of_cluster(consumer, name), consumer) for name in here)


def _of_cluster(consumer: Consumer, cluster: str) -> Consumer | None:
    """Give clients of a cluster, "" where that need not be matched; None for all of them."""
    labels = consumer.labels | ({_CLUSTER: cluster} if cluster else {})
    if not labels and consumer.namespace is None:
        return None
    return Consumer(namespace=consumer.namespace, labels=labels)
