"""From ClusterProfiles and ClusterCapacities to the clusters that placement knows."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache
from hashlib import sha256
from math import ceil
from sys import intern
from typing import Any

from krmfn.kinds import fleet as kinds
from krmfn.kinds.fleet import DOMAIN, ClusterCapacity
from krmfn.kinds.inventory import CLUSTER_PROFILE, GROUP, Property, properties_of
from krmfn.placement_resolver.amounts import PODS, all_offered
from krmfn.placement_resolver.fleet import (
    CAPACITY,
    Capability,
    Cluster,
    Device,
    NodeGroup,
    Taint,
    Zone,
)
from krmfn.placement_resolver.intents import PlacementPolicySpec
from krmfn.sdk import Package, Resource, Result, error, quantity, warning
from krmfn.sdk.times import parse_instant, parse_span

CAPABILITY = f"capability.{DOMAIN}/"
AVAILABLE = f"available.{DOMAIN}/"
ALLOCATABLE = f"allocatable.{DOMAIN}/"
_PODS_PER_NODE = 110
"""The kubelet's own limit, where a node does not tell one."""

_MOST_NODES = 5_000
"""The largest clusters that Kubernetes is tested with; of totals nobody knows how many nodes."""

_LONGEST_NAME = 253
_NO_FOLDER = re.compile(r"[/\\\x00-\x1f\x7f]|^\.+$")
_STATUS = {"true": "True", "false": "False"}


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of the fleet.

    Attributes:
        clusters: all clusters, by name in order.
        as_of: the time against which the age of facts is judged.
        digest: SHA-256 of the profiles.
    """

    clusters: tuple[Cluster, ...]
    as_of: str
    digest: str = ""


@dataclass(frozen=True, slots=True)
class _Profile:
    """A ClusterProfile: the head, and what its status tells."""

    name: str
    namespace: str
    labels: Mapping[str, str]
    properties: dict[str, Property]
    version: str
    healthy: bool
    digest: bytes


def read_facts(package: Package, policy: PlacementPolicySpec) -> tuple[Facts, list[Result]]:
    """Read the fleet of a package.

    Returns:
        the facts, and what is wrong with them: two profiles of one name, a capacity without a
        profile, an instant that is none.
    """
    profiles = package.select(kind=CLUSTER_PROFILE, group=GROUP)
    capacities = {each.metadata.name: each for each in package.of(ClusterCapacity)}
    problems = [*_twice(profiles), *_unnamed(profiles), *_alone(capacities, profiles)]
    read = [_profile(profile) for profile in profiles]
    as_of = policy.as_of or _newest([each.properties for each in read], capacities.values())
    limit = parse_span(policy.max_fact_age) if policy.max_fact_age else None
    oldest = _seconds(as_of) - limit if limit is not None and as_of else None
    clusters = {
        each.name: _cluster(each, capacities.get(each.name), _Trust(oldest, policy.headroom))
        for each in read
    }
    whole = sha256(b"".join(sorted(each.digest for each in read))).hexdigest()
    return Facts(tuple(clusters[name] for name in sorted(clusters)), as_of, whole), problems


@dataclass(frozen=True, slots=True)
class _Trust:
    """What of the facts counts: none older than `oldest`, and not what stays free as headroom."""

    oldest: float | None
    headroom: Mapping[str, str]

    def left(self, free: Mapping[str, int], whole: Mapping[str, int]) -> dict[str, int]:
        """Give what may be used of what is free."""
        if not self.headroom:
            return dict(free)
        return {
            name: max(0, amount - self._kept(name, whole.get(name, amount)))
            for name, amount in free.items()
        }

    def _kept(self, name: str, whole: int) -> int:
        share = Fraction(self.headroom.get(name, "0%").rstrip("%")) / 100
        return ceil(whole * share)


def _twice(profiles: Iterable[Resource]) -> Iterator[Result]:
    seen: dict[str, Resource] = {}
    for profile in profiles:
        first = seen.setdefault(profile.name, profile)
        if first is not profile:
            where = f" in {first.path}" if first.path else ""
            message = f'must be the only ClusterProfile "{profile.name}", but there is one{where}'
            yield error(message, code="cluster-twice", at=profile, field="metadata.name")


def _unnamed(profiles: Iterable[Resource]) -> Iterator[Result]:
    """Refuse names that cannot be those of a folder `clusters/<name>`."""
    for profile in profiles:
        name = profile.name
        if not 0 < len(name) <= _LONGEST_NAME or _NO_FOLDER.search(name):
            yield error(
                f"must be a name of at most {_LONGEST_NAME} characters that a folder can have, "
                f'but is "{name[:60]}"',
                code="cluster-name",
                at=profile,
                field="metadata.name",
            )


def _alone(
    capacities: Mapping[str, ClusterCapacity], profiles: Iterable[Resource]
) -> Iterator[Result]:
    named = {profile.name for profile in profiles}
    for name, capacity in capacities.items():
        if name not in named:
            message = f'must be named like a ClusterProfile of the package, but is "{name}"'
            yield warning(message, code="capacity-alone", at=capacity, field="metadata.name")


def _profile(profile: Resource) -> _Profile:
    """Read a profile, and forget its text's values: a fleet has thousands."""
    body = profile.parsed()
    metadata = body.get("metadata")
    labels = metadata.get("labels") if isinstance(metadata, Mapping) else {}
    labels = labels if isinstance(labels, Mapping) else {}
    status = body.get("status")
    status = status if isinstance(status, Mapping) else {}
    version = status.get("version")
    kept = json.dumps([labels, status, body.get("spec")], sort_keys=True, default=str)
    return _Profile(
        name=profile.name,
        namespace=profile.namespace,
        labels={intern(str(key)): intern(str(text)) for key, text in labels.items()},
        properties=properties_of(body),
        version=str(version.get("kubernetes", "")) if isinstance(version, Mapping) else "",
        healthy=_is_healthy(status.get("conditions")),
        digest=sha256(f"{profile.namespace}/{profile.name} {kept}".encode()).digest(),
    )


def _newest(
    properties: Iterable[Mapping[str, Property]], capacities: Iterable[ClusterCapacity]
) -> str:
    instants = {each.observed_at for known in properties for each in known.values()}
    instants |= {each.spec.observed_at or "" for each in capacities}
    known = [instant for instant in instants if _seconds(instant) is not None]
    return max(known, key=_seconds, default="")


@lru_cache(maxsize=65_536)
def _seconds(instant: str) -> Any:
    try:
        return parse_instant(instant)
    except ValueError:
        return None


def _is_old(instant: str, oldest: float | None) -> bool:
    """Say whether a fact is too old; one whose age nobody knows is, where age matters."""
    if oldest is None:
        return False
    seconds = _seconds(instant)
    return seconds is None or seconds < oldest


def _cluster(profile: _Profile, capacity: ClusterCapacity | None, trust: _Trust) -> Cluster:
    properties, stale = profile.properties, []
    if trust.oldest is not None:
        stale = sorted(
            name
            for name, known in properties.items()
            if known.observed_at and _is_old(known.observed_at, trust.oldest)
        )
        properties = {name: known for name, known in properties.items() if name not in stale}
    cluster = Cluster(
        name=profile.name,
        namespace=profile.namespace,
        labels=profile.labels,
        properties=properties,
        capabilities=_capabilities(properties),
        version=profile.version,
        healthy=profile.healthy,
        stale=tuple(stale),
    )
    if capacity is None:
        counted = min(
            (
                _seconds(known.observed_at)
                for name, known in properties.items()
                if name.startswith(AVAILABLE) and _seconds(known.observed_at) is not None
            ),
            default=None,
        )
        return replace(cluster, groups=_totals(properties, trust), counted_until=counted)
    spec = capacity.spec
    if not spec.node_groups and (sums := _totals(properties, trust)):
        # A hub knows sums and no nodes.
        return replace(cluster, taints=_taints(spec.taints), groups=sums)
    if _is_old(spec.observed_at or "", trust.oldest):
        return replace(cluster, taints=_taints(spec.taints), stale=(*stale, CAPACITY))
    return replace(
        cluster,
        taints=_taints(spec.taints),
        groups=tuple(_group(group, trust) for group in spec.node_groups if group.count),
        capabilities={**cluster.capabilities, **_decided(spec.capabilities)},
        capacity_known=True,
        counted_until=_counted_until(spec),
    )


def _counted_until(spec: kinds.ClusterCapacitySpec) -> float | None:
    known = all(group.available is not None for group in spec.node_groups)
    return parse_instant(spec.observed_at) if known and spec.observed_at else None


def _is_healthy(conditions: Any) -> bool:
    listed = conditions if isinstance(conditions, list) else []
    return all(
        str(each.get("status")) == "True"
        for each in listed
        if isinstance(each, Mapping) and each.get("type") == "ControlPlaneHealthy"
    )


def _capabilities(properties: Mapping[str, Property]) -> dict[str, Capability]:
    """Give the capabilities that properties tell: a value that is no verdict means yes."""
    return {
        intern(name.removeprefix(CAPABILITY)): _told(known.value)
        for name, known in properties.items()
        if name.startswith(CAPABILITY)
    }


@lru_cache(maxsize=1_024)
def _told(value: str) -> Capability:
    return Capability("Unknown" if value == "unknown" else _STATUS.get(value, "True"))


def _decided(capabilities: Iterable[kinds.Capability]) -> dict[str, Capability]:
    return {
        each.name: Capability(each.status, each.node_groups, each.evidence, each.missing)
        for each in capabilities
    }


def _totals(properties: Mapping[str, Property], trust: _Trust) -> tuple[NodeGroup, ...]:
    """Give the cluster as one node: without a ClusterCapacity only totals are known."""
    whole = _readable(_below(ALLOCATABLE, properties))
    free = whole | _readable(_below(AVAILABLE, properties))
    if not free:
        return ()
    unlimited = {PODS: _PODS_PER_NODE * _MOST_NODES}
    return (NodeGroup("", 1, unlimited | trust.left(free, whole), unlimited | whole),)


def _below(prefix: str, properties: Mapping[str, Property]) -> dict[str, str]:
    return {
        intern(name.removeprefix(prefix)): known.value
        for name, known in properties.items()
        if name.startswith(prefix)
    }


def _readable(amounts: Mapping[str, str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for name, text in amounts.items():
        try:
            found |= all_offered({name: text})
        except ValueError:
            continue
    return found


def _taints(taints: Iterable[kinds.Taint]) -> tuple[Taint, ...]:
    return tuple(
        Taint(
            each.key,
            each.value,
            each.effect,
            parse_instant(each.time_added) if each.time_added else None,
        )
        for each in taints
    )


def _group(group: kinds.NodeGroup, trust: _Trust) -> NodeGroup:
    whole = {PODS: _PODS_PER_NODE, **all_offered(group.allocatable)}
    free = (
        whole
        if group.available is None
        else {
            PODS: whole[PODS],
            **all_offered(group.available),
        }
    )
    return NodeGroup(
        name=group.name,
        count=group.count,
        available=trust.left(free, whole),
        allocatable=whole,
        labels=group.labels,
        taints=_taints(group.taints),
        features=frozenset(group.features),
        single_zone=group.topology_policy == "single-numa-node",
        zones=tuple(_zone(each, trust) for each in group.zones),
        devices=tuple(_device(each) for each in group.devices),
        free_known=group.available is not None,
    )


def _zone(zone: kinds.NumaZone, trust: _Trust) -> Zone:
    whole = all_offered(zone.allocatable)
    free = whole if zone.available is None else all_offered(zone.available)
    return Zone(zone.name, trust.left(free, whole), whole)


def _device(device: kinds.Device) -> Device:
    return Device(
        kind=device.class_,
        resource_name=device.resource_name,
        available=device.allocatable if device.available is None else device.available,
        allocatable=device.allocatable,
        driver=device.driver or "",
        vendor=device.vendor or "",
        model=device.model or "",
        speed_gbps=quantity.as_float(device.speed_gbps or 0),
        memory_mib=quantity.as_float(device.memory_mib or 0),
        network=device.network or "",
        attachment=device.attachment or "",
        zone=device.zone or "",
    )
