"""All that is said about a node, put together."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import reduce

from krmfn.cluster_profiler.devices import explain
from krmfn.cluster_profiler.facts import Amounts, Device, Node, NodeView, Pool, Taint
from krmfn.cluster_profiler.nfd import Features, Outcome, Rule, run_rules
from krmfn.cluster_profiler.reading import less, read_amounts
from krmfn.sdk import Result, info, warning

_POOLS = "sriov.pool"


def join(
    views: Sequence[NodeView], rules: Sequence[Rule], pools: Sequence[Pool]
) -> tuple[list[Node], list[Result]]:
    """Put the views of the nodes of one cluster together.

    Args:
        views: what is said about its nodes, in order of precedence.
        rules: the NodeFeatureRules of the cluster.
        pools: what is said about device resources before all else.

    Returns:
        the nodes by name, and results for what is said of nodes that are not there, and for
        facts that differ.
    """
    nodes = {view.node: view for view in views if view.offers is not None}
    by_name: dict[str, list[NodeView]] = {}
    for view in views:
        if view.node:
            by_name.setdefault(view.node, []).append(view)
    chosen = [view for view in views if not view.node]
    results = list(_strangers(view for view in views if view.node and view.node not in nodes))
    joined = []
    for name in sorted(nodes, key=_natural):
        of_node = [
            *by_name[name],
            *(view for view in chosen if view.is_of(name, nodes[name].labels)),
        ]
        node, said = _joined(nodes[name], of_node, rules, pools)
        joined.append(node)
        results += said
    return joined, results


def _joined(
    own: NodeView, views: Sequence[NodeView], rules: Sequence[Rule], pools: Sequence[Pool]
) -> tuple[Node, list[Result]]:
    features = _features(views)
    asked = {key: text for view in views if view is not own for key, text in view.labels.items()}
    made = run_rules(rules, features, asked) if rules or asked else Outcome()
    extended, wrong = read_amounts(made.extended_resources, own.of, "status.allocatable")
    allocatable: Amounts = {**extended, **(own.allocatable or {})}
    requested, usage_says = _requested(views)
    available = None if requested is None else less(allocatable, requested)
    labels = {**made.labels, **own.labels}
    policy, policy_says = _policy(own, views)
    zones = next((view.zones for view in views if view.zones), ())
    known_pools = (*pools, *(pool for view in views for pool in view.pools))
    devices, unexplained = explain(allocatable, available, labels, zones, known_pools)
    taints = {*own.taints, *(Taint(each.key, each.value, each.effect) for each in made.taints)}
    node = Node(
        name=own.node,
        offers=bool(own.offers),
        allocatable=allocatable,
        available=available,
        labels=labels,
        taints=tuple(sorted(taints)),
        features=_with_pools(features, devices, whole=not unexplained),
        topology_policy=policy,
        zones=zones,
        devices=devices,
        unexplained=unexplained,
        unreadable=own.unreadable,
    )
    problems = [
        warning(f"{problem}, on node `{own.node}`", code="bad-feature-rule", at=own.of)
        for problem in made.problems
    ]
    return node, [*wrong, *usage_says, *policy_says, *problems]


def _features(views: Sequence[NodeView]) -> Features:
    """Lay features together: what NFD saw, then what the Node shows, then what is meant to be."""
    seen = reduce(Features.merged, (v.features for v in reversed(views) if v.features), Features())
    weak = reduce(Features.merged, (v.weak for v in reversed(views) if v.weak), Features())
    return seen.backed_by(weak)


def _with_pools(features: Features, devices: Iterable[Device], *, whole: bool) -> Features:
    """Add the feature set `sriov.pool`, one instance a pool of virtual functions."""
    pools = {device.pool for device in devices if device.pool.kind == "sriov-vf"}
    instances = tuple(_attributes(pool) for pool in sorted(pools, key=lambda pool: pool.resource))
    whole = whole and all(pool.rdma is not None for pool in pools)
    partial = frozenset[str]() if whole else frozenset({_POOLS})
    return features.merged(Features(instances={_POOLS: instances}, partial=partial))


def _attributes(pool: Pool) -> Mapping[str, str]:
    rdma = "" if pool.rdma is None else str(pool.rdma).lower()
    given = {
        "resourceName": pool.resource,
        "driver": pool.driver,
        "vendor": pool.vendor,
        "model": pool.model,
        "network": pool.network,
        "rdma": rdma,
    }
    return {name: text for name, text in given.items() if text}


def _requested(views: Sequence[NodeView]) -> tuple[Amounts | None, list[Result]]:
    told = [view for view in views if view.requested is not None]
    return (told[0].requested if told else None), _differ(
        "what its pods request", [(view, _text(view.requested or {})) for view in told]
    )


def _policy(own: NodeView, views: Sequence[NodeView]) -> tuple[str, list[Result]]:
    told = [(view, view.topology_policy) for view in views if view.topology_policy]
    said = _differ(f"the topology policy of node `{own.node}`", told)
    return (told[0][1] if told else ""), said


def _differ(fact: str, told: Sequence[tuple[NodeView, str]]) -> list[Result]:
    """Say where two sources tell a fact differently; the first one holds."""
    if len({text for _, text in told}) < 2:
        return []
    words = [f'"{text}" by {view.of.kind} `{view.of.name}`' for view, text in told]
    message = f"{fact} is {', but '.join(words)}; the first holds"
    return [info(message, code="facts-differ", at=told[0][0].of)]


def _strangers(views: Iterable[NodeView]) -> Iterator[Result]:
    """Yield a result for what is said of nodes that no Node object shows."""
    seen: set[tuple[int, str]] = set()
    for view in views:
        if (id(view.of), view.node) not in seen:
            seen.add((id(view.of), view.node))
            yield warning(
                f"must be of a node whose Node object is there, but there is none of the name "
                f'"{view.node}" in its cluster; it is passed over',
                code="node-missing",
                at=view.of,
            )


def _text(amounts: Amounts) -> str:
    return ", ".join(f"{name} {amount}" for name, amount in sorted(amounts.items()))


def _natural(name: str) -> tuple[object, ...]:
    """Order names as people do: `w2` before `w10`."""
    parts = re.split(r"([0-9]+)", name)
    return tuple((int(part), "") if part.isdecimal() else (-1, part) for part in parts)
