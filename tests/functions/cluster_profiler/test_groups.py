"""Nodes that are alike, and the bound on how many groups there are."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from krmfn.cluster_profiler.facts import Node
from krmfn.cluster_profiler.groups import MOST_GROUPS, group

MakeNode = Callable[..., str]
Profile = Callable[..., Any]


def of(number: int, **fields: Any) -> Node:
    return Node(**{"name": f"w{number}", "offers": True, "allocatable": {"cpu": 8}, **fields})


def grouped(nodes: list[Node]) -> tuple[Any, str]:
    return group(nodes, [()] * len(nodes))


def test_nodes_that_are_alike_are_one_group() -> None:
    groups, differences = grouped([of(n) for n in range(1000)])
    assert ([each.count for each in groups], differences) == ([1000], "")


@pytest.mark.parametrize(
    ("fields", "differences", "count"),
    [
        pytest.param(lambda n: {"available": {"cpu": n}}, "free amounts", 1, id="free"),
        pytest.param(lambda n: {"allocatable": {"cpu": 8 + n}}, "amounts", 1, id="size"),
        pytest.param(
            lambda n: {"labels": {f"pool-{n % 50}": ""}},
            "amounts, labels, features and devices",
            1,
            id="labels",
        ),
        pytest.param(
            lambda n: {"allocatable": {"cpu": 8}, "available": {"cpu": n % 32}}, "", 32, id="few"
        ),
    ],
)
def test_beyond_the_bound_nodes_that_differ_least_are_one_group(
    fields: Callable[[int], dict[str, Any]], differences: str, count: int
) -> None:
    groups, words = grouped([of(n, **fields(n)) for n in range(100)])
    assert (words, len(groups)) == (differences, count)
    assert sum(each.count for each in groups) == 100


def test_a_group_has_the_least_of_its_nodes() -> None:
    groups, _ = grouped([of(n, available={"cpu": n + 3}) for n in range(100)])
    assert groups[0].of.available == {"cpu": 3}


def test_labels_that_tell_nodes_apart_are_left_out_and_places_are_kept() -> None:
    labels = [
        {
            "kubernetes.io/hostname": f"w{n}",
            "serial": f"s{n}",
            "topology.kubernetes.io/zone": f"z{n}",
        }
        for n in range(3)
    ]
    groups, _ = grouped([of(n, labels=each) for n, each in enumerate(labels)])
    assert [each.of.labels for each in groups] == [
        {"topology.kubernetes.io/zone": f"z{n}"} for n in range(3)
    ]


@given(
    st.lists(
        st.tuples(
            st.dictionaries(st.sampled_from("abc"), st.integers(0, 9)),
            st.none() | st.dictionaries(st.sampled_from("abc"), st.integers(0, 9)),
            st.dictionaries(st.sampled_from("xyz"), st.sampled_from("12")),
        ),
        min_size=1,
        max_size=90,
    )
)
def test_no_group_promises_more_than_each_of_its_nodes_has(
    drawn: list[tuple[dict[str, int], dict[str, int] | None, dict[str, str]]],
) -> None:
    nodes = [
        of(n, allocatable=allocatable, available=available, labels=labels)
        for n, (allocatable, available, labels) in enumerate(drawn)
    ]
    groups, _ = grouped(nodes)
    assert len(groups) <= MOST_GROUPS
    assert sum(each.count for each in groups) == len(nodes)
    for each in groups:
        keepers = [
            node
            for node in nodes
            if all(node.allocatable.get(key, 0) >= n for key, n in each.of.allocatable.items())
            and each.of.labels.items() <= node.labels.items()
        ]
        assert len(keepers) >= each.count


def test_what_the_rules_find_different_is_not_one_group(profile: Profile, node: MakeNode) -> None:
    made = profile(
        {
            "clusters/waw/a.yaml": node("w1", kernel="6.1.0-13-rt-amd64"),
            "clusters/waw/b.yaml": node("w2", kernel="6.1.0-13-amd64"),
        }
    )
    assert made.capability("rt-kernel")["nodeGroups"] == ["g0"]
    assert [each["count"] for each in made.capacity()["nodeGroups"]] == [1, 1]
