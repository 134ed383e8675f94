"""What the sidecars of a namespace see: Sidecar objects.

Source: Istio's API reference, "Sidecar", and ``pilot/pkg/model/sidecar.go``.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from krmfn.mesh_intent_expander.semantics.hosts import covers, is_wildcard, overlap
from krmfn.mesh_intent_expander.semantics.ordering import age
from krmfn.mesh_intent_expander.view import (
    ISTIO_NETWORKING,
    ClusterView,
    labels_in,
    mapping,
    mappings,
    namespace_of,
    number,
    selects,
    spec_of,
    strings,
)
from krmfn.sdk import Resource


@dataclass(frozen=True, slots=True)
class Import:
    """A ``namespace/host`` of an egress listener.

    Attributes:
        namespace: "*" for all.
        is_excluded: whether it takes away what others let in.
    """

    namespace: str
    host: str
    field: str
    is_excluded: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Listener:
    """An egress listener: what is seen through it."""

    imports: tuple[Import, ...]
    port: int | None = None

    def of_host(self, namespace: str, host: str) -> Import | None:
        """Give what lets a host of a namespace in, None when nothing does."""
        mine = [each for each in self.imports if each.namespace in ("*", namespace)]
        if any(each.is_excluded and covers(each.host, host) for each in mine):
            return None
        return next(
            (each for each in mine if not each.is_excluded and covers(each.host, host)), None
        )

    def lets_route(self, namespace: str, hosts: Iterable[str]) -> bool:
        """Say whether a VirtualService of a namespace is let in by one of its hosts."""
        mine = [each for each in self.imports if each.namespace in ("*", namespace)]
        return any(
            any(not each.is_excluded and _meets(each.host, host) for each in mine)
            and not any(each.is_excluded and covers(each.host, host) for each in mine)
            for host in hosts
        )


def _meets(imported: str, host: str) -> bool:
    if is_wildcard(imported) or is_wildcard(host):
        return overlap(imported, host)
    return imported == host


_ALL = Listener((Import("*", "*", ""),))


@dataclass(frozen=True, slots=True, eq=False)
class Scope:
    """What a sidecar sees.

    Attributes:
        resource: the Sidecar, None when there is none for it.
        mode: what happens to hosts that it does not see; "" for what the mesh says.
    """

    resource: Resource | None = None
    listeners: tuple[Listener, ...] = (_ALL,)
    mode: str = ""
    selector: Mapping[str, str] = field(default_factory=dict)

    def listener(self, port: int) -> Listener | None:
        """Give the listener for a port: its own one goes over the one for all ports."""
        own = next((each for each in self.listeners if each.port == port), None)
        return own or next((each for each in self.listeners if each.port is None), None)


EVERYTHING = Scope()


class Scopes:
    """The Sidecars of a control plane."""

    def __init__(self, config: ClusterView) -> None:
        self._by_namespace: dict[str, list[Scope]] = {}
        resources = sorted(config.of("Sidecar", ISTIO_NETWORKING), key=age)
        for resource in sorted(resources, key=lambda each: not _selector(each)):
            found = self._by_namespace.setdefault(namespace_of(resource), [])
            found.append(_scope(resource, namespace_of(resource)))
        of_root = self._by_namespace.get(config.root_namespace, [])
        self._root = next((each.resource for each in of_root if not each.selector), None)
        self._inherited: dict[str, Scope] = {}

    def of(self, namespace: str, labels: Mapping[str, str]) -> Scope:
        """Give what holds for pods: a Sidecar that selects them, the namespace's, the mesh's."""
        for scope in self._by_namespace.get(namespace, ()):
            if selects(scope.selector, labels):
                return scope
        if self._root is None:
            return EVERYTHING
        if namespace not in self._inherited:
            self._inherited[namespace] = _scope(self._root, namespace)
        return self._inherited[namespace]


def _selector(resource: Resource) -> dict[str, str]:
    return labels_in(mapping(spec_of(resource).get("workloadSelector")).get("labels"))


def _scope(resource: Resource, namespace: str) -> Scope:
    """Read a Sidecar for the clients of a namespace, which is what "." in it stands for."""
    spec = spec_of(resource)
    listeners = tuple(_listeners(spec, namespace))
    mode = mapping(spec.get("outboundTrafficPolicy")).get("mode")
    return Scope(
        resource=resource,
        listeners=listeners or (_ALL,),
        mode=mode if isinstance(mode, str) else "",
        selector=_selector(resource),
    )


def _listeners(spec: Mapping[str, Any], namespace: str) -> Iterator[Listener]:
    for index, value in enumerate(mappings(spec.get("egress"))):
        yield Listener(
            imports=tuple(_imports(value, f"spec.egress[{index}]", namespace)),
            port=number(mapping(value.get("port")).get("number")),
        )


def _imports(value: Mapping[str, Any], path: str, namespace: str) -> Iterator[Import]:
    for index, text in enumerate(strings(value.get("hosts"))):
        where, _, host = text.partition("/")
        is_excluded = where.startswith("~")
        where = where.removeprefix("~") or "*"
        where = namespace if where == "." else where
        yield Import(where, host.lower(), f"{path}.hosts[{index}]", is_excluded)
