"""Laws over random small fleets: the order says nothing, a second run changes nothing, all fits."""

import random
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

GPU = "nvidia.com/gpu"
Pod = tuple[str, Mapping[str, int]]
Node = dict[str, int]
LENIENT = {"whenUnplaced": "Warn"}

GROUPS = st.fixed_dictionaries(
    {
        "count": st.integers(1, 2),
        "cpu": st.integers(1, 8),
        GPU: st.integers(0, 1),
        "pool": st.sampled_from("pq"),
    }
)
CLUSTERS = st.lists(
    st.tuples(st.lists(GROUPS, min_size=1, max_size=2), st.sampled_from(["0.01", "0.05"])),
    min_size=1,
    max_size=4,
)
APPS = st.lists(
    st.fixed_dictionaries(
        {
            "replicas": st.integers(1, 2),
            "cpu": st.integers(1, 4),
            GPU: st.integers(0, 1),
            "pool": st.sampled_from(["", "p"]),
            "clusters": st.integers(0, 2),
            "priority": st.integers(0, 1),
            "apart": st.booleans(),
        }
    ),
    min_size=1,
    max_size=5,
)


def fleet_of(build: Any, clusters: Sequence[Any]) -> list[Any]:
    return [
        each
        for number, (groups, price) in enumerate(clusters)
        for each in build.cluster(
            f"c{number}",
            *(
                build.group(
                    f"g{index}",
                    group["count"],
                    cpu=group["cpu"],
                    labels={"pool": group["pool"]},
                    **({GPU: 1} if group[GPU] else {}),
                )
                for index, group in enumerate(groups)
            ),
            cost__cpu_hour=price,
        )
    ]


def apps_of(build: Any, apps: Sequence[Any]) -> list[Any]:
    found = []
    for number, app in enumerate(apps):
        amounts = {"cpu": app["cpu"]} | ({GPU: 1} if app[GPU] else {})
        deployment = build.deployment(f"w{number}", replicas=app["replicas"], **amounts)
        if app["pool"]:
            selector = {"pool": app["pool"]}
            deployment["spec"]["template"]["spec"]["nodeSelector"] = selector
        wish: dict[str, Any] = {"priority": app["priority"]}
        if app["clusters"]:
            wish |= {"placementType": "PickN", "numberOfClusters": app["clusters"]}
        if app["apart"]:
            wish |= {"workloadAntiAffinity": {"groupByLabelKey": "app"}}
        labels = {"app": "twin"} if app["apart"] else {}
        found += [deployment, build.intent(f"w{number}", labels, **wish)]
    return found


def nodes_of(groups: Sequence[Any]) -> list[tuple[str, Node]]:
    return [
        (group["pool"], {"cpu": group["cpu"], GPU: group[GPU]})
        for group in groups
        for _ in range(group["count"])
    ]


def fits(pods: Sequence[Pod], nodes: Sequence[tuple[str, Node]]) -> bool:
    """Try every node for every pod, one after the other."""
    if not pods:
        return True
    (pool, amounts), *rest = pods
    tried = []
    for number, (found, free) in enumerate(nodes):
        if pool not in ("", found) or (found, free) in tried:
            continue
        tried.append((found, free))
        left = {name: free[name] - amounts[name] for name in free}
        if min(left.values()) >= 0:
            others = [*nodes[:number], (found, left), *nodes[number + 1 :]]
            if fits(rest, others):
                return True
    return False


def pods_on(cluster: str, apps: Sequence[Any], found: Any) -> Iterator[Pod]:
    for number, app in enumerate(apps):
        if cluster in found.chosen(f"w{number}"):
            for _ in range(app["replicas"]):
                yield app["pool"], {"cpu": app["cpu"], GPU: app[GPU]}


@settings(max_examples=60, deadline=None)
@given(clusters=CLUSTERS, apps=APPS)
def test_what_is_placed_fits_all_together(build: Any, place: Any, clusters: Any, apps: Any) -> None:
    found = place(fleet_of(build, clusters), apps_of(build, apps), build.policy(**LENIENT))
    for number, (groups, _) in enumerate(clusters):
        pods = list(pods_on(f"c{number}", apps, found))
        assert fits(pods, nodes_of(groups)), (number, pods)
    twins = [
        name
        for number, app in enumerate(apps)
        if app["apart"]
        for name in found.chosen(f"w{number}")
    ]
    assert len(set(twins)) == len(twins)


@settings(max_examples=60, deadline=None)
@given(clusters=CLUSTERS, apps=APPS)
def test_one_workload_alone_is_placed_wherever_it_fits(
    build: Any, place: Any, clusters: Any, apps: Any
) -> None:
    app = apps[0] | {"clusters": 0, "apart": False}
    found = place(fleet_of(build, clusters), apps_of(build, [app]), build.policy(**LENIENT))
    pods = [(app["pool"], {"cpu": app["cpu"], GPU: app[GPU]})] * app["replicas"]
    able = [
        f"c{number}" for number, (groups, _) in enumerate(clusters) if fits(pods, nodes_of(groups))
    ]
    assert found.chosen("w0") == able


@settings(max_examples=25, deadline=None)
@given(clusters=CLUSTERS, apps=APPS, seed=st.integers(0, 99))
def test_the_order_of_items_says_nothing(
    build: Any, place: Any, clusters: Any, apps: Any, seed: int
) -> None:
    items = [*fleet_of(build, clusters), *apps_of(build, apps), build.policy(**LENIENT)]
    first = place(items)
    random.Random(seed).shuffle(items)
    assert place(items).texts == first.texts


@settings(max_examples=25, deadline=None)
@given(clusters=CLUSTERS, apps=APPS, lost=st.booleans())
def test_a_second_run_changes_nothing(
    build: Any, place: Any, clusters: Any, apps: Any, *, lost: bool
) -> None:
    wanted = [*apps_of(build, apps), build.policy(**LENIENT)]
    first = place(fleet_of(build, clusters), wanted)
    if lost:
        first = place([each for each in first.items if each.name != "c0"])
    again = place(first.items)
    assert again.texts == first.texts
    assert again.said("error", "warning") == first.said("error", "warning")


@settings(max_examples=25, deadline=None)
@given(apps=APPS)
def test_with_room_for_all_only_what_a_lost_cluster_held_moves(
    build: Any, place: Any, apps: Any
) -> None:
    roomy = [{"count": 20, "cpu": 8, GPU: 1, "pool": pool} for pool in "pq"]
    single = [app | {"clusters": 1, "apart": False} for app in apps]
    clusters = [(roomy, price) for price in ("0.01", "0.02", "0.03")]
    first = place(fleet_of(build, clusters), apps_of(build, single))
    lost = first.chosen("w0")[0]
    then = place([each for each in first.items if each.name != lost])
    held = {f"w{number}": first.chosen(f"w{number}") for number in range(len(apps))}
    moved = {name for name, chosen in held.items() if then.chosen(name) != chosen}
    assert moved == {name for name, chosen in held.items() if chosen == [lost]}
    assert then.summary["moves"] == then.summary["forced"] == len(moved)


@settings(max_examples=25, deadline=None)
@given(clusters=CLUSTERS, apps=APPS)
def test_the_bound_is_never_below_what_was_reached(
    build: Any, place: Any, clusters: Any, apps: Any
) -> None:
    found = place(fleet_of(build, clusters), apps_of(build, apps), build.policy(**LENIENT))
    assert found.summary["bound"] >= found.summary["objective"] - 0.05
    assert 0 <= found.summary["gap"] <= 1


@settings(max_examples=25, deadline=None)
@given(sizes=st.lists(st.integers(2, 12), min_size=1, max_size=4), apps=APPS)
def test_facts_collected_after_the_deployment_move_nothing(
    build: Any, place: Any, sizes: list[int], apps: Any
) -> None:
    def facts(free: Sequence[int], observed: str) -> list[Any]:
        return [
            each
            for number, (size, left) in enumerate(zip(sizes, free, strict=True))
            for each in build.cluster(
                f"c{number}",
                build.group(cpu=left) | {"allocatable": {"cpu": str(size)}},
                capacity={"observed": observed},
            )
        ]

    plain = [app | {"pool": "", GPU: 0, "clusters": app["clusters"] or 1} for app in apps]
    policy = build.policy(**LENIENT, objectives=[{"name": "cost", "weight": 1}])
    wanted = [*apps_of(build, plain), policy]
    first = place(facts(sizes, "2026-08-01T10:00:00Z"), wanted)
    taken = [
        sum(amounts["cpu"] for _, amounts in pods_on(f"c{number}", plain, first))
        for number in range(len(sizes))
    ]
    free = [size - used for size, used in zip(sizes, taken, strict=True)]
    kinds = ("ClusterProfile", "ClusterCapacity")
    rest = [each for each in first.items if each.kind not in kinds]
    then = place(rest, facts(free, "2026-08-01T12:00:00Z"))
    for number in range(len(apps)):
        assert set(first.chosen(f"w{number}")) <= set(then.chosen(f"w{number}"))
    assert then.summary.get("moves", 0) == 0
