"""The fleet laid out for deciding: columns and masks over clusters and over their nodes."""

from bisect import bisect_left
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from math import nan

from krmfn.placement_resolver.demand import DeviceNeed
from krmfn.placement_resolver.fleet import Cluster, Device, NodeGroup, Zone
from krmfn.placement_resolver.vectors import Column, Vectors, mask_of


@dataclass(frozen=True, slots=True)
class Row:
    """A place for pods: the nodes of a group, or one NUMA zone of them."""

    cluster: int
    group: NodeGroup
    zone: Zone | None = None

    def has(self, resource: str | DeviceNeed) -> int:
        """Give what one node, or one zone of it, has of a resource, or how many such devices."""
        return self.devices(resource) if isinstance(resource, DeviceNeed) else self.free(resource)

    def whole(self) -> "Row":
        """Give the row as it would be if nothing ran there."""
        zone = self.zone and replace(self.zone, available=self.zone.allocatable)
        group = self.group
        devices = tuple(replace(each, available=each.allocatable) for each in group.devices)
        empty = replace(group, available=group.allocatable, devices=devices)
        return Row(self.cluster, empty, zone)

    def free(self, resource: str) -> int:
        """Give what one node, or one zone of it, has of a resource."""
        whole = self.group.available.get(resource, 0)
        if self.zone is None or resource not in self.zone.available:
            return whole
        return min(whole, self.zone.available[resource])

    def devices(self, need: DeviceNeed) -> int:
        """Give how many devices that will do one node, or one zone of it, has."""
        return sum(each.available for each in self.group.devices if self._offers(need, each))

    def _offers(self, need: DeviceNeed, device: Device) -> bool:
        near = self.zone is None or device.zone in ("", self.zone.name)
        return near and need.accepts(device)


class Rows:
    """Places for pods, those of one cluster together, with their amounts as columns."""

    def __init__(self, rows: Iterable[Row], clusters: int, vectors: Vectors) -> None:
        self.all = tuple(rows)
        self.vectors = vectors
        self.owners = sorted({row.cluster for row in self.all})
        first = {row.cluster: index for index, row in reversed(list(enumerate(self.all)))}
        self.starts = [first[owner] for owner in self.owners]
        self.bounds = vectors.bounds(self.starts, len(self.all))
        self.clusters = clusters
        self._columns: dict[Hashable, Column] = {}
        self._masks: dict[Hashable, int] = {}

    @cached_property
    def counts(self) -> Column:
        """How many nodes each row has."""
        return self.vectors.column(float(row.group.count) for row in self.all)

    def amounts(self, resource: str | DeviceNeed) -> Column:
        """What each node has of a resource, or how many devices that will do."""
        return self._column(resource, lambda row: float(row.has(resource)))

    def at_least(self, resource: str | DeviceNeed, amount: int) -> int:
        """Mark the rows whose nodes have so much of a resource or so many devices."""
        key = (resource, amount)
        if key not in self._masks:
            self._masks[key] = self.vectors.at_least(self.amounts(resource), float(amount))
        return self._masks[key]

    def mark(self, key: Hashable, holds: Callable[[Row], bool]) -> int:
        """Mark the rows for which something holds; `key` names it."""
        if key not in self._masks:
            self._masks[key] = mask_of(holds(row) for row in self.all)
        return self._masks[key]

    def of(self, cluster: int) -> Iterator[tuple[int, Row]]:
        """Yield the rows of a cluster, with their numbers."""
        position = bisect_left(self.owners, cluster)
        if position == len(self.owners) or self.owners[position] != cluster:
            return
        for number in range(self.starts[position], len(self.all)):
            if self.all[number].cluster != cluster:
                return
            yield number, self.all[number]

    def clusters_with(self, mask: int) -> int:
        """Mark the clusters that have a marked row."""
        if not self.all:
            return 0
        key = ("clusters", mask)
        if key not in self._masks:
            owned = self.vectors.owned(mask, self.bounds)
            self._masks[key] = self._spread(owned)
        return self._masks[key]

    def room_for(self, amounts: Mapping[str | DeviceNeed, int], within: int, replicas: int) -> int:
        """Mark the clusters whose marked rows take so many pods of these amounts, alone there."""
        room: Column = None
        for resource, amount in amounts.items():
            goes = self.vectors.fitting(self.amounts(resource), float(amount))
            room = goes if room is None else self.vectors.least(room, goes)
        if room is None or not self.all:
            return self.clusters_with(within)
        marks = self.vectors.marked(within, len(self.all))
        pods = self.vectors.times(self.vectors.times(room, self.counts), marks)
        sums = self.vectors.summed(pods, self.bounds)
        return self._spread(self.vectors.at_least(sums, float(replicas)))

    def _spread(self, owned: int) -> int:
        """Turn marks of owners into marks of clusters."""
        if len(self.owners) == self.clusters:
            return owned
        marked = 0
        for position, owner in enumerate(self.owners):
            if owned >> position & 1:
                marked |= 1 << owner
        return marked

    def _column(self, key: Hashable, amount: Callable[[Row], float]) -> Column:
        if key not in self._columns:
            self._columns[key] = self.vectors.column(amount(row) for row in self.all)
        return self._columns[key]


@dataclass
class View:
    """The clusters of a fleet, and what was already found out about them.

    Masks and columns are kept by key, so that workloads that ask the same share the answer.
    """

    clusters: tuple[Cluster, ...]
    vectors: Vectors
    now: float | None = None
    decided: Mapping[str, float] = field(default_factory=dict)
    _masks: dict[Hashable, int] = field(default_factory=dict)
    _facts: dict[Hashable, Column] = field(default_factory=dict)
    _columns: dict[Hashable, Column] = field(default_factory=dict)

    @cached_property
    def everything(self) -> int:
        """The mask of all clusters."""
        return (1 << len(self.clusters)) - 1

    @cached_property
    def index(self) -> dict[str, int]:
        """The number of each cluster by name."""
        return {cluster.name: number for number, cluster in enumerate(self.clusters)}

    @cached_property
    def devices(self) -> tuple[Device, ...]:
        """The different devices of the fleet, their numbers left out."""
        seen = {
            replace(device, available=0, allocatable=0, zone="")
            for cluster in self.clusters
            for group in cluster.groups
            for device in group.devices
        }
        return tuple(sorted(seen, key=repr))

    @cached_property
    def nodes(self) -> Rows:
        """Whole nodes."""
        rows = (
            Row(number, group)
            for number, cluster in enumerate(self.clusters)
            for group in cluster.groups
        )
        return Rows(rows, len(self.clusters), self.vectors)

    @cached_property
    def zones(self) -> Rows:
        """NUMA zones, and the nodes of which no zones are known."""
        return Rows(self._zoned(strict_only=False), len(self.clusters), self.vectors)

    @cached_property
    def strict_zones(self) -> Rows:
        """NUMA zones where the kubelet enforces them, and whole nodes elsewhere."""
        if not any(group.single_zone for cluster in self.clusters for group in cluster.groups):
            return self.nodes
        return Rows(self._zoned(strict_only=True), len(self.clusters), self.vectors)

    def rows_for(self, aligned: str) -> Rows:
        """Give the places for pods that are aligned "always", "never" or by "policy"."""
        return {"always": self.zones, "policy": self.strict_zones, "never": self.nodes}[aligned]

    def mark(self, key: Hashable, holds: Callable[[Cluster], bool]) -> int:
        """Mark the clusters for which something holds; `key` names it."""
        return self.kept_mask(key, lambda: mask_of(holds(cluster) for cluster in self.clusters))

    def column(self, key: Hashable, number: Callable[[Cluster], float | None]) -> Column:
        """Give a number a cluster, None for one that is not known; `key` names it."""
        if key not in self._facts:
            numbers = (number(each) for each in self.clusters)
            self._facts[key] = self.vectors.column(nan if one is None else one for one in numbers)
        return self._facts[key]

    def kept(self, key: Hashable, make: Callable[[], Column]) -> Column:
        """Give the column of a key, made when it is first asked for."""
        if key not in self._columns:
            self._columns[key] = make()
        return self._columns[key]

    def kept_mask(self, key: Hashable, make: Callable[[], int]) -> int:
        """Give the mask of a key, made when it is first asked for."""
        if key not in self._masks:
            self._masks[key] = make()
        return self._masks[key]

    def marked(self, mask: int) -> Column:
        """Give 1 for every marked cluster and 0 for the others."""
        key = ("marked", mask)
        if key not in self._columns:
            self._columns[key] = self.vectors.marked(mask, len(self.clusters))
        return self._columns[key]

    def mask_of_names(self, names: Iterable[str]) -> int:
        """Mark the clusters of these names; names that no cluster has are passed over."""
        mask = 0
        for name in names:
            if name in self.index:
                mask |= 1 << self.index[name]
        return mask

    def _zoned(self, *, strict_only: bool) -> Iterable[Row]:
        for number, cluster in enumerate(self.clusters):
            for group in cluster.groups:
                if group.zones and (group.single_zone or not strict_only):
                    yield from (Row(number, group, zone) for zone in group.zones)
                else:
                    yield Row(number, group)
