"""The services of the mesh by name: which clusters have them, and what they offer."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property
from typing import NamedTuple

from krmfn.mesh_intent_expander.plan.common import ServiceKey
from krmfn.mesh_intent_expander.plan.discovery import Discovered, How
from krmfn.mesh_intent_expander.topology import Mesh
from krmfn.mesh_intent_expander.view import Fleet, Port
from krmfn.sdk import Resource, Result, error


class Name(NamedTuple):
    """A name of a service, and how clients find services that they call by such names."""

    host: str
    how: How


@dataclass(frozen=True, slots=True)
class Entry:
    """A service that some cluster has, or that is found across clusters.

    Attributes:
        clusters: those that have its Service.
        ports: those of the first of them, or as its discovery says.
        found: how other clusters find it.
    """

    key: ServiceKey
    host: str
    clusters: tuple[str, ...]
    ports: tuple[Port, ...]
    found: tuple[Discovered, ...]

    def __str__(self) -> str:
        return f'Service "{"/".join(self.key)}"'

    def port(self, wanted: int) -> Port | None:
        """Give the port of this number."""
        return next((port for port in self.ports if port.number == wanted), None)

    def host_as(self, how: How) -> str:
        """Give its name for clients that find services this way."""
        return next((each.hostname for each in self.found if each.how == how), self.host)

    def names(self) -> Iterator[tuple[Name, tuple[str, ...]]]:
        """Yield its names with the clusters whose clients use them, its own first."""
        own = {*self.clusters}
        others: dict[Name, set[str]] = {}
        for found in self.found:
            if found.hostname == self.host:
                own |= {*found.clients, *found.servers}
            else:
                others.setdefault(Name(found.hostname, found.how), set()).update(found.clients)
        if own:
            yield Name(self.host, "native"), tuple(sorted(own))
        for name, clusters in sorted(others.items()):
            yield name, tuple(sorted(clusters))


class Directory:
    """Finds services by name.

    Args:
        mesh: the mesh.
        fleet: the objects of its clusters.
        discovered: how services are found across clusters.
    """

    def __init__(self, mesh: Mesh, fleet: Fleet, discovered: Iterable[Discovered]) -> None:
        self.mesh = mesh
        self.fleet = fleet
        self._found: dict[ServiceKey, list[Discovered]] = {}
        for each in discovered:
            self._found.setdefault(each.service, []).append(each)
        self._entries: dict[ServiceKey, Entry | None] = {}

    def find(self, key: ServiceKey) -> Entry | None:
        """Give the service of this name, None when nobody has it."""
        if key not in self._entries:
            self._entries[key] = self._entry(key)
        return self._entries[key]

    def _entry(self, key: ServiceKey) -> Entry | None:
        clusters = self.fleet.clusters_with(*key)
        found = tuple(self._found.get(key, ()))
        if not clusters and not found:
            return None
        ports = self.fleet[clusters[0]].services[key].ports if clusters else found[0].ports
        return Entry(key, self.mesh.host(*key), clusters, ports, found)

    def unknown(self, key: ServiceKey, at: Resource | None, field: str) -> Result:
        """Give the error of a service that nobody has; the nearest one is proposed.

        Args:
            key: its name.
            at: the intent.
            field: path of the part of the intent that holds `service` and `namespace`.
        """
        if key.namespace not in self._namespaces:
            return error(
                f'must be a namespace of the package, but is "{key.namespace}"',
                code="namespace-unknown",
                at=at,
                field=f"{field}.namespace",
                current=key.namespace,
                proposed=nearest(key.namespace, self._namespaces),
            )
        near = nearest(key.name, [name for space, name in self._names if space == key.namespace])
        others = sorted(space for space, name in self._names if name == key.name)
        where = f'; there is one in namespace "{others[0]}"' if others and not near else ""
        return error(
            f'must be a Service of namespace "{key.namespace}", but is "{key.name}"{where}',
            code="service-unknown",
            at=at,
            field=f"{field}.service",
            current=key.name,
            proposed=near,
        )

    @cached_property
    def _names(self) -> frozenset[tuple[str, str]]:
        seen = {key for view in self.fleet.views.values() for key in view.services}
        return frozenset(seen | {(key.namespace, key.name) for key in self._found})

    @cached_property
    def _namespaces(self) -> frozenset[str]:
        return frozenset(
            namespace
            for view in self.fleet.views.values()
            for resource in view.resources
            for namespace in (
                resource.name if resource.kind == "Namespace" else resource.namespace or "default",
            )
        ) | {namespace for namespace, _ in self._names}

    def has_namespace(self, name: str) -> bool:
        """Say whether a namespace is in the package, by an object of its own or of another kind."""
        return name in self._namespaces


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Give the known word that was probably meant."""
    return next(iter(get_close_matches(word, sorted(known), 1)), None)


def listed(words: Sequence[object], conjunction: str = "or") -> str:
    """Give words as a sentence does, the first few of many: ``80, 81 or 82``."""
    if len(words) > 5:
        words = [*words[:5], f"{len(words) - 5} more"]
        conjunction = "and"
    *most, last = [str(word) for word in words]
    return f"{', '.join(most)} {conjunction} {last}" if most else last
