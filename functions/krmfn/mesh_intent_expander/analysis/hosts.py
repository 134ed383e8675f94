"""Names of hosts, and which Service or ServiceEntry one of them leads to.

Source of the semantics: ``hosts`` and ``exportTo`` of Istio's VirtualService, DestinationRule and
ServiceEntry; the annotation ``networking.istio.io/exportTo`` of Services.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from krmfn.mesh_intent_expander.analysis.reading import text
from krmfn.mesh_intent_expander.semantics.registry import exports_of
from krmfn.mesh_intent_expander.view import (
    ISTIO_NETWORKING,
    ClusterView,
    Fleet,
    Service,
    labels_in,
    mapping,
    mappings,
    namespace_of,
    number,
    spec_of,
    strings,
)
from krmfn.sdk import Resource

EVERYWHERE = "*"
_HERE = "."
_EXPORT_TO = "networking.istio.io/exportTo"


class ScopedHost(NamedTuple):
    """A host as a namespace sees it; the scope ``*`` stands for all namespaces."""

    scope: str
    host: str


@dataclass(frozen=True, slots=True)
class Target:
    """What a host leads to.

    Attributes:
        what: it, in words for a message.
        selector: labels of the workloads that a ServiceEntry selects.
    """

    what: str
    ports: tuple[int, ...]
    selector: Mapping[str, str] = field(default_factory=dict)


def full_host(host: str, namespace: str, domain: str) -> str:
    """Give the full name of a host: one without a dot is a Service of the namespace."""
    if host.startswith("*") or "." in host:
        return host
    return f"{host}.{namespace}.svc.{domain}"


def service_name(host: str, namespace: str, domain: str) -> tuple[str, str]:
    """Give namespace and name that a host means; a foreign host is a name of the namespace."""
    name, _, own = host.removesuffix(f".svc.{domain}").rpartition(".")
    return (own, name) if name and host.endswith(f".svc.{domain}") else (namespace, host)


def overlap(one: str, other: str) -> bool:
    """Say whether some host is matched by both, where each may begin with ``*``."""
    if one.startswith("*") and other.startswith("*"):
        return one.endswith(other[1:]) or other.endswith(one[1:])
    if other.startswith("*"):
        one, other = other, one
    return other.endswith(one[1:]) if one.startswith("*") else one == other


def scopes_of(export_to: Sequence[str], namespace: str) -> tuple[str, ...]:
    """Give the namespaces that an ``exportTo`` means: ``*`` alone for all of them."""
    if not export_to or EVERYWHERE in export_to:
        return (EVERYWHERE,)
    return tuple(dict.fromkeys(namespace if each == _HERE else each for each in export_to))


class Registry:
    """The hosts that a cluster's control plane knows.

    Services of the fleet's other clusters belong to them: endpoint discovery makes them known.
    """

    def __init__(self, view: ClusterView, fleet: Fleet) -> None:
        self._domain = view.domain
        self._offers = fleet.once(_offers, fleet)
        self._set = fleet.once(_set_offers, fleet) if view.name in _set_members(fleet) else {}
        self._targets: dict[ScopedHost, Target] = {}
        for entry in view.of("ServiceEntry", ISTIO_NETWORKING):
            self._targets.update(_of_entry(entry, view.domain))
        for service in view.services.values():
            target = _of_service(service)
            for scope in service_scopes(service):
                self._targets[ScopedHost(scope, view.host(service))] = target
        self._wildcards = [(key, t) for key, t in self._targets.items() if key.host[:1] == "*"]

    def target(self, host: str, namespace: str, export_to: Sequence[str] = ()) -> Target | None:
        """Give what a host leads to for an object of a namespace, or None.

        Args:
            host: the host as the object names it.
            namespace: that of the object.
            export_to: the object's own ``exportTo``: it must be found where the object holds.
        """
        full = full_host(host, namespace, self._domain)
        scopes = [EVERYWHERE, *(namespace if each == _HERE else each for each in export_to)]
        if not export_to:
            scopes.append(namespace)
        for scope in scopes:
            if found := self._targets.get(ScopedHost(scope, full)):
                return found
        return self._remote(full, scopes) or self._by_wildcard(host, namespace)

    def _remote(self, host: str, scopes: Sequence[str]) -> Target | None:
        for cluster, service in (*self._offers.get(host, ()), *self._set.get(host, ())):
            if any(each in scopes for each in service_scopes(service)):
                return _of_service(service, f' of cluster "{cluster}"')
        return None

    def _by_wildcard(self, host: str, namespace: str) -> Target | None:
        bare = host.removeprefix("*")
        for key, target in self._wildcards:
            if key.scope in (EVERYWHERE, namespace) and bare.endswith(key.host[1:]):
                return target
        return None


def registry_of(view: ClusterView, fleet: Fleet) -> Registry:
    """Give the hosts that a cluster's control plane knows, worked out once."""
    return fleet.once(Registry, view, fleet)


def _offers(fleet: Fleet) -> dict[str, list[tuple[str, Service]]]:
    """Give the Services of all clusters by their hosts."""
    found: dict[str, list[tuple[str, Service]]] = {}
    for view in fleet.views.values():
        for host, service in view.services_by_host.items():
            found.setdefault(host, []).append((view.name, service))
    return found


def _set_offers(fleet: Fleet) -> dict[str, list[tuple[str, Service]]]:
    """Give the Services that clusters of one set export, by their hosts in the set."""
    exported = exports_of(fleet[each] for each in _set_members(fleet))
    return {
        host: [(cluster, service) for cluster in clusters]
        for host, (service, clusters) in exported.items()
    }


def _set_members(fleet: Fleet) -> tuple[str, ...]:
    known = fleet.mesh.clusters if fleet.mesh else {}
    return tuple(each for each in fleet.clusters if each in known and known[each].mcs)


def _of_service(service: Service, where: str = "") -> Target:
    ports = tuple(port.number for port in service.ports)
    return Target(f'Service "{service.namespace}/{service.name}"{where}', ports)


def service_scopes(service: Service) -> tuple[str, ...]:
    """Give the namespaces that see a Service: ``*`` alone for all of them."""
    said = service.resource.annotations.get(_EXPORT_TO, "") if service.resource else ""
    return scopes_of([each.strip() for each in said.split(",")] if said else [], service.namespace)


def _of_entry(entry: Resource, domain: str) -> Iterator[tuple[ScopedHost, Target]]:
    spec, namespace = spec_of(entry), namespace_of(entry)
    target = Target(
        what=f'ServiceEntry "{namespace}/{entry.name}"',
        ports=tuple(_numbers(spec.get("ports"))),
        selector=labels_in(mapping(spec.get("workloadSelector")).get("labels")),
    )
    for scope in scopes_of(strings(spec.get("exportTo")), namespace):
        for host in strings(spec.get("hosts")):
            yield ScopedHost(scope, full_host(text(host), namespace, domain)), target


def _numbers(ports: Any) -> Iterator[int]:
    for port in mappings(ports):
        if (own := number(port.get("number"))) is not None:
            yield own
