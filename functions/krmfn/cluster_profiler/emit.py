"""The shape of ClusterProfile and ClusterCapacity."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from krmfn.cluster_profiler.capabilities import Decision
from krmfn.cluster_profiler.facts import Amounts, Device, Taint, Zone
from krmfn.cluster_profiler.groups import Group
from krmfn.cluster_profiler.plan import Profile
from krmfn.cluster_profiler.reading import shown
from krmfn.kinds.fields import INTENT_VERSION
from krmfn.kinds.fleet import ClusterCapacity
from krmfn.kinds.inventory import API_VERSION, CLUSTER_MANAGER, CLUSTER_PROFILE
from krmfn.sdk import Generated, Place, Resource
from krmfn.sdk.quantity import Exact, to_text
from krmfn.sdk.resource import LOCAL_CONFIG

_STATUS = {True: "True", False: "False", None: "Unknown"}


@dataclass(frozen=True, slots=True)
class Owner:
    """Whom the profiles of a cluster are made for: the cluster, whatever tells of it."""

    resource: Resource


def emit(profile: Profile) -> Iterator[Generated]:
    """Write a cluster down."""
    owner = Owner(
        Resource.new("", "Cluster", profile.name, place=Place("", 0, profile.package_path))
    )
    if not profile.has_own_profile:
        yield Generated(_cluster_profile(profile), by=owner)
    yield Generated(_cluster_capacity(profile), by=owner)


def _cluster_profile(profile: Profile) -> Resource:
    status: dict[str, Any] = {}
    if profile.version:
        status["version"] = {"kubernetes": profile.version}
    if health := profile.health:
        status["conditions"] = [
            {
                "type": "ControlPlaneHealthy",
                "status": health.status,
                "reason": health.reason,
                "message": health.message,
                "lastTransitionTime": health.last_transition_time,
            }
        ]
    if profile.properties:
        status["properties"] = [
            {"name": name, "value": each.value}
            | ({"lastObservedTime": each.observed_at} if each.observed_at else {})
            for name, each in sorted(profile.properties.items())
        ]
    return Resource.new(
        API_VERSION,
        CLUSTER_PROFILE,
        profile.name,
        namespace=profile.namespace,
        labels={**dict(sorted(profile.labels.items())), CLUSTER_MANAGER: profile.manager},
        annotations={LOCAL_CONFIG: "true"},
        place=_place(profile, "cluster-profile.yaml"),
        spec={"displayName": profile.name, "clusterManager": {"name": profile.manager}},
        **_given({"status": status}),
    )


def _cluster_capacity(profile: Profile) -> Resource:
    groups = [_node_group(group) for group in profile.groups]
    spec = {
        "observedAt": profile.observed_at,
        "taints": _taints(profile.taints),
        "nodeGroups": groups,
        "capabilities": [
            _capability(each, number, profile.groups)
            for number, each in enumerate(profile.capabilities)
        ],
    }
    return Resource.new(
        INTENT_VERSION,
        ClusterCapacity.kind_name,
        profile.name,
        namespace=profile.namespace,
        annotations={LOCAL_CONFIG: "true"},
        place=_place(profile, "cluster-capacity.yaml"),
        spec=_given(spec),
    )


def _place(profile: Profile, file: str) -> Place:
    path = f"{profile.folder}/{file}" if profile.folder else file
    return Place(path, 0, profile.package_path)


def _node_group(group: Group) -> dict[str, Any]:
    node = group.of
    return {
        "name": group.name,
        "count": group.count,
        **_free(node.allocatable, node.available),
        **_given(
            {
                "labels": dict(sorted(node.labels.items())),
                "taints": _taints(node.taints),
                "features": list(group.features),
                "topologyPolicy": node.topology_policy,
                "zones": [_zone(zone) for zone in node.zones],
                "devices": [_device(device) for device in node.devices],
            }
        ),
    }


def _free(allocatable: Amounts, available: Amounts | None) -> dict[str, Any]:
    free = {} if available is None else {"available": _amounts(available)}
    return {"allocatable": _amounts(allocatable), **free}


def _zone(zone: Zone) -> dict[str, Any]:
    return {"name": zone.name, **_free(zone.allocatable, zone.available)}


def _device(device: Device) -> dict[str, Any]:
    pool = device.pool
    described = {
        "driver": pool.driver,
        "vendor": pool.vendor,
        "model": pool.model,
        "speedGbps": _number(pool.speed_gbps),
        "memoryMiB": _number(pool.memory_mib),
        "network": pool.network,
        "attachment": pool.attachment,
        "zone": device.zone,
    }
    free = {} if device.available is None else {"available": device.available}
    return {
        "class": pool.kind,
        "resourceName": pool.resource,
        **_given(described),
        "allocatable": device.allocatable,
        **free,
    }


def _capability(decision: Decision, number: int, groups: Sequence[Group]) -> dict[str, Any]:
    able = [group.name for group in groups if group.able and group.able[number]]
    lists = {
        "nodeGroups": able,
        "evidence": list(decision.evidence),
        "missing": list(decision.missing),
    }
    return {"name": decision.capability, "status": _STATUS[decision.verdict], **_given(lists)}


def _taints(taints: Sequence[Taint]) -> list[dict[str, str]]:
    return [
        _given(
            {
                "key": taint.key,
                "value": taint.value,
                "effect": taint.effect,
                "timeAdded": taint.time_added,
            }
        )
        for taint in taints
    ]


def _amounts(amounts: Amounts) -> dict[str, str]:
    return {name: shown(name, amounts[name]) for name in sorted(amounts)}


def _number(amount: Exact) -> int | str:
    return amount if isinstance(amount, int) else to_text(amount)


def _given(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out what is not known: empty texts, lists and mappings, and 0."""
    return {name: value for name, value in fields.items() if value}
