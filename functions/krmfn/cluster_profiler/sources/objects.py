"""The objects of one cluster."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from krmfn.kinds.fleet import Metric
from krmfn.kinds.node_usage import NodeUsage
from krmfn.sdk import Resource


@dataclass(frozen=True, slots=True)
class Reading:
    """A value of a metric that is of this cluster, and the snapshot it stands in."""

    metric: Metric
    of: Resource
    at: str
    labels: Mapping[str, str]
    value: str


@dataclass(frozen=True, slots=True)
class Objects:
    """The objects of one cluster, and what all clusters share.

    Attributes:
        cluster: name of the cluster.
        by_kind: the objects by ``group/Kind``.
        usages: requests on its nodes.
        readings: values of metrics.
        as_of: the time at which facts must still be valid, in seconds since 1970.
    """

    cluster: str
    by_kind: Mapping[str, Sequence[Resource]] = field(default_factory=dict)
    usages: Sequence[NodeUsage] = ()
    readings: Sequence[Reading] = ()
    as_of: float = 0

    @property
    def facts(self) -> list[Resource]:
        """All the objects."""
        return [resource for listed in self.by_kind.values() for resource in listed]

    def of(self, kind: str) -> Sequence[Resource]:
        """Give the objects of a kind, written ``group/Kind``, by namespace and name."""
        return sorted(
            self.by_kind.get(kind, ()),
            key=lambda each: (each.namespace, each.name, each.path or ""),
        )
