"""Which mode of mutual TLS is in force where.

Source: Istio's reference of PeerAuthentication: the workload's goes over the namespace's, which
goes over the mesh's, and what is not set comes from the next wider one; PERMISSIVE is the default.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from krmfn.mesh_intent_expander.plan.security import Guarded, PeerMode, PeerPolicy
from krmfn.mesh_intent_expander.security.inventory import Inventory
from krmfn.mesh_intent_expander.security.targets import Protected
from krmfn.mesh_intent_expander.view import (
    ISTIO_SECURITY,
    labels_in,
    mapping,
    namespace_of,
    selects,
    spec_of,
)
from krmfn.sdk import Resource

RISING: tuple[PeerMode, ...] = ("DISABLE", "PERMISSIVE", "STRICT")
"""The modes; each protects more than the one before."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A PeerAuthentication, be it of the package or of the plan.

    Attributes:
        mode: None where it leaves that to the next wider scope.
    """

    namespace: str
    selector: Mapping[str, str]
    mode: PeerMode | None
    ports: Mapping[int, PeerMode]
    by: Resource

    @property
    def scope(self) -> tuple[str, tuple[tuple[str, str], ...]]:
        """What it is about: of several with one scope only the oldest holds."""
        return self.namespace, tuple(sorted(self.selector.items()))


@dataclass(slots=True)
class _Scopes:
    mesh: Standing | None = None
    namespaces: dict[str, Standing] = field(default_factory=dict)
    workloads: dict[str, list[Standing]] = field(default_factory=dict)


class Modes:
    """The modes in force in a fleet.

    Args:
        inventory: the fleet, with the PeerAuthentications that people wrote.
        policies: those of the plan; they go before people's.
    """

    def __init__(self, inventory: Inventory, policies: Iterable[PeerPolicy]) -> None:
        self._inventory = inventory
        self._root = inventory.mesh.root_namespace
        self._scopes = {cluster: _Scopes() for cluster in inventory.fleet.clusters}
        for policy in policies:
            standing = standing_of(policy)
            for cluster in policy.clusters:
                self._add(cluster, standing)
        for cluster in inventory.fleet.clusters:
            for standing in written_by_hand(inventory, cluster):
                self._add(cluster, standing)

    def of(
        self, cluster: str, namespace: str, labels: Mapping[str, str], port: int | None = None
    ) -> PeerMode:
        """Give the mode of pods of a cluster, or of one of their ports."""
        own = self._own(cluster, namespace, labels)
        if own and port is not None and port in own.ports:
            return own.ports[port]
        deciding = self.deciding(cluster, namespace, labels)
        return deciding.mode if deciding and deciding.mode else "PERMISSIVE"

    def deciding(self, cluster: str, namespace: str, labels: Mapping[str, str]) -> Standing | None:
        """Give what decides about pods of a cluster, None when nothing does."""
        scopes = self._scopes_of(cluster)
        own = self._own(cluster, namespace, labels)
        wider = (own, scopes.namespaces.get(namespace), scopes.mesh)
        return next((standing for standing in wider if standing and standing.mode), None)

    def weakest(
        self, protected: Protected, ports: Collection[int] = ()
    ) -> tuple[PeerMode, tuple[str, ...]]:
        """Give the mode that protects pods least, and the clusters in which it holds.

        Args:
            protected: the pods.
            ports: those of their ports that count; all of which Services tell when empty.
        """
        served = {target for port in protected.ports for target in port.targets}
        found: dict[PeerMode, list[str]] = {}
        for cluster in protected.clusters:
            for mode in self._those_of(cluster, protected.guarded, ports or served):
                found.setdefault(mode, []).append(cluster)
        mode = min(found, key=RISING.index)
        return mode, tuple(found[mode])

    def _those_of(
        self, cluster: str, guarded: Guarded, ports: Collection[int]
    ) -> Collection[PeerMode]:
        selector, namespace = dict(guarded.selector), guarded.namespace
        if not self._scopes_of(cluster).workloads.get(namespace) or not selector:
            return (self.of(cluster, namespace, selector),)
        pods = [
            pod.labels
            for pod in self._inventory.pods(cluster, namespace)
            if selects(selector, pod.labels)
        ]
        return {
            self.of(cluster, namespace, labels, port)
            for labels in pods or [selector]
            for port in ports or (None,)
        }

    def _own(self, cluster: str, namespace: str, labels: Mapping[str, str]) -> Standing | None:
        standings = self._scopes_of(cluster).workloads.get(namespace, ())
        return next((each for each in standings if selects(each.selector, labels)), None)

    def _scopes_of(self, cluster: str) -> _Scopes:
        return self._scopes[self._inventory.mesh.clusters[cluster].config_cluster]

    def _add(self, cluster: str, standing: Standing) -> None:
        scopes = self._scopes[cluster]
        if standing.selector:
            if standing.namespace != self._root:
                scopes.workloads.setdefault(standing.namespace, []).append(standing)
        elif standing.namespace == self._root:
            scopes.mesh = scopes.mesh or standing
        else:
            scopes.namespaces.setdefault(standing.namespace, standing)


def standing_of(policy: PeerPolicy) -> Standing:
    """Give a policy of the plan as it stands."""
    return Standing(policy.namespace, policy.selector, policy.mode, policy.ports, policy.by)


def written_by_hand(inventory: Inventory, cluster: str) -> list[Standing]:
    """Give the PeerAuthentications that people wrote for a cluster."""
    found = inventory.fleet[cluster].of("PeerAuthentication", ISTIO_SECURITY)
    return [_read(resource) for resource in found]


def _read(resource: Resource) -> Standing:
    spec = spec_of(resource)
    ports = {
        int(port): mode
        for port, said in mapping(spec.get("portLevelMtls")).items()
        if str(port).isdecimal() and len(str(port)) <= 5 and (mode := _mode(said))
    }
    selector = labels_in(mapping(spec.get("selector")).get("matchLabels"))
    return Standing(namespace_of(resource), selector, mode_in(resource), ports, resource)


def mode_in(resource: Resource) -> PeerMode | None:
    """Give the mode that a PeerAuthentication says for all of its ports, None when it says none."""
    return _mode(spec_of(resource).get("mtls"))


def _mode(said: object) -> PeerMode | None:
    mode = mapping(said).get("mode")
    return next((known for known in RISING if known == mode), None)
