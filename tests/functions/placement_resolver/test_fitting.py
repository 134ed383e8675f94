"""Which nodes take a pod, and what it takes of them."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from krmfn.kinds.pods import SchedulingDemands, Toleration
from krmfn.placement_resolver.demand import DeviceNeed, PodDemand
from krmfn.placement_resolver.fitting import (
    NodeDemand,
    amounts_of,
    has_capability,
    is_borne,
    is_within,
    said,
)
from krmfn.placement_resolver.fleet import Capability, Cluster, Device, NodeGroup, Taint
from krmfn.sdk import Resource

POD = Resource.of({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web"}})
CNF = Taint("node-function", "cnf", "NoSchedule")
ANY, N3 = DeviceNeed(kind="vf"), DeviceNeed(kind="vf", network="n3")
FAST = DeviceNeed(kind="vf", min_speed_gbps=25)
DEVICES = (
    Device("vf", "v/slow", 4, network="n3", speed_gbps=10),
    Device("vf", "v/fast", 4, network="n3", speed_gbps=25),
    Device("vf", "v/n6", 4, network="n6", speed_gbps=25),
)


def pod(*devices: tuple[DeviceNeed, int, str], **requests: int) -> PodDemand:
    return PodDemand(POD, 1, requests, devices=devices)


@pytest.mark.parametrize(
    ("narrow", "wide", "within"),
    [
        (N3, ANY, True),
        (ANY, N3, False),
        (N3, FAST, False),
        (N3, N3, True),
        (DeviceNeed(kind="gpu"), ANY, False),
        (DeviceNeed(resource_name="v/n6"), FAST, True),
    ],
)
def test_a_need_is_within_another(narrow: DeviceNeed, wide: DeviceNeed, *, within: bool) -> None:
    assert is_within(narrow, wide, DEVICES) is within


def test_a_narrow_need_takes_from_every_wider_one() -> None:
    needs = (N3, 2, ""), (ANY, 1, "")
    assert amounts_of(pod(*needs, cpu=500), DEVICES) == {"cpu": 500, "pods": 1, N3: 2, ANY: 3}


def test_needs_of_others_are_taken_from_too() -> None:
    assert amounts_of(pod((N3, 2, "")), DEVICES, needs=(ANY, FAST)) == {"pods": 1, N3: 2, ANY: 2}
    assert amounts_of(pod(cpu=500), DEVICES, needs=(ANY,)) == {"cpu": 500, "pods": 1}


@given(st.lists(st.tuples(st.sampled_from([ANY, N3, FAST]), st.integers(1, 5)), max_size=4))
def test_the_widest_need_is_never_less_than_any_other(wishes: Any) -> None:
    amounts = amounts_of(pod(*((need, count, "") for need, count in wishes)), DEVICES, (ANY,))
    assert amounts.get(ANY, 0) == sum(count for _, count in wishes)


@pytest.mark.parametrize(
    ("demand", "taints", "allowed"),
    [
        pytest.param(NodeDemand(SchedulingDemands()), (), True, id="no taint"),
        pytest.param(NodeDemand(SchedulingDemands()), (CNF,), False, id="a taint"),
        pytest.param(NodeDemand(SchedulingDemands(), special=True), (CNF,), True, id="special"),
        pytest.param(
            NodeDemand(SchedulingDemands(tolerations=(Toleration("node-function", "Exists"),))),
            (CNF,),
            True,
            id="tolerated",
        ),
        pytest.param(
            NodeDemand(SchedulingDemands()),
            (Taint("spot", "", "PreferNoSchedule"),),
            True,
            id="only preferred",
        ),
        pytest.param(
            NodeDemand(SchedulingDemands(selector=(("disk", "ssd"),))), (), False, id="a label"
        ),
    ],
)
def test_labels_and_taints_let_a_pod_in(
    demand: NodeDemand, taints: tuple[Taint, ...], *, allowed: bool
) -> None:
    group = NodeGroup("g", 1, {}, labels={"disk": "hdd"}, taints=taints)
    assert demand.allows(Cluster("a"), group) is allowed


@pytest.mark.parametrize(
    ("capability", "has"),
    [
        (Capability("True", node_groups=("g",)), True),
        (Capability("True", node_groups=("other",)), False),
        (Capability("True"), True),
        (None, False),
    ],
    ids=["on this group", "on another group", "nobody says where", "not decided"],
)
def test_a_capability_is_of_node_groups(capability: Capability | None, *, has: bool) -> None:
    cluster = Cluster("a", capabilities={"dpdk": capability} if capability else {})
    assert has_capability(cluster, NodeGroup("g", 1, {}), "dpdk") is has


@pytest.mark.parametrize(
    ("key", "borne"),
    [
        ("node-function", True),
        ("nvidia.com/gpu", True),
        ("node.kubernetes.io/not-ready", False),
        ("node-role.kubernetes.io/control-plane", False),
    ],
)
def test_only_taints_that_people_set_are_borne(key: str, *, borne: bool) -> None:
    assert is_borne(Taint(key, "", "NoSchedule")) is borne


def test_amounts_are_said_in_the_words_of_kubernetes() -> None:
    amounts: dict[str | DeviceNeed, int] = {"cpu": 1500, "memory": 4 * 2**30, "gpu": 1, N3: 2}
    assert said(amounts) == "cpu 1500m, memory 4Gi, gpu 1, 2 vf on n3"
