"""External authorisers: known to every control plane, and one for each workload.

Source: Istio's "External Authorization" and ``MeshConfig.ExtensionProvider``.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from krmfn.kinds.authorization import External
from krmfn.mesh_intent_expander.mesh_config import mesh_config
from krmfn.mesh_intent_expander.plan.security import AccessPolicy
from krmfn.mesh_intent_expander.security.asked import Asked
from krmfn.mesh_intent_expander.security.inventory import Inventory
from krmfn.mesh_intent_expander.security.targets import Protected
from krmfn.mesh_intent_expander.security.words import in_clusters, nearest, told
from krmfn.mesh_intent_expander.view import (
    ISTIO_SECURITY,
    Fleet,
    labels_in,
    mapping,
    mappings,
    namespace_of,
    selects,
    spec_of,
)
from krmfn.sdk import Resource, Result, error, yaml_dump
from krmfn.sdk.times import parse_span

_KINDS = ("envoyExtAuthzGrpc", "envoyExtAuthzHttp")
_GRPC_PORT = 9191


class Providers:
    """The extension providers that each control plane knows."""

    def __init__(self, inventory: Inventory) -> None:
        self._inventory = inventory
        self._known: dict[str, Mapping[str, Mapping[str, Any]]] = {}

    def problems(self, asked: Asked, found: Iterable[Protected]) -> Iterator[Result]:
        """Yield what is wrong with the provider that pods are to ask."""
        external = asked.spec.external
        if external is None:
            return
        common = self._inventory.mesh.extension_providers
        written = self._inventory.written(c for pods in found for c in pods.clusters)
        known = {cluster: self._of(cluster) for cluster in written}
        lacking = [c for c in written if external.provider not in (*common, *known[c])]
        if lacking:
            names = {*common, *(name for providers in known.values() for name in providers)}
            message = (
                f'must be an extension provider of MeshConfig, but "{external.provider}" is none'
                f"{in_clusters(lacking)}; every request would be refused, so add\n"
                f"{_entry(external, asked.namespace)}"
            )
            at, proposed = "external.provider", nearest(external.provider, names)
            yield asked.wrong(message, "provider-unknown", at, external.provider, proposed)
        for cluster in written:
            provider = known[cluster].get(external.provider)
            if provider is not None and (differs := _difference(provider, external)):
                message = f"should be as MeshConfig says{in_clusters([cluster])}, which {differs}"
                yield asked.doubtful(message, "provider-differs", "external", None)

    def _of(self, cluster: str) -> Mapping[str, Mapping[str, Any]]:
        if cluster not in self._known:
            config = mesh_config(self._inventory.fleet[cluster])
            self._known[cluster] = {
                str(each.get("name")): each for each in mappings(config.get("extensionProviders"))
            }
        return self._known[cluster]


@dataclass(frozen=True, slots=True)
class _Asking:
    """Pods that ask a provider."""

    provider: str
    selector: Mapping[str, str]
    waypoint_of: str
    by: Resource


def rivals(fleet: Fleet, policies: Iterable[AccessPolicy]) -> Iterator[Result]:
    """Yield an error where pods would ask two providers.

    Istio refuses every request then, unless it is new and told to do otherwise.
    """
    asking: dict[tuple[str, str], list[_Asking]] = {}
    for policy in policies:
        if policy.action == "CUSTOM":
            target = policy.target
            each = _Asking(policy.provider, dict(target.selector), target.waypoint_of, policy.by)
            for cluster in policy.clusters:
                asking.setdefault((cluster, target.namespace), []).append(each)
    for cluster, namespace in asking:
        asking[cluster, namespace] += _written_by_hand(fleet, cluster, namespace)
    told_of: set[frozenset[int]] = set()
    for (cluster, namespace), those in asking.items():
        if len({each.provider for each in those}) == 1:
            continue
        for one, other in combinations(those, 2):
            pair = frozenset((id(one.by), id(other.by)))
            if pair not in told_of and _meet(fleet, cluster, namespace, one, other):
                told_of.add(pair)
                yield _rivalry(one, other, cluster)


def _rivalry(one: _Asking, other: _Asking, cluster: str) -> Result:
    return error(
        f'must name the provider that {told(other.by)} names, "{other.provider}", since both '
        f"protect the same pods{in_clusters([cluster])}; pods ask one provider only",
        code="provider-rivalry",
        at=one.by,
        field="spec.external.provider",
        current=one.provider,
        proposed=other.provider,
    )


def _meet(fleet: Fleet, cluster: str, namespace: str, one: _Asking, other: _Asking) -> bool:
    """Say whether two providers are asked for the same pods."""
    if one.provider == other.provider or bool(one.waypoint_of) != bool(other.waypoint_of):
        return False
    if one.waypoint_of or one.selector == other.selector:
        return one.waypoint_of == other.waypoint_of
    return any(
        pod.namespace == namespace
        and selects(one.selector, pod.labels)
        and selects(other.selector, pod.labels)
        for pod in fleet[cluster].workloads
    )


def _written_by_hand(fleet: Fleet, cluster: str, namespace: str) -> Iterator[_Asking]:
    view = fleet[cluster]
    for resource in view.of("AuthorizationPolicy", ISTIO_SECURITY):
        spec = spec_of(resource)
        if spec.get("action") != "CUSTOM" or "targetRefs" in spec or "targetRef" in spec:
            continue
        if namespace_of(resource) in (namespace, view.root_namespace):
            selector = labels_in(mapping(spec.get("selector")).get("matchLabels"))
            provider = str(mapping(spec.get("provider")).get("name"))
            yield _Asking(provider, selector, "", resource)


def _difference(provider: Mapping[str, Any], external: External) -> str:
    """Say how a provider differs from what an intent takes it for, "" when it does not."""
    config = next((mapping(provider[kind]) for kind in _KINDS if kind in provider), None)
    if config is None:
        return "has no external authoriser of this name"
    timeout = config.get("timeout")
    if not isinstance(timeout, str):
        return "has no `timeout`: requests wait up to ten minutes"
    if _seconds(timeout) != parse_span(external.timeout):
        return f'has the timeout "{timeout}" and not "{external.timeout}"'
    if (config.get("failOpen") is True) != external.fail_open:
        return f"has `failOpen: {str(not external.fail_open).lower()}`"
    return ""


def _seconds(text: str) -> float:
    try:
        return parse_span(text)
    except ValueError:
        return -1


def _entry(external: External, namespace: str) -> str:
    """Give the entry of MeshConfig that an intent needs."""
    config = {
        "service": f"{external.provider}.{namespace}.svc.cluster.local",
        "port": _GRPC_PORT,
        "timeout": external.timeout,
        "failOpen": external.fail_open,
    }
    return yaml_dump(
        {"extensionProviders": [{"name": external.provider, "envoyExtAuthzGrpc": config}]}
    )
