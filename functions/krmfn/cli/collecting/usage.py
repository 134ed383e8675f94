"""What pods ask of the nodes they are on, counted as the scheduler counts it.

While a pod is resized in place (KEP-1287), the larger of what a container wants and what it has
counts, or what it has alone once the node has refused.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import ValidationError

from krmfn.cli.collecting.objects import Body, mapping
from krmfn.cli.errors import CliError
from krmfn.kinds import pods as kinds
from krmfn.kinds.node_usage import NodeRequests
from krmfn.sdk.quantity import Exact, parse, to_text

Requests = Mapping[str, Exact]
_Spelled = Mapping[str, Any]

_ENDED = ("Succeeded", "Failed")
_BYTES = ("memory", "ephemeral-storage")
_HUGEPAGES = "hugepages-"


def node_requests(nodes: Iterable[str], pods: Iterable[Body]) -> tuple[NodeRequests, ...]:
    """Give the sums of requests, by name of the node.

    Args:
        nodes: the nodes that are known; one without pods has requests of nothing.
        pods: all pods of the cluster; those that have ended or have no node yet do not count.

    Raises:
        CliError: a pod is not as Kubernetes gives it.
    """
    on_nodes: dict[str, dict[tuple[str, str], Requests]] = {name: {} for name in nodes}
    for pod in pods:
        node = mapping(pod.get("spec")).get("nodeName")
        if node and mapping(pod.get("status")).get("phase") not in _ENDED:
            metadata = mapping(pod.get("metadata"))
            name = (str(metadata.get("namespace", "")), str(metadata.get("name", "")))
            on_nodes.setdefault(str(node), {})[name] = _requests_of(pod, "/".join(name))
    try:
        return tuple(
            NodeRequests(name=node, requested=_sum(counted.values()), pods=len(counted))
            for node, counted in sorted(on_nodes.items())
        )
    except ValidationError as error:
        wrong = error.errors()[0]["msg"]
        raise CliError(f"the nodes of pods must be as Kubernetes names them: {wrong}") from error


def effective_requests(pod: Body) -> Requests:
    """Give what a pod takes of its node, by resource.

    Raises:
        ValueError: the pod is not as Kubernetes gives it.
    """
    return kinds.effective_requests(_as_resized(pod["spec"], kinds.mapping(pod, "status")))


def _requests_of(pod: Body, name: str) -> Requests:
    try:
        return effective_requests(pod)
    except ValueError as error:
        field = f"`{error.field}` " if isinstance(error, kinds.PodError) else ""
        wrong = f"{field}{error}"
        raise CliError(f'the pod "{name}" must be as Kubernetes gives it: {wrong}') from error


def _as_resized(spec: Body, status: Body) -> Body:
    """Give a pod's spec with requests as they count while they change."""
    has = _having(status)
    if not has:
        return spec
    refused = _is_resize_refused(status)
    parts = [part for part in ("initContainers", "containers") if part in spec]
    return {
        **spec,
        **{
            part: [
                _resized(each, has.get(str(each.get("name")), {}), refused=refused)
                for each in kinds.mappings(spec, part)
            ]
            for part in parts
        },
    }


def _resized(container: Body, has: _Spelled, *, refused: bool) -> Body:
    if not has:
        return container
    resources = kinds.mapping(container, "resources")
    wants = {} if refused else kinds.mapping(resources, "requests")
    return {**container, "resources": {**resources, "requests": _larger(wants, has)}}


def _having(status: Body) -> dict[str, _Spelled]:
    """Give what containers have been given already, by their names."""
    found = {}
    for part in ("initContainerStatuses", "containerStatuses"):
        for each in kinds.mappings(status, part):
            actual = kinds.mapping(kinds.mapping(each, "resources"), "requests")
            given = _larger(actual, kinds.mapping(each, "allocatedResources"))
            if given:
                found[str(each.get("name"))] = given
    return found


def _is_resize_refused(status: Body) -> bool:
    return any(
        (each.get("type"), each.get("reason")) == ("PodResizePending", "Infeasible")
        for each in kinds.mappings(status, "conditions")
    )


def _larger(one: _Spelled, other: _Spelled) -> _Spelled:
    both = {**one, **other}
    return {
        name: max((each[name] for each in (one, other) if name in each), key=parse) for name in both
    }


def _sum(pods: Iterable[Requests]) -> dict[str, str | int]:
    total: dict[str, Exact] = {}
    for requests in pods:
        for name, amount in requests.items():
            total[name] = total.get(name, 0) + amount
    return {
        name: to_text(amount, "Mi" if name in _BYTES or name.startswith(_HUGEPAGES) else "")
        for name, amount in sorted(total.items())
    }
