"""What a previous decision is worth: who stays, who moves, and why."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from krmfn.placement_resolver.solving import (
    Cluster,
    GroupBins,
    Item,
    Limits,
    Option,
    Pod,
    Problem,
    solve,
)


def fleet(*sizes: int) -> tuple[Cluster, ...]:
    return tuple(Cluster(f"c{n}", (GroupBins(1, (size,)),)) for n, size in enumerate(sizes))


def item(key: str, scores: dict[int, float], previous: Iterable[int] = (), **more: Any) -> Item:
    pods = (Pod(((0, 1),)),)
    options = tuple(Option(c, score, pods) for c, score in scores.items())
    return Item(key, options, previous=frozenset(previous), **more)


GAINS = {
    "a small gain": ({0: 50, 1: 54}, {"min_improvement": 10.0}, 0),
    "a gain of just so much": ({0: 50, 1: 55}, {"min_improvement": 10.0}, 1),
    "a large gain before its time": ({0: 1, 1: 90}, {"movable": False}, 0),
    "any gain, nothing asked": ({0: 50, 1: 51}, {}, 1),
    "no gain": ({0: 50, 1: 50}, {}, 0),
    "from nothing to something": ({0: 0, 1: 1}, {"min_improvement": 10.0}, 1),
    "not sticky at all": ({0: 50, 1: 50.1}, {"min_improvement": None}, 1),
    "its place is gone": ({1: 5}, {"movable": False}, 1),
}


@pytest.mark.parametrize(("scores", "more", "expected"), GAINS.values(), ids=GAINS)
def test_an_item_leaves_a_cluster_for_a_gain_that_is_large_enough(
    scores: dict[int, float], more: dict[str, Any], expected: int
) -> None:
    solution = solve(Problem(fleet(9, 9), (item("a", scores, {0}, **more),)), Limits(gap=0))
    assert solution.chosen == ((expected,),)
    assert solution.forced == (0 not in scores)


def test_a_place_that_shrank_is_left_by_force() -> None:
    items = tuple(item(key, {0: 90, 1: 10}, {0}, movable=False) for key in "abc")
    solution = solve(Problem(fleet(2, 9), items))
    assert len(solution.moved) == solution.forced == solution.moves.bound == 1
    assert solution.proven


def test_an_item_makes_room_for_one_that_has_no_other_place() -> None:
    stays = item("a", {0: 90, 1: 10}, {0}, movable=False)
    solution = solve(Problem(fleet(1, 1), (stays, item("b", {0: 50}))))
    assert solution.chosen == ((1,), (0,))
    assert [(move.item, move.forced) for move in solution.moved] == [(0, 1)]


def test_an_item_of_several_clusters_swaps_the_bad_one_and_keeps_the_good_one() -> None:
    wanted = item("a", {0: 10, 1: 90, 2: 50}, {0, 1}, picks=2, min_improvement=10.0)
    solution = solve(Problem(fleet(9, 9, 9), (wanted,)), Limits(gap=0))
    assert solution.chosen == ((1, 2),)
    assert [(move.left, move.joined, move.forced) for move in solution.moved] == [((0,), (2,), 0)]


def test_wanting_fewer_clusters_is_no_move_by_force() -> None:
    solution = solve(Problem(fleet(9, 9), (item("a", {0: 10, 1: 90}, {0, 1}),)))
    assert solution.chosen == ((1,),)
    assert [(move.left, move.forced) for move in solution.moved] == [((0,), 0)]


def test_wanting_more_clusters_moves_nothing() -> None:
    wanted = item("a", {0: 10, 1: 90, 2: 80}, {0}, picks=2, movable=False)
    solution = solve(Problem(fleet(9, 9, 9), (wanted,)))
    assert (solution.chosen, solution.moved, solution.proven) == (((0, 1),), (), True)


def test_better_places_are_taken_by_exchange() -> None:
    items = (
        item("a", {0: 10, 1: 90}, {0}, min_improvement=10.0),
        item("b", {0: 90, 1: 10}, {1}, min_improvement=10.0),
    )
    solution = solve(Problem(fleet(1, 1), items), Limits(gap=0))
    assert solution.chosen == ((1,), (0,))
    assert solution.forced == 0


scores = st.fixed_dictionaries({c: st.integers(0, 100) for c in range(3)})


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.tuples(scores, st.sets(st.integers(0, 2), max_size=1), st.booleans()),
        min_size=1,
        max_size=4,
    ),
    st.tuples(*[st.integers(0, 3)] * 3),
)
def test_every_move_is_forced_or_clearly_better(
    table: list[tuple[dict[int, float], set[int], bool]], sizes: tuple[int, ...]
) -> None:
    items = tuple(
        item(f"i{n}", each, previous, movable=movable, min_improvement=20.0)
        for n, (each, previous, movable) in enumerate(table)
    )
    solution = solve(Problem(fleet(*sizes), items), Limits(gap=0))
    assert solution.proven
    assert solution.forced == solution.moves.value == solution.moves.bound
    for move in solution.moved:
        if not move.forced:
            scored = {option.cluster: option.score for option in items[move.item].options}
            assert items[move.item].movable
            assert scored[move.joined[0]] >= 1.2 * scored[move.left[0]]
    alone = tuple(replace(each, movable=False) for each in items)
    assert solve(Problem(fleet(*sizes), alone), Limits(gap=0)).forced >= solution.forced
