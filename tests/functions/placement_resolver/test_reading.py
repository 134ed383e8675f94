"""Clusters as placement knows them, from profiles and capacities as they are written."""

from typing import Any

import pytest

from krmfn.placement_resolver.fleet import CAPACITY, NodeGroup
from krmfn.placement_resolver.intents import PlacementPolicySpec
from krmfn.placement_resolver.reading import read_facts
from krmfn.sdk import Package, Resource

NOW, EARLIER = "2026-08-01T10:00:00Z", "2026-08-01T09:00:00Z"
GIB = 1024**3


def read(*bodies: Any, **policy: Any) -> Any:
    package = Package(Resource.of(each) for each in bodies)
    return read_facts(package, PlacementPolicySpec.model_validate(policy))


def amounts(group: NodeGroup) -> dict[str, int]:
    """Give what is free but the places for pods, which every node has."""
    return {name: amount for name, amount in group.available.items() if name != "pods"}


def test_a_node_that_tells_no_limit_takes_as_many_pods_as_a_kubelet_does(build: Any) -> None:
    told, untold = build.group(cpu=4), build.group(cpu=4)
    told |= {"allocatable": {"cpu": "4", "pods": "250"}, "available": {"cpu": "4", "pods": "9"}}
    facts, _ = read(*build.cluster("a", told), *build.cluster("b", untold))
    assert [each.groups[0].available["pods"] for each in facts.clusters] == [9, 110]


def test_clusters_come_by_name_whatever_their_order(build: Any) -> None:
    facts, problems = read(build.profile("b"), build.profile("a"))
    assert [each.name for each in facts.clusters] == ["a", "b"]
    assert problems == []


@pytest.mark.parametrize("group", ["config.projectsveltos.io/v1beta1", "launcher.gokure.dev/v1"])
def test_a_cluster_profile_of_another_group_is_no_cluster(build: Any, group: str) -> None:
    facts, _ = read(build.profile("a") | {"apiVersion": group})
    assert facts.clusters == ()


def test_amounts_are_whole_numbers_of_the_smallest_unit(build: Any) -> None:
    group = build.group(cpu="43281m", memory="3150Mi", **{"hugepages-1Gi": "48Gi"})
    facts, _ = read(*build.cluster("a", group))
    (found,) = facts.clusters[0].groups
    assert amounts(found) == {"cpu": 43281, "memory": 3150 * 2**20, "hugepages-1Gi": 48 * GIB}


@pytest.mark.parametrize(("text", "size"), [("1k", 1000), ("1Ki", 1024), ("1e3", 1000), ("0", 0)])
def test_k_is_not_ki(build: Any, text: str, size: int) -> None:
    facts, _ = read(*build.cluster("a", build.group(memory=text)))
    assert amounts(facts.clusters[0].groups[0]) == {"memory": size}


def test_the_newest_observation_is_the_time_of_the_decision(build: Any) -> None:
    one = build.profile("a", observed="2026-08-01T12:00:00+02:00", power="1")
    two = build.profile("b", observed="2026-08-01T10:30:00Z", power="1")
    assert read(one, two)[0].as_of == "2026-08-01T10:30:00Z"
    assert read(one, two, asOf=NOW)[0].as_of == NOW
    assert read(build.profile("a"))[0].as_of == ""


def test_an_observation_that_is_no_instant_is_old(build: Any) -> None:
    profile = build.profile("a", observed="yesterday", power="1")
    (cluster,) = read(profile, maxFactAge="15m", asOf=NOW)[0].clusters
    assert cluster.properties == {}
    assert cluster.stale == ("power",)


def test_stale_facts_are_named_and_left_out(build: Any) -> None:
    bodies = build.cluster("a", capacity={"observed": EARLIER}, observed=EARLIER, power="1")
    bodies[0]["status"]["properties"].append({"name": "timeless", "value": "1"})
    (cluster,) = read(*bodies, maxFactAge="15m", asOf=NOW)[0].clusters
    assert set(cluster.properties) == {"timeless"}
    assert cluster.stale == ("power", CAPACITY)
    assert cluster.groups == ()


def test_headroom_is_a_share_of_what_is_offered(build: Any) -> None:
    group = build.group(cpu=6, memory="8Gi") | {"allocatable": {"cpu": "10", "memory": "8Gi"}}
    (cluster,) = read(*build.cluster("a", group), headroom={"cpu": "12.5%"})[0].clusters
    assert amounts(cluster.groups[0]) == {"cpu": 4750, "memory": 8 * GIB}


def test_headroom_never_leaves_less_than_nothing(build: Any) -> None:
    group = build.group(cpu=1) | {"allocatable": {"cpu": "10"}}
    (cluster,) = read(*build.cluster("a", group), headroom={"cpu": "50%"})[0].clusters
    assert amounts(cluster.groups[0]) == {"cpu": 0}


def test_without_a_capacity_the_totals_are_one_node(build: Any) -> None:
    profile = build.profile(
        "a", allocatable__cpu="64", allocatable__pods="lots", available__cpu="9"
    )
    (cluster,) = read(profile)[0].clusters
    assert not cluster.capacity_known
    assert [(each.count, amounts(each)) for each in cluster.groups] == [(1, {"cpu": 9000})]


@pytest.mark.parametrize(
    ("conditions", "healthy"),
    [
        (None, True),
        ([], True),
        ([{"type": "ControlPlaneHealthy", "status": "True"}], True),
        ([{"type": "ControlPlaneHealthy", "status": "False"}], False),
        ([{"type": "ControlPlaneHealthy", "status": "Unknown"}], False),
        ([{"type": "Joined", "status": "False"}], True),
        ("nonsense", True),
    ],
)
def test_health_is_what_the_condition_says(build: Any, conditions: Any, *, healthy: bool) -> None:
    profile = build.profile("a")
    profile["status"]["conditions"] = conditions
    assert read(profile)[0].clusters[0].healthy is healthy


def test_a_profile_without_a_status_is_a_cluster(build: Any) -> None:
    profile = build.profile("a")
    del profile["status"]
    (cluster,) = read(profile)[0].clusters
    assert (cluster.name, cluster.namespace, cluster.groups) == ("a", "fleet", ())


def test_what_rules_decided_wins_over_a_property(build: Any) -> None:
    decided = {"capabilities": [{"name": "dpdk", "status": "False", "evidence": ["no hugepages"]}]}
    (cluster,) = read(*build.cluster("a", capacity=decided, capability__dpdk="true"))[0].clusters
    assert cluster.capabilities["dpdk"].status == "False"
    assert cluster.capabilities["dpdk"].evidence == ("no hugepages",)


def test_the_digest_changes_with_any_fact_and_not_with_order(build: Any) -> None:
    one, two = build.profile("a", power="1"), build.profile("b")
    digest = read(one, two)[0].digest
    assert read(two, one)[0].digest == digest
    assert read(build.profile("a", power="2"), two)[0].digest != digest
