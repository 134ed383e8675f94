"""What proxies are told, and whose proxies a change of a host concerns."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from krmfn.mesh_intent_expander.intents.report import Audience, ProxyGroup
from krmfn.mesh_intent_expander.report.reaching import named
from krmfn.mesh_intent_expander.semantics.hosts import covers, full_name, is_wildcard
from krmfn.mesh_intent_expander.semantics.ordering import is_exported
from krmfn.mesh_intent_expander.semantics.request import data_plane_of
from krmfn.mesh_intent_expander.semantics.scopes import Import, Listener, Scope
from krmfn.mesh_intent_expander.semantics.world import ControlPlane, World
from krmfn.mesh_intent_expander.view import (
    GATEWAY_API,
    ISTIO_NETWORKING,
    Fleet,
    mappings,
    namespace_of,
    spec_of,
    strings,
)

_MOST_NAMESPACES = 5
_ROUTES = ("HTTPRoute", "GRPCRoute")
_EXPORT = "networking.istio.io/exportTo"


@dataclass(slots=True, eq=False)
class _Group:
    """Sidecars of one cluster that see the same; the workloads they stand beside by namespace."""

    cluster: str
    scope: Scope
    namespaces: dict[str, int] = field(default_factory=dict)

    @property
    def workloads(self) -> int:
        return sum(self.namespaces.values())


def blast_radius(world: World) -> tuple[list[ProxyGroup], list[Audience]]:
    """Give what groups of sidecars are told, and the sidecars that know each host.

    Returns:
        groups, those that are told most first, and hosts by how many know them.
    """
    known: dict[int, _Known] = {}
    pods, audiences, reports = _Pods(world.fleet), _Audiences(), []
    for cluster in world.fleet.clusters:
        plane = world.plane(cluster)
        told = known.setdefault(id(plane), _Known(plane, world.fleet))
        for group in _groups(world, cluster, told):
            hosts = told.by(group)
            audiences.add(group, hosts)
            scope = group.scope.resource
            reports.append(
                ProxyGroup(
                    cluster=cluster,
                    namespaces=tuple(sorted(group.namespaces)[:_MOST_NAMESPACES]),
                    workloads=group.workloads,
                    scope=named(scope) if scope is not None else "",
                    hosts=len(hosts),
                    routes=len(hosts & told.routed),
                    endpoints=pods.behind(hosts),
                )
            )
    reports.sort(key=lambda each: (-each.hosts * each.workloads, each.cluster, each.namespaces))
    return reports, audiences.ranked()


def _groups(world: World, cluster: str, told: "_Known") -> Iterable[_Group]:
    """Give the sidecars of a cluster by what they see; namespaces without a Sidecar are one."""
    view, plane = world.fleet[cluster], world.plane(cluster)
    found: dict[tuple[int, str], _Group] = {}
    for workload in view.workloads:
        if data_plane_of(view, workload) == "sidecar":
            namespace = workload.namespace
            scope = plane.scopes.of(namespace, workload.labels)
            is_alike = scope.resource is None and not told.hides
            group = found.setdefault(
                (id(scope), "" if is_alike else namespace), _Group(cluster, scope)
            )
            group.namespaces[namespace] = group.namespaces.get(namespace, 0) + 1
    return found.values()


class _Known:
    """The hosts that a control plane knows, by name.

    Args:
        plane: the control plane.
        fleet: the objects of all clusters.
    """

    def __init__(self, plane: ControlPlane, fleet: Fleet) -> None:
        self._plane, self._fleet = plane, fleet
        self._names = plane.registry.names

    @cached_property
    def hides(self) -> bool:
        """Whether any host is not for all namespaces."""
        views = (self._fleet[name] for name in self._plane.clusters)
        services = (service.resource for view in views for service in view.services.values())
        entries = self._plane.config.of("ServiceEntry", ISTIO_NETWORKING)
        return any("exportTo" in spec_of(each) for each in entries) or any(
            _EXPORT in each.raw for each in services if each is not None
        )

    @cached_property
    def routed(self) -> frozenset[str]:
        """The hosts that an object routes for sidecars."""
        view = self._plane.config
        named_by = (
            full_name(host, namespace_of(each), view.domain).lower()
            for each in view.of("VirtualService", ISTIO_NETWORKING)
            for host in strings(spec_of(each).get("hosts"))
        )
        parents = (
            f"{parent.get('name')}.{parent.get('namespace') or namespace_of(each)}"
            f".svc.{view.domain}"
            for kind in _ROUTES
            for each in view.of(kind, GATEWAY_API)
            for parent in mappings(spec_of(each).get("parentRefs"))
        )
        return frozenset((*named_by, *parents))

    def by(self, group: _Group) -> frozenset[str]:
        """Give the hosts that a group knows."""
        if group.scope.resource is None and not self.hides:
            return self._names
        found = (
            name
            for listener in group.scope.listeners
            for each in listener.imports
            if not each.is_excluded
            for name in self._imported(each)
            if self._is_seen(name, listener, min(group.namespaces))
        )
        return frozenset(found)

    def _imported(self, each: Import) -> Iterable[str]:
        if not is_wildcard(each.host):
            return (each.host,) if each.host in self._names else ()
        if each.namespace == "*":
            listed: Iterable[str] = self._names
        else:
            listed = self._by_namespace.get(each.namespace, ())
        return (name for name in listed if covers(each.host, name))

    @cached_property
    def _by_namespace(self) -> Mapping[str, list[str]]:
        found: dict[str, list[str]] = {}
        for name in self._names:
            parts = name.split(".", 2)
            if len(parts) == 3 and parts[2].startswith("svc."):
                found.setdefault(parts[1], []).append(name)
        for entry in self._plane.config.of("ServiceEntry", ISTIO_NETWORKING):
            hosts = (host.lower() for host in strings(spec_of(entry).get("hosts")))
            found.setdefault(namespace_of(entry), []).extend(hosts)
        return found

    def _is_seen(self, name: str, listener: Listener, namespace: str) -> bool:
        """Say whether a host is not taken away by another import, or hidden by its owner."""
        if not self.hides and not any(each.is_excluded for each in listener.imports):
            return True
        return any(
            listener.of_host(host.namespace, name) is not None
            and is_exported(host.export_to, host.namespace, namespace)
            for host in self._plane.registry.find(name)
        )


class _Pods:
    """How many workloads stand behind hosts.

    Args:
        fleet: the objects of all clusters.
    """

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet
        self._known: dict[str, int] = {}
        self._of_all: dict[frozenset[str], int] = {}

    def behind(self, hosts: frozenset[str]) -> int:
        """Give how many there are in all clusters behind some hosts."""
        if hosts not in self._of_all:
            self._of_all[hosts] = sum(map(self._of, hosts))
        return self._of_all[hosts]

    def _of(self, host: str) -> int:
        if host not in self._known:
            self._known[host] = sum(
                len(view.workloads_of(service))
                for view in self._fleet.views.values()
                if (service := view.services_by_host.get(host)) is not None
            )
        return self._known[host]


class _Audiences:
    """Who knows each host: clusters, namespaces and workloads, counted as groups are added."""

    def __init__(self) -> None:
        self._counts: dict[str, list[int]] = {}
        self._last: dict[str, str] = {}

    def add(self, group: _Group, hosts: Iterable[str]) -> None:
        """Count a group for all hosts that it knows; groups of a cluster come one by one."""
        namespaces, workloads = len(group.namespaces), group.workloads
        for name in hosts:
            counts = self._counts.setdefault(name, [0, 0, 0])
            if self._last.get(name) != group.cluster:
                counts[0] += 1
                self._last[name] = group.cluster
            counts[1] += namespaces
            counts[2] += workloads

    def ranked(self) -> list[Audience]:
        """Give the hosts, those that most workloads know first."""
        ranked = sorted(self._counts.items(), key=lambda each: (-each[1][2], each[0]))
        return [
            Audience(host=name, clusters=clusters, namespaces=namespaces, workloads=workloads)
            for name, (clusters, namespaces, workloads) in ranked
        ]
