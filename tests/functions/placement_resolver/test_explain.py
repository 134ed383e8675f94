"""Why a workload is not elsewhere, what nobody knows, and the smallest change that would help."""

from typing import Any

import pytest

ALL = {"placementType": "PickAll"}
HUGE = "hugepages-1Gi"


def report(build: Any, place: Any, fleet: Any, wish: Any, **pods: Any) -> Any:
    lenient = build.policy(whenUnplaced="Warn")
    return place(fleet, lenient, build.app("web", wish, **pods)).report("web")


def test_clusters_are_counted_where_they_fail_first(build: Any, place: Any) -> None:
    fleet = [
        *build.cluster("fits"),
        *build.cluster("ill", build.group(cpu=1), healthy=False),
        *build.cluster("small", build.group(cpu=1)),
    ]
    found = report(build, place, fleet, ALL, cpu=2)["rejected"]
    assert {each["reason"]: (each["count"], each["total"]) for each in found} == {
        "not-healthy": (1, 1),
        "resources": (1, 2),
    }


def test_at_most_five_examples_stand_for_many(build: Any, place: Any) -> None:
    fleet = [each for number in range(9) for each in build.cluster(f"c{number}", healthy=False)]
    (found,) = report(build, place, fleet, ALL)["rejected"]
    assert (found["count"], len(found["examples"])) == (9, 5)


def test_what_is_unknown_is_told_apart_from_what_is_false(build: Any, place: Any) -> None:
    fleet = [
        *build.cluster("no", capability__dpdk="false"),
        *build.cluster("who-knows", capability__dpdk="unknown"),
        build.profile("nothing", capability__dpdk="true"),
    ]
    wish = ALL | {"requirements": {"capabilities": [{"name": "dpdk"}]}}
    facts = report(build, place, fleet, wish)["unknownFacts"]
    assert facts["count"] == 2
    assert [each.partition(":")[0] for each in facts["examples"]] == ["who-knows", "nothing"]


@pytest.mark.parametrize(
    ("wish", "pods", "text", "clusters"),
    [
        pytest.param(
            {}, {"cpu": 4, HUGE: "16Gi"}, f"lower {HUGE} from 16Gi to 12Gi", ["a"], id="an amount"
        ),
        pytest.param(
            {"requirements": {"devices": [{"class": "vf", "count": 8}]}},
            {"cpu": 4, HUGE: "1Gi"},
            "ask for 6 instead of 8 vf",
            ["a"],
            id="devices",
        ),
        pytest.param(
            {"exclude": ["a", "b"]},
            {"cpu": 4},
            "accept a cluster that is in `spec.exclude`",
            ["a", "b"],
            id="a filter",
        ),
    ],
)
def test_the_smallest_relaxation_is_named(
    build: Any, place: Any, wish: Any, pods: Any, text: str, clusters: list[str]
) -> None:
    vf = {"class": "vf", "resourceName": "v/n3", "allocatable": 6}
    fleet = [
        *build.cluster("a", build.group(cpu=8, devices=[vf], **{HUGE: "12Gi"})),
        *build.cluster("b", build.group(cpu=8, **{HUGE: "8Gi"})),
    ]
    first = report(build, place, fleet, wish, **pods)["minimalRelaxations"][0]
    assert first == {"text": text, "clusters": len(clusters), "examples": clusters}


@pytest.mark.parametrize(
    ("resource", "amount", "text"),
    [
        ("memory", "4Gi", "lower memory from 4Gi to 2560Mi"),
        ("cpu", "6", "lower cpu from 6 to 4"),
        (HUGE, "4Gi", f"lower {HUGE} from 4Gi to 2Gi"),
    ],
)
def test_room_for_several_pods_on_a_node_is_thought_of(
    build: Any, place: Any, resource: str, amount: str, text: str
) -> None:
    """Two nodes of 8 CPUs, 5 GiB and 5 huge pages take four pods only if two share a node."""
    fleet = build.cluster("a", build.group(count=2, cpu=8, memory="5Gi", **{HUGE: "5Gi"}))
    pods = {"replicas": 4, "cpu": 2, "memory": "1Gi"}
    found = report(build, place, fleet, {}, **(pods | {resource: amount}))
    assert text in [each["text"] for each in found["minimalRelaxations"]]
    relaxed = text.rpartition(" ")[2]
    assert place(fleet, build.app("web", **(pods | {resource: relaxed}))).ok


def test_fewer_pods_are_a_relaxation_too(build: Any, place: Any) -> None:
    fleet = build.cluster("a", build.group(count=2, cpu=8))
    found = report(build, place, fleet, {}, replicas=7, cpu=3)
    texts = [each["text"] for each in found["minimalRelaxations"]]
    assert texts == ["lower cpu from 3 to 2", "run 4 instead of 7 pods of Deployment web"]


def test_a_placed_workload_needs_no_relaxation(build: Any, place: Any) -> None:
    assert "minimalRelaxations" not in report(build, place, build.cluster("a"), {})
