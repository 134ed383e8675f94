"""The services that somebody may call, and what they are called by."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from krmfn.mesh_intent_expander.plan.common import ServiceKey
from krmfn.mesh_intent_expander.plan.discovery import Discovered
from krmfn.mesh_intent_expander.reading import is_own
from krmfn.mesh_intent_expander.semantics.world import World
from krmfn.mesh_intent_expander.view import L7, Fleet, Port


class TargetKey(NamedTuple):
    """What tells one target from another."""

    service: ServiceKey
    host: str
    port: int


@dataclass(frozen=True, slots=True)
class Target:
    """A port of a service that somebody may call.

    Attributes:
        clusters: those whose pods serve it.
        uses: how it is found across clusters; empty for a service that is not discovered.
    """

    service: ServiceKey
    host: str
    port: Port
    clusters: tuple[str, ...]
    uses: tuple[Discovered, ...] = ()

    @property
    def key(self) -> TargetKey:
        """What tells it from others."""
        return TargetKey(self.service, self.host, self.port.number)

    @property
    def is_http(self) -> bool:
        """Whether its requests are told apart by what they ask for."""
        return self.port.protocol in L7


def targets(fleet: Fleet, discovered: Iterable[Discovered]) -> list[Target]:
    """Give the ports of all services that have pods or are discovered, in the order of names.

    Services that this function made are parts of others, and are left out; so is UDP.
    """
    found: dict[TargetKey, Target] = {}
    uses: dict[tuple[ServiceKey, str], list[Discovered]] = {}
    for each in discovered:
        uses.setdefault((each.service, each.hostname), []).append(each)
    for (service, host), mine in uses.items():
        clusters = tuple(sorted({cluster for each in mine for cluster in each.servers}))
        for port in mine[0].ports:
            target = Target(service, host, port, clusters, tuple(mine))
            found[target.key] = target
    for service, serving in _serving(fleet).items():
        view = fleet[serving[0]]
        own = view.services[service]
        for port in own.ports:
            target = Target(service, view.host(own), port, tuple(serving))
            found.setdefault(target.key, target)
    return [found[key] for key in sorted(found) if found[key].port.protocol != "udp"]


def is_elsewhere(world: World, target: Target) -> bool:
    """Say whether a service is served by other clusters, and the package is one cluster's own."""
    own, views = world.mesh.own, world.fleet.views
    if not own or not target.uses or own in target.clusters:
        return False
    return not any(views[each].resources for each in target.clusters if each in views)


def _serving(fleet: Fleet) -> dict[ServiceKey, list[str]]:
    """Give the clusters that have pods of each service."""
    found: dict[ServiceKey, list[str]] = {}
    for name, view in fleet.views.items():
        for (namespace, service), each in view.services.items():
            is_part = each.resource is not None and is_own(each.resource)
            if not is_part and view.workloads_of(each):
                found.setdefault(ServiceKey(namespace, service), []).append(name)
    return found
