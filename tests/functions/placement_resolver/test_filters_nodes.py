"""Room is sought on nodes and in NUMA zones, for pods that those nodes take; never on totals."""

from typing import Any

import pytest

HUGE = "hugepages-1Gi"
ALL = {"placementType": "PickAll"}


def zones(*free: dict[str, Any]) -> dict[str, Any]:
    listed = [{"name": f"node-{number}", "allocatable": each} for number, each in enumerate(free)]
    return {"zones": listed}


def vf(name: str, count: int, **fields: Any) -> dict[str, Any]:
    return {"class": "sriov-vf", "resourceName": name, "allocatable": count} | fields


def wanting(**device: Any) -> dict[str, Any]:
    return {"requirements": {"devices": [{"class": "sriov-vf"} | device]}}


def takes(build: Any, place: Any, group: Any, wish: Any = None, **pods: Any) -> bool:
    found = place(build.cluster("a", group), build.app("web", wish, **pods))
    assert {each.code for each in found.results} <= {"unplaced"}
    ok: bool = found.ok
    return ok


def test_totals_of_many_nodes_are_no_room_for_one_pod(build: Any, place: Any) -> None:
    many = build.group(count=24, cpu=32, **{HUGE: "2Gi"})
    assert not takes(build, place, many, cpu=1, **{HUGE: "16Gi"})
    assert takes(build, place, many, cpu=1, **{HUGE: "2Gi"})


@pytest.mark.parametrize(
    ("policy", "fits"),
    [
        ("single-numa-node", False),
        ("restricted", True),
        ("best-effort", True),
        ("none", True),
        ("", True),
    ],
)
def test_a_zone_must_take_the_pod_where_the_kubelet_says_so(
    build: Any, place: Any, policy: str, *, fits: bool
) -> None:
    half = {"cpu": "8", "memory": "32Gi"}
    said = {"topologyPolicy": policy} if policy else {}
    group = build.group(cpu=16, memory="64Gi", **zones(half, half), **said)
    assert takes(build, place, group, cpu=10, memory="1Gi") is fits
    assert takes(build, place, group, cpu=8, memory="1Gi")


def test_pods_that_share_cpus_are_not_aligned(build: Any, place: Any) -> None:
    half = {"cpu": "8", "memory": "32Gi"}
    group = build.group(
        cpu=16, memory="64Gi", topologyPolicy="single-numa-node", **zones(half, half)
    )
    assert takes(build, place, group, cpu="9500m", memory="1Gi")
    required = {"requirements": {"numaAlignment": "Required"}}
    assert not takes(build, place, group, required, cpu="9500m", memory="1Gi")


def test_each_zone_is_filled_by_itself(build: Any, place: Any) -> None:
    """Two zones of 8 CPUs take two pods of 5 and no third one, though 6 CPUs are left."""
    half = {"cpu": "8", "memory": "32Gi"}
    group = build.group(
        cpu=16, memory="64Gi", topologyPolicy="single-numa-node", **zones(half, half)
    )
    assert takes(build, place, group, replicas=2, cpu=5, memory="1Gi")
    assert not takes(build, place, group, replicas=3, cpu=5, memory="1Gi")


def test_devices_count_in_the_zone_they_sit_in(build: Any, place: Any) -> None:
    group = build.group(
        cpu=16,
        memory="64Gi",
        topologyPolicy="single-numa-node",
        devices=[vf("v/n3", 8, zone="node-1")],
        **zones({"cpu": "12", "memory": "32Gi"}, {"cpu": "4", "memory": "32Gi"}),
    )
    assert takes(build, place, group, wanting(), cpu=4, memory="1Gi")
    assert not takes(build, place, group, wanting(), cpu=8, memory="1Gi")
    assert takes(build, place, group, cpu=8, memory="1Gi")


@pytest.mark.parametrize(
    ("device", "fits"),
    [
        pytest.param({"count": 8, "network": "n3"}, True, id="all of a network"),
        pytest.param({"count": 9, "network": "n3"}, False, id="more than there are"),
        pytest.param({"count": 12}, True, id="of any network"),
        pytest.param({"count": 4, "minSpeedGbps": 25}, True, id="fast enough"),
        pytest.param({"count": 5, "minSpeedGbps": 25}, False, id="too few fast ones"),
    ],
)
def test_devices_are_counted_by_what_they_are(
    build: Any, place: Any, device: dict[str, Any], *, fits: bool
) -> None:
    pools = [
        vf("v/slow", 4, network="n3", speedGbps=10),
        vf("v/fast", 4, network="n3", speedGbps=25),
        vf("v/n6", 4, network="n6", speedGbps=10),
    ]
    group = build.group(cpu=64, devices=pools)
    assert takes(build, place, group, wanting(**device)) is fits


def test_a_device_is_taken_once_by_two_wishes_of_a_pod(build: Any, place: Any) -> None:
    wishes = [{"class": "sriov-vf", "count": 2, "network": "n3"}, {"class": "sriov-vf", "count": 2}]
    both = {"requirements": {"devices": wishes}}
    assert takes(build, place, build.group(cpu=8, devices=[vf("v/n3", 4, network="n3")]), both)
    assert not takes(build, place, build.group(cpu=8, devices=[vf("v/n3", 3, network="n3")]), both)


@pytest.mark.parametrize("second", [{"count": 12}, {"count": 12, "network": "n3"}])
def test_a_device_is_taken_once_by_two_workloads(
    build: Any, place: Any, second: dict[str, Any]
) -> None:
    fleet = build.cluster("a", build.group(cpu=64, devices=[vf("v/n3", 16, network="n3")]))
    apps = [
        build.app("x", wanting(count=12, network="n3")),
        build.app("y", wanting(**second)),
    ]
    found = place(fleet, *apps)
    assert [each.code for each in found.results] == ["unplaced"]


def test_a_device_is_taken_once_where_wishes_overlap(build: Any, place: Any) -> None:
    """8 on n3 and 8 fast ones share 4: together they are 16 of 12."""
    pools = [
        vf("v/p", 4, network="n3", speedGbps=25),
        vf("v/q", 4, network="n3", speedGbps=10),
        vf("v/r", 4, network="n6", speedGbps=25),
    ]
    fleet = build.cluster("a", build.group(cpu=64, devices=pools))
    apps = [
        build.app("x", wanting(count=8, network="n3")),
        build.app("y", wanting(count=8, minSpeedGbps=25)),
    ]
    assert [each.code for each in place(fleet, *apps).results] == ["devices-short"]


def test_a_label_of_a_gpu_without_a_gpu_is_no_gpu(build: Any, place: Any) -> None:
    labelled = build.group(cpu=8, labels={"nvidia.com/gpu.product": "Tesla-T4"})
    none = labelled | {"devices": [vf("nvidia.com/gpu", 0) | {"class": "gpu"}]}
    assert not takes(build, place, none, {"requirements": {"devices": [{"class": "gpu"}]}})


def test_headroom_stays_free(build: Any, place: Any) -> None:
    """Of 10 allocatable CPUs 15 % stay free, whatever is taken already."""
    group = build.group(cpu=6) | {"allocatable": {"cpu": "10"}}
    policy = build.policy(headroom={"cpu": "15%"})
    assert place(build.cluster("a", group), policy, build.app("web", cpu="4500m")).ok
    assert not place(build.cluster("a", group), policy, build.app("web", cpu="4501m")).ok


def test_free_amounts_that_nobody_saw_are_those_offered(build: Any, place: Any) -> None:
    group = build.group(cpu=8)
    del group["available"]
    assert takes(build, place, group, cpu=8)
    assert not takes(build, place, group, cpu=9)


def test_a_profile_without_a_capacity_counts_as_one_node_of_its_totals(
    build: Any, place: Any
) -> None:
    profile = build.profile("a", allocatable__cpu="16", available__cpu="4")
    assert place(profile, build.app("web", cpu=4)).ok
    assert not place(profile, build.app("web", cpu=5)).ok


def test_nodes_set_apart_are_used_by_those_who_need_them_only(build: Any, place: Any) -> None:
    taint = {"key": "node-function", "value": "cnf", "effect": "NoSchedule"}
    group = build.group(cpu=8, taints=[taint], devices=[vf("v/n3", 8)])
    assert takes(build, place, group, wanting())
    assert not takes(build, place, group)


@pytest.mark.parametrize(
    "key", ["node.kubernetes.io/unreachable", "node-role.kubernetes.io/master"]
)
def test_taints_of_the_control_plane_are_never_borne(build: Any, place: Any, key: str) -> None:
    taint = {"key": key, "effect": "NoSchedule"}
    group = build.group(cpu=8, taints=[taint], devices=[vf("v/n3", 8)])
    assert not takes(build, place, group, wanting())


def test_a_capability_must_be_on_the_node_that_takes_the_pod(build: Any, place: Any) -> None:
    groups = [build.group("with", cpu=2), build.group("without", cpu=16)]
    decided = {"capabilities": [{"name": "dpdk", "status": "True", "nodeGroups": ["with"]}]}
    wish = {"requirements": {"capabilities": [{"name": "dpdk"}]}}
    fleet = build.cluster("a", *groups, capacity=decided)
    assert place(fleet, build.app("web", wish, cpu=2)).ok
    assert not place(fleet, build.app("web", wish, cpu=4)).ok


@pytest.mark.parametrize(("replicas", "names"), [(2, ["a", "b"]), (3, ["b"]), (0, ["a", "b"])])
def test_all_replicas_must_find_a_node(
    build: Any, place: Any, replicas: int, names: list[str]
) -> None:
    fleet = [
        *build.cluster("a", build.group(count=2, cpu=3)),
        *build.cluster("b", build.group(count=3, cpu=3)),
    ]
    assert place(fleet, build.app("web", ALL, replicas=replicas, cpu=2)).chosen("web") == names


def test_a_group_without_nodes_takes_nothing(build: Any, place: Any) -> None:
    found = place(build.cluster("a", build.group(count=0, cpu=64)), build.app("web"))
    assert "1 has no nodes whose labels, taints and capabilities suit" in found.said()[0]
