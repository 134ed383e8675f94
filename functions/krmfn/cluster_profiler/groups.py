"""Nodes that are alike, told as one group."""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace

from krmfn.cluster_profiler.facts import Amounts, Device, Grade, Node, Zone
from krmfn.cluster_profiler.nfd import short_flags
from krmfn.cluster_profiler.nfd.verdicts import Verdict

MOST_GROUPS = 32
"""The most groups of one cluster; beyond it, groups that differ least become one."""

_OF_ONE_NODE = ("kubernetes.io/hostname", "nvidia.com/gfd.timestamp")
_PLACES = "topology.kubernetes.io/"
_ENOUGH_TO_TELL = 3


@dataclass(frozen=True, slots=True)
class Group:
    """Nodes that are alike; amounts are what each of them has at least.

    Attributes:
        of: the node that stands for them all: of what they differ in, only what holds for each.
        able: what is decided of every one of them, capability by capability.
    """

    name: str
    count: int
    of: Node
    features: tuple[str, ...]
    able: tuple[Verdict, ...]


_Member = tuple[Node, tuple[str, ...], tuple[Verdict, ...]]


def group(
    nodes: Sequence[Node], able: Sequence[tuple[Verdict, ...]]
) -> tuple[tuple[Group, ...], str]:
    """Put nodes that are alike into groups, at most `MOST_GROUPS`.

    Args:
        nodes: nodes that take pods, in order.
        able: for each node the verdicts on its capabilities.

    Returns:
        the groups in the order of their first nodes, and in words what nodes of one group may
        still differ in, "" where they do not.
    """
    plain = _without_own_labels(nodes)
    members = [
        (node, short_flags(node.features), verdicts)
        for node, verdicts in zip(plain, able, strict=True)
    ]
    ways = ((words, _classes(members, key)) for words, key in _LEVELS)
    words, classes = next(way for way in ways if len(way[1]) <= MOST_GROUPS)
    return tuple(_group(f"g{number}", alike) for number, alike in enumerate(classes)), words


def grade_group(grade: Grade) -> Group:
    """Give nodes of which only a least free amount is known as a group."""
    node = Node(grade.name, offers=True, allocatable=grade.available, available=grade.available)
    return Group(grade.name, grade.count, node, (), ())


def _classes(members: Sequence[_Member], key: Callable[[_Member], Hashable]) -> list[list[_Member]]:
    classes: dict[Hashable, list[_Member]] = {}
    for member in members:
        classes.setdefault(key(member), []).append(member)
    return list(classes.values())


def _group(name: str, members: Sequence[_Member]) -> Group:
    nodes = [node for node, _, _ in members]
    first = nodes[0]
    policies = {node.topology_policy for node in nodes}
    free = [node.available for node in nodes]
    common = replace(
        first,
        allocatable=_least([node.allocatable for node in nodes]),
        available=_least_known(free),
        labels=dict(sorted(set.intersection(*(set(node.labels.items()) for node in nodes)))),
        taints=tuple(sorted({taint for node in nodes for taint in node.taints})),
        topology_policy=first.topology_policy if len(policies) == 1 else "",
        zones=_least_zones([node.zones for node in nodes]),
        devices=_least_devices([node.devices for node in nodes]),
    )
    features = set.intersection(*(set(flags) for _, flags, _ in members))
    verdicts = zip(*(able for _, _, able in members), strict=True)
    agreed = (of[0] if len(set(of)) == 1 else None for of in verdicts)
    return Group(name, len(nodes), common, tuple(sorted(features)), tuple(agreed))


def _without_own_labels(nodes: Sequence[Node]) -> list[Node]:
    """Take the labels away that tell nodes apart instead of saying what they are."""
    values: dict[str, list[str]] = {}
    for node in nodes:
        for key, value in node.labels.items():
            values.setdefault(key, []).append(value)
    own = {
        key
        for key, found in values.items()
        if len(found) >= _ENOUGH_TO_TELL
        and len(set(found)) == len(found)
        and not key.startswith(_PLACES)
    }
    own.update(_OF_ONE_NODE)
    return [
        replace(
            node,
            labels={
                key: value
                for key, value in node.labels.items()
                if key not in own and value != node.name
            },
        )
        for node in nodes
    ]


def _amounts(amounts: Amounts | None) -> Hashable:
    return None if amounts is None else frozenset(amounts.items())


def _kind(member: _Member) -> Hashable:
    node, features, able = member
    labels = frozenset(node.labels.items())
    return labels, node.taints, features, node.topology_policy, able


def _kind_and_resources(member: _Member) -> Hashable:
    node = member[0]
    return (
        _kind(member),
        frozenset(name for name, amount in node.allocatable.items() if amount),
        tuple(zone.name for zone in node.zones),
        tuple((device.pool, device.zone) for device in node.devices),
    )


def _kind_and_size(member: _Member) -> Hashable:
    node = member[0]
    return (
        _kind_and_resources(member),
        _amounts(node.allocatable),
        tuple((zone.name, _amounts(zone.allocatable)) for zone in node.zones),
        tuple(device.allocatable for device in node.devices),
    )


def _everything(member: _Member) -> Hashable:
    node = member[0]
    return (
        _kind_and_size(member),
        _amounts(node.available),
        tuple(_amounts(zone.available) for zone in node.zones),
        tuple(device.available for device in node.devices),
    )


def _taints_and_abilities(member: _Member) -> Hashable:
    return member[0].taints, member[2]


_LEVELS: tuple[tuple[str, Callable[[_Member], Hashable]], ...] = (
    ("", _everything),
    ("free amounts", _kind_and_size),
    ("amounts", _kind_and_resources),
    ("amounts, labels, features and devices", _taints_and_abilities),
    ("anything", lambda _: ()),
)
"""Ever coarser ways to call nodes alike, with what is then left out of account."""


def _least(amounts: Sequence[Amounts]) -> Amounts:
    if all(each == amounts[0] for each in amounts):
        return amounts[0]
    shared = set.intersection(*(set(each) for each in amounts))
    return {name: min(each[name] for each in amounts) for name in sorted(shared)}


def _least_known(amounts: Sequence[Amounts | None]) -> Amounts | None:
    known = [each for each in amounts if each is not None]
    return _least(known) if len(known) == len(amounts) else None


def _least_zones(of_nodes: Sequence[tuple[Zone, ...]]) -> tuple[Zone, ...]:
    names = [tuple(zone.name for zone in zones) for zones in of_nodes]
    if len(set(names)) > 1:
        return ()
    return tuple(
        Zone(
            zones[0].name,
            _least([zone.allocatable for zone in zones]),
            _least_known([zone.available for zone in zones]),
        )
        for zones in zip(*of_nodes, strict=True)
    )


def _least_devices(of_nodes: Sequence[tuple[Device, ...]]) -> tuple[Device, ...]:
    by_identity: dict[Hashable, list[Device]] = {}
    for devices in of_nodes:
        for device in devices:
            by_identity.setdefault((device.pool, device.zone), []).append(device)
    return tuple(
        Device(
            alike[0].pool,
            min(device.allocatable for device in alike),
            _least_count([device.available for device in alike]),
            alike[0].zone,
        )
        for alike in by_identity.values()
        if len(alike) == len(of_nodes)
    )


def _least_count(counts: Sequence[int | None]) -> int | None:
    known = [count for count in counts if count is not None]
    return min(known) if len(known) == len(counts) else None
