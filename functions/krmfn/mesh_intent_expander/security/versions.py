"""Services made for versions of a Service: who calls one by itself is judged alike."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from krmfn.mesh_intent_expander.plan.common import ServiceKey
from krmfn.mesh_intent_expander.plan.destinations import shortened
from krmfn.mesh_intent_expander.plan.routes import VersionService
from krmfn.mesh_intent_expander.plan.security import (
    AccessPolicy,
    Guarded,
    SecurityPlan,
    TokenPolicy,
)

_MOST = 16
"""How many targets a policy may have (``maxItems`` of Istio's CustomResourceDefinitions)."""

_Policy = TypeVar("_Policy", AccessPolicy, TokenPolicy)


def with_versions(plan: SecurityPlan, services: Iterable[VersionService]) -> SecurityPlan:
    """Attach what the waypoint of a Service applies to the Services of its versions as well."""
    parts: dict[ServiceKey, list[VersionService]] = {}
    for each in services:
        parts.setdefault(each.service, []).append(each)
    return replace(
        plan,
        accesses=tuple(new for each in plan.accesses for new in _attached(each, parts)),
        tokens=tuple(new for each in plan.tokens for new in _attached(each, parts)),
    )


def _attached(
    policy: _Policy, parts: Mapping[ServiceKey, Sequence[VersionService]]
) -> Iterator[_Policy]:
    """Yield a policy, and copies of it for the Services that it has no room for."""
    for suffix, target in _targets(policy.target, policy.clusters, parts):
        yield replace(policy, name=shortened(policy.name + suffix), target=target)


def _targets(
    target: Guarded, clusters: Sequence[str], parts: Mapping[ServiceKey, Sequence[VersionService]]
) -> Iterator[tuple[str, Guarded]]:
    """Yield what a policy is attached to, each with what is added to the policy's name."""
    mine = parts.get(ServiceKey(target.namespace, target.waypoint_of), ())
    names = sorted({each.name for each in mine if {*clusters} & {*each.clusters}})
    yield "", replace(target, parts=tuple(names[: _MOST - 1]))
    for number, first in enumerate(range(_MOST - 1, len(names), _MOST), 2):
        head, *rest = names[first : first + _MOST]
        yield f"-{number}", replace(target, waypoint_of=head, parts=tuple(rest))
