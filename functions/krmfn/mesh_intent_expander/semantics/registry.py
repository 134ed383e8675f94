"""The hosts that a control plane knows: Services of the clusters it watches, and ServiceEntries."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from krmfn.mesh_intent_expander.semantics.hosts import is_wildcard, most_specific, spoken
from krmfn.mesh_intent_expander.semantics.ordering import age, is_exported
from krmfn.mesh_intent_expander.view import (
    CLUSTER_SET,
    ISTIO_NETWORKING,
    MCS,
    ClusterView,
    Port,
    Service,
    mappings,
    namespace_of,
    number,
    protocol_of,
    spec_of,
    strings,
)
from krmfn.sdk import Resource

_SERVICE_EXPORT = "networking.istio.io/exportTo"


@dataclass(frozen=True, slots=True, eq=False)
class Host:
    """A host that a control plane knows.

    Attributes:
        service: whose host it is; None for a ServiceEntry's.
        resolution: how its endpoints are found, of a ServiceEntry.
        is_external: whether it is outside of the mesh.
        clusters: where its Service is, of those that the control plane watches.
        sans: who its servers must be, as told by a ServiceEntry.
    """

    name: str
    namespace: str
    ports: tuple[Port, ...]
    resource: Resource | None
    service: Service | None = None
    resolution: str = ""
    is_external: bool = False
    export_to: tuple[str, ...] = ()
    clusters: tuple[str, ...] = ()
    sans: tuple[str, ...] = ()

    def port(self, wanted: int) -> Port | None:
        """Give the port of this number."""
        return next((port for port in self.ports if port.number == wanted), None)

    @property
    def keeps_address(self) -> bool:
        """Whether calls go to the address that the client called, whatever endpoints are told."""
        return self.service is None and self.resolution == "NONE"


Offers = Mapping[str, tuple[Service, tuple[str, ...]]]
"""Services by their full names, each with the clusters that have it."""


def offers_of(views: Iterable[ClusterView]) -> Offers:
    """Give the Services of some clusters; where they differ, the first cluster's is given."""
    return _offered((view, view.services_by_host) for view in views)


def exports_of(views: Iterable[ClusterView]) -> Offers:
    """Give the Services that some clusters of one set export, by their names in the set.

    Imports are not asked for: the controller of the set makes one in every cluster.

    Source: KEP-1645, "Multi-Cluster Services API", and ``serviceimportcache.go`` of Istio's
    ``pilot/pkg/serviceregistry/kube/controller``.
    """
    return _offered((view, dict(_exported(view))) for view in views)


def _exported(view: ClusterView) -> Iterator[tuple[str, Service]]:
    for export in view.of("ServiceExport", MCS):
        service = view.services.get((namespace_of(export), export.name))
        if service is not None:
            yield f"{service.name}.{service.namespace}.svc.{CLUSTER_SET}", service


def _offered(having: Iterable[tuple[ClusterView, Mapping[str, Service]]]) -> Offers:
    first: dict[str, Service] = {}
    clusters: dict[str, list[str]] = {}
    for view, services in having:
        for name, service in services.items():
            first.setdefault(name, service)
            clusters.setdefault(name, []).append(view.name)
    return {name: (service, tuple(clusters[name])) for name, service in first.items()}


class Registry:
    """The hosts by name.

    Args:
        config: the objects that the control plane reads its ServiceEntries from.
        offers: the Services of the clusters that it watches.
    """

    def __init__(self, config: ClusterView, offers: Offers) -> None:
        self._config, self._offers = config, offers
        self._entries: dict[str, list[Host]] = {}
        for host in _entries(config):
            self._entries.setdefault(host.name, []).append(host)
        self._wildcards = tuple(filter(is_wildcard, self._entries))
        self._found: dict[str, tuple[Host, ...]] = {}

    @property
    def names(self) -> frozenset[str]:
        """All names, wildcards among them."""
        return frozenset((*self._offers, *self._entries))

    def called(self, name: str, namespace: str) -> str:
        """Give the full name of what a client of a namespace calls so."""
        names = spoken(name, namespace, self._config.domain)
        known = (full for full in names if full in self._offers or full in self._entries)
        return next(known, names[-1])

    def find(self, name: str) -> tuple[Host, ...]:
        """Give the hosts of a name, or else those of the wildcard that is closest to it."""
        if name not in self._found:
            self._found[name] = tuple(self._of_name(name))
        return self._found[name]

    def _of_name(self, name: str) -> Iterator[Host]:
        if name in self._offers:
            yield self._of_service(name)
        elif name not in self._entries and (wildcard := most_specific(name, self._wildcards)):
            yield from self._entries[wildcard]
        yield from self._entries.get(name, ())

    def _of_service(self, name: str) -> Host:
        """Give the host of a Service; the ports of the control plane's own cluster hold."""
        service, clusters = self._offers[name]
        service = self._config.services_by_host.get(name, service)
        return Host(
            name=name,
            namespace=service.namespace,
            ports=service.ports,
            resource=service.resource,
            service=service,
            export_to=_annotated(service),
            clusters=clusters,
        )

    def of_namespace(self, name: str, namespace: str) -> Host | None:
        """Give the host that a route's destination means for clients of a namespace.

        One of their own namespace is meant even if it is not exported to it.
        """
        seen = [
            host
            for host in self.find(name)
            if host.namespace == namespace or is_exported(host.export_to, host.namespace, namespace)
        ]
        return preferred(seen, namespace)


def preferred(hosts: Iterable[Host], namespace: str) -> Host | None:
    """Give the host that goes first among those of one name.

    The client's own namespace goes first, then a Service over a ServiceEntry.
    """
    return min(
        hosts,
        key=lambda host: (host.namespace != namespace, host.service is None, host.namespace),
        default=None,
    )


def _annotated(service: Service) -> tuple[str, ...]:
    annotations = service.resource.annotations if service.resource else {}
    return tuple(annotations.get(_SERVICE_EXPORT, "").replace(",", " ").split())


def _entries(config: ClusterView) -> Iterator[Host]:
    for resource in sorted(config.of("ServiceEntry", ISTIO_NETWORKING), key=age):
        spec = spec_of(resource)
        for name in strings(spec.get("hosts")):
            yield Host(
                name=name.lower(),
                namespace=namespace_of(resource),
                ports=tuple(_ports(spec)),
                resource=resource,
                resolution=str(spec.get("resolution") or "NONE"),
                is_external=spec.get("location") != "MESH_INTERNAL",
                export_to=tuple(strings(spec.get("exportTo"))),
                sans=tuple(strings(spec.get("subjectAltNames"))),
            )


def _ports(spec: Mapping[str, Any]) -> Iterator[Port]:
    for port in mappings(spec.get("ports")):
        if (own := number(port.get("number"))) is not None:
            yield Port(
                number=own,
                name=str(port.get("name") or ""),
                protocol=protocol_of("", str(port.get("protocol") or "")),
                target=number(port.get("targetPort")) or own,
            )
