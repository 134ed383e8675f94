"""What pods take of their nodes: NodeUsage, or the pods themselves."""

from collections.abc import Iterator

from krmfn.cluster_profiler.facts import NodeView
from krmfn.cluster_profiler.reading import (
    map_at,
    observed_at,
    read_amounts,
    text_at,
    total,
)
from krmfn.cluster_profiler.sources.objects import Objects
from krmfn.kinds.pods import PodError, effective_requests
from krmfn.sdk import Result, warning
from krmfn.sdk.quantity import Exact

_ENDED = ("Succeeded", "Failed")


def read(objects: Objects) -> Iterator[NodeView | Result]:
    """Read the requests on the nodes of a cluster; where pods are in sight, all of them are."""
    for usage in objects.usages:
        of, spec = usage.resource, usage.spec
        if of is None:
            continue
        for each in spec.nodes:
            requested, _ = read_amounts(each.requested, of, "spec.nodes")
            yield NodeView(
                of=of,
                node=each.name,
                requested={**requested, "pods": each.pods},
                observed_at=spec.observed_at,
            )
    yield from _of_pods(objects)


def _of_pods(objects: Objects) -> Iterator[NodeView | Result]:
    """Sum up the pods by node; on a node with a pod that cannot be read, all stays unknown."""
    pods = objects.of("Pod")
    by_node: dict[str, list[dict[str, Exact]]] = {node.name: [] for node in objects.of("Node")}
    unknown = set()
    for pod in pods:
        node = text_at(pod.body, "spec.nodeName")
        if not node or text_at(pod.body, "status.phase") in _ENDED:
            continue
        try:
            requests = effective_requests(map_at(pod.body, "spec"))
        except PodError as wrong:
            unknown.add(node)
            yield warning(
                f"{wrong}; what is free on its node is unknown",
                code="bad-quantity",
                at=pod,
                field=f"spec.{wrong.field}",
            )
        else:
            by_node.setdefault(node, []).append({**requests, "pods": 1})
    seen = min(filter(None, map(observed_at, pods)), default="")
    for node in by_node.keys() - unknown if pods else ():
        yield NodeView(of=pods[0], node=node, requested=total(by_node[node]), observed_at=seen)
