"""What is placed stays, unless it is forced to go or a new place is clearly better."""

from typing import Any

import pytest

COST = {"objectives": [{"name": "cost", "weight": 1}]}
NOW, SOON, LATER = "2026-08-01T10:00:00Z", "2026-08-01T10:10:00Z", "2026-08-01T12:00:00Z"


def priced(build: Any, observed: str = NOW, **prices: str) -> list[Any]:
    return [
        each
        for name, price in prices.items()
        for each in build.cluster(
            name, capacity={"observed": observed}, observed=observed, cost__cpu_hour=price
        )
    ]


def with_facts(items: Any, facts: Any) -> list[Any]:
    """Give what an earlier run wrote, with other facts of the fleet."""
    kinds = ("ClusterProfile", "ClusterCapacity")
    return [*(each for each in items if each.kind not in kinds), *facts]


def test_without_a_reason_nothing_moves(build: Any, place: Any) -> None:
    first = place(priced(build, a="0.050", b="0.060"), build.app("web", COST))
    nearly = priced(build, LATER, a="0.050", b="0.048")
    found = place(with_facts(first.items, nearly))
    assert (first.chosen("web"), found.chosen("web")) == (["a"], ["a"])
    assert found.report("web")["changes"] == {"kept": 1}
    assert found.said() == []


def test_a_clearly_better_place_is_taken_by_choice(build: Any, place: Any) -> None:
    first = place(priced(build, a="0.050", b="0.060"), build.app("web", COST))
    found = place(with_facts(first.items, priced(build, LATER, a="0.050", b="0.010")))
    assert found.chosen("web") == ["b"]
    (assignment,) = found.report("web")["assignments"]
    assert (assignment["change"], assignment["cameFrom"]) == ("moved", "a")
    assert "forced" not in assignment
    assert (found.summary["moves"], found.summary.get("forced", 0)) == (1, 0)


@pytest.mark.parametrize(
    ("disruption", "observed", "chosen"),
    [
        pytest.param({}, SOON, "a", id="its dwell is not over"),
        pytest.param({}, LATER, "b", id="its dwell is over"),
        pytest.param({"minDwell": "0s"}, SOON, "b", id="it need not dwell"),
        pytest.param({"minImprovementPercent": 100}, LATER, "a", id="not better enough"),
        pytest.param({"stickiness": "None", "minDwell": "0s"}, SOON, "b", id="decided afresh"),
    ],
)
def test_disruption_says_when_it_may_move(
    build: Any, place: Any, disruption: dict[str, Any], observed: str, chosen: str
) -> None:
    wish = COST | {"disruption": disruption}
    first = place(priced(build, a="0.050", b="0.060"), build.app("web", wish))
    found = place(with_facts(first.items, priced(build, observed, a="0.050", b="0.030")))
    assert found.chosen("web") == [chosen]


def test_a_lost_cluster_forces_those_on_it_and_nobody_else(build: Any, place: Any) -> None:
    clusters = [each for name in "abcd" for each in build.cluster(name)]
    apps = [build.app(f"w{number}", cpu=2) for number in range(8)]
    first = place(clusters, *apps)
    names = [f"w{number}" for number in range(8)]
    lost = first.chosen("w0")[0]
    found = place([each for each in first.items if each.name != lost])
    affected = [name for name in names if first.chosen(name) == [lost]]
    moved = [name for name in names if first.chosen(name) != found.chosen(name)]
    assert moved == affected
    assert found.summary["moves"] == found.summary["forced"] == len(affected)
    assert [each.message for each in found.results if each.code == "moved"]


@pytest.mark.parametrize(
    ("failback", "chosen"),
    [("Manual", "b"), ("Never", "b"), ("WhenBetter", "a")],
)
def test_a_cluster_that_is_back_is_used_as_failback_says(
    build: Any, place: Any, failback: str, chosen: str
) -> None:
    wish = COST | {"disruption": {"failback": failback}}
    first = place(priced(build, a="0.01", b="0.09"), build.app("web", wish))
    lost = place(with_facts(first.items, priced(build, SOON, b="0.09")))
    back = place(with_facts(lost.items, priced(build, LATER, a="0.01", b="0.09")))
    chain = [each.chosen("web") for each in (first, lost, back)]
    assert chain == [["a"], ["b"], [chosen]]


def test_fewer_wanted_clusters_are_no_move(build: Any, place: Any) -> None:
    clusters = [each for name in "abc" for each in build.cluster(name)]
    first = place(clusters, build.app("web", {"numberOfClusters": 3}))
    rest = [each for each in first.items if each.kind != "PlacementIntent"]
    found = place(rest, build.pick("web", 2))
    assert len(found.chosen("web")) == 2
    assert found.report("web")["changes"] == {"kept": 2, "removed": 1}
    assert found.said() == []


@pytest.mark.parametrize(
    ("effect", "stays"), [("NoSelectIfNew", True), ("NoSchedule", True), ("NoSelect", False)]
)
def test_taints_keep_away_or_drive_away(
    build: Any, place: Any, effect: str, *, stays: bool
) -> None:
    taint = {"taints": [{"key": "drain", "effect": effect}]}
    first = place(build.cluster("a"), build.app("web"))
    tainted = build.cluster("a", capacity=taint)
    found = place(with_facts(first.items, [*tainted, *build.cluster("b")]))
    assert (found.chosen("web") == ["a"]) is stays
    assert place(tainted, build.cluster("b"), build.app("web")).chosen("web") == ["b"]


def test_what_already_runs_is_not_counted_twice(build: Any, place: Any) -> None:
    first = place(
        build.cluster("a", build.group(cpu=8), capacity={"observed": NOW}),
        build.cluster("b", build.group(cpu=8), capacity={"observed": NOW}),
        build.app("web", cpu=6),
    )
    (held,) = first.chosen("web")
    after = [
        each
        for name in "ab"
        for each in build.cluster(
            name,
            build.group(cpu=2 if name == held else 8) | {"allocatable": {"cpu": "8"}},
            capacity={"observed": LATER},
        )
    ]
    found = place(with_facts(first.items, after))
    assert found.chosen("web") == [held]


def test_the_copies_of_what_stays_do_not_change_with_fresh_facts(build: Any, place: Any) -> None:
    taint = {"key": "node-function", "value": "cnf", "effect": "NoSchedule"}

    def facts(free_cpus: int, free_devices: int, observed: str) -> Any:
        pool = {"class": "vf", "resourceName": "v/n3", "allocatable": 2, "available": free_devices}
        cnf = build.group("cnf", cpu=free_cpus, labels={"role": "cnf"}, taints=[taint])
        cnf |= {"allocatable": {"cpu": "8"}, "devices": [pool]}
        plain = build.group("plain", cpu=8, labels={"role": "plain"})
        return [build.profile("a"), build.capacity("a", cnf, plain, observed=observed)]

    wish = {"requirements": {"devices": [{"class": "vf", "count": 2}]}}
    config = {"apply": "Overlays"}
    first = place(facts(8, 2, NOW), build.app("web", wish, cpu=6), config=config)
    later = place(with_facts(first.items, facts(2, 0, LATER)), config=config)
    assert later.copy("a", "Deployment", "web") == first.copy("a", "Deployment", "web")


def test_pods_that_stay_keep_their_pool_of_devices(build: Any, place: Any) -> None:
    def facts(one: int, two: int, observed: str) -> Any:
        pools = [
            {"class": "vf", "resourceName": name, "allocatable": 8, "available": free}
            for name, free in (("v/one", one), ("v/two", two))
        ]
        return [
            build.profile("a"),
            build.capacity("a", build.group(cpu=8, devices=pools), observed=observed),
        ]

    wish = {"requirements": {"devices": [{"class": "vf", "count": 4}]}}
    first = place(facts(6, 4, NOW), build.app("web", wish))
    later = place(with_facts(first.items, facts(2, 8, LATER)))
    for found in (first, later):
        (pods,) = found.report("web")["assignments"][0]["pods"]
        assert pods["devices"] == [{"resourceName": "v/one", "count": 4}]


def test_a_second_run_changes_nothing(build: Any, place: Any) -> None:
    clusters = [each for name in "abc" for each in build.cluster(name)]
    first = place(clusters, build.app("x", {"numberOfClusters": 2}), build.app("y"))
    again = place(first.items)
    assert again.texts == first.texts
    assert again.said() == first.said()


def test_a_second_run_after_a_forced_move_changes_nothing(build: Any, place: Any) -> None:
    first = place(build.cluster("a"), build.cluster("b"), build.app("web"))
    lost = first.chosen("web")[0]
    moved = place([each for each in first.items if each.name != lost])
    again = place(moved.items)
    assert again.texts == moved.texts
    assert again.said() == moved.said()


def test_a_decision_of_another_scheduler_holds_nothing(build: Any, place: Any) -> None:
    foreign = {
        "apiVersion": "multicluster.x-k8s.io/v1alpha1",
        "kind": "PlacementDecision",
        "metadata": {
            "name": "theirs",
            "labels": {"multicluster.x-k8s.io/decision-key": "web"},
        },
        "schedulerName": "someone-else",
        "decisions": [{"clusterProfileRef": {"name": "b"}}],
    }
    found = place(priced(build, a="0.050", b="0.051"), foreign, build.app("web", COST))
    assert found.chosen("web") == ["a"]


def test_workloads_do_not_swap_places_for_ever(build: Any, place: Any) -> None:
    names = [f"w{number}" for number in range(4)]

    def facts(chosen: list[str], hour: int) -> list[Any]:
        return [
            each
            for name in ("c0", "c1")
            for each in build.cluster(
                name,
                build.group(cpu=4 - chosen.count(name)) | {"allocatable": {"cpu": "4"}},
                capacity={"observed": f"2026-08-01T{hour}:00:00Z"},
            )
        ]

    wish = {"disruption": {"failback": "WhenBetter"}}
    found = place(facts([], 10), *(build.app(name, wish) for name in names))
    for hour in (12, 14, 16):
        chosen = [each for name in names for each in found.chosen(name)]
        found = place(with_facts(found.items, facts(chosen, hour)))
    assert found.summary.get("moves", 0) == 0
