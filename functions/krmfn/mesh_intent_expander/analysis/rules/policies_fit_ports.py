"""AuthorizationPolicies name the ports of pods, and ask for HTTP where it is spoken.

Source: Istio's API reference, "Authorization Policy": on other traffic a rule of ALLOW that asks
for HTTP never matches, and of one of DENY only the rest counts.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from krmfn.mesh_intent_expander.analysis.finding import Code, Finding, Level
from krmfn.mesh_intent_expander.analysis.planes import governed, plane_of
from krmfn.mesh_intent_expander.analysis.policies import (
    PolicyRule,
    action_of,
    authorization_policies,
    rules_of,
)
from krmfn.mesh_intent_expander.analysis.reading import quoted
from krmfn.mesh_intent_expander.semantics.conditions import is_http_only
from krmfn.mesh_intent_expander.semantics.selecting import selecting
from krmfn.mesh_intent_expander.view import L7, ClusterView, Fleet, Workload, namespace_of
from krmfn.sdk import Resource

ON_TCP = Code(
    "http-policy-on-tcp",
    Level.WARNING,
    "A policy that asks for HTTP must be about ports that speak it.",
)
OF_SERVICE = Code(
    "policy-names-service-port",
    Level.WARNING,
    "A policy must name the ports of pods, and not those of their Service.",
)
CODES = (ON_TCP, OF_SERVICE)
_PORT = "destination.port"


class _Served(NamedTuple):
    """A port of a Service, and that of the pods behind it."""

    number: int
    protocol: str
    target: int


_ByPods = Mapping[int, list[_Served]]


def check(view: ClusterView, fleet: Fleet) -> Iterable[Finding]:
    """Yield rules about ports that the pods do not have, or that speak no HTTP."""
    plane = plane_of(view, fleet)
    for resource in authorization_policies(view) if plane else ():
        chosen = selecting(resource)
        if plane is None or chosen.targets or namespace_of(resource) == view.root_namespace:
            continue
        ports: set[_Served] = set()
        own: set[int] = set()
        for each in governed(plane, fleet):
            served = fleet.once(_served_by_pods, each)
            for pod in each.selected(namespace_of(resource), chosen.selector):
                ports.update(served.get(id(pod), ()))
                own.update(pod.ports.values())
        for rule in rules_of(resource) if ports else ():
            yield from _of_service(resource, rule, ports, own)
            yield from _on_tcp(resource, rule, ports)


def _served_by_pods(view: ClusterView) -> _ByPods:
    """Give the ports that Services have for each workload, by its identity."""
    found: dict[int, list[_Served]] = {}
    for service in view.services.values():
        for pod in view.workloads_of(service):
            for port in service.ports:
                target = _target(pod, port.target or port.number)
                if target is not None:
                    served = _Served(port.number, port.protocol, target)
                    found.setdefault(id(pod), []).append(served)
    return found


def _target(pod: Workload, target: int | str) -> int | None:
    return pod.ports.get(target) if isinstance(target, str) else target


def _of_service(
    resource: Resource, rule: PolicyRule, ports: set[_Served], own: set[int]
) -> Iterator[Finding]:
    targets = {each.target: each for each in ports}
    for condition in rule.conditions:
        for value in condition.values if condition.key == _PORT else ():
            meant = [each.target for each in ports if str(each.number) == value]
            if meant and not {value} & {str(each) for each in (*targets, *own)}:
                message = (
                    f"must be a port of the pods, {quoted(sorted(set(meant)))}, "
                    f"but {value} is that of their Service"
                )
                yield Finding(OF_SERVICE, resource, message, condition.field)


def _on_tcp(resource: Resource, rule: PolicyRule, ports: Iterable[_Served]) -> Iterator[Finding]:
    """Yield a rule that asks for HTTP of ports that all speak something else."""
    asked = next((each for each in rule.conditions if is_http_only(each.key)), None)
    meant = [each for each in ports if _is_meant(rule, each.target)]
    if asked is None or not meant or any(each.protocol in L7 for each in meant):
        return
    effect = {
        "ALLOW": "the rule never matches",
        "DENY": "the rule denies all that fits its other conditions",
    }.get(action_of(resource), "the rule is not obeyed")
    protocols = quoted(sorted({each.protocol for each in meant}))
    message = f"must be left out, for the ports speak {protocols}, not HTTP: {effect}"
    yield Finding(ON_TCP, resource, message, asked.field)


def _is_meant(rule: PolicyRule, target: int) -> bool:
    """Say whether a rule may be about a port of pods."""
    named = [
        {
            value
            for each in some
            if each.key == _PORT and not each.is_negated
            for value in each.values
        }
        for some in rule.operations
    ]
    return not named or any(not some or str(target) in some for some in named)
