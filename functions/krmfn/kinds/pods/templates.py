"""Where the pods of a resource stand in it, and how many there are."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from krmfn.kinds.pods.values import PodError

_TEMPLATE = ("spec", "template", "spec")
_REPLICAS = ("spec", "replicas")
_JOB = ("spec", "jobTemplate")
_HOMES: dict[tuple[str, str], tuple[tuple[str, ...], tuple[str, ...]]] = {
    ("apps", "Deployment"): (_TEMPLATE, _REPLICAS),
    ("apps", "StatefulSet"): (_TEMPLATE, _REPLICAS),
    ("apps", "ReplicaSet"): (_TEMPLATE, _REPLICAS),
    ("apps", "DaemonSet"): (_TEMPLATE, ()),
    ("", "ReplicationController"): (_TEMPLATE, _REPLICAS),
    ("batch", "Job"): (_TEMPLATE, ("spec", "parallelism")),
    ("batch", "CronJob"): ((*_JOB, *_TEMPLATE), (*_JOB, "spec", "parallelism")),
    ("", "Pod"): (("spec",), ()),
}

MOST_PODS = 1_000_000
"""The most pods that one resource may run: seven times what Kubernetes is tested with."""


@dataclass(frozen=True, slots=True)
class PodTemplate:
    """The pods that a resource runs.

    Attributes:
        path: the keys that lead to the pod spec in the resource.
        spec: the pod spec.
        replicas: how many of them run at once; on each node with `per_node`.
        replicas_path: the keys that lead to their number; empty where none can be set.
    """

    path: tuple[str, ...]
    spec: Mapping[str, Any]
    replicas: int = 1
    replicas_path: tuple[str, ...] = ()
    per_node: bool = False

    @property
    def metadata_path(self) -> tuple[str, ...]:
        """The keys that lead to the metadata of the pods."""
        return (*self.path[:-1], "metadata")

    def field(self, inner: str) -> str:
        """Give the path in the resource of a field of the pod spec."""
        return f"{'.'.join(self.path)}.{inner}"


def pod_template(body: Mapping[str, Any]) -> PodTemplate | None:
    """Give the pods of a resource; None for one that runs none as far as its fields tell.

    Kinds that are not Kubernetes' own count when they have ``spec.template.spec.containers``.

    Raises:
        PodError: the number of replicas is no number.
    """
    group = str(body.get("apiVersion", "")).rpartition("/")[0]
    kind = str(body.get("kind", ""))
    known = _HOMES.get((group, kind))
    path, replicas_path = known or (_TEMPLATE, _REPLICAS)
    spec = _at(body, path)
    if not isinstance(spec, Mapping) or not isinstance(spec.get("containers"), list):
        return None
    if known is None and _at(body, replicas_path) is None:
        replicas_path = ()
    replicas = _count(body, replicas_path)
    if replicas_path[-1:] == ("parallelism",):
        replicas = min(replicas, _count(body, (*replicas_path[:-1], "completions"), replicas))
    return PodTemplate(path, spec, replicas, replicas_path, (group, kind) == ("apps", "DaemonSet"))


def _count(body: Mapping[str, Any], path: tuple[str, ...], default: int = 1) -> int:
    value = _at(body, path) if path else None
    if value is None:
        return default
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise PodError(f'must be a whole number of 0 or more, but is "{value}"', ".".join(path))
    if value > MOST_PODS:
        raise PodError(f'must be at most {MOST_PODS}, but is "{value}"', ".".join(path))
    return int(value)


def _at(value: Any, path: Iterable[str]) -> Any:
    for key in path:
        if not isinstance(value, Mapping):
            return None
        value = value.get(key)
    return value
