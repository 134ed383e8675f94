"""Which cluster each object is of."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from krmfn.cluster_profiler.reading import observed_at, text_at
from krmfn.cluster_profiler.sources.metrics import readings_of
from krmfn.cluster_profiler.sources.objects import Objects, Reading
from krmfn.kinds.fleet import CLUSTER, MetricsSnapshot, is_made
from krmfn.kinds.node_usage import NodeUsage
from krmfn.sdk import Package, Resource, ResourceId, Result, error, info
from krmfn.sdk.times import parse_instant

_WORKLOAD_CLUSTER = "infra.nephio.org/WorkloadCluster"
_NAMES_ITS_CLUSTER: Mapping[str, Callable[[Resource], str]] = {
    "cluster.open-cluster-management.io/ManagedCluster": lambda each: each.name,
    "cluster.open-cluster-management.io/AddOnPlacementScore": lambda each: each.namespace,
    "cluster.karmada.io/Cluster": lambda each: each.name,
    "cluster.kubernetes-fleet.io/MemberCluster": lambda each: each.name,
    _WORKLOAD_CLUSTER: lambda each: text_at(each.body, "spec.clusterName") or each.name,
}
_USAGE = f"{NodeUsage.group}/{NodeUsage.kind_name}"
_FACTS = (
    "Node",
    "nfd.k8s-sigs.io/NodeFeature",
    "topology.node.k8s.io/NodeResourceTopology",
    "sriovnetwork.openshift.io/SriovNetworkNodeState",
    "ptp.openshift.io/NodePtpDevice",
    _USAGE,
)
_ALSO = (
    "Pod",
    "about.k8s.io/ClusterProperty",
    "k8s.cni.cncf.io/NetworkAttachmentDefinition",
    "machineconfiguration.openshift.io/KubeletConfig",
    "performance.openshift.io/PerformanceProfile",
    "sriovnetwork.openshift.io/SriovNetwork",
    "sriovnetwork.openshift.io/SriovNetworkNodePolicy",
)
"""What also stands in packages that are no inventory: it counts beside facts of its cluster."""

_RULES = "nfd.k8s-sigs.io/NodeFeatureRule"
_NAME = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_LONGEST_NAME = 253
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Clusters:
    """The objects of a package by cluster.

    Attributes:
        of: the objects of every cluster that facts tell of, by its name.
        own: the cluster whose own a package is, by package path.
        feature_rules: NodeFeatureRules by the cluster that they are of, "" for those of all.
    """

    of: Mapping[str, Objects]
    own: Mapping[str, str]
    feature_rules: Mapping[str, tuple[Resource, ...]]


def by_cluster(package: Package, as_of: str | None) -> tuple[Clusters, list[Result]]:
    """Sort the facts of a package by cluster.

    Args:
        package: the package.
        as_of: the time at which facts must still be valid; the newest observation when None.

    Returns:
        the facts, and errors for facts whose cluster is not known or cannot be named so.
    """
    own = _own_clusters(package)
    found, problems = _sorted(package, own)
    names = sorted(name for name in found if name and not found[name].keys() <= {*_ALSO, _RULES})
    readings, unused = _readings(package.of(MetricsSnapshot), {*names})
    usages = {id(usage.resource): usage for usage in package.of(NodeUsage)}
    at = parse_instant(as_of) if as_of else _newest(found, readings, usages.values())
    objects = {
        name: Objects(
            cluster=name,
            by_kind=found[name],
            usages=[usages[id(each)] for each in found[name].get(_USAGE, ())],
            readings=readings.get(name, ()),
            as_of=at,
        )
        for name in names
    }
    rules = {name: tuple(kinds[_RULES]) for name, kinds in found.items() if _RULES in kinds}
    problems += [wrong for name in names for wrong in _doubles(found[name])]
    return Clusters(objects, own, rules), [*problems, *unused]


def _sorted(
    package: Package, own: Mapping[str, str]
) -> tuple[dict[str, dict[str, list[Resource]]], list[Result]]:
    """Give the objects by cluster and kind, those of no cluster under ""."""
    found: dict[str, dict[str, list[Resource]]] = {}
    problems = []
    for kind in (*_NAMES_ITS_CLUSTER, *_FACTS, *_ALSO, _RULES):
        group, _, name = kind.rpartition("/")
        for resource in package.select(kind=name, group=group):
            if is_made(resource):
                continue
            cluster = _cluster_of(kind, resource, own_cluster(resource.package_path, own))
            if isinstance(cluster, Result):
                problems.append(cluster)
            elif cluster or kind == _RULES:
                found.setdefault(cluster, {}).setdefault(kind, []).append(resource)
    return found, problems


def own_cluster(package_path: str, own: Mapping[str, str]) -> str:
    """Give the cluster whose own a package is, or the closest package around it; else ""."""
    around = [path for path in own if f"{package_path}/".startswith(f"{path}/" if path else "")]
    return own[max(around, key=len)] if around else ""


def _own_clusters(package: Package) -> dict[str, str]:
    """Find the packages that have one WorkloadCluster outside of ``clusters/``."""
    group, _, kind = _WORKLOAD_CLUSTER.rpartition("/")
    found: dict[str, list[str]] = {}
    for each in package.select(kind=kind, group=group):
        if not each.cluster:
            name = _NAMES_ITS_CLUSTER[_WORKLOAD_CLUSTER](each)
            found.setdefault(each.package_path, []).append(name)
    return {path: names[0] for path, names in found.items() if len(names) == 1}


def _cluster_of(kind: str, resource: Resource, own: str) -> str | Result:
    """Give the cluster that an object is of, "" where it need not be known and is not."""
    named = _NAMES_ITS_CLUSTER.get(kind)
    said = [
        resource.cluster,
        resource.annotations.get(CLUSTER, ""),
        named(resource) if named else "",
    ]
    names = sorted({name for name in said if name}) or [own]
    if len(names) == 1 and len(names[0]) <= _LONGEST_NAME and _NAME.fullmatch(names[0]):
        return names[0]
    return "" if kind in (*_ALSO, _RULES) else _no_cluster(resource, names)


def _no_cluster(resource: Resource, names: list[str]) -> Result:
    """Say why a fact is of no cluster, or of none that can be written."""
    if len(names) > 1:
        listed = " and ".join(f'"{name}"' for name in names)
        return error(
            f"must be of one cluster, but its folder, the annotation `{CLUSTER}` and its own name "
            f"say {listed}",
            code="cluster-conflict",
            at=resource,
        )
    if not names[0]:
        return error(
            f"must say of which cluster it is: put it under `clusters/<name>/`, or set the "
            f"annotation `{CLUSTER}`",
            code="cluster-unknown",
            at=resource,
            field="metadata.annotations",
        )
    return error(
        f'must be of a cluster whose name a ClusterProfile can bear, but is of "{names[0]}": '
        "lower-case letters a to z, digits, and `-` or `.` between them",
        code="cluster-name",
        at=resource,
        current=names[0],
    )


def _readings(
    snapshots: list[MetricsSnapshot], known: set[str]
) -> tuple[dict[str, list[Reading]], list[Result]]:
    """Give the metrics by cluster, and name the clusters of which nothing else is known."""
    found: dict[str, list[Reading]] = {}
    for cluster, reading in readings_of(snapshots):
        found.setdefault(cluster, []).append(reading)
    strangers: dict[int, tuple[Resource, set[str]]] = {}
    for name in sorted(found.keys() - known):
        for reading in found[name]:
            strangers.setdefault(id(reading.of), (reading.of, set()))[1].add(name or '""')
    return found, [
        info(
            f"tells of clusters of which no other fact is known: {_listed(sorted(names))}",
            code="cluster-without-facts",
            at=resource,
        )
        for resource, names in strangers.values()
    ]


def _newest(
    found: Mapping[str, Mapping[str, list[Resource]]],
    readings: Mapping[str, list[Reading]],
    usages: Iterable[NodeUsage],
) -> float:
    """Give the time of the newest observation; 0 when there is none."""
    instants = [
        observed_at(resource)
        for kinds in found.values()
        for resources in kinds.values()
        for resource in resources
    ]
    instants += [each.metric.observed_at for listed in readings.values() for each in listed]
    instants += [usage.spec.observed_at for usage in usages]
    return max((parse_instant(each) for each in instants if each), default=0)


def _doubles(kinds: Mapping[str, list[Resource]]) -> Iterator[Result]:
    """Yield the objects of a cluster that have the identity of another one."""
    for resources in kinds.values():
        seen: set[ResourceId] = set()
        for resource in resources:
            if resource.id in seen:
                yield error(
                    f"must be the only {resource.id} of its cluster",
                    code="fact-ambiguous",
                    at=resource,
                )
            seen.add(resource.id)


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
