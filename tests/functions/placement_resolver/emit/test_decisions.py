"""Decisions in SIG Multicluster's form: whole, sliced, named for any intent, with reasons."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from krmfn.kinds.inventory import decided_clusters
from krmfn.placement_resolver.emit.decisions import decisions, reason
from krmfn.placement_resolver.emit.naming import slug
from krmfn.placement_resolver.fleet import Cluster
from krmfn.placement_resolver.intents import PlacementIntent
from krmfn.placement_resolver.plan import Assignment, Decision

Make = Callable[..., Any]

LABEL = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?")
NAME = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")


def placed(intent: PlacementIntent, count: int, **fields: Any) -> Decision:
    chosen = [Cluster(f"edge-{number:04}", namespace="fleet") for number in range(count)]
    assignments = tuple(Assignment(each, "new", 50.0, **fields) for each in reversed(chosen))
    return Decision(intent, assignments=assignments)


@pytest.mark.parametrize(
    ("count", "sizes"), [(0, [0]), (1, [1]), (100, [100]), (101, [100, 1]), (250, [100, 100, 50])]
)
def test_a_slice_holds_at_most_100_clusters(intent: Make, count: int, sizes: list[int]) -> None:
    decision = placed(intent(), count)
    slices = [each.resource for each in decisions(decision, "fleet")]
    assert [len(each.body["decisions"]) for each in slices] == sizes
    assert [each.name for each in slices] == [f"upf-{number}" for number in range(len(sizes))]
    names = [name for each in slices for name in decided_clusters(each.body)]
    assert names == sorted(each.cluster.name for each in decision.assignments)


def test_a_slice_says_whose_it_is(intent: Make) -> None:
    (only,) = decisions(placed(intent("upf", namespace="core"), 1), "fleet")
    assert only.resource.body == {
        "apiVersion": "multicluster.x-k8s.io/v1alpha1",
        "kind": "PlacementDecision",
        "metadata": {
            "name": "core.upf-0",
            "namespace": "fleet",
            "labels": {
                "multicluster.x-k8s.io/decision-key": "core.upf",
                "multicluster.x-k8s.io/decision-index": "0",
                "multicluster.x-k8s.io/placement-key": "core.upf",
            },
        },
        "schedulerName": "placement-resolver",
        "decisions": [{"clusterProfileRef": {"name": "edge-0000"}, "reason": "New: score 50.0"}],
    }


def test_a_cluster_of_another_namespace_is_named_with_it(intent: Make) -> None:
    (only,) = decisions(placed(intent(), 1), "decisions")
    (row,) = only.resource.body["decisions"]
    assert row["clusterProfileRef"] == {"name": "edge-0000", "namespace": "fleet"}


def test_divided_replicas_stand_in_an_annotation(intent: Make) -> None:
    (only,) = decisions(placed(intent(), 2, replicas=3), "")
    assert only.resource.annotations == {"krmfn.dev/replicas": '{"edge-0000": 3, "edge-0001": 3}'}
    assert only.resource.namespace == ""


CLUSTER = Cluster("waw")


@pytest.mark.parametrize(
    ("assignment", "text"),
    [
        (
            Assignment(
                CLUSTER,
                "kept",
                71.24,
                {"cost": 21.1, "latency": 50.1, "carbon": 0.0},
                runner_up="krk",
                margin=2.34,
            ),
            "Kept: score 71.2 (latency 50.1, cost 21.1); runner-up krk 68.9",
        ),
        (Assignment(CLUSTER, "moved", 9.0, came_from="krk"), "Moved from krk: score 9.0"),
        (
            Assignment(CLUSTER, "moved", 9.0, came_from="krk", forced=True),
            "Moved from krk, forced: score 9.0",
        ),
        (
            Assignment(CLUSTER, "new", 9.0, dict.fromkeys("gfedcba", 1.0)),
            "New: score 9.0 (a 1.0, b 1.0, c 1.0, d 1.0, e 1.0)",
        ),
    ],
    ids=["kept", "moved", "forced", "many-terms"],
)
def test_the_reason_is_one_line(assignment: Assignment, text: str) -> None:
    assert reason(assignment) == text


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        (("upf",), "upf"),
        (("upf.edge",), "upf.edge"),
        (("core", "upf"), "core.upf"),
        (("core", "a.b"), "core-a-b-4a0640c6"),
        (("żółw",), "w-f36b8110"),
        (("東京",), "130016b2"),
        (("a" * 63,), "a" * 63),
        (("a" * 64,), f"{'a' * 54}-ffe054fe"),
        (("UPF_1",), "upf-1-56c7434f"),
    ],
)
def test_names_stay_readable(parts: tuple[str, ...], expected: str) -> None:
    assert slug(*parts) == expected


@given(st.text(min_size=1, max_size=300))
def test_any_intent_gets_valid_names(name: str) -> None:
    made = slug(name)
    assert LABEL.fullmatch(made)
    assert NAME.fullmatch(f"{made}-999")


@given(st.lists(st.text("abAŻ./-_ 1", min_size=1, max_size=80), unique=True, max_size=20))
def test_different_intents_get_different_names(names: list[str]) -> None:
    assert len({slug(name) for name in names}) == len(names)
