"""Room on nodes: per node and NUMA zone, never on totals."""

from collections.abc import Iterator, Mapping

from krmfn.placement_resolver.amounts import spelled
from krmfn.placement_resolver.demand import DeviceNeed, PodDemand
from krmfn.placement_resolver.filters.check import Ask, Check
from krmfn.placement_resolver.fitting import allowed_rows, amounts_of, node_demand, said
from krmfn.placement_resolver.fleet import CAPACITY, Cluster
from krmfn.placement_resolver.view import Rows

Amounts = Mapping[str | DeviceNeed, int]


def nodes(ask: Ask) -> Iterator[Check]:
    """Leave the clusters with nodes that take one pod of each kind, and with room for all.

    Where it runs already and the facts have counted it, there is room.
    """
    pods = [pod for pod in ask.workload.pods if pod.replicas]
    if pods:
        yield from _unknown(ask)
    for pod in pods:
        yield from _checks(ask, pod)


def _known(ask: Ask) -> int:
    return ask.view.mark("known nodes", lambda each: each.capacity_known or bool(each.groups))


def _unknown(ask: Ask) -> Iterator[Check]:
    """Leave the clusters of whose nodes something is known that counts."""
    view, mask = ask.view, _known(ask)
    if mask != view.everything:
        yield Check(
            "nodes-unknown",
            "has nodes of which nothing is known that counts",
            mask,
            lambda number: _why_unknown(view.clusters[number]),
            lambda _: True,
        )


def _why_unknown(cluster: Cluster) -> str:
    if CAPACITY in cluster.stale:
        return "too old, or of unknown age"
    return "no ClusterCapacity, and no totals among the properties"


def _checks(ask: Ask, pod: PodDemand) -> Iterator[Check]:
    rows = ask.view.rows_for(pod.aligned)
    told = ask.view.everything & ~_known(ask)  # by a check of its own
    allowed = allowed_rows(node_demand(pod, ask.workload), rows, ask.view)
    amounts = amounts_of(pod, ask.view.devices)
    yield Check(
        "nodes",
        f"has no nodes whose labels, taints and capabilities suit {pod.name}",
        rows.clusters_with(allowed) | told,
        lambda number: _groups(ask, pod, number),
    )
    fitting = allowed
    for resource, amount in amounts.items():
        fitting &= rows.at_least(resource, amount)
    place = "node" if pod.aligned == "never" else "node or NUMA zone"
    yield Check(
        "devices" if _lacks_devices(rows, allowed, amounts) else "resources",
        f"has no {place} with {said(amounts)} free for a pod of {pod.name}",
        rows.clusters_with(fitting) | ask.counted | told,
        lambda number: _short(rows, number, allowed, amounts),
    )
    wanted = replicas_at_least(ask, pod)
    if wanted > 1:
        yield Check(
            "replicas",
            f"has no room for {wanted} pods of {pod.name}, each with {said(amounts)}",
            rows.room_for(amounts, fitting, wanted) | ask.counted | told,
            lambda _: "room for fewer",
        )


def replicas_at_least(ask: Ask, pod: PodDemand) -> int:
    """Give how many pods a cluster must have room for to be a candidate."""
    scheduling = ask.workload.intent.spec.replica_scheduling
    divided = scheduling.replica_scheduling_type == "Divided"
    return min(pod.replicas, 1) if divided else pod.replicas


def _lacks_devices(rows: Rows, allowed: int, amounts: Amounts) -> bool:
    """Say whether devices are what most clusters lack."""
    mask = allowed
    for resource, amount in amounts.items():
        if isinstance(resource, DeviceNeed):
            mask &= rows.at_least(resource, amount)
    return mask.bit_count() < allowed.bit_count()


def _groups(ask: Ask, pod: PodDemand, number: int) -> str:
    """Say why the nodes of a cluster do not suit a pod, those with one reason together."""
    demand, cluster = node_demand(pod, ask.workload), ask.view.clusters[number]
    reasons: dict[str, int] = {}
    for group in cluster.groups:
        why = demand.why_not(cluster, group)
        reasons[why] = reasons.get(why, 0) + group.count
    told = [f"{count} node{'s' if count != 1 else ''} {why}" for why, count in reasons.items()]
    return ", ".join(told) or "no node that is ready and takes pods"


def _short(rows: Rows, number: int, allowed: int, amounts: Amounts) -> str:
    """Say what the best node of a cluster lacks."""
    places = [row for index, row in rows.of(number) if allowed >> index & 1]
    lacking = [
        f"{resource} {spelled(resource, most) if isinstance(resource, str) else most} at most"
        for resource, amount in amounts.items()
        if (most := max((row.has(resource) for row in places), default=0)) < amount
    ]
    return ", ".join(lacking) or "no node has all of it together"
