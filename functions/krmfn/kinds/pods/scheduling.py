"""Where kube-scheduler may put a pod: node selector, required node affinity, taints.

The rules are those of Kubernetes' own `component-helpers`.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from krmfn.kinds.pods.values import PodError, mapping, mappings

NODE_NAME = "metadata.name"
"""The field of a node that an affinity may name, and the key of its value among the labels."""

REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
_INTEGER = re.compile(r"[-+]?[0-9]{1,20}")
_INT64 = 2**63


class TaintLike(Protocol):
    """A taint of a node."""

    @property
    def key(self) -> str: ...  # noqa: D102
    @property
    def value(self) -> str: ...  # noqa: D102
    @property
    def effect(self) -> str: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class Demand:
    """A demand on a label of a node, or on its name."""

    key: str
    operator: str
    values: tuple[str, ...] = ()

    def holds(self, labels: Mapping[str, str]) -> bool:
        """Say whether labels fulfil it; one that Kubernetes would refuse is never fulfilled."""
        value = labels.get(self.key)
        match self.operator:
            case "In" | "NotIn":
                return (value in self.values) is (self.operator == "In")
            case "Exists" | "DoesNotExist":
                return (value is not None) is (self.operator == "Exists")
            case "Gt" | "Lt" if len(self.values) == 1:
                have, bound = _integer(value), _integer(self.values[0])
                if have is None or bound is None:
                    return False
                return have > bound if self.operator == "Gt" else have < bound
        return False


@dataclass(frozen=True, slots=True)
class Toleration:
    """A taint that pods bear."""

    key: str = ""
    operator: str = "Equal"
    value: str = ""
    effect: str = ""

    def bears(self, taint: TaintLike) -> bool:
        """Say whether it matches a taint."""
        return (
            self.effect in ("", taint.effect)
            and self.key in ("", taint.key)
            and (
                self.operator == "Exists"
                or (self.operator == "Equal" and self.value == taint.value)
            )
        )


@dataclass(frozen=True, slots=True)
class SchedulingDemands:
    """What a pod demands of the labels and taints of its node.

    Attributes:
        selector: labels that the node must have.
        terms: the required node affinity, of which one term must hold; None when there is none.
        tolerations: taints that the pod bears.
    """

    selector: tuple[tuple[str, str], ...] = ()
    terms: tuple[tuple[Demand, ...], ...] | None = None
    tolerations: tuple[Toleration, ...] = ()


def scheduling_demands(pod_spec: Mapping[str, Any]) -> SchedulingDemands:
    """Give what a pod demands of its node, as a value that can be a key.

    Raises:
        PodError: a part is not of the form that Kubernetes wants.
    """
    selector = mapping(pod_spec, "nodeSelector")
    return SchedulingDemands(
        selector=tuple(sorted((str(key), str(value)) for key, value in selector.items())),
        terms=_terms(mapping(mapping(pod_spec, "affinity"), "nodeAffinity", "affinity.")),
        tolerations=tuple(_toleration(each) for each in mappings(pod_spec, "tolerations")),
    )


def nodes_allowed(
    demands: SchedulingDemands, labels: Mapping[str, str], taints: Iterable[TaintLike] = ()
) -> bool:
    """Say whether the scheduler may put the pod on nodes with these labels and taints.

    An affinity to the name of a node holds where `labels` say the name under `NODE_NAME`.
    """
    return (
        all(labels.get(key) == value for key, value in demands.selector)
        and (
            demands.terms is None
            or any(term and all(each.holds(labels) for each in term) for term in demands.terms)
        )
        and all(
            any(each.bears(taint) for each in demands.tolerations)
            for taint in taints
            if taint.effect in ("NoSchedule", "NoExecute")
        )
    )


def _terms(affinity: Mapping[str, Any]) -> tuple[tuple[Demand, ...], ...] | None:
    field = "affinity.nodeAffinity."
    if affinity.get(REQUIRED) is None:
        return None
    field, required = f"{field}{REQUIRED}.", mapping(affinity, REQUIRED, field)
    terms = mappings(required, "nodeSelectorTerms", field)
    return tuple(
        tuple(_demands(term, f"{field}nodeSelectorTerms[{number}]."))
        for number, term in enumerate(terms)
    )


def _demands(term: Mapping[str, Any], field: str) -> Iterator[Demand]:
    for part in ("matchExpressions", "matchFields"):
        for number, each in enumerate(mappings(term, part, field)):
            values = each.get("values") or []
            if not isinstance(values, list):
                raise PodError("must be a list", f"{field}{part}[{number}].values")
            names = tuple(str(value) for value in values)
            yield Demand(str(each.get("key", "")), str(each.get("operator", "")), names)


def _toleration(given: Mapping[str, Any]) -> Toleration:
    key, operator, value, effect = (
        str(given.get(name) or "") for name in ("key", "operator", "value", "effect")
    )
    return Toleration(key, operator or "Equal", value, effect)


def _integer(text: str | None) -> int | None:
    if text is None or _INTEGER.fullmatch(text) is None:
        return None
    number = int(text)
    return number if -_INT64 <= number < _INT64 else None
