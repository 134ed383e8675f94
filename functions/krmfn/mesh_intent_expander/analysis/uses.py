"""Which hosts the objects of a cluster say that its clients use."""

from collections.abc import Iterator
from dataclasses import dataclass

from krmfn.mesh_intent_expander.analysis.hosts import full_host
from krmfn.mesh_intent_expander.analysis.reading import items, text
from krmfn.mesh_intent_expander.analysis.virtual_services import destinations, virtual_services
from krmfn.mesh_intent_expander.semantics.hosts import is_wildcard
from krmfn.mesh_intent_expander.view import (
    ISTIO_NETWORKING,
    ClusterView,
    namespace_of,
    spec_of,
    strings,
)
from krmfn.sdk import Resource


@dataclass(frozen=True, slots=True)
class Use:
    """A host that clients use.

    Attributes:
        namespace: that of the object that says so.
        host: in full, without wildcard.
        port: None where it is not said.
    """

    resource: Resource
    field: str
    namespace: str
    host: str
    port: int | None = None
    subset: str = ""


def uses(view: ClusterView) -> Iterator[Use]:
    """Yield each host, port and subset that routes name, and each host that others do, once."""
    routed = {(each.host, each.port, each.subset): each for each in _routed(view)}
    known = {host for host, _, _ in routed}
    others = {each.host: each for each in (*_shown(view), *_entered(view))}
    for use in (*routed.values(), *(each for host, each in others.items() if host not in known)):
        if use.host and not is_wildcard(use.host):
            yield use


def _routed(view: ClusterView) -> Iterator[Use]:
    for resource in virtual_services(view):
        namespace = namespace_of(resource)
        for each in destinations(resource):
            host = full_host(each.host, namespace, view.domain).lower()
            yield Use(resource, each.field, namespace, host, each.port, each.subset)


def _entered(view: ClusterView) -> Iterator[Use]:
    for resource in view.of("ServiceEntry", ISTIO_NETWORKING):
        for index, host in enumerate(strings(spec_of(resource).get("hosts"))):
            yield Use(resource, f"spec.hosts[{index}]", namespace_of(resource), host.lower())


def _shown(view: ClusterView) -> Iterator[Use]:
    for resource in view.of("Sidecar", ISTIO_NETWORKING):
        for path, listener in items(spec_of(resource).get("egress"), "spec.egress"):
            for index, shown in enumerate(strings(listener.get("hosts"))):
                host = text(shown).rpartition("/")[2].lower()
                yield Use(resource, f"{path}.hosts[{index}]", namespace_of(resource), host)
