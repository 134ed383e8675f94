"""What is said about clusters that would do but were not chosen."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

ONE = "placementType: PickN\nnumberOfClusters: 1\n"
HEAD = "kind: PlacementIntent\nmetadata:\n  labels: "

Why = Callable[..., list[str]]


@pytest.fixture
def why(fleet: Any, make_workload: Callable[..., str]) -> Why:
    """Place workloads, given as CPUs and `spec` by name, and ask why not on a cluster."""

    def ask(workloads: Mapping[str, tuple[int, str]], intent: str, cluster: str) -> list[str]:
        for name in ("upf", "api", "portal", "simulator"):
            (fleet.root / f"{name}.yaml").unlink(missing_ok=True)
        for name, (cpu, spec) in workloads.items():
            text = make_workload(name, cpu, spec)
            labelled = text.replace("kind: PlacementIntent\nmetadata:", f"{HEAD}{{group: core}}")
            fleet.write({f"app-{name}.yaml": labelled})
        assert fleet.run("explain", intent, cluster, "-o", "json") == 0, fleet.err
        obstacles: list[str] = json.loads(fleet.out)["obstacles"]
        return obstacles

    return ask


def test_a_worse_cluster_lacks_points(why: Why) -> None:
    assert why({"web": (1, ONE)}, "web", "waw-edge-1") == [
        "12.0 points worse than central-1, the worst that was chosen"
    ]


def test_of_equal_clusters_one_wins_the_tie(
    fleet: Any, why: Why, make_cluster: Callable[..., str]
) -> None:
    fleet.write({"clusters/central-2/facts.yaml": make_cluster("central-2", "0.02", 64)})
    first = why({"web": (1, ONE)}, "web", "central-1")
    second = why({"web": (1, ONE)}, "web", "central-2")
    assert sorted([first, second]) in (
        [[], ["as good as central-1, which wins the tie"]],
        [[], ["as good as central-2, which wins the tie"]],
    )


def test_a_workload_that_is_kept_apart_is_named(why: Why) -> None:
    apart = f"{ONE}workloadAntiAffinity: {{groupByLabelKey: group}}\n"
    first = f"{apart}priority: 9\n"
    assert why({"a": (1, first), "b": (1, apart)}, "b", "central-1")[0] == (
        "a is there, from which `workloadAntiAffinity` keeps it apart"
    )


def test_a_domain_that_would_be_too_full_is_named(
    fleet: Any, why: Why, make_cluster: Callable[..., str]
) -> None:
    for name, cost, zone in (("z-1", "0.001", "a"), ("z-2", "0.002", "a"), ("z-3", "0.06", "b")):
        facts = make_cluster(name, cost, 64)
        labelled = facts.replace("metadata:", f"metadata:\n  labels: {{zone: {zone}}}", 1)
        fleet.write({f"clusters/{name}/facts.yaml": labelled})
    spread = (
        "placementType: PickN\nnumberOfClusters: 2\n"
        "clusterSelectorTerms: [{clusterNames: [z-1, z-2, z-3]}]\n"
        "topologySpreadConstraints:\n"
        "- {topologyKey: zone, maxSkew: 1, whenUnsatisfiable: DoNotSchedule}\n"
    )
    assert why({"web": (1, spread)}, "web", "z-2") == [
        "zone a would have 2, more than `maxSkew` allows",
        "17.4 points better than z-3",
    ]


def test_room_that_is_there_only_in_pieces_is_told(why: Why) -> None:
    here = f"{ONE}clusterSelectorTerms: [{{clusterNames: [central-1]}}]\n"
    large = (40, f"{here}priority: 9\n")
    assert why({"a": large, "b": large, "c": (30, here)}, "c", "central-1") == [
        "no node or NUMA zone has room for it as a whole, beside a, b"
    ]


def test_a_place_that_is_only_a_little_better_is_not_worth_the_move(
    fleet: Any, why: Why, make_cluster: Callable[..., str]
) -> None:
    spec = f"{ONE}disruption: {{minDwell: 0s}}\n"
    why({"web": (1, spec)}, "web", "central-1")
    fleet.render()
    fleet.write({"clusters/krk-edge-1/facts.yaml": make_cluster("krk-edge-1", "0.018", 16)})
    (said,) = why({"web": (1, spec)}, "web", "krk-edge-1")
    assert said.startswith("0.6 points better than central-1, where it stays unless another one")
    assert said.endswith("is better by 7.4 (`disruption.minImprovementPercent`)")


def test_a_workload_that_came_lately_stays_for_its_dwell(
    fleet: Any, why: Why, make_cluster: Callable[..., str]
) -> None:
    why({"web": (1, ONE)}, "web", "central-1")
    fleet.render()
    fleet.write({"clusters/krk-edge-1/facts.yaml": make_cluster("krk-edge-1", "0", 16)})
    assert why({"web": (1, ONE)}, "web", "krk-edge-1") == [
        "6.0 points better than central-1, which `disruption.minDwell` keeps for now"
    ]


def test_a_cluster_that_was_left_is_not_returned_to(
    fleet: Any, why: Why, make_cluster: Callable[..., str]
) -> None:
    why({"web": (1, ONE)}, "web", "central-1")
    fleet.render()
    fleet.write({"clusters/central-1/facts.yaml": make_cluster("central-1", "0.02", 0)})
    fleet.render()
    fleet.write({"clusters/central-1/facts.yaml": make_cluster("central-1", "0.02", 64)})
    assert why({"web": (1, ONE)}, "web", "central-1") == [
        "it was left before, and `disruption.failback` lets nothing return while all is well"
    ]


def test_candidates_beyond_those_that_are_tried_are_told_their_rank(fleet: Any, why: Why) -> None:
    policy = fleet.files()["policy.yaml"]
    fleet.write({"policy.yaml": f"{policy}  solver: {{candidates: 2}}\n"})
    assert why({"web": (1, ONE)}, "web", "waw-edge-1") == [
        "its score is number 4, and only the best 2 are tried (`solver.candidates`)"
    ]
