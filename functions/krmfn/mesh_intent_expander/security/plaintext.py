"""Who is reached, and who calls, without TLS."""

from collections.abc import Iterator, Mapping, Sequence

from krmfn.mesh_intent_expander.intents.mutual_tls import MutualTLS
from krmfn.mesh_intent_expander.plan.common import ServiceKey
from krmfn.mesh_intent_expander.plan.discovery import Discovered
from krmfn.mesh_intent_expander.plan.security import PeerPolicy, Plaintext
from krmfn.mesh_intent_expander.security.inventory import Inventory
from krmfn.mesh_intent_expander.security.membership import outside, plaintext_reason
from krmfn.mesh_intent_expander.security.modes import Modes
from krmfn.mesh_intent_expander.security.peers import namespace_of
from krmfn.mesh_intent_expander.security.words import (
    in_clusters,
    listed,
    nearest_reference,
    resource_of,
    split,
    told,
)
from krmfn.mesh_intent_expander.view import Workload
from krmfn.sdk import Resource, Result, error, warning

_PROBES = "sidecar.istio.io/rewriteAppHTTPProbers"
_SCRAPE = "prometheus.io/scrape"
_MERGE = "prometheus.istio.io/merge-metrics"


class Exceptions:
    """The services that clients must reach in plaintext.

    Attributes:
        by_host: by the Service's full name.
        problems: what is wrong with the intents.
    """

    def __init__(self, inventory: Inventory, modes: Modes, intents: Sequence[MutualTLS]) -> None:
        self._inventory = inventory
        self._modes = modes
        self.by_host: dict[str, Plaintext] = {}
        self.problems: list[Result] = []
        for intent in intents:
            for index, exception in enumerate(intent.spec.exceptions):
                key = ServiceKey(*split(exception.service, namespace_of(intent)))
                self._read(intent, f"spec.exceptions[{index}].service", key)

    def _read(self, intent: MutualTLS, field: str, key: ServiceKey) -> None:
        by, name = resource_of(intent), "/".join(key)
        if key not in self._inventory.services:
            self.problems.append(
                error(
                    f'must be a Service of the package, but is "{name}"',
                    code="service-unknown",
                    at=by,
                    field=field,
                    current=name,
                    proposed=nearest_reference(key, self._inventory.services),
                )
            )
            return
        with_proxy = [*self._with_proxy(key)]
        migration = intent.spec.migration
        is_over = migration is not None and migration.wave != "permissive"
        if is_over and with_proxy and not self._lacks_proxy(key):
            return
        strict = [
            cluster
            for cluster, workload in with_proxy
            if self._modes.of(cluster, key.namespace, workload.labels) == "STRICT"
        ]
        if strict:
            message = "must not be reached in plaintext, since its pods refuse it"
            self._wrong(by, field, name, f"{message}{in_clusters(strict)}", "mtls-mismatch")
        for use in self._inventory.uses(key):
            if pair := crossing(self._inventory, use):
                self._wrong(by, field, name, _vanishes(use, pair), "mtls-across-networks")
        host = self._inventory.mesh.host(*key)
        self.by_host.setdefault(host, Plaintext(key, by))

    def _with_proxy(self, key: ServiceKey) -> Iterator[tuple[str, Workload]]:
        for cluster, view in self._inventory.fleet.views.items():
            for workload in self._inventory.workloads(cluster, key):
                if not plaintext_reason(view, workload):
                    yield cluster, workload

    def _lacks_proxy(self, key: ServiceKey) -> bool:
        return any(
            plaintext_reason(view, workload)
            for cluster, view in self._inventory.fleet.views.items()
            for workload in self._inventory.workloads(cluster, key)
        )

    def _wrong(self, by: Resource, field: str, name: str, message: str, code: str) -> None:
        self.problems.append(error(message, code=code, at=by, field=field, current=name))


def disabled_across_networks(inventory: Inventory, modes: Modes) -> Iterator[Result]:
    """Yield an error for services of other networks whose pods take no mutual TLS.

    A client's control plane leaves such endpoints out without a word.
    """
    for use in inventory.discovered:
        pair = crossing(inventory, use)
        if pair is None:
            continue
        for workload in inventory.workloads(pair[1], use.service):
            deciding = modes.deciding(pair[1], use.service.namespace, workload.labels)
            if deciding is not None and deciding.mode == "DISABLE":
                message, at = _vanishes(use, pair), deciding.by
                yield error(message, code="mtls-across-networks", at=at, field="spec.mode")
                break


def crossing(inventory: Inventory, use: Discovered) -> tuple[str, str] | None:
    """Give a client and a server cluster of different networks, None when there are none."""
    for client in use.clients:
        for server in use.servers:
            if inventory.mesh.crosses_network(client, server):
                return client, server
    return None


def left_outside(
    inventory: Inventory, policies: Sequence[PeerPolicy], exceptions: Mapping[str, Plaintext]
) -> Iterator[Result]:
    """Yield a warning for each intent that refuses plaintext, with what has no proxy.

    Such pods are not protected, and their own requests are refused; so are scrapes and probes that
    are kept from the proxy.
    """
    excepted = {
        id(workload)
        for each in exceptions.values()
        for cluster in inventory.fleet.clusters
        for workload in inventory.workloads(cluster, each.service)
    }
    by_intent: dict[int, tuple[PeerPolicy, set[str]]] = {}
    for policy in policies:
        if policy.mode == "STRICT" and not policy.selector:
            namespace = (
                "" if policy.namespace == inventory.mesh.root_namespace else policy.namespace
            )
            _, found = by_intent.setdefault(id(policy.by), (policy, set()))
            found |= {*_outside(inventory, namespace, excepted)}
    for policy, found in by_intent.values():
        if found:
            yield warning(
                f"refuses plaintext, which pods send that have no proxy: {listed(found)}; nor are "
                "they protected",
                code="plaintext-callers",
                at=policy.by,
                field="spec.mode",
            )


def _outside(inventory: Inventory, namespace: str, excepted: set[int]) -> Iterator[str]:
    for _, workload, reason in outside(inventory, namespace):
        if id(workload) not in excepted:
            yield f"{workload.kind} {workload.namespace}/{workload.name} ({reason})"
    for cluster in inventory.fleet.clusters:
        view = inventory.fleet[cluster]
        for workload in inventory.pods(cluster, namespace) if namespace else view.workloads:
            for what in _kept_from_the_proxy(workload.annotations):
                yield f"{workload.kind} {workload.namespace}/{workload.name} ({what})"


def _kept_from_the_proxy(annotations: Mapping[str, str]) -> Iterator[str]:
    if annotations.get(_PROBES) == "false":
        yield f"probes, by `{_PROBES}: false`"
    if annotations.get(_SCRAPE) == "true" and annotations.get(_MERGE) == "false":
        yield f"scrapes, by `{_MERGE}: false`"


def _vanishes(use: Discovered, pair: tuple[str, str]) -> str:
    client, server = pair
    return (
        f'must not be without mutual TLS, since {told(use.by)} lets cluster "{client}" use it over '
        f'the network of cluster "{server}", and gateways pass nothing else on'
    )
