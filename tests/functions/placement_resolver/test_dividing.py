"""Replicas are divided by the room that is really there, beside all that runs."""

from collections.abc import Callable
from typing import Any

import pytest

STATIC = [
    {"targetClusters": {"clusterNames": ["a"]}, "weight": 1},
    {"targetClusters": {"labelSelector": {"matchLabels": {"size": "large"}}}, "weight": 3},
]
EVEN: dict[str, Any] = {}
WEIGHED = {"weightPreference": {"staticWeightList": STATIC}}
DYNAMIC = {"weightPreference": {"dynamicWeight": "AvailableReplicas"}}
AGGREGATED = {"replicaDivisionPreference": "Aggregated"}


def divided(count: int = 0, /, **scheduling: Any) -> dict[str, Any]:
    wish: dict[str, Any] = {
        "replicaScheduling": {"replicaSchedulingType": "Divided"} | scheduling,
        "placementType": "PickAll",
    }
    return wish | ({"placementType": "PickN", "numberOfClusters": count} if count else {})


@pytest.fixture
def fleet(build: Any) -> list[Any]:
    """Three clusters of one node, with room for 2, 4 and 6 pods of 1 CPU."""
    return [
        *build.cluster("a", build.group(cpu=2)),
        *build.cluster("b", build.group(cpu=4)),
        *build.cluster("c", build.group(cpu=6), labels={"size": "large"}),
    ]


@pytest.fixture
def scaled(build: Any, place: Any) -> Callable[..., Any]:
    """Run again with another number of replicas, on what an earlier run gave."""

    def scale(earlier: Any, replicas: int) -> Any:
        rest = [each for each in earlier.items if each.kind != "Deployment"]
        return place(rest, build.deployment("web", replicas=replicas, cpu=1))

    return scale


@pytest.mark.parametrize(
    ("scheduling", "replicas", "shares"),
    [
        pytest.param(EVEN, 6, {"a": 2, "b": 2, "c": 2}, id="alike"),
        pytest.param(EVEN, 12, {"a": 2, "b": 4, "c": 6}, id="alike, within the room"),
        pytest.param(EVEN, 2, {"a": 1, "b": 1}, id="alike, fewer than clusters"),
        pytest.param(WEIGHED, 4, {"a": 1, "c": 3}, id="by static weights"),
        pytest.param(WEIGHED, 8, {"a": 2, "c": 6}, id="by static weights, full"),
        pytest.param(DYNAMIC, 6, {"a": 1, "b": 2, "c": 3}, id="by room"),
        pytest.param(AGGREGATED, 6, {"c": 6}, id="into as few as can be"),
        pytest.param(AGGREGATED, 7, {"b": 3, "c": 4}, id="into two, by room"),
    ],
)
def test_replicas_are_divided_as_the_intent_says(
    build: Any,
    place: Any,
    fleet: Any,
    scheduling: dict[str, Any],
    replicas: int,
    shares: dict[str, int],
) -> None:
    found = place(fleet, build.app("web", divided(**scheduling), replicas=replicas))
    assert found.replicas("web") == shares
    assert found.chosen("web") == sorted(shares)


@pytest.mark.parametrize(
    ("scheduling", "replicas", "room"), [(EVEN, 13, 12), (WEIGHED, 12, 8), (AGGREGATED, 13, 12)]
)
def test_too_many_replicas_are_an_error(
    build: Any, place: Any, fleet: Any, scheduling: dict[str, Any], replicas: int, room: int
) -> None:
    found = place(fleet, build.app("web", divided(**scheduling), replicas=replicas))
    assert found.said() == [
        (
            "[error] PlacementIntent/web spec.replicaScheduling: must have room for "
            f"{replicas} replicas, but has room for {room} of Deployment web "
            "(placementintent-web.yaml) [unplaced]"
        )
    ]


def test_as_many_as_fit_are_placed_where_that_is_only_a_warning(
    build: Any, place: Any, fleet: Any
) -> None:
    lenient = build.policy(whenUnplaced="Warn")
    found = place(fleet, lenient, build.app("web", divided(), replicas=20))
    assert found.replicas("web") == {"a": 2, "b": 4, "c": 6}
    assert [each.severity for each in found.results] == ["warning"]


def test_room_is_counted_in_pods_on_nodes_not_in_totals(build: Any, place: Any) -> None:
    """Three nodes of 3 CPUs take three pods of 2, not four."""
    fleet = [*build.cluster("a", build.group(count=3, cpu=3)), *build.cluster("b")]
    found = place(fleet, build.app("web", divided(**DYNAMIC), replicas=7, cpu=2))
    assert found.replicas("web") == {"a": 3, "b": 4}


def test_room_is_what_other_workloads_leave(build: Any, place: Any, fleet: Any) -> None:
    only_c = {"clusterSelectorTerms": [{"clusterNames": ["c"]}]}
    other = build.app("other", only_c, cpu=4)
    found = place(fleet, other, build.app("web", divided(**DYNAMIC), replicas=8))
    assert found.replicas("web") == {"a": 2, "b": 4, "c": 2}


def test_of_two_the_one_of_higher_priority_divides_first(
    build: Any, place: Any, fleet: Any
) -> None:
    lenient = build.policy(whenUnplaced="Warn")
    low = build.app("low", divided(), replicas=8)
    high = build.app("high", divided() | {"priority": 1}, replicas=8)
    found = place(fleet, lenient, low, high)
    assert sum(found.replicas("high").values()) == 8
    assert sum(found.replicas("low").values()) == 4


def test_the_number_of_clusters_is_the_most_there_are(build: Any, place: Any, fleet: Any) -> None:
    two = place(fleet, build.app("web", divided(2), replicas=8))
    assert len(two.replicas("web")) == 2
    assert sum(two.replicas("web").values()) == 8
    one = place(fleet, build.app("web", divided(2, **AGGREGATED), replicas=1))
    assert one.ok
    assert sum(one.replicas("web").values()) == 1


def test_no_replicas_are_placed_and_can_grow(build: Any, place: Any, fleet: Any) -> None:
    found = place(fleet, build.app("web", divided(), replicas=0))
    assert found.replicas("web") == {"a": 0, "b": 0, "c": 0}


@pytest.mark.parametrize(
    ("scheduling", "before", "after", "shares"),
    [
        pytest.param(DYNAMIC, 6, 9, {"a": 2, "b": 3, "c": 4}, id="more are added"),
        pytest.param(DYNAMIC, 6, 3, {"a": 1, "b": 1, "c": 1}, id="fewer are taken in proportion"),
        pytest.param(AGGREGATED, 4, 8, {"c": 6}, id="those that run are filled first"),
    ],
)
def test_scaling_keeps_what_runs(  # noqa: PLR0913, PLR0917 - a table's columns
    build: Any,
    place: Any,
    fleet: Any,
    scaled: Any,
    scheduling: dict[str, Any],
    before: int,
    after: int,
    shares: dict[str, int],
) -> None:
    first = place(fleet, build.app("web", divided(**scheduling), replicas=before))
    then = scaled(first, after)
    assert sum(then.replicas("web").values()) == after
    for cluster, count in first.replicas("web").items():
        if after > before:
            assert then.replicas("web")[cluster] >= count
    assert shares.items() <= then.replicas("web").items() or scheduling == AGGREGATED


def test_scaling_back_and_forth_is_told_as_kept(
    build: Any, place: Any, fleet: Any, scaled: Any
) -> None:
    first = place(fleet, build.app("web", divided(**DYNAMIC), replicas=6))
    more = scaled(first, 9)
    assert more.report("web")["changes"] == {"kept": 3}
    again = place(more.items)
    assert again.texts == more.texts


def test_replicas_are_written_to_the_copies(build: Any, place: Any, fleet: Any) -> None:
    app = build.app("web", divided(**WEIGHED), replicas=4)
    found = place(fleet, app, config={"apply": "Overlays"})
    assert found.copy("a", "Deployment", "web")["spec"]["replicas"] == 1
    assert found.copy("c", "Deployment", "web")["spec"]["replicas"] == 3


def test_an_autoscaler_of_divided_replicas_is_warned_of(build: Any, place: Any, fleet: Any) -> None:
    scaler = {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "web"},
        "spec": {"scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}},
    }
    selectors = [{"name": "web"}]
    wish = divided() | {"resourceSelectors": selectors}
    found = place(fleet, scaler, build.app("web", wish, replicas=3), config={"apply": "Overlays"})
    assert [each.code for each in found.results] == ["autoscaled"]
