"""Pods go to the nodes that were chosen for them, and run there as the intent wants."""

from collections.abc import Mapping, Sequence
from typing import Any

from krmfn.kinds.pods import REQUIRED, mapping, mappings, nodes_allowed, scheduling_demands
from krmfn.placement_resolver.emit.pods.template import Target, Template, with_spec
from krmfn.placement_resolver.fleet import NodeGroup, Taint

_HARD = ("NoSchedule", "NoExecute")
_HOSTNAME = "kubernetes.io/hostname"
_NOTHING: tuple[str, str, tuple[str, ...]] = ("", "", ())


def with_node_labels(template: Template, target: Target) -> Template:
    """Select the nodes of the group by the labels that tell them from the others."""
    selected = mapping(template["spec"], "nodeSelector")
    missing = {key: value for key, value in target.plan.node_labels.items() if key not in selected}
    return with_spec(template, nodeSelector={**selected, **missing}) if missing else template


def with_tolerations(template: Template, target: Target) -> Template:
    """Bear the taints of the group that keep pods away."""
    borne = scheduling_demands(template["spec"]).tolerations
    missing = {
        (taint.key, taint.value, taint.effect): _toleration(taint)
        for taint in target.plan.taints
        if taint.effect in _HARD and not any(each.bears(taint) for each in borne)
    }
    if not missing:
        return template
    given = mappings(template["spec"], "tolerations")
    return with_spec(template, tolerations=[*given, *missing.values()])


def with_node_affinity(template: Template, target: Target) -> Template:
    """Keep off groups that would still take the pods, by labels that only those have or lack."""
    demands = scheduling_demands(template["spec"])
    names = target.plan.group.split(",")
    own = [group for group in target.cluster.groups if group.name in names]
    avoided: dict[tuple[str, str], set[str]] = {}
    for rival in target.plan.rivals:
        if nodes_allowed(demands, rival.labels, rival.taints):
            key, operator, values = _difference(own, rival)
            avoided.setdefault((key, operator), set()).update(values)
    avoided.pop(_NOTHING[:2], None)
    added = [
        {"key": key, "operator": operator} | ({"values": sorted(values)} if values else {})
        for (key, operator), values in sorted(avoided.items())
    ]
    return with_spec(template, affinity=_narrowed(template["spec"], added)) if added else template


def with_runtime_class(template: Template, target: Target) -> Template:
    """Run the pods with the runtime class of the intent, where it names one."""
    name = target.spec.runtime_class_name
    return with_spec(template, runtimeClassName=name) if name else template


def _toleration(taint: Taint) -> dict[str, str]:
    if not taint.value:
        return {"key": taint.key, "operator": "Exists", "effect": taint.effect}
    equal = {"key": taint.key, "operator": "Equal", "value": taint.value}
    return {**equal, "effect": taint.effect}


def _difference(own: Sequence[NodeGroup], rival: NodeGroup) -> tuple[str, str, tuple[str, ...]]:
    """Give a demand that all own groups fulfil and the rival does not."""
    keys = {key for group in (rival, *own) for key in group.labels}
    for key in sorted(keys - {_HOSTNAME}):
        value = rival.labels.get(key)
        values = {group.labels.get(key) for group in own}
        if value is not None and value not in values:
            return key, "NotIn", (value,)
        if value is None and None not in values:
            return key, "Exists", ()
    return _NOTHING


def _narrowed(spec: Mapping[str, Any], added: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Give the affinity with demands added to each of its terms, of which one must hold."""
    affinity = mapping(spec, "affinity")
    of_nodes = mapping(affinity, "nodeAffinity")
    given = mapping(of_nodes, REQUIRED)
    terms = [
        {**term, "matchExpressions": [*mappings(term, "matchExpressions"), *added]}
        for term in mappings(given, "nodeSelectorTerms")
        if any(term.values())  # one without demands holds nowhere
    ]
    required = {**given, "nodeSelectorTerms": terms or [{"matchExpressions": [*added]}]}
    return {**affinity, "nodeAffinity": {**of_nodes, REQUIRED: required}}
