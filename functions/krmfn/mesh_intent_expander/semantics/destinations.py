"""Which DestinationRule holds for a host, and what it says.

Source: Istio's API reference, "Destination Rule", ``pilot/pkg/model/destination_rule.go`` and
``push_context.go``: the client's namespace, then the host's, then the root namespace; the first one
that has any rule for the host holds alone.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from krmfn.mesh_intent_expander.semantics.hosts import full_name, is_wildcard, most_specific
from krmfn.mesh_intent_expander.semantics.ordering import age, is_exported
from krmfn.mesh_intent_expander.semantics.registry import Host
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
class Policy:
    """How a host is treated; each part as it is written, empty when it is not.

    Attributes:
        mtls: the mode of `tls` as Istio takes it to tell which endpoints speak mutual TLS.
    """

    tls: Mapping[str, Any] = field(default_factory=dict)
    balancer: Mapping[str, Any] = field(default_factory=dict)
    has_outlier_detection: bool = False
    mtls: str = ""

    @property
    def mode(self) -> str:
        """The mode of ``tls``, "" where the mesh decides."""
        return _mode(self.tls)


@dataclass(frozen=True, slots=True, eq=False)
class DestinationRule:
    """A DestinationRule, or several of one host and namespace in one.

    Attributes:
        resources: what it was made of, the one whose policy holds first.
        subsets: by name, as they are written, each with its object and field.
    """

    host: str
    namespace: str
    resources: tuple[Resource, ...]
    policy: Mapping[str, Any]
    subsets: Mapping[str, tuple[Mapping[str, Any], Resource, str]]
    export_to: frozenset[str] = frozenset()
    selector: Mapping[str, str] = field(default_factory=dict)

    def labels_of(self, subset: str) -> dict[str, str]:
        """Give the labels that the endpoints of a subset have."""
        return labels_in(self.subsets[subset][0].get("labels"))

    def policy_for(self, port: int, subset: str = "") -> Policy:
        """Give how a port, of a subset when it is named, is treated."""
        merged = _merged({}, self.policy, port)
        mode = _mode_for(self.policy, port)
        if subset in self.subsets:
            own = mapping(self.subsets[subset][0].get("trafficPolicy"))
            merged = _merged(merged, own, port)
            mode = _mode_for(own, port) or mode
        return Policy(
            tls=mapping(merged.get("tls")),
            balancer=mapping(merged.get("loadBalancer")),
            has_outlier_detection=merged.get("outlierDetection") is not None,
            mtls=mode,
        )


_PARTS = ("tls", "loadBalancer", "outlierDetection")
NO_POLICY = Policy()


def _merged(parent: Mapping[str, Any], policy: Mapping[str, Any], port: int) -> dict[str, Any]:
    """Put a policy over another; its part for a port inherits nothing."""
    merged = {key: policy.get(key, parent.get(key)) for key in _PARTS}
    own = _of_port(policy, port)
    return merged if own is None else {key: own.get(key) for key in _PARTS}


def _of_port(policy: Mapping[str, Any], port: int) -> Mapping[str, Any] | None:
    for each in mappings(policy.get("portLevelSettings")):
        if number(mapping(each.get("port")).get("number")) == port:
            return each
    return None


def _mode_for(policy: Mapping[str, Any], port: int) -> str:
    own = mapping((_of_port(policy, port) or {}).get("tls"))
    return _mode(own or mapping(policy.get("tls")))


def _mode(tls: Mapping[str, Any]) -> str:
    return str(tls.get("mode") or "DISABLE") if tls else ""


_Table = dict[str, dict[str, list[DestinationRule]]]


class DestinationRules:
    """The DestinationRules of a control plane: by namespace and host, for whom they are."""

    def __init__(self, config: ClusterView) -> None:
        self._root = config.root_namespace
        self._inside: _Table = {}
        self._outside: _Table = {}
        self._known: dict[tuple[str, str, str], list[DestinationRule]] = {}
        resources = sorted(config.of("DestinationRule", ISTIO_NETWORKING), key=age)
        read = [_read(resource, config.domain) for resource in resources]
        for rule in sorted(read, key=lambda each: not each.selector):
            is_private = rule.export_to in ({"."}, {rule.namespace})
            if not is_private:
                _add(self._outside, rule)
            if is_private or (
                rule.namespace != self._root
                and is_exported(rule.export_to, rule.namespace, rule.namespace)
            ):
                _add(self._inside, rule)

    def __iter__(self) -> Iterator[DestinationRule]:
        seen: set[tuple[Resource, ...]] = set()
        for table in (self._inside, self._outside):
            for rule in (
                each for hosts in table.values() for rules in hosts.values() for each in rules
            ):
                if rule.resources not in seen:
                    seen.add(rule.resources)
                    yield rule

    def of(
        self, host: Host, name: str, namespace: str, labels: Mapping[str, str]
    ) -> DestinationRule | None:
        """Give the rule that holds for clients of a namespace whose pods have these labels."""
        key = (host.namespace, name, namespace)
        if key not in self._known:
            self._known[key] = self._seen(*key)
        return _chosen(self._known[key], namespace, labels)

    def _seen(self, owner: str, name: str, namespace: str) -> list[DestinationRule]:
        """Give the rules for a host that clients of a namespace have to choose from."""
        if found := _closest(self._inside.get(namespace, {}), name):
            return found
        for place in (owner, self._root):
            found = _closest(self._outside.get(place, {}), name)
            seen = [each for each in found if is_exported(each.export_to, place, namespace)]
            if seen:
                return seen
        return []


def _closest(rules: Mapping[str, list[DestinationRule]], name: str) -> list[DestinationRule]:
    """Give the rules for the host that is closest to a name."""
    if name in rules:
        return rules[name]
    closest = most_specific(name, filter(is_wildcard, rules))
    return rules[closest] if closest else []


def _chosen(
    rules: Iterable[DestinationRule], namespace: str, labels: Mapping[str, str]
) -> DestinationRule | None:
    last = None
    for rule in rules:
        if rule.selector:
            if rule.namespace == namespace and selects(rule.selector, labels):
                return rule
        else:
            last = rule
    return last


def _read(resource: Resource, domain: str) -> DestinationRule:
    spec, namespace = spec_of(resource), namespace_of(resource)
    selector = labels_in(mapping(spec.get("workloadSelector")).get("matchLabels"))
    host = spec.get("host")
    return DestinationRule(
        host=full_name(host if isinstance(host, str) else "", namespace, domain).lower(),
        namespace=namespace,
        resources=(resource,),
        policy=mapping(spec.get("trafficPolicy")),
        subsets=dict(_subsets(resource, spec)),
        export_to=frozenset((".",) if selector else strings(spec.get("exportTo"))),
        selector=selector,
    )


def _subsets(
    resource: Resource, spec: Mapping[str, Any]
) -> Iterator[tuple[str, tuple[Mapping[str, Any], Resource, str]]]:
    for index, subset in reversed(list(enumerate(mappings(spec.get("subsets"))))):
        if isinstance(name := subset.get("name"), str):
            yield name, (subset, resource, f"spec.subsets[{index}]")


def _add(table: _Table, new: DestinationRule) -> None:
    """Add a rule to those of its host: into those that fewer or the same namespaces see, or apart.

    As in Istio, what went into another rule is not there for the namespaces that do not see that.
    """
    rules = table.setdefault(new.namespace, {}).setdefault(new.host, [])
    stands_apart = True
    for index, old in enumerate(rules):
        same = old.export_to == new.export_to
        stands_apart = not same
        if not same and not (old.export_to and old.export_to <= new.export_to):
            continue
        if old.selector and new.selector and old.selector != new.selector:
            stands_apart = True
            continue
        if old.selector == new.selector:
            stands_apart = False
        rules[index] = _both(old, new)
    if stands_apart:
        rules.append(new)


def _both(old: DestinationRule, new: DestinationRule) -> DestinationRule:
    """Put two rules together: the older one's policy holds, and its subsets where both have one."""
    takes_new = not old.policy and bool(new.policy)
    resources = (new.resources + old.resources) if takes_new else (old.resources + new.resources)
    return replace(
        old,
        resources=resources,
        policy=new.policy if takes_new else old.policy,
        subsets={**new.subsets, **old.subsets},
    )
