"""Shares by cluster, phase by phase."""

from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from krmfn.kinds.relocation import RelocationPlan
from krmfn.mesh_intent_expander.plan.common import ServiceKey
from krmfn.mesh_intent_expander.plan.routes import RoutedRule, Share
from krmfn.mesh_intent_expander.steering.moves import Move
from krmfn.mesh_intent_expander.steering.shares import split, steered
from krmfn.sdk import Resource

API, OTHER = ServiceKey("shop", "api"), ServiceKey("shop", "other")
V1, V2 = {"version": "v1"}, {"version": "v2"}


def move(phase: str, *others: str, weight: int | None = None, weighted: bool = True) -> Move:
    said = {"name": "now", "step": phase} | ({} if weight is None else {"weight": weight})
    spec = {"service": "api", "from": "a", "to": "b", "phases": [said]}
    body = {"apiVersion": RelocationPlan.api_version, "kind": "RelocationPlan"}
    plan, _ = RelocationPlan.parse(body | {"metadata": {"name": "move"}, "spec": spec})
    assert plan is not None
    return Move(plan, API, others, weighted)


def share(weight: int = 100, cluster: str = "", service: ServiceKey = API, **version: str) -> Share:
    return Share(service, f"{service.name}.shop", 80, weight, version, cluster=cluster)


def written(shares: tuple[Share, ...]) -> list[tuple[str, str, int]]:
    return [(each.version.get("version", ""), each.cluster, each.weight) for each in shares]


@pytest.mark.parametrize(
    ("now", "shares"),
    [
        pytest.param(move("Prepare"), {"": 100, "a": 0, "b": 0}, id="prepare"),
        pytest.param(move("Pin"), {"a": 100, "b": 0}, id="pin"),
        pytest.param(move("Shift", weight=0), {"a": 100, "b": 0}, id="shift-0"),
        pytest.param(move("Shift", weight=10), {"a": 90, "b": 10}, id="shift-10"),
        pytest.param(move("Shift", weight=100), {"a": 0, "b": 100}, id="shift-100"),
        pytest.param(move("Flip"), {"": 100, "a": 0, "b": 0}, id="flip"),
        pytest.param(move("Drain"), {"a": 0, "b": 100}, id="drain"),
        pytest.param(move("Remove"), {"": 100, "b": 0}, id="remove"),
        pytest.param(move("Pin", "c"), {"a": 50, "b": 0, "c": 50}, id="pin-beside-another"),
        pytest.param(
            move("Shift", "c", weight=50), {"a": 25, "b": 25, "c": 50}, id="shift-beside-another"
        ),
        pytest.param(move("Flip", "c"), {"a": 0, "b": 50, "c": 50}, id="flip-beside-another"),
        pytest.param(move("Remove", "c"), {"": 100, "b": 0, "c": 0}, id="remove-beside-another"),
        pytest.param(move("Pin", weighted=False), {"": 100}, id="pin-without-weights"),
    ],
)
def test_each_phase_has_its_shares(now: Move, shares: Mapping[str, int]) -> None:
    assert {each.cluster: each.weight for each in split([share()], {API: now})} == shares


@pytest.mark.parametrize(
    ("now", "shares"),
    [
        pytest.param(move("Prepare"), {"a": 100, "b": 0}, id="prepare"),
        pytest.param(move("Shift", weight=30), {"a": 70, "b": 30}, id="shift-30"),
        pytest.param(move("Flip"), {"a": 0, "b": 100}, id="flip"),
        pytest.param(move("Remove"), {"a": 0, "b": 100}, id="remove"),
    ],
)
def test_what_a_rule_binds_to_the_source_ends_at_the_target(
    now: Move, shares: Mapping[str, int]
) -> None:
    assert {each.cluster: each.weight for each in split([share(cluster="a")], {API: now})} == shares


def test_each_version_is_split_over_the_clusters() -> None:
    shares = split([share(90, **V1), share(10, **V2)], {API: move("Shift", weight=10)})
    assert written(shares) == [
        ("v1", "", 0),
        ("v1", "a", 81),
        ("v1", "b", 9),
        ("v2", "", 0),
        ("v2", "a", 9),
        ("v2", "b", 1),
    ]


def test_a_version_keeps_its_own_subset_in_every_phase() -> None:
    for step in ("Prepare", "Pin", "Flip", "Drain", "Remove"):
        clusters = {each.cluster for each in split([share(**V1)], {API: move(step)})}
        assert clusters >= {"", "b"}


def test_shares_of_other_services_and_clusters_keep_their_weights() -> None:
    shares = split(
        [share(50), share(30, service=OTHER), share(20, cluster="c")],
        {API: move("Shift", weight=50)},
    )
    assert [(each.service.name, each.cluster, each.weight) for each in shares] == [
        ("api", "a", 25),
        ("api", "b", 25),
        ("other", "", 30),
        ("api", "c", 20),
    ]


def test_shares_of_the_same_pods_become_one() -> None:
    shares = split([share(40), share(60, cluster="a")], {API: move("Shift", weight=50)})
    assert written(shares) == [("", "a", 50), ("", "b", 50)]


@pytest.mark.parametrize(
    ("now", "cluster"), [(move("Pin"), "a"), (move("Drain"), "b")], ids=["pin", "drain"]
)
def test_copies_follow_the_requests(now: Move, cluster: str) -> None:
    by = Resource.new("v1", "ConfigMap", "intent")
    rule = RoutedRule("default", (), (share(),), by, mirror=share(cluster="a"))
    mirror = steered(rule, {API: now}).mirror
    assert mirror is not None
    assert mirror.cluster == cluster


def test_a_redirect_has_no_shares_to_split() -> None:
    assert split([], {API: move("Pin")}) == ()


@settings(max_examples=60)
@given(
    weights=st.lists(st.integers(0, 100), min_size=1, max_size=4).filter(any),
    percent=st.integers(0, 100),
    others=st.lists(st.sampled_from("cdef"), max_size=3, unique=True),
)
def test_shares_add_up_to_100_and_are_off_by_less_than_a_point(
    weights: list[int], percent: int, others: list[str]
) -> None:
    shares = [share(weight, version=f"v{index}") for index, weight in enumerate(weights)]
    whole = sum(weights) * (1 + len(others))
    composed = split(shares, {API: move("Shift", *others, weight=percent)})
    assert sum(each.weight for each in composed) == 100
    for each in composed:
        said = weights[int(each.version["version"][1:])]
        part = {"": 0, "a": 100 - percent, "b": percent}.get(each.cluster, 100)
        assert abs(each.weight - said * part / whole) < 1
