"""DestinationRules are for hosts that exist, and their subsets select pods."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain

from krmfn.mesh_intent_expander.analysis.finding import Code, Finding, Level
from krmfn.mesh_intent_expander.analysis.hosts import registry_of
from krmfn.mesh_intent_expander.analysis.pods import pods, selector_text
from krmfn.mesh_intent_expander.analysis.reading import items, text
from krmfn.mesh_intent_expander.view import (
    ISTIO_NETWORKING,
    ClusterView,
    Fleet,
    Workload,
    labels_in,
    mappings,
    namespace_of,
    spec_of,
    strings,
)

NO_PODS = Code(
    "IST0173",
    Level.ERROR,
    "A subset must select pods.",
    "DestinationRuleSubsetNotSelectPods",
)
UNKNOWN_HOST = Code(
    "IST0174",
    Level.WARNING,
    "A DestinationRule must be for the host of a Service or ServiceEntry.",
    "UnknownDestinationRuleHost",
)
CODES = (NO_PODS, UNKNOWN_HOST)

_CLUSTER, _NETWORK = "topology.istio.io/cluster", "topology.istio.io/network"
_REGION, _ZONE = "topology.kubernetes.io/region", "topology.kubernetes.io/zone"
_SUBZONE, _NODE = "topology.istio.io/subzone", "kubernetes.io/hostname"
_LOCALITY = (_REGION, _ZONE, _SUBZONE)
_PLACED = frozenset((*_LOCALITY, _NODE, _NETWORK))
"""Labels that Istio adds to a pod by where it runs, which is not known before it does."""


def check(view: ClusterView, fleet: Fleet) -> Iterable[Finding]:
    """Yield DestinationRules for unknown hosts, and subsets that select no pod of the fleet."""
    registry, endpoints = registry_of(view, fleet), fleet.once(_Endpoints, fleet)
    for rule in view.of("DestinationRule", ISTIO_NETWORKING):
        spec = spec_of(rule)
        host = text(spec.get("host"))
        target = registry.target(host, namespace_of(rule), strings(spec.get("exportTo")))
        if target is None:
            message = f'must be the host of a Service or ServiceEntry visible here, but is "{host}"'
            yield Finding(UNKNOWN_HOST, rule, message, "spec.host")
            continue
        for path, subset in items(spec.get("subsets"), "spec.subsets"):
            wanted = {**target.selector, **labels_in(subset.get("labels"))}
            if not endpoints.have(wanted):
                message = (
                    f'must select pods for subset "{text(subset.get("name"))}", but none has '
                    f'"{selector_text(wanted)}"'
                )
                yield Finding(NO_PODS, rule, message, f"{path}.labels")


class _Endpoints:
    """What subsets of a fleet may select, by labels, those that Istio adds included.

    Unlike istioctl it knows the endpoints of ServiceEntries, the clusters of the fleet, and that
    a pod which does not run yet may run anywhere.
    """

    def __init__(self, fleet: Fleet) -> None:
        self._with_label: dict[tuple[str, str], set[int]] = {}
        self._with_any: dict[str, set[int]] = {}
        self._count = 0
        for view in fleet.views.values():
            nodes = {node.name: node.labels for node in view.of("Node", "")}
            for pod in pods(view):
                unknown = () if pod.kind == "Pod" else _PLACED
                self._add([*pod.labels.items(), *_added(pod, nodes)], unknown, view.name)
            for labels in _endpoint_labels(view):
                self._add(labels.items(), (), view.name)

    def have(self, wanted: Mapping[str, str]) -> bool:
        """Say whether something has all these labels, or may get them where it will run."""
        sets = [
            (self._with_label.get(each, set()), self._with_any.get(each[0], set()))
            for each in wanted.items()
        ]
        sets.sort(key=lambda pair: len(pair[0]) + len(pair[1]))
        candidates = chain(*sets[0]) if sets else range(self._count)
        return any(
            all(each in exact or each in free for exact, free in sets) for each in candidates
        )

    def _add(self, labels: Iterable[tuple[str, str]], unknown: Iterable[str], cluster: str) -> None:
        number = self._count
        self._count += 1
        for label in (*labels, (_CLUSTER, cluster)):
            self._with_label.setdefault(label, set()).add(number)
        for key in unknown if cluster else (*unknown, _CLUSTER):
            self._with_any.setdefault(key, set()).add(number)


def _endpoint_labels(view: ClusterView) -> Iterator[Mapping[str, str]]:
    for entry in view.of("ServiceEntry", ISTIO_NETWORKING):
        yield from (
            labels_in(each.get("labels")) for each in mappings(spec_of(entry).get("endpoints"))
        )
    for workload in view.of("WorkloadEntry", ISTIO_NETWORKING):
        yield labels_in(spec_of(workload).get("labels"))


def _added(pod: Workload, nodes: Mapping[str, Mapping[str, str]]) -> Iterator[tuple[str, str]]:
    """Yield the labels by which Istio says where a pod runs; without zone there is no subzone."""
    node = text(spec_of(pod.resource).get("nodeName")) if pod.resource else ""
    labels = nodes.get(node, {})
    keys = _LOCALITY if labels.get(_ZONE) else _LOCALITY[:1]
    yield from ((key, labels[key]) for key in keys if labels.get(key))
    if node:
        yield _NODE, node
