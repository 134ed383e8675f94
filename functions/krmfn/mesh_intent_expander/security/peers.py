"""From MutualTLS to PeerAuthentication: where it is written, and in which mode."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from krmfn.mesh_intent_expander.intents.mutual_tls import Mode, MutualTLS, PortMode
from krmfn.mesh_intent_expander.plan.security import PeerMode, PeerPolicy
from krmfn.mesh_intent_expander.security.inventory import Inventory
from krmfn.mesh_intent_expander.security.modes import written_by_hand
from krmfn.mesh_intent_expander.security.naming import Named, names, variants
from krmfn.mesh_intent_expander.security.targets import Missing, Protected, Wanted, find
from krmfn.mesh_intent_expander.security.waves import (
    is_by_namespace,
    is_left_to_the_mesh,
    rendered,
)
from krmfn.mesh_intent_expander.security.words import in_clusters, nearest, resource_of
from krmfn.sdk import Result, error

_DEFAULT = "default"


class Peers:
    """The PeerAuthentications that intents ask for.

    Objects of a namespace and of the mesh are written where servers are and where their clients
    are, since a client's control plane reads from its own copy whether a server takes mutual TLS;
    those of workloads only where the workloads are.

    Attributes:
        policies: what they ask for; a scope may be asked for by several of them.
        problems: what is wrong with the intents.
    """

    def __init__(self, inventory: Inventory, intents: Sequence[MutualTLS]) -> None:
        self._inventory = inventory
        self._root = inventory.mesh.root_namespace
        self.problems: list[Result] = []
        self._names: list[Named | None] = []
        self.policies: list[PeerPolicy] = []
        for intent in intents:
            if intent.spec.scope == "workload":
                self._workload(intent)
            elif intent.spec.scope == "mesh" or namespace_of(intent) == self._root:
                self._mesh(intent)
            else:
                self._namespace(intent)
        self._by_namespace([each for each in intents if is_by_namespace(each.spec)])
        self.policies = self._named()

    def _mesh(self, intent: MutualTLS) -> None:
        mode: PeerMode | None = "PERMISSIVE" if is_by_namespace(intent.spec) else None
        self._add(intent, self._root, self._inventory.fleet.clusters, mode)

    def _namespace(self, intent: MutualTLS) -> None:
        namespace = namespace_of(intent)
        servers = self._inventory.clusters_of(namespace)
        if not servers:
            known = self._inventory.namespaces
            message = f'must be a namespace of the package, but there is no "{namespace}"'
            proposed = nearest(namespace, known)
            self._wrong(intent, message, "namespace-unknown", "namespace", namespace, proposed)
        elif not is_left_to_the_mesh(intent.spec):
            self._add(intent, namespace, self._with_clients(namespace, servers))

    def _workload(self, intent: MutualTLS) -> None:
        spec, namespace = intent.spec, namespace_of(intent)
        if namespace == self._root:
            message = (
                f'must not be "{namespace}", the root namespace, where Istio takes no notice of '
                "what is about single workloads"
            )
            self._wrong(intent, message, "workload-in-root", "namespace", namespace)
            return
        found = find(self._inventory, Wanted(namespace, spec.service, spec.selector))
        if isinstance(found, Missing):
            code = "service-unknown" if spec.service is not None else "target-empty"
            self._wrong(intent, found.message, code, found.field, found.current, found.proposed)
            return
        for protected, variant in zip(found, variants(self._inventory, found), strict=True):
            policy = PeerPolicy(
                name="",
                namespace=namespace,
                mode=rendered(spec.mode, spec),
                clusters=self._inventory.written(protected.clusters),
                by=resource_of(intent),
                selector=dict(protected.guarded.selector),
                ports=self._ports(intent, protected),
            )
            self._check_ambient(intent, protected.clusters)
            self.policies.append(policy)
            self._names.append(Named.of(policy.by, namespace, variant))

    def _ports(self, intent: MutualTLS, protected: Protected) -> dict[int, PeerMode]:
        """Give the modes of the pods' ports, translated from those of the Service."""
        said: dict[int, Mode] = {}
        for index, port in enumerate(intent.spec.ports):
            field = f"ports[{index}].{'service' if port.service else 'workload'}"
            for number in self._numbers(intent, port, protected, field):
                if said.setdefault(number, port.mode) != port.mode:
                    message = f"must have one mode for port {number} of the pods"
                    message += f"{in_clusters(protected.clusters)}, but has two"
                    self._wrong(intent, message, "port-mode-twice", field, str(number))
        return {number: rendered(mode, intent.spec) for number, mode in said.items()}

    def _numbers(
        self, intent: MutualTLS, port: PortMode, protected: Protected, field: str
    ) -> tuple[int, ...]:
        if port.workload is not None or port.service is None:
            return (port.workload,) if port.workload else ()
        targets = protected.targets(port.service)
        if not targets:
            known = " or ".join(str(each) for each in sorted({p.number for p in protected.ports}))
            where = in_clusters(protected.clusters)
            message = (
                f"must be a port of a Service of the pods{where}: {known or 'there is none'}, but "
                f"is {port.service}"
                if targets is None
                else f"must lead to a port that the pods name, but none does{where}"
            )
            self._wrong(intent, message, "port-unknown", field, str(port.service))
        return targets or ()

    def _by_namespace(self, intents: Iterable[MutualTLS]) -> None:
        """Add what an intent for the mesh asks for in each namespace that has none of its own."""
        own = {policy.namespace for policy in self.policies if not policy.selector}
        for cluster in self._inventory.fleet.clusters:
            standing = written_by_hand(self._inventory, cluster)
            own |= {each.namespace for each in standing if not each.selector}
        for intent in intents:
            for namespace in sorted(self._inventory.namespaces - own - {self._root}):
                servers = self._inventory.clusters_of(namespace)
                if any(self._inventory.pods(cluster, namespace) for cluster in servers):
                    self._add(intent, namespace, self._with_clients(namespace, servers))

    def _with_clients(self, namespace: str, servers: Sequence[str]) -> Sequence[str]:
        uses = [each for each in self._inventory.discovered if each.service.namespace == namespace]
        return [*servers, *(client for each in uses for client in each.clients)]

    def _add(
        self,
        intent: MutualTLS,
        namespace: str,
        clusters: Sequence[str],
        mode: PeerMode | None = None,
    ) -> None:
        """Add what is about a whole namespace, or about the mesh."""
        self._check_ambient(intent, clusters)
        self.policies.append(
            PeerPolicy(
                name=_DEFAULT,
                namespace=namespace,
                mode=mode or rendered(intent.spec.mode, intent.spec),
                clusters=self._inventory.written(clusters),
                by=resource_of(intent),
            )
        )
        self._names.append(None)

    def _check_ambient(self, intent: MutualTLS, clusters: Sequence[str]) -> None:
        known = self._inventory.mesh.clusters
        ambient = [c for c in clusters if known[c].data_plane == "ambient"]
        modes = (intent.spec.mode, *(port.mode for port in intent.spec.ports))
        if ambient and "Disable" in modes:
            field = "mode" if intent.spec.mode == "Disable" else "ports"
            message = (
                f"must be Permissive or Strict{in_clusters(ambient)}, since pods of ambient always "
                "speak mutual TLS to each other"
            )
            self._wrong(intent, message, "disable-in-ambient", field, "Disable", "Permissive")

    def _wrong(
        self,
        intent: MutualTLS,
        message: str,
        code: str,
        field: str,
        current: str,
        proposed: str | None = None,
    ) -> None:
        at, path = resource_of(intent), f"spec.{field}"
        self.problems.append(
            error(message, code=code, at=at, field=path, current=current, proposed=proposed)
        )

    def _named(self) -> list[PeerPolicy]:
        given = names(name for name in self._names if name is not None)
        return [
            replace(policy, name=given[name]) if name else policy
            for policy, name in zip(self.policies, self._names, strict=True)
        ]


def namespace_of(intent: MutualTLS) -> str:
    """Give the namespace that an intent is about."""
    return intent.spec.namespace or intent.metadata.namespace or _DEFAULT
