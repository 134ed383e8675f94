"""How a workload runs on a chosen cluster: which nodes, which devices, what is overridden."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from krmfn.placement_resolver.assembly import Assembly, DevicesLeft
from krmfn.placement_resolver.demand import DeviceNeed, PodDemand, selects
from krmfn.placement_resolver.fitting import amounts_of, is_borne, is_within, node_demand
from krmfn.placement_resolver.fleet import Cluster, Device, NodeGroup, Taint
from krmfn.placement_resolver.intents.selectors import ClusterSelectorTerm
from krmfn.placement_resolver.options import Candidacy
from krmfn.placement_resolver.plan import DeviceGrant, Patch, PodPlan
from krmfn.placement_resolver.terms import mask_of_term


def pod_plans(
    solved: Assembly, each: Candidacy, name: str, replicas: Mapping[int, int]
) -> tuple[PodPlan, ...]:
    """Give the plan of every pod template of a workload on a cluster.

    Devices that are granted are taken from what the cluster has left.
    """
    cluster = solved.cluster(name)
    plans = []
    for kind, pod in enumerate(each.workload.pods):
        if pod.template is None:
            continue
        count = replicas.get(kind) if replicas else None
        groups = _groups(each, pod, cluster)
        labels, rivals = _telling_labels(groups, _mistakable(each, pod, cluster, groups))
        devices = _kept_grants(each, pod, cluster, groups)
        if not devices:
            number = pod.replicas if count is None else count
            devices, short = _grants(pod, cluster, groups, solved.devices_left, number)
            if short and number:
                solved.short_of[each.workload.key, name] = short
        plans.append(
            PodPlan(
                resource=pod.resource,
                replicas=count,
                group=",".join(group.name for group in groups if group.name),
                node_labels=labels,
                rivals=rivals,
                taints=_taints(each, pod, groups),
                devices=devices,
            )
        )
    return tuple(plans)


def patches_on(each: Candidacy, number: int) -> tuple[Patch, ...]:
    """Give what the intent overrides in the copies of its resources on a cluster."""
    return tuple(
        Patch(
            field=f"spec.overrides[{position}]",
            operations=tuple(one.model_dump(exclude_unset=True) for one in override.patch),
            resources=tuple(
                resource
                for resource in each.workload.resources
                if override.target is None or selects(override.target, resource)
            ),
        )
        for position, override in enumerate(each.workload.intent.spec.overrides)
        if _is_for(override.clusters, each, number)
    )


def _is_for(term: ClusterSelectorTerm | None, each: Candidacy, number: int) -> bool:
    if term is None:
        return True
    mask = mask_of_term(term, each.ask.view, each.ask.judges, each.workload)
    return bool(mask >> number & 1)


def _groups(each: Candidacy, pod: PodDemand, cluster: Cluster) -> list[NodeGroup]:
    """Give the groups whose nodes may take the pod and have what it asks for."""
    demand, fitting = node_demand(pod, each.workload), _large_enough(each, pod, cluster)
    return [
        group for group in cluster.groups if group.name in fitting and demand.allows(cluster, group)
    ]


def _large_enough(each: Candidacy, pod: PodDemand, cluster: Cluster) -> set[str]:
    """Give the groups whose nodes, or a zone of them, would take the pod if they were empty.

    What runs there now does not count: the nodes would else change with every observation.
    """
    view = each.ask.view
    amounts = amounts_of(pod, view.devices)
    return {
        row.group.name
        for _, row in view.rows_for(pod.aligned).of(view.index[cluster.name])
        for whole in [row.whole()]
        if all(whole.has(resource) >= amount for resource, amount in amounts.items())
    }


def _mistakable(
    each: Candidacy, pod: PodDemand, cluster: Cluster, chosen: Sequence[NodeGroup]
) -> list[NodeGroup]:
    """Give the other groups that the scheduler would use: it knows nothing of capabilities."""
    demand = replace(node_demand(pod, each.workload), capabilities=())
    fitting = _large_enough(each, pod, cluster)
    return [
        group
        for group in cluster.groups
        if group not in chosen and group.name in fitting and demand.allows(cluster, group)
    ]


def _telling_labels(
    chosen: Sequence[NodeGroup], others: Sequence[NodeGroup]
) -> tuple[dict[str, str], tuple[NodeGroup, ...]]:
    """Give the fewest labels that the chosen groups share and the others do not have.

    Returns:
        the labels, and the other groups that have them all the same.
    """
    shared = dict(chosen[0].labels) if chosen else {}
    for group in chosen[1:]:
        shared = {key: text for key, text in shared.items() if group.labels.get(key) == text}
    labels: dict[str, str] = {}
    left = list(others)
    while left:
        telling = {
            key: sum(group.labels.get(key) != text for group in left)
            for key, text in shared.items()
        }
        best = min(telling, key=lambda key: (-telling[key], key), default="")
        if not best or not telling[best]:
            break
        labels[best] = shared[best]
        left = [group for group in left if group.labels.get(best) == shared[best]]
    return labels, tuple(left)


def _taints(each: Candidacy, pod: PodDemand, groups: Iterable[NodeGroup]) -> tuple[Taint, ...]:
    special = node_demand(pod, each.workload).special
    found = {
        taint
        for group in groups
        for taint in group.taints
        if special
        and is_borne(taint)
        and not any(one.bears(taint) for one in pod.demands.tolerations)
    }
    return tuple(sorted(found, key=lambda taint: (taint.key, taint.value, taint.effect)))


def _kept_grants(
    each: Candidacy, pod: PodDemand, cluster: Cluster, groups: Iterable[NodeGroup]
) -> tuple[DeviceGrant, ...]:
    """Give the devices that pods have already; none where some of them will not do any more."""
    stands = each.ask.previous.get(cluster.name)
    name = f"{pod.resource.kind} {pod.resource.name}"
    devices = {one.resource_name: one for group in groups for one in group.devices}
    needs = [need for need, _, _ in pod.devices if not need.resource_name]
    held = [one for one in (stands.devices if stands else ()) if one.resource == name]
    wanted = sum(count for need, count, _ in pod.devices if not need.resource_name)
    good = sum(one.count for one in held) == wanted and all(
        one.resource_name in devices
        and devices[one.resource_name].allocatable >= one.count
        and any(need.accepts(devices[one.resource_name]) for need in needs)
        for one in held
    )
    if not good:
        return ()
    return tuple(DeviceGrant(devices[one.resource_name], one.count, one.container) for one in held)


def _grants(
    pod: PodDemand,
    cluster: Cluster,
    groups: Iterable[NodeGroup],
    left: DevicesLeft,
    replicas: int,
) -> tuple[tuple[DeviceGrant, ...], str]:
    """Choose the cluster's own devices for a pod's needs, the narrow needs first.

    Returns:
        what each pod gets, and what could not be had, in words.
    """
    pools = [(group, device) for group in groups for device in group.devices]
    known = tuple(device for _, device in pools)
    found: list[DeviceGrant] = []
    short: list[str] = []
    for need, count, container in _narrow_first(pod, known):
        missing = count
        for device in _fullest(need, pools, cluster, left):
            keys = [
                (cluster.name, group.name, device.resource_name)
                for group, other in pools
                if other.resource_name == device.resource_name
            ]
            free = sum(left.setdefault(key, _whole(key, pools)) for key in keys)
            each = min(missing, free // max(replicas, 1), device.available)
            if each > 0:
                _take(left, keys, each * replicas)
                missing -= each
                if not need.resource_name:  # else the pod template names it itself
                    found.append(DeviceGrant(device, each, container))
        if missing:
            short.append(f"{missing} {need}")
    return tuple(found), ", ".join(short)


def _narrow_first(pod: PodDemand, devices: Sequence[Device]) -> list[tuple[DeviceNeed, int, str]]:
    return sorted(
        pod.devices,
        key=lambda one: sum(is_within(other[0], one[0], devices) for other in pod.devices),
    )


def _fullest(
    need: DeviceNeed,
    pools: Sequence[tuple[NodeGroup, Device]],
    cluster: Cluster,
    left: DevicesLeft,
) -> list[Device]:
    """Give the devices that will do, one a resource name, those with most left first."""
    found: dict[str, tuple[int, Device]] = {}
    for group, device in pools:
        if need.accepts(device):
            key = (cluster.name, group.name, device.resource_name)
            free = left.get(key, group.count * device.available)
            old = found.get(device.resource_name)
            found[device.resource_name] = (free + (old[0] if old else 0), device)
    ordered = sorted(found.values(), key=lambda one: (-one[0], one[1].resource_name))
    return [device for _, device in ordered]


def _whole(key: tuple[str, str, str], pools: Sequence[tuple[NodeGroup, Device]]) -> int:
    return sum(
        group.count * device.available
        for group, device in pools
        if (group.name, device.resource_name) == key[1:]
    )


def _take(left: DevicesLeft, keys: Iterable[tuple[str, str, str]], amount: int) -> None:
    for key in keys:
        taken = min(amount, left[key])
        left[key] -= taken
        amount -= taken
