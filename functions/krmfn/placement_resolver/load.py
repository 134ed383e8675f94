"""How used clusters are, and which part of that the workloads decided upon are themselves."""

from collections.abc import Iterable, Mapping

from krmfn.kinds.fleet import DOMAIN
from krmfn.placement_resolver.demand import Workload
from krmfn.placement_resolver.distances import finite
from krmfn.placement_resolver.fleet import Cluster
from krmfn.placement_resolver.plan import Standing
from krmfn.placement_resolver.reading import ALLOCATABLE, AVAILABLE
from krmfn.sdk.times import parse_instant

LOAD = f"load.{DOMAIN}/cpu"


def utilisation(cluster: Cluster, decided: Mapping[str, float]) -> float | None:
    """Give the used share of a cluster's CPUs: as measured, else what its pods ask for.

    Args:
        cluster: the cluster.
        decided: the shares that workloads take which are decided upon, by cluster. They do not
            count: compared with its own load, a workload would find every other place better,
            and never come to rest.
    """
    known = cluster.properties.get(LOAD)
    used = finite(known.value) if known else None
    if used is None or not 0 <= used <= 1:
        whole, free = cpus(cluster)
        if not whole or free is None:
            return None
        used = 1 - free / whole
    return max(0.0, used - decided.get(cluster.name, 0.0))


def cpus(cluster: Cluster) -> tuple[float, float | None]:
    """Give the CPUs that a cluster offers, and those that are free, in milli-CPUs."""
    if any(group.allocatable for group in cluster.groups):
        whole = sum(group.count * group.allocatable.get("cpu", 0) for group in cluster.groups)
        if not all(group.free_known for group in cluster.groups):
            return float(whole), None
        return float(whole), float(
            sum(group.count * group.available.get("cpu", 0) for group in cluster.groups)
        )
    whole_text, free_text = (
        cluster.properties.get(f"{prefix}cpu") for prefix in (ALLOCATABLE, AVAILABLE)
    )
    total = finite(whole_text.value) if whole_text else None
    free = finite(free_text.value) if free_text else None
    return 1000 * (total or 0.0), None if free is None else 1000 * free


def share_of(workload: Workload, cluster: Cluster, standing: Standing | None = None) -> float:
    """Give the share of a cluster's CPUs that a workload asks for, or asks for where it stands."""
    whole, _ = cpus(cluster)
    pods = workload.pods
    known = standing.replicas if standing and len(pods) == 1 else None
    asked = sum(
        pod.requests.get("cpu", 0) * (pod.replicas if known is None else known) for pod in pods
    )
    return asked / whole if whole else 0.0


def is_counted(standing: Standing | None, cluster: Cluster) -> bool:
    """Say whether a workload runs on a cluster already, and the cluster's facts have counted it."""
    if standing is None or not standing.since or cluster.counted_until is None:
        return False
    return parse_instant(standing.since) < cluster.counted_until


def decided_shares(
    workloads: Iterable[Workload],
    standing: Mapping[str, Mapping[str, Standing]],
    clusters: Mapping[str, Cluster],
) -> dict[str, float]:
    """Give the shares of clusters that the workloads take already, as far as facts count them."""
    shares: dict[str, float] = {}
    for workload in workloads:
        for name, stands in sorted(standing.get(workload.key, {}).items()):
            if name in clusters and is_counted(stands, clusters[name]):
                share = share_of(workload, clusters[name], stands)
                shares[name] = shares.get(name, 0.0) + share
    return shares
