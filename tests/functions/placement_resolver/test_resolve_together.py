"""Workloads are decided together: beside, apart, spread, by groups and by priority."""

from typing import Any

import pytest

GROUP = {"groupByLabelKey": "app"}
ZONES = {"topologyKey": "zone"}


def fleet(build: Any, **zones: str) -> list[Any]:
    return [
        each
        for zone, names in zones.items()
        for name in names
        for each in build.cluster(name, labels={"zone": zone})
    ]


def in_zone(zone: str) -> dict[str, Any]:
    return {"labelSelector": {"matchLabels": {"zone": zone}}}


def group(name: str, *zones: str) -> dict[str, Any]:
    return {"name": name, "clusterSelectorTerms": [in_zone(zone) for zone in zones]}


def test_workloads_that_belong_together_go_where_all_of_them_fit(build: Any, place: Any) -> None:
    clusters = [
        *build.cluster("cheap", build.group(cpu=3), cost__cpu_hour="0.01"),
        *build.cluster("dear", build.group(cpu=8), cost__cpu_hour="0.09"),
    ]
    apps = [build.deployment(name, cpu=2) for name in ("api", "inference")]
    intents = [
        build.pick(name, labels={"app": "video"}, workloadAffinity=GROUP)
        for name in ("api", "inference")
    ]
    found = place(clusters, apps, intents)
    assert found.chosen("api") == found.chosen("inference") == ["dear"]


def test_workloads_that_belong_apart_share_no_cluster(build: Any, place: Any) -> None:
    intents = [
        build.pick(name, labels={"app": "db"}, workloadAntiAffinity=GROUP) for name in ("x", "y")
    ]
    apps = [build.deployment(name, cpu=1) for name in ("x", "y")]
    found = place(fleet(build, z="ab"), apps, intents)
    assert sorted(found.chosen("x") + found.chosen("y")) == ["a", "b"]
    alone = place(fleet(build, z="a"), apps, intents)
    (line,) = alone.said()
    assert "a: taken by a workload that it must be apart from" in line


@pytest.mark.parametrize("wish", ["workloadAffinity", "workloadAntiAffinity"])
def test_one_side_is_enough_to_be_together_or_apart(build: Any, place: Any, wish: str) -> None:
    apps = [build.deployment(name, cpu=3) for name in ("x", "y")]
    intents = [
        build.pick("x", labels={"app": "q"}, **{wish: GROUP}),
        build.pick("y", labels={"app": "q"}),
    ]
    found = place(fleet(build, z="abcd"), apps, intents)
    assert (found.chosen("x") == found.chosen("y")) is (wish == "workloadAffinity")


def test_who_wants_a_group_must_have_its_label(build: Any, place: Any) -> None:
    apps = build.deployment("x", cpu=1)
    found = place(fleet(build, z="a"), apps, build.pick("x", workloadAffinity=GROUP))
    assert [(each.severity, each.field) for each in found.results] == [
        ("error", "spec.workloadAffinity.groupByLabelKey")
    ]


@pytest.mark.parametrize(
    ("count", "most"), [(2, 1), (3, 1), (4, 2)], ids=["two", "three", "four over three zones"]
)
def test_clusters_are_spread_over_zones(build: Any, place: Any, count: int, most: int) -> None:
    wish = {"numberOfClusters": count, "topologySpreadConstraints": [ZONES]}
    found = place(fleet(build, one="ab", two="cd", three="ef"), build.app("web", wish))
    zones = [
        "one" if name in "ab" else "two" if name in "cd" else "three"
        for name in found.chosen("web")
    ]
    assert len(zones) == count
    assert max(zones.count(zone) for zone in zones) == most


@pytest.mark.parametrize(("when", "ok"), [("DoNotSchedule", False), ("ScheduleAnyway", True)])
def test_a_spread_is_a_demand_or_a_wish(build: Any, place: Any, when: str, *, ok: bool) -> None:
    constraint = {**ZONES, "whenUnsatisfiable": when}
    wish = {"numberOfClusters": 4, "topologySpreadConstraints": [constraint]}
    found = place(fleet(build, one="abc", two="d"), build.app("web", wish))
    assert found.ok is ok
    assert ok or "would be too uneven a spread" in found.said()[0]


def test_a_property_can_name_the_domain(build: Any, place: Any) -> None:
    clusters = [
        each
        for name, site in (("a", "x"), ("b", "x"), ("c", "y"))
        for each in build.cluster(name, **{"site.example.com": site})
    ]
    constraint = {"topologyKey": "site.example.com"}
    wish = {"numberOfClusters": 2, "topologySpreadConstraints": [constraint]}
    assert "c" in place(clusters, build.app("web", wish)).chosen("web")


def test_at_least_so_many_domains_are_used(build: Any, place: Any) -> None:
    constraint = {**ZONES, "maxSkew": 3, "minGroups": 3}
    wish = {"numberOfClusters": 3, "topologySpreadConstraints": [constraint]}
    found = place(fleet(build, one="abc", two="d", three="e"), build.app("web", wish))
    assert {"d", "e"} <= set(found.chosen("web"))


@pytest.mark.parametrize(
    ("cpu", "chosen", "used"),
    [
        pytest.param(4, ["near"], "edge", id="the first group"),
        pytest.param(12, ["mid"], "metro", id="the next one that fits"),
        pytest.param(40, ["far"], "core", id="the last one"),
    ],
)
def test_the_first_affinity_group_that_fits_is_used(
    build: Any, place: Any, cpu: int, chosen: list[str], used: str
) -> None:
    clusters = [
        *build.cluster("near", build.group(cpu=8), labels={"zone": "edge"}),
        *build.cluster("mid", build.group(cpu=16), labels={"zone": "metro"}),
        *build.cluster("far", build.group(cpu=64), labels={"zone": "core"}),
    ]
    groups = [group(name, name) for name in ("edge", "metro", "core")]
    found = place(clusters, build.app("web", {"clusterAffinities": groups}, cpu=cpu))
    assert found.chosen("web") == chosen
    assert found.report("web")["affinityGroup"] == used


def test_a_group_that_others_fill_is_passed_over(build: Any, place: Any) -> None:
    groups = {"clusterAffinities": [group("edge", "edge"), group("core", "core")]}
    clusters = fleet(build, edge="a", core="b")
    found = place(clusters, build.app("x", groups, cpu=6), build.app("y", groups, cpu=6))
    assert sorted(found.chosen("x") + found.chosen("y")) == ["a", "b"]


def test_a_cluster_that_a_group_excludes_is_not_of_it(build: Any, place: Any) -> None:
    groups = {"clusterAffinities": [{"name": "all-but-a", "exclude": ["a"]}]}
    found = place(fleet(build, z="ab"), build.app("web", groups))
    assert found.chosen("web") == ["b"]


def test_higher_priority_gets_the_room(build: Any, place: Any) -> None:
    lenient = build.policy(whenUnplaced="Warn")
    low, high = build.app("low", cpu=6), build.app("high", {"priority": 10}, cpu=6)
    found = place(fleet(build, z="a"), lenient, low, high)
    assert (found.chosen("low"), found.chosen("high")) == ([], ["a"])
    assert "a: too little cpu beside the other workloads" in found.said("warning")[0]


def test_higher_priority_pushes_out_what_is_placed(build: Any, place: Any) -> None:
    first = place(fleet(build, z="ab"), build.app("low", cpu=6))
    (held,) = first.chosen("low")
    only_there = {"priority": 10, "clusterSelectorTerms": [{"clusterNames": [held]}]}
    found = place(first.items, build.app("high", only_there, cpu=6))
    assert found.chosen("high") == [held]
    assert found.chosen("low") == sorted({"a", "b"} - {held})
    assert found.report("low")["assignments"][0]["forced"] is True


def test_equal_priority_pushes_nothing_out(build: Any, place: Any) -> None:
    first = place(fleet(build, z="a"), build.app("old", cpu=6))
    found = place(first.items, build.policy(whenUnplaced="Warn"), build.app("new", cpu=6))
    assert sorted(found.chosen("old") + found.chosen("new")) == ["a"]


def test_all_workloads_find_room_where_one_after_the_other_would_not(
    build: Any, place: Any
) -> None:
    """`any` likes `a` best, but `only` can go nowhere else."""
    clusters = [
        *build.cluster("a", cost__cpu_hour="0.01", labels={"zone": "z"}),
        *build.cluster("b", cost__cpu_hour="0.09"),
    ]
    apps = (
        build.app("any", cpu=6),
        build.app("only", {"clusterSelectorTerms": [in_zone("z")]}, cpu=6),
    )
    found = place(clusters, *apps)
    assert (found.chosen("any"), found.chosen("only")) == (["b"], ["a"])
    assert found.summary["gap"] == 0


@pytest.mark.parametrize(("kind", "ok"), [("Warn", True), ("Fail", False)])
def test_a_loss_that_cannot_be_borne_is_told(
    build: Any, place: Any, kind: str, *, ok: bool
) -> None:
    policy = build.policy(survive={"clusterLosses": 1, "whenViolated": kind})
    spare = place(fleet(build, z="ab"), policy, build.app("web", cpu=6))
    assert spare.report("web")["survives"] == {"losses": 1, "absorbed": 1}
    full = place(fleet(build, z="ab"), policy, build.app("x", cpu=6), build.app("y", cpu=6))
    assert full.ok is ok
    assert {each.code for each in full.results} == {"not-survivable"}
    assert len(full.results) == 2


def test_workloads_decided_together_balance_the_load(build: Any, place: Any) -> None:
    clusters = [each for name in ("c0", "c1") for each in build.cluster(name, build.group(cpu=4))]
    found = place(clusters, *(build.app(f"w{number}") for number in range(4)))
    chosen = [name for number in range(4) for name in found.chosen(f"w{number}")]
    assert sorted(chosen) == ["c0", "c0", "c1", "c1"]
