"""Who there is to call services: the clients of each cluster, and those whom nobody speaks of."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from krmfn.mesh_intent_expander.semantics.request import Client
from krmfn.mesh_intent_expander.semantics.world import World
from krmfn.mesh_intent_expander.view import ClusterView

Role = Literal["declared", "named", "neighbour", "anyone", "plaintext"]
"""Why a client is asked for: discovery declares it, a policy names it, it runs beside the service;
or it stands for all others of the mesh, or for those without proxy."""

ANYONE, PLAINTEXT = "anyone else", "plaintext"
_NOWHERE = "anyone-else"


@dataclass(frozen=True, slots=True)
class Caller:
    """A client, and what people call it."""

    client: Client
    name: str
    role: Role

    @property
    def key(self) -> tuple[str, str]:
        """What tells it from others: cluster and name."""
        return self.client.cluster, self.name

    @property
    def is_real(self) -> bool:
        """Whether it stands for itself only."""
        return self.role not in ("anyone", "plaintext")


class Population:
    """The clients of a mesh, looked up by cluster and namespace.

    Args:
        world: the mesh.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._known: dict[str, Mapping[str, Mapping[str, tuple[Client, ...]]]] = {}

    def of(self, cluster: str, namespace: str, account: str = "") -> Iterator[Client]:
        """Yield the clients of a namespace, or those of one account of it."""
        if cluster not in self._known:
            self._known[cluster] = _clients(self._world.fleet[cluster])
        by_account = self._known[cluster].get(namespace, {})
        for name, clients in by_account.items():
            if account in ("", name):
                yield from clients

    def imagined(self, cluster: str, namespace: str, account: str) -> Client:
        """Give a client that the package does not have, as the cluster would have it."""
        plane = self._world.clusters[cluster].data_plane
        return Client(cluster, namespace, account, data_plane=plane)

    def anyone(self, cluster: str) -> Caller:
        """Give a client of the mesh that nobody speaks of."""
        return Caller(self.imagined(cluster, _NOWHERE, _NOWHERE), ANYONE, "anyone")

    def plaintext(self, cluster: str) -> Caller:
        """Give a client without proxy."""
        client = Client(cluster, _NOWHERE, _NOWHERE, data_plane="none")
        return Caller(client, PLAINTEXT, "plaintext")

    def named(self, client: Client, role: Role) -> Caller:
        """Give a client with its name; how it takes part is told where it is not as usual."""
        name = f"{client.namespace}/{client.service_account}"
        if client.data_plane == "none":
            name += " (plaintext)"
        elif client.data_plane != self._world.clusters[client.cluster].data_plane:
            name += f" ({client.data_plane})"
        return Caller(client, name, role)


def _clients(view: ClusterView) -> Mapping[str, Mapping[str, tuple[Client, ...]]]:
    """Give the clients by namespace and account, one for each data plane."""
    found: dict[str, dict[str, dict[str, Client]]] = {}
    for workload in sorted(view.workloads, key=lambda each: (each.namespace, each.name)):
        client = Client.of(view, workload)
        accounts = found.setdefault(client.namespace, {})
        accounts.setdefault(client.service_account, {}).setdefault(client.data_plane, client)
    return {
        namespace: {account: tuple(planes.values()) for account, planes in accounts.items()}
        for namespace, accounts in found.items()
    }
