"""Wrong, stale and missing facts of the fleet are told where they stand, and never guessed."""

from typing import Any

import pytest

NOW, EARLIER = "2026-08-01T10:00:00Z", "2026-08-01T09:00:00Z"
TOO_OLD = (
    "[error] PlacementIntent/web spec: must fit on 1 cluster, but none does; 1 has nodes of which "
    "nothing is known that counts (a: too old, or of unknown age) (placementintent-web.yaml) "
    "[unplaced]"
)


def test_two_profiles_of_one_name_are_an_error_at_the_second(build: Any, place: Any) -> None:
    other = build.profile("a", namespace="elsewhere")
    found = place(build.cluster("a"), other, build.app("web"))
    assert found.said() == [
        (
            '[error] ClusterProfile/a metadata.name: must be the only ClusterProfile "a", '
            "but there is "
            "one in clusterprofile-a.yaml (clusterprofile-a.yaml) [cluster-twice]"
        )
    ]


def test_a_capacity_without_a_profile_is_told_and_not_counted(build: Any, place: Any) -> None:
    stray = build.capacity("ghost", build.group(cpu=64))
    found = place(build.cluster("a"), stray, build.app("web"))
    assert found.chosen("web") == ["a"]
    assert found.summary["clusters"] == 1
    assert found.said() == [
        (
            "[warning] ClusterCapacity/ghost metadata.name: must be named like a "
            "ClusterProfile of the "
            'package, but is "ghost" (clustercapacity-ghost.yaml) [capacity-alone]'
        )
    ]


@pytest.mark.parametrize(
    ("observed", "fits"),
    [
        pytest.param(NOW, True, id="fresh"),
        pytest.param("2026-08-01T09:45:00Z", True, id="as old as it may be"),
        pytest.param("2026-08-01T09:44:59Z", False, id="too old"),
        pytest.param("", False, id="of unknown age"),
    ],
)
def test_a_capacity_counts_while_it_is_known_to_be_fresh(
    build: Any, place: Any, observed: str, *, fits: bool
) -> None:
    cluster = build.cluster("a", capacity={"observed": observed})
    policy = build.policy(maxFactAge="15m", asOf=NOW)
    found = place(cluster, policy, build.app("web"))
    assert found.ok is fits
    assert found.said() == ([] if fits else [TOO_OLD])


def test_a_stale_property_is_not_read_and_a_timeless_one_is(build: Any, place: Any) -> None:
    wish = {"objectives": [{"name": "cost", "weight": 1}]}
    stale = build.cluster("a", capacity={"observed": NOW}, observed=EARLIER, cost__cpu_hour="0.01")
    timeless = build.cluster("b", capacity={"observed": NOW}, cost__cpu_hour="0.09")
    aged = place(stale, timeless, build.policy(maxFactAge="15m"), build.app("web", wish))
    assert aged.chosen("web") == ["b"]
    assert place(stale, timeless, build.app("web", wish)).chosen("web") == ["a"]


@pytest.mark.parametrize("value", ["NaN", "-1", "+Inf", "-Inf", "1e999", "", "lots"])
@pytest.mark.parametrize("metric", ["cost__cpu_hour", "energy__carbon_gco2_per_kwh"])
def test_a_metric_that_is_no_finite_number_of_0_or_more_scores_nothing(
    build: Any, place: Any, metric: str, value: str
) -> None:
    name = "cost" if metric.startswith("cost") else "carbon"
    bad, dear = build.cluster("a", **{metric: value}), build.cluster("b", **{metric: "0.09"})
    wish = {"objectives": [{"name": name, "weight": 1}]}
    found = place(bad, dear, build.policy(), build.app("web", {**wish, "placementType": "PickAll"}))
    scores = {each["cluster"]: each["score"] for each in found.report("web")["assignments"]}
    assert scores["a"] == 0
    assert scores["b"] > 0


@pytest.mark.parametrize("value", ["NaN", "-0.1", "1.5", "+Inf", "busy"])
def test_a_load_that_is_no_share_gives_way_to_what_pods_ask_for(
    build: Any, place: Any, value: str
) -> None:
    half = build.group(cpu=4) | {"allocatable": {"cpu": "8"}}
    wish = {"objectives": [{"name": "loadBalance", "weight": 1}]}
    found = place(build.cluster("a", half, load__cpu=value), build.app("web", wish))
    assert found.report("web")["assignments"][0]["score"] == 50


@pytest.mark.parametrize("value", ["lots", "-4", "NaN", ""])
def test_a_total_that_is_no_quantity_is_no_room(build: Any, place: Any, value: str) -> None:
    found = place(build.profile("a", allocatable__cpu=value), build.app("web"))
    assert [line for line in found.said() if "[unplaced]" in line]


def test_a_capacity_that_is_no_quantity_is_an_error_at_its_field(build: Any, place: Any) -> None:
    found = place(build.cluster("a", build.group(cpu="4x")), build.app("web"))
    assert (
        "[error] ClusterCapacity/a spec.nodeGroups[0].available.cpu: must be a quantity such as "
        '"500m", "2" or "4Gi", but is "4x" (clustercapacity-a.yaml) [invalid-field]'
    ) in found.said()


def test_a_lost_cluster_is_left_by_force_and_told(build: Any, place: Any) -> None:
    first = place(build.cluster("a"), build.cluster("b"), build.app("web"))
    (held,) = first.chosen("web")
    (other,) = {"a", "b"} - {held}
    found = place([each for each in first.items if each.name != held])
    assert found.chosen("web") == [other]
    assert found.report("web")["removed"] == [{"cluster": held, "why": "the cluster is gone"}]
    assert found.report("web")["assignments"][0]["forced"] is True
    assert found.said("warning") == [
        (
            f'[warning] PlacementIntent/web: was placed on "{held}", which has no '
            f"ClusterProfile any "
            "more (placementintent-web.yaml) [cluster-gone]"
        )
    ]


def test_a_fleet_without_clusters_is_no_crash(build: Any, place: Any) -> None:
    assert place(build.app("web")).said() == [
        (
            "[error] PlacementIntent/web spec: must fit on 1 cluster, but none does "
            "(placementintent-web.yaml) [unplaced]"
        )
    ]


def test_names_of_any_script_are_placed_and_written_apart(build: Any, place: Any) -> None:
    fleet = [*build.cluster("łódź"), *build.cluster("東京"), *build.cluster("лодзь")]
    wish = {"placementType": "PickAll"}
    found = place(fleet, build.app("web", wish), config={"apply": "Overlays"})
    assert found.chosen("web") == sorted(["łódź", "東京", "лодзь"])
    assert {each.cluster for each in found.items if each.kind == "Deployment"} == {
        "",
        "łódź",
        "東京",
        "лодзь",
    }


def test_a_thousand_clusters_are_placed_on_and_told_of_in_few_words(build: Any, place: Any) -> None:
    fleet = [
        build.profile(f"c{number}", allocatable__cpu=number % 7, cost__cpu_hour=number)
        for number in range(1_000)
    ]
    found = place(fleet, build.app("web", {"numberOfClusters": 2}, cpu=6))
    assert len(found.chosen("web")) == 2
    report = found.find("PlacementReport", "web")
    assert report.body["status"]["candidates"] == 142
    assert len(report.text) < 3_000
