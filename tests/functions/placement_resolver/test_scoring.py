"""What counts in a score: objectives, wished capabilities, preferences; nothing else."""

from typing import Any

import pytest

ALL = {"placementType": "PickAll"}


def objective(name: str, weight: int = 1, **limit: Any) -> dict[str, Any]:
    return {"objectives": [{"name": name, "weight": weight} | limit]}


def preferring(*preferences: dict[str, Any]) -> dict[str, Any]:
    return {"preferences": list(preferences), "objectives": [{"name": "cost", "weight": 0}]}


def scores(build: Any, place: Any, wish: dict[str, Any], *parts: Any) -> dict[str, float]:
    found = place(*parts, build.app("web", ALL | wish))
    return {each["cluster"]: each["score"] for each in found.report("web")["assignments"]}


@pytest.mark.parametrize(
    ("wish", "facts", "score"),
    [
        pytest.param(objective("cost"), {"cost__cpu_hour": "0.025"}, 75, id="cost"),
        pytest.param(
            objective("cost", limit="0.05"), {"cost__cpu_hour": "0.025"}, 50, id="its scale"
        ),
        pytest.param(objective("cost"), {"cost__cpu_hour": "0"}, 100, id="for nothing"),
        pytest.param(objective("cost"), {"cost__cpu_hour": "7"}, 0, id="beyond the scale"),
        pytest.param(objective("cost"), {}, 0, id="unknown cost"),
        pytest.param(objective("carbon"), {"energy__carbon_gco2_per_kwh": "250"}, 75, id="carbon"),
        pytest.param(objective("loadBalance"), {"load__cpu": "0.2"}, 80, id="measured load"),
        pytest.param(objective("binPacking"), {"load__cpu": "0.2"}, 20, id="bin packing"),
        pytest.param(objective("loadBalance"), {}, 100, id="no load by requests"),
        pytest.param(objective("cost", 0), {"cost__cpu_hour": "0"}, 0, id="no weight at all"),
    ],
)
def test_an_objective_scores_on_a_fixed_scale(
    build: Any, place: Any, wish: dict[str, Any], facts: dict[str, str], score: float
) -> None:
    fleet = [*build.cluster("a", **facts), *build.cluster("b")]
    assert scores(build, place, wish, fleet)["a"] == score


def test_a_score_does_not_change_when_another_cluster_joins(build: Any, place: Any) -> None:
    fleet = build.cluster("a", cost__cpu_hour="0.05", load__cpu="0.5")
    joined = build.cluster("b", cost__cpu_hour="0.01", load__cpu="0.1")
    assert scores(build, place, {}, fleet)["a"] == scores(build, place, {}, fleet, joined)["a"]


def test_weights_share_a_hundred_points(build: Any, place: Any) -> None:
    wish = {"objectives": [{"name": "cost", "weight": 3}, {"name": "carbon", "weight": 1}]}
    facts = {"cost__cpu_hour": "0", "energy__carbon_gco2_per_kwh": "500"}
    found = place(build.cluster("a", **facts), build.app("web", wish))
    (assignment,) = found.report("web")["assignments"]
    assert assignment["terms"] == {"cost": 75.0, "carbon": 12.5}
    assert assignment["score"] == 87.5


def test_latency_is_the_mean_of_all_users(build: Any, place: Any) -> None:
    sources = [{"area": "waw", "users": 3}, {"area": "krk", "users": 1}]
    wish = objective("latency") | {
        "requirements": {"latency": {"maxMilliseconds": 20, "from": sources}}
    }
    links = build.topology(("waw", "a", 5), ("krk", "a", 15))
    assert scores(build, place, wish, build.cluster("a"), links) == {"a": 62.5}


def test_an_objective_of_latency_without_users_does_not_count(build: Any, place: Any) -> None:
    wish = {"objectives": [{"name": "latency", "weight": 99}, {"name": "cost", "weight": 1}]}
    assert scores(build, place, wish, build.cluster("a", cost__cpu_hour="0")) == {"a": 100}


def test_the_policys_objectives_hold_where_an_intent_says_nothing(build: Any, place: Any) -> None:
    policy = build.policy(objectives=[{"name": "carbon", "weight": 1}])
    facts = {"energy__carbon_gco2_per_kwh": "0"}
    fleet = [*build.cluster("a", **facts), policy]
    assert scores(build, place, {}, fleet) == {"a": 100}
    assert scores(build, place, objective("cost"), fleet) == {"a": 0}


@pytest.mark.parametrize(("status", "score"), [("true", 100), ("false", 0), ("unknown", 0)])
def test_a_wished_capability_counts_where_it_is_known(
    build: Any, place: Any, status: str, score: float
) -> None:
    wished = [{"name": "ptp", "supportMandatory": False, "weight": 20}]
    wish = preferring() | {"requirements": {"capabilities": wished}}
    assert scores(build, place, wish, build.cluster("a", capability__ptp=status)) == {"a": score}


@pytest.mark.parametrize(
    ("preference", "a", "b", "c"),
    [
        pytest.param(
            {"weight": 5, "labelSelector": {"matchLabels": {"tier": "edge"}}}, 100, 0, 0, id="label"
        ),
        pytest.param(
            {"weight": -5, "labelSelector": {"matchLabels": {"tier": "edge"}}},
            0,
            100,
            100,
            id="a negative weight",
        ),
        pytest.param(
            {"weight": 5, "propertySorter": {"name": "rank", "sortOrder": "Ascending"}},
            100,
            0,
            0,
            id="the least first",
        ),
        pytest.param(
            {"weight": 5, "propertySorter": {"name": "rank", "sortOrder": "Descending"}},
            0,
            100,
            0,
            id="the greatest first",
        ),
        pytest.param(
            {
                "weight": 5,
                "propertySorter": {
                    "name": "rank",
                    "sortOrder": "Descending",
                    "minimum": "0",
                    "maximum": "20",
                },
            },
            25,
            75,
            0,
            id="on a scale of its own",
        ),
        pytest.param({"weight": 5, "celExpression": "cluster.name == 'b'"}, 0, 100, 0, id="CEL"),
        pytest.param(
            {"weight": 5, "celExpression": "cluster.name == 'b' ? 0.25 : 7.0"},
            100,
            25,
            100,
            id="a number in CEL",
        ),
        pytest.param(
            {
                "weight": 5,
                "labelSelector": {"matchLabels": {"tier": "core"}},
                "propertySorter": {"name": "rank", "sortOrder": "Descending", "minimum": 0},
            },
            0,
            100,
            0,
            id="a sorter among the selected",
        ),
    ],
)
def test_preferences_rate_clusters(
    build: Any, place: Any, preference: dict[str, Any], a: float, b: float, c: float
) -> None:
    fleet = [
        *build.cluster("a", labels={"tier": "edge"}, rank="5"),
        *build.cluster("b", labels={"tier": "core"}, rank="15"),
        *build.cluster("c", rank="many"),
    ]
    assert scores(build, place, preferring(preference), fleet) == {"a": a, "b": b, "c": c}


def test_a_policys_preferences_count_beside_the_intents(build: Any, place: Any) -> None:
    policy = build.policy(preferences=[{"weight": 1, "celExpression": "cluster.name == 'a'"}])
    own = preferring({"weight": 3, "celExpression": "cluster.name == 'b'"})
    fleet = [*build.cluster("a"), *build.cluster("b"), policy]
    assert scores(build, place, own, fleet) == {"a": 25, "b": 75}


def test_a_sorter_of_equal_values_prefers_nobody(build: Any, place: Any) -> None:
    sorter = {"weight": 5, "propertySorter": {"name": "rank", "sortOrder": "Ascending"}}
    fleet = [*build.cluster("a", rank="1"), *build.cluster("b", rank="1")]
    assert scores(build, place, preferring(sorter), fleet) == {"a": 0, "b": 0}


@pytest.mark.parametrize(
    ("wish", "chosen"),
    [
        pytest.param(
            {"numberOfClusters": 2, "objectives": [{"name": "cost", "weight": 1}]},
            ["a", "b"],
            id="the lowest cost per CPU",
        ),
        pytest.param(
            {
                "clusterSelectorTerms": [
                    {
                        "propertySelector": {
                            "matchExpressions": [
                                {
                                    "name": "available.krmfn.dev/cpu",
                                    "operator": "Ge",
                                    "values": ["20"],
                                },
                                {
                                    "name": "available.krmfn.dev/memory",
                                    "operator": "Ge",
                                    "values": ["20Gi"],
                                },
                            ]
                        }
                    }
                ]
            },
            ["c"],
            id="20 free CPUs and 20 GiB",
        ),
        pytest.param(
            preferring(
                {
                    "weight": 1,
                    "propertySorter": {
                        "name": "available.krmfn.dev/cpu",
                        "sortOrder": "Descending",
                    },
                }
            ),
            ["d"],
            id="the most free CPUs",
        ),
        pytest.param(
            preferring(
                {
                    "weight": 1,
                    "propertySorter": {
                        "name": "node-count.krmfn.dev/ready",
                        "sortOrder": "Ascending",
                    },
                }
            ),
            ["b"],
            id="the fewest nodes",
        ),
    ],
)
def test_what_users_of_fleet_managers_ask_for(
    build: Any, place: Any, wish: dict[str, Any], chosen: list[str]
) -> None:
    fleet = [
        build.profile(
            name,
            cost__cpu_hour=cost,
            available__cpu=cpu,
            available__memory=memory,
            **{"node-count.krmfn.dev/ready": nodes},
        )
        for name, cost, cpu, memory, nodes in (
            ("a", "0.01", "8", "64Gi", 9),
            ("b", "0.02", "12", "64Gi", 2),
            ("c", "0.03", "24", "64Gi", 7),
            ("d", "0.04", "48", "16Gi", 8),
        )
    ]
    assert place(fleet, build.app("web", wish)).chosen("web") == chosen
