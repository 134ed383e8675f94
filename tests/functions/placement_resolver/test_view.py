"""The fleet as rows and columns says the same as its clusters, one by one."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from krmfn.placement_resolver.demand import DeviceNeed
from krmfn.placement_resolver.fleet import Cluster, Device, NodeGroup, Zone
from krmfn.placement_resolver.vectors import PlainVectors, Vectors, rows_of
from krmfn.placement_resolver.vectors.numeric import NumpyVectors
from krmfn.placement_resolver.view import Row, View

VF = DeviceNeed(kind="vf")
AMOUNTS = st.fixed_dictionaries({"cpu": st.integers(0, 9), "memory": st.integers(0, 9)})
GROUPS = st.builds(
    lambda count, free, devices: NodeGroup(
        "g", count, free, devices=(Device("vf", "v", devices),) if devices else ()
    ),
    st.integers(0, 3),
    AMOUNTS,
    st.integers(0, 3),
)
FLEETS = st.lists(st.lists(GROUPS, max_size=3).map(tuple), max_size=6)


def view_of(fleet: Any, backend: Vectors | None = None) -> View:
    clusters = tuple(Cluster(f"c{number}", groups=groups) for number, groups in enumerate(fleet))
    return View(clusters, backend or PlainVectors())


def room(group: NodeGroup, amounts: Mapping[Any, int]) -> int:
    row = Row(0, group)
    most = [
        (row.devices(what) if isinstance(what, DeviceNeed) else row.free(what)) // each
        for what, each in amounts.items()
    ]
    return group.count * min(most)


@given(FLEETS, st.integers(1, 4), st.integers(1, 4), st.integers(0, 2), st.integers(1, 6))
def test_room_is_the_sum_over_the_nodes_of_a_cluster(
    fleet: Any, cpu: int, memory: int, devices: int, replicas: int
) -> None:
    amounts: dict[Any, int] = {"cpu": cpu, "memory": memory} | ({VF: devices} if devices else {})
    wanted = {
        number
        for number, groups in enumerate(fleet)
        if sum(room(group, amounts) for group in groups) >= replicas
    }
    for backend in (PlainVectors(), NumpyVectors()):
        rows = view_of(fleet, backend).nodes
        everywhere = (1 << len(rows.all)) - 1
        assert set(rows_of(rows.room_for(amounts, everywhere, replicas))) == wanted


@given(FLEETS, st.integers(0, 9))
def test_a_cluster_has_a_row_for_each_of_its_groups(fleet: Any, cpu: int) -> None:
    view = view_of(fleet)
    for number, groups in enumerate(fleet):
        assert [row.group for _, row in view.nodes.of(number)] == list(groups)
    enough = {
        number
        for number, groups in enumerate(fleet)
        if any(group.available["cpu"] >= cpu for group in groups)
    }
    found = view.nodes.clusters_with(view.nodes.at_least("cpu", cpu))
    assert set(rows_of(found)) == enough


@pytest.mark.parametrize(
    ("aligned", "single", "free"),
    [
        ("never", True, [10]),
        ("policy", True, [4, 6]),
        ("policy", False, [10]),
        ("always", False, [4, 6]),
    ],
)
def test_zones_are_rows_where_pods_must_be_aligned(
    aligned: str, free: list[int], *, single: bool
) -> None:
    zones = Zone("z0", {"cpu": 4}), Zone("z1", {"cpu": 6})
    group = NodeGroup("g", 1, {"cpu": 10}, zones=zones, single_zone=single)
    rows = view_of([(group,)]).rows_for(aligned)
    assert [row.free("cpu") for row in rows.all] == free


def test_a_zone_has_no_more_than_its_node() -> None:
    group = NodeGroup("g", 1, {"cpu": 3, "memory": 8}, zones=(Zone("z", {"cpu": 6}),))
    row = Row(0, group, group.zones[0])
    assert (row.free("cpu"), row.free("memory"), row.free("disk")) == (3, 8, 0)


def test_devices_are_in_their_zone_or_in_every_one() -> None:
    devices = Device("vf", "v/z", 4, zone="z"), Device("vf", "v", 2)
    group = NodeGroup("g", 1, {}, zones=(Zone("z", {}), Zone("y", {})), devices=devices)
    assert [Row(0, group, zone).devices(VF) for zone in group.zones] == [6, 2]


def test_what_was_asked_once_is_not_asked_again() -> None:
    view, asked = view_of([(), ()]), list[str]()

    def holds(cluster: Cluster) -> bool:
        asked.append(cluster.name)
        return True

    for _ in range(2):
        assert view.mark("key", holds) == view.everything == 0b11
    assert asked == ["c0", "c1"]
    assert view.mask_of_names(["c1", "nobody"]) == 0b10
