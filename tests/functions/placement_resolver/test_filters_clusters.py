"""Which clusters are candidates: by name, label, property, health, taint, country and nearness."""

from typing import Any

import pytest

NOW = "2026-08-01T10:00:00Z"
ALL = {"placementType": "PickAll"}
COUNTRY = "topology__country_code"


def chosen(build: Any, place: Any, wish: dict[str, Any], *clusters: Any) -> list[str]:
    found = place(*clusters, build.policy(whenUnplaced="Warn"), build.app("web", ALL | wish))
    names: list[str] = found.chosen("web")
    return names


def terms(*given: dict[str, Any]) -> dict[str, Any]:
    return {"clusterSelectorTerms": list(given)}


def labels(**matched: str) -> dict[str, Any]:
    return {"labelSelector": {"matchLabels": matched}}


def properties(name: str, operator: str, *values: str) -> dict[str, Any]:
    demand = {"name": name, "operator": operator, "values": list(values)}
    return {"propertySelector": {"matchExpressions": [demand]}}


@pytest.fixture
def fleet(build: Any) -> list[Any]:
    """Three clusters that differ in region, tier, power and rank."""
    return [
        *build.cluster("a", labels={"region": "pl", "tier": "edge"}, power="200", rank="1"),
        *build.cluster("b", labels={"region": "pl", "tier": "core"}, power="1k", rank="2"),
        *build.cluster("c", labels={"region": "de", "tier": "edge"}, power="unheard"),
    ]


@pytest.mark.parametrize(
    ("wish", "names"),
    [
        pytest.param({}, "abc", id="no terms: all"),
        pytest.param(terms(), "abc", id="an empty list of terms: all"),
        pytest.param(terms({}), "abc", id="an empty term: all"),
        pytest.param(terms(labels(region="pl")), "ab", id="a label"),
        pytest.param(terms(labels(region="pl", tier="edge")), "a", id="two labels: both"),
        pytest.param(terms(labels(tier="core"), labels(region="de")), "bc", id="two terms: either"),
        pytest.param(terms({"clusterNames": ["c", "zz"]}), "c", id="names, one of nobody"),
        pytest.param({"exclude": ["a", "zz"]}, "bc", id="excluded"),
        pytest.param(terms(labels(region="pl") | {"clusterNames": ["a", "c"]}), "a", id="both"),
        pytest.param(terms(properties("power", "Ge", "1000")), "b", id="a quantity"),
        pytest.param(terms(properties("power", "Lt", "0.5k")), "a", id="a smaller quantity"),
        pytest.param(terms(properties("rank", "DoesNotExist")), "c", id="an absent property"),
        pytest.param(terms(properties("rank", "Ne", "1")), "b", id="absent is not unequal"),
        pytest.param(terms(properties("power", "In", "unheard")), "c", id="text"),
        pytest.param(
            terms({"celExpressions": ['cluster.labels["tier"] == "edge"', 'cluster.name != "c"']}),
            "a",
            id="CEL, all of it",
        ),
        pytest.param(
            terms({"celExpressions": ["workload.priority > 0 || cluster.name == 'b'"]}),
            "b",
            id="CEL over the workload",
        ),
    ],
)
def test_selector_terms_choose(
    build: Any, place: Any, fleet: Any, wish: dict[str, Any], names: str
) -> None:
    assert chosen(build, place, wish, fleet) == list(names)


def test_fixed_clusters_must_pass_the_other_filters_too(build: Any, place: Any, fleet: Any) -> None:
    wish = {"placementType": "PickFixed", "clusterNames": ["a", "c"]} | terms(labels(region="pl"))
    assert chosen(build, place, wish, fleet) == ["a"]


def test_a_policy_in_cel_holds_for_every_intent(build: Any, place: Any, fleet: Any) -> None:
    policy = build.policy(celRequirements=['cluster.labels["region"] == "pl"'])
    found = place(fleet, policy, build.app("x", ALL), build.app("y", ALL))
    assert found.chosen("x") == found.chosen("y") == ["a", "b"]
    (rejected,) = found.report("x")["rejected"]
    assert (rejected["reason"], rejected["count"]) == ("policy", 1)


@pytest.mark.parametrize(("healthy", "names"), [(True, "ab"), (None, "ab"), (False, "b")])
def test_a_cluster_is_healthy_unless_it_says_otherwise(
    build: Any, place: Any, *, healthy: bool | None, names: str
) -> None:
    fleet = [*build.cluster("a", healthy=healthy), *build.cluster("b")]
    assert chosen(build, place, {}, fleet) == list(names)


@pytest.mark.parametrize(
    ("effect", "toleration", "stays"),
    [
        pytest.param("NoSelect", None, False, id="not tolerated"),
        pytest.param("PreferNoSelect", None, True, id="only preferred"),
        pytest.param("NoSelect", {"key": "gpu", "operator": "Exists"}, True, id="by its key"),
        pytest.param("NoSelect", {"key": "gpu", "value": "yes"}, True, id="by its value"),
        pytest.param("NoSelect", {"key": "gpu", "value": "no"}, False, id="of another value"),
        pytest.param("NoSelect", {"operator": "Exists"}, True, id="every taint"),
        pytest.param(
            "NoSelect", {"operator": "Exists", "effect": "NoExecute"}, False, id="another effect"
        ),
        pytest.param(
            "NoSelect", {"operator": "Exists", "tolerationSeconds": 600}, True, id="still borne"
        ),
        pytest.param(
            "NoSelect", {"operator": "Exists", "tolerationSeconds": 300}, False, id="no longer"
        ),
    ],
)
def test_taints_of_a_cluster_are_tolerated_or_not(
    build: Any, place: Any, effect: str, toleration: dict[str, Any] | None, *, stays: bool
) -> None:
    taint = {"key": "gpu", "value": "yes", "effect": effect, "timeAdded": "2026-08-01T09:52:00Z"}
    tainted = build.cluster("a", capacity={"taints": [taint], "observed": NOW})
    wish = {"tolerations": [toleration]} if toleration else {}
    assert chosen(build, place, wish, tainted) == (["a"] if stays else [])


def test_of_equals_the_one_that_would_rather_not_is_left_out(build: Any, place: Any) -> None:
    taint = {"taints": [{"key": "drain", "effect": "PreferNoSelect"}]}
    fleet = [build.cluster(name, capacity=taint if name != "c" else {}) for name in "abcd"]
    assert place(*fleet, build.app("web")).chosen("web") == ["c"]


@pytest.mark.parametrize(("codes", "names"), [(["PL"], "ac"), (["PL", "DE"], "abc"), (["FR"], "")])
def test_residency_wants_a_country_that_is_known(
    build: Any, place: Any, codes: list[str], names: str
) -> None:
    fleet = [
        *build.cluster("a", **{COUNTRY: "PL"}),
        *build.cluster("b", **{COUNTRY: "DE"}),
        *build.cluster("c", labels={"topology.krmfn.dev/country-code": "PL"}),
        *build.cluster("d"),
    ]
    wish = {"requirements": {"residency": {"countryCodes": codes}}}
    assert chosen(build, place, wish, fleet) == list(names)


def latency(limit: object, *areas: str, **shares: int) -> dict[str, Any]:
    sources: list[dict[str, Any]] = [{"area": area} for area in areas]
    sources += [{"area": area, "users": users} for area, users in shares.items()]
    return {"requirements": {"latency": {"maxMilliseconds": limit, "from": sources}}}


@pytest.fixture
def nearby(build: Any) -> list[Any]:
    """Clusters at 4 ms, at 4 + 7 ms over another area, and at an unknown distance from `waw`."""
    return [
        *(each for name in "abc" for each in build.cluster(name)),
        build.topology(
            ("waw", "a", 4), ("waw", "lodz", "4"), ("lodz", "b", "7.0"), ("gda", "c", 1)
        ),
    ]


@pytest.mark.parametrize(
    ("wish", "names"),
    [
        pytest.param(latency(10, "waw"), "a", id="near enough"),
        pytest.param(latency(11, "waw"), "ab", id="over several links"),
        pytest.param(latency("3500m", "waw"), "", id="a fraction of a millisecond"),
        pytest.param(latency(10, "waw", "lodz"), "a", id="from every area"),
        pytest.param(latency(10, waw=0, lodz=5), "ab", id="an area without users does not count"),
        pytest.param(latency(10, "gda"), "c", id="another area"),
    ],
)
def test_latency_is_the_shortest_way_over_the_links(
    build: Any, place: Any, nearby: Any, wish: dict[str, Any], names: str
) -> None:
    assert chosen(build, place, wish, nearby) == list(names)


@pytest.mark.parametrize(
    ("measured", "near"),
    [("2", True), ("40", False), ("NaN", True), ("-1", True), ("+Inf", True)],
)
def test_a_measured_latency_wins_over_the_links_where_it_is_one(
    build: Any, place: Any, measured: str, *, near: bool
) -> None:
    fleet = build.cluster("a", latency__waw=measured)
    found = chosen(build, place, latency(10, "waw"), fleet, build.topology(("waw", "a", 4)))
    assert found == (["a"] if near else [])


def test_a_link_may_hold_in_one_direction(build: Any, place: Any) -> None:
    fleet = build.cluster("a")
    there = build.topology(("waw", "a", 4), one_way=True)
    back = build.topology(("a", "waw", 4), ("waw", "z", 1), one_way=True)
    assert chosen(build, place, latency(10, "waw"), fleet, there) == ["a"]
    assert chosen(build, place, latency(10, "waw"), fleet, back) == []


@pytest.mark.parametrize(
    ("status", "passes"),
    [("True", True), ("False", False), ("Unknown", False), ("", False)],
    ids=["true", "false", "unknown", "not decided"],
)
def test_a_capability_must_be_known_to_be_there(
    build: Any, place: Any, status: str, *, passes: bool
) -> None:
    decided = {"capabilities": [{"name": "dpdk", "status": status}]} if status else {}
    fleet = [
        *build.cluster("a", capacity=decided),
        *build.cluster("other", capability__dpdk="false"),
    ]
    wish = {"requirements": {"capabilities": [{"name": "dpdk"}]}}
    found = place(fleet, build.policy(whenUnplaced="Warn"), build.app("web", ALL | wish))
    assert found.chosen("web") == (["a"] if passes else [])
    unknown = found.report("web").get("unknownFacts", {"count": 0})
    assert unknown["count"] == (0 if status in ("True", "False") else 1)


@pytest.mark.parametrize(
    ("value", "passes"),
    [("true", True), ("T-BC", True), ("false", False), ("unknown", False)],
)
def test_a_capability_may_be_a_property(
    build: Any, place: Any, value: str, *, passes: bool
) -> None:
    wish = {"requirements": {"capabilities": [{"name": "ptp"}]}}
    fleet = build.cluster("a", capability__ptp=value)
    assert chosen(build, place, wish, fleet) == (["a"] if passes else [])
