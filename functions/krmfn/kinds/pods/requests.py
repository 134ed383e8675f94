"""What pods ask of their node, as kube-scheduler counts it, and their quality of service."""

import math
from collections.abc import Iterator, Mapping
from typing import Any

from krmfn.kinds.pods.values import PodError, mapping, mappings
from krmfn.sdk import quantity
from krmfn.sdk.quantity import Exact

Amounts = dict[str, Exact]
"""Exact amounts by resource name: CPUs, bytes, pieces."""

_HUGEPAGES = "hugepages-"
_QOS = ("cpu", "memory")
_PARTS = ("initContainers", "containers")
_INT64 = 2**63


def effective_requests(pod_spec: Mapping[str, Any]) -> Amounts:
    """Give what a pod takes from its node: cores, bytes and pieces by resource name.

    Containers are summed. An init container runs beside the sidecars before it (KEP-753), and the
    greatest demand of the start counts where it exceeds that of the run. Where requests are
    missing, limits stand in. Requests of the pod as a whole replace the sum (KEP-2837), and the
    overhead of its runtime class comes on top.

    Raises:
        PodError: an amount is no quantity, or negative.
    """
    requests = _of_containers(pod_spec)
    requests |= _of_pod(pod_spec, requests)
    return _sum(requests, _amounts(pod_spec, "overhead"))


def is_guaranteed(pod_spec: Mapping[str, Any]) -> bool:
    """Say whether the pod's quality of service is Guaranteed: CPU and memory limits, all requested.

    Raises:
        PodError: an amount is no quantity, or negative.
    """
    whole = _of_pod(pod_spec, _of_containers(pod_spec))
    parts = (
        [(whole, _listed(pod_spec, "", "limits"))]
        if whole
        else [(_requests(*each), _listed(*each, "limits")) for each in _containers(pod_spec)]
    )
    return bool(parts) and all(
        limits.get(name, 0) > 0 and requests.get(name) == limits[name]
        for requests, limits in parts
        for name in _QOS
    )


def pinned(pod_spec: Mapping[str, Any]) -> dict[str, Any]:
    """Give the pod spec with CPUs of its own for every container, as kubelet's static policy wants.

    Requests become limits: the greater of the two, and whole CPUs. Values that say the same
    already are left as they are spelled.

    Raises:
        PodError: a container asks for no CPU or no memory, or an amount is wrong.
    """
    if pod_spec.get("resources"):
        raise PodError("must be given for each container where CPUs are pinned", "resources")
    made = dict(pod_spec)
    for part in _PARTS:
        if part in made:
            found = _containers(pod_spec, part)
            made[part] = [_with_own_cpus(container, field) for container, field in found]
    return made


def _of_containers(pod_spec: Mapping[str, Any]) -> Amounts:
    running: Amounts = {}
    sidecars: Amounts = {}
    starting: Amounts = {}
    for container, field in _containers(pod_spec):
        requests = _requests(container, field)
        if field.startswith("containers"):
            running = _sum(running, requests)
        elif container.get("restartPolicy") == "Always":
            running, sidecars = _sum(running, requests), _sum(sidecars, requests)
        else:
            starting = _greatest(starting, _sum(sidecars, requests))
    return _greatest(running, starting)


def _of_pod(pod_spec: Mapping[str, Any], of_containers: Mapping[str, Exact]) -> Amounts:
    """Give what the pod as a whole says for itself.

    Its limits stand in for CPU and memory only where no container asks for them.
    """
    limits, requests = (_listed(pod_spec, "", part) for part in ("limits", "requests"))
    standing_in = {
        name: of_containers.get(name, limit) if name in _QOS else limit
        for name, limit in limits.items()
    }
    said = standing_in | requests
    return {name: amount for name, amount in said.items() if _is_of_pods(name)}


def _is_of_pods(name: str) -> bool:
    return name in _QOS or name.startswith(_HUGEPAGES)


def _containers(
    pod_spec: Mapping[str, Any], *parts: str
) -> Iterator[tuple[Mapping[str, Any], str]]:
    """Yield the containers with the beginning of their fields, those of the start first."""
    for part in parts or _PARTS:
        for number, container in enumerate(mappings(pod_spec, part)):
            yield container, f"{part}[{number}]."


def _with_own_cpus(container: Mapping[str, Any], field: str) -> dict[str, Any]:
    resources = mapping(container, "resources", field)
    inner = f"{field}resources."
    sides = [dict(mapping(resources, side, inner)) for side in ("requests", "limits")]
    for name in _QOS:
        needed = _greatest_of(sides, name, field)
        for side in sides:
            if name not in side or quantity.parse(side[name]) != quantity.parse(needed):
                side[name] = needed
    requests, limits = sides
    return {**container, "resources": {**resources, "requests": requests, "limits": limits}}


def _greatest_of(sides: list[dict[str, Any]], name: str, field: str) -> Any:
    """Give the greater one of request and limit, in whole CPUs, as it is spelled if it can be."""
    given = [
        (_amount(side[name], f"{field}resources.{part}.{name}"), side[name])
        for part, side in zip(("requests", "limits"), sides, strict=True)
        if name in side
    ]
    amount, spelled = max(given, key=lambda each: each[0], default=(0, None))
    if not amount:
        message = f"must be given where CPUs are pinned: Guaranteed pods limit their {name}"
        raise PodError(message, f"{field}resources.limits.{name}")
    return spelled if name != "cpu" or isinstance(amount, int) else str(math.ceil(amount))


def _requests(holder: Mapping[str, Any], field: str) -> Amounts:
    return _listed(holder, field, "limits") | _listed(holder, field, "requests")


def _listed(holder: Mapping[str, Any], field: str, part: str) -> Amounts:
    return _amounts(mapping(holder, "resources", field), part, f"{field}resources.")


def _amounts(holder: Mapping[str, Any], key: str, field: str = "") -> Amounts:
    given = mapping(holder, key, field)
    return {str(name): _amount(value, f"{field}{key}.{name}") for name, value in given.items()}


def _amount(value: Any, field: str) -> Exact:
    try:
        amount = quantity.parse(value)
    except ValueError as problem:
        raise PodError(str(problem), field) from None
    if amount < 0:
        raise PodError(f'must be a quantity of 0 or more, but is "{value}"', field)
    if amount >= _INT64:
        raise PodError(f'must be a quantity of less than 8Ei, but is "{value}"', field)
    return amount


def _sum(left: Amounts, right: Mapping[str, Exact]) -> Amounts:
    return left | {name: left.get(name, 0) + amount for name, amount in right.items()}


def _greatest(left: Amounts, right: Mapping[str, Exact]) -> Amounts:
    return left | {name: max(left.get(name, 0), amount) for name, amount in right.items()}
