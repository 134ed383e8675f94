"""DestinationRule: how clients treat a host."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from krmfn.mesh_intent_expander.intents.treatment import SessionAffinity
from krmfn.mesh_intent_expander.plan.common import Emitted
from krmfn.mesh_intent_expander.plan.destinations import Destination, TrafficPolicy
from krmfn.sdk.times import parse_span


def destination_rules(destinations: Iterable[Destination]) -> Iterator[Emitted]:
    """Yield the DestinationRule of each host, for each way in which clusters treat it."""
    for each in destinations:
        spec: dict[str, Any] = {"host": each.host}
        if each.export_to:
            spec["exportTo"] = list(each.export_to)
        if policy := _policy(each.policy):
            spec["trafficPolicy"] = policy
        if each.subsets:
            spec["subsets"] = [
                {"name": subset.name, "labels": dict(sorted(subset.labels.items()))}
                for subset in each.subsets
            ]
        body = {
            "apiVersion": "networking.istio.io/v1",
            "kind": "DestinationRule",
            "metadata": {"name": each.name, "namespace": each.namespace},
            "spec": spec,
        }
        yield Emitted(body, each.clusters, "destinations", each.by)


def _policy(policy: TrafficPolicy) -> dict[str, Any]:
    tls: dict[str, Any] = {"mode": policy.tls} if policy.tls else {}
    if policy.sans:
        tls["subjectAltNames"] = list(policy.sans)
    parts = {
        "tls": tls,
        "outlierDetection": _outlier_detection(policy),
        "loadBalancer": _load_balancer(policy),
    }
    return {name: part for name, part in parts.items() if part}


def _outlier_detection(policy: TrafficPolicy) -> Mapping[str, Any]:
    """Give what leaves failing endpoints out: all of them may be, or failover would never begin."""
    if not policy.errors:
        return {}
    found: dict[str, Any] = {
        "consecutive5xxErrors": policy.errors if policy.counts_answers else 0,
        "consecutiveGatewayErrors": policy.errors,
        "interval": "10s",
        "baseEjectionTime": "30s",
        "maxEjectionPercent": 100,
    }
    if policy.min_health_percent:
        found["minHealthPercent"] = policy.min_health_percent
    return found


def _load_balancer(policy: TrafficPolicy) -> Mapping[str, Any]:
    found: dict[str, Any] = {}
    if policy.affinity is not None:
        found["consistentHash"] = _consistent_hash(policy.affinity)
    elif policy.balancer:
        found["simple"] = policy.balancer
    if locality := _locality(policy):
        found["localityLbSetting"] = {"enabled": True, **locality}
    return found


def _consistent_hash(affinity: SessionAffinity) -> Mapping[str, Any]:
    if affinity.cookie:
        return {"httpCookie": {"name": affinity.cookie, "ttl": f"{parse_span(affinity.ttl):g}s"}}
    if affinity.header:
        return {"httpHeaderName": affinity.header}
    return {"useSourceIp": True}


def _locality(policy: TrafficPolicy) -> Mapping[str, Any]:
    if policy.distribute:
        return {
            "distribute": [
                {"from": source, "to": dict(sorted(shares.items()))}
                for source, shares in sorted(policy.distribute.items())
            ]
        }
    found: dict[str, Any] = {}
    if policy.failover_priority:
        found["failoverPriority"] = list(policy.failover_priority)
    if policy.failover:
        found["failover"] = [
            {"from": source, "to": target} for source, target in sorted(policy.failover.items())
        ]
    return found
