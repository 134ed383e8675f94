"""In which order a client prefers endpoints, and which of them it leaves out.

Source: Istio's API reference, "LocalityLoadBalancerSetting", and
``pilot/pkg/networking/core/loadbalancer``.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from krmfn.mesh_intent_expander.semantics.destinations import Policy
from krmfn.mesh_intent_expander.view import mapping, mappings, number, strings

_NETWORK = "topology.istio.io/network"
_ELSEWHERE, _NOT_PREFERRED = 3, 4


def setting_of(policy: Policy, of_mesh: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """Give the locality setting that holds, None when locality plays no part.

    Args:
        policy: of the DestinationRule.
        of_mesh: MeshConfig's ``localityLbSetting``, None when it has none: it is on.
    """
    own = policy.balancer.get("localityLbSetting")
    setting = own if isinstance(own, Mapping) else mapping(of_mesh)
    return None if setting.get("enabled") is False else setting


def priorities(
    setting: Mapping[str, Any] | None,
    *,
    fails_over: bool,
    client: tuple[str, Mapping[str, str]],
    endpoints: Sequence[tuple[str, Mapping[str, str]]],
) -> list[int | None]:
    """Give the priority of each endpoint, 0 first; None for one that gets nothing.

    Args:
        setting: what holds.
        fails_over: whether failing endpoints are found out, without which all are alike.
        client: its locality as ``region/zone/subzone``, and its labels.
        endpoints: those of each endpoint.
    """
    if setting is None:
        return [0] * len(endpoints)
    if mappings(setting.get("distribute")):
        return _distributed(setting, client[0], endpoints)
    if not fails_over:
        return [0] * len(endpoints)
    keys = strings(setting.get("failoverPriority"))
    ranks: list[tuple[int, int]] = []
    for locality, labels in endpoints:
        by_label = _by_labels(keys, client[1], labels) if keys else 0
        regional = not keys or bool(mappings(setting.get("failover")))
        ranks.append((by_label, _by_place(setting, client[0], locality) if regional else 0))
    order = {rank: number_ for number_, rank in enumerate(sorted(set(ranks)))}
    return [order[rank] for rank in ranks]


def _distributed(
    setting: Mapping[str, Any], place: str, endpoints: Sequence[tuple[str, Mapping[str, str]]]
) -> list[int | None]:
    for rule in mappings(setting.get("distribute")):
        if is_in(place, str(rule.get("from") or "")):
            weights = {
                str(to): number(weight) or 0 for to, weight in mapping(rule.get("to")).items()
            }
            return [
                0 if any(is_in(locality, to) for to in weights) else None
                for locality, _ in endpoints
            ]
    return [0] * len(endpoints)


def is_in(place: str, wanted: str) -> bool:
    """Say whether a locality is in another one, in which "*" or nothing stands for any part."""
    parts = [*place.split("/"), "", ""][:3]
    asked = [*wanted.split("/"), "", ""][:3]
    if asked[0] not in ("*", parts[0]):
        return False
    return all(want in ("*", "", have) for have, want in zip(parts[1:], asked[1:], strict=True))


def _by_labels(keys: Sequence[str], client: Mapping[str, str], labels: Mapping[str, str]) -> int:
    """Give how many labels, from the first that differs, do not count; all alike is 0.

    A first label that is the network's only tells apart, and the others are compared as well.
    """
    adjust = 0
    for index, key in enumerate(keys):
        name, given, wanted = key.partition("=")
        if (wanted if given else client.get(name, "")) != labels.get(name, ""):
            if index == 0 and key == _NETWORK:
                adjust = len(keys)
                continue
            return len(keys) - index + adjust
    return adjust


def _by_place(setting: Mapping[str, Any], client: str, locality: str) -> int:
    """Give how far an endpoint is: same subzone, zone, region; another region; a worse one."""
    mine, its = [*client.split("/"), "", ""][:3], [*locality.split("/"), "", ""][:3]
    for level in (3, 2, 1):
        if mine[:level] == its[:level]:
            return 3 - level
    for rule in mappings(setting.get("failover")):
        if rule.get("from") == mine[0]:
            return _ELSEWHERE if its[0] == rule.get("to") else _NOT_PREFERRED
    return _ELSEWHERE
