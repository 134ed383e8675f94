"""AuthorizationPolicy: who may call what."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from krmfn.mesh_intent_expander.plan.common import Emitted
from krmfn.mesh_intent_expander.plan.security import (
    AccessPolicy,
    AccessRule,
    Called,
    Guarded,
    Source,
)

DRY_RUN = "istio.io/dry-run"


def authorization_policies(policies: Iterable[AccessPolicy]) -> Iterator[Emitted]:
    """Yield an AuthorizationPolicy for each intent and action.

    An ALLOW without rules has no ``rules`` at all: nothing is allowed.
    """
    for policy in policies:
        metadata: dict[str, Any] = {"name": policy.name, "namespace": policy.target.namespace}
        if policy.dry_run:
            metadata["annotations"] = {DRY_RUN: "true"}
        spec = attachment(policy.target) | {"action": policy.action}
        if policy.provider:
            spec["provider"] = {"name": policy.provider}
        if policy.rules:
            spec["rules"] = [_rule(rule) for rule in policy.rules]
        body = {
            "apiVersion": "security.istio.io/v1",
            "kind": "AuthorizationPolicy",
            "metadata": metadata,
            "spec": spec,
        }
        yield Emitted(body, policy.clusters, "security", policy.by)


def attachment(target: Guarded) -> dict[str, Any]:
    """Give the fields that say what a policy is attached to."""
    if target.waypoint_of:
        names = (target.waypoint_of, *target.parts)
        return {"targetRefs": [{"group": "", "kind": "Service", "name": name} for name in names]}
    return {"selector": {"matchLabels": dict(target.selector)}}


def _rule(rule: AccessRule) -> dict[str, Any]:
    conditions = [
        _given({"values": when.values, "notValues": when.not_values}, key=when.key)
        for when in rule.conditions
    ]
    return _given(
        {
            "from": [{"source": _source(source)} for source in rule.sources],
            "to": [{"operation": _operation(called)} for called in rule.operations],
            "when": conditions,
        }
    )


def _source(source: Source) -> dict[str, Any]:
    return _given(
        {
            "principals": source.principals,
            "requestPrincipals": source.request_principals,
            "namespaces": source.namespaces,
            "ipBlocks": source.ip_blocks,
        }
    )


def _operation(called: Called) -> dict[str, Any]:
    return _given(
        {
            "methods": called.methods,
            "paths": called.paths,
            "ports": [str(port) for port in called.ports],
            "hosts": called.hosts,
        }
    )


def _given(fields: Mapping[str, Iterable[Any]], **head: Any) -> dict[str, Any]:
    """Give those fields that say something, after others."""
    return head | {name: list(values) for name, values in fields.items() if values}
