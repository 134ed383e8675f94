"""Items that lie on one cluster take points from each other: who goes where, and who stays."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace
from random import Random
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
    Solution,
    solve,
)

EXACT = Limits(gap=0)
POD = (Pod(((0, 1),)),)
Chosen = tuple[tuple[int, ...], ...]
KeepsRules = Callable[[Problem, Chosen], bool]
BestByTrying = Callable[[Problem], Any]


def fleet(*sizes: int, crowding: float = 5.0) -> tuple[Cluster, ...]:
    return tuple(
        Cluster(f"c{n}", (GroupBins(1, (size,)),), crowding) for n, size in enumerate(sizes)
    )


def item(key: str, scores: dict[int, float], load: float = 1.0, **more: Any) -> Item:
    options = tuple(Option(c, score, POD, load) for c, score in scores.items())
    return Item(key, options, **more)


def alike(count: int, clusters: int, **more: Any) -> tuple[Item, ...]:
    return tuple(item(f"i{n}", dict.fromkeys(range(clusters), 50), **more) for n in range(count))


def after(problem: Problem, solution: Solution, **more: Any) -> Problem:
    """Give the same problem when its solution is the previous decision."""
    pairs = zip(problem.items, solution.chosen, strict=True)
    items = tuple(replace(each, previous=frozenset(chosen), **more) for each, chosen in pairs)
    return replace(problem, items=items)


def shares(chosen: Iterable[tuple[int, ...]]) -> list[int]:
    return sorted(Counter(cluster for picks in chosen for cluster in picks).values())


def test_the_score_is_less_by_the_product_of_the_loads_of_each_pair() -> None:
    items = tuple(item(key, {0: 50}, load) for key, load in {"a": 1, "b": 2, "c": 3}.items())
    solution = solve(Problem(fleet(9, crowding=2), items))
    assert solution.score.value == solution.score.bound == 150 - 2 * (1 * 2 + 1 * 3 + 2 * 3)
    assert solution.proven


@pytest.mark.parametrize(("load", "crowding"), [(0.0, 5.0), (1.0, 0.0)], ids=["load", "crowding"])
def test_without_load_or_crowding_everyone_takes_the_best(load: float, crowding: float) -> None:
    items = tuple(item(key, {0: 51, 1: 50}, load) for key in "abcd")
    solution = solve(Problem(fleet(9, 9, crowding=crowding), items))
    assert (shares(solution.chosen), solution.score.value) == ([4], 204)


@pytest.mark.parametrize("solver", [True, False])
def test_a_crowd_is_only_so_large_as_the_better_score_is_worth(solver: bool) -> None:
    items = tuple(item(f"i{n}", {0: 62, 1: 50}) for n in range(6))
    solution = solve(Problem(fleet(9, 9), items), Limits(gap=0, solver=solver))
    assert shares(solution.chosen) == [2, 4]


def test_items_of_several_clusters_count_on_each_of_them() -> None:
    wide = item("wide", {0: 50, 1: 50}, 3, picks=2)
    others = tuple(item(key, {0: 50, 1: 50, 2: 45}) for key in "ab")
    solution = solve(Problem(fleet(9, 9, 9), (wide, *others)))
    assert solution.chosen == ((0, 1), (2,), (2,))


def test_items_together_put_the_sum_of_their_loads_on_a_cluster() -> None:
    pair = tuple(item(key, {0: 50, 1: 20}, together=frozenset({"x"})) for key in "ab")
    solution = solve(Problem(fleet(9, 9), (*pair, item("c", {0: 50, 1: 41}))))
    assert solution.chosen == ((0,), (0,), (1,))
    assert solution.score.value == 141


def test_a_lower_priority_sees_the_load_of_a_higher_one() -> None:
    first = item("first", {0: 50}, 3, priority=1)
    solution = solve(Problem(fleet(9, 9), (first, item("second", {0: 90, 1: 80}))))
    assert (solution.chosen, solution.score.value) == (((0,), (1,)), 130)


def test_four_items_on_one_of_two_equal_clusters_spread_and_stay() -> None:
    before = Problem(fleet(9, 9), alike(4, 2, previous=frozenset({0}), min_improvement=10.0))
    first = solve(before)
    assert (shares(first.chosen), len(first.moved), first.forced) == ([2, 2], 2, 0)
    for limits in (Limits(), EXACT, Limits(solver=False)):
        second = solve(after(before, first), limits)
        assert (second.chosen, second.moved) == (first.chosen, ())


def test_who_has_no_time_to_move_stays_in_a_crowd() -> None:
    items = alike(4, 2, previous=frozenset({0}), movable=False)
    assert solve(Problem(fleet(9, 9), items)).chosen == ((0,),) * 4


def test_who_gains_too_little_stays_in_a_crowd() -> None:
    items = alike(4, 2, previous=frozenset({0}), min_improvement=60.0)
    solution = solve(Problem(fleet(9, 9), items))
    assert (solution.chosen, solution.proven) == (((0,),) * 4, True)


def test_who_was_on_a_lost_cluster_spreads_over_the_others() -> None:
    lost = alike(15, 3, previous=frozenset({3}), movable=False)
    solution = solve(Problem(fleet(20, 20, 20, 0), lost))
    assert (shares(solution.chosen), solution.proven) == ([5, 5, 5], True)


loads = st.integers(0, 3)
keys = st.frozensets(st.sampled_from("xy"), max_size=1)


@st.composite
def problems(draw: st.DrawFn, *, most: int = 5, least: int = 1, rules: bool = True) -> Problem:
    size = st.tuples(st.integers(least, 5), st.integers(0, 9))
    sizes = draw(st.lists(size, min_size=1, max_size=3))
    clusters = tuple(
        Cluster(f"c{n}", (GroupBins(1, (size,)),), crowding)
        for n, (size, crowding) in enumerate(sizes)
    )
    items = []
    for key in "abcde"[: draw(st.integers(1, most))]:
        taken = sorted(draw(st.sets(st.integers(0, len(sizes) - 1), min_size=1)))
        options = tuple(Option(c, draw(st.integers(0, 60)), POD, draw(loads)) for c in taken)
        more: dict[str, Any] = {"apart": draw(keys), "together": draw(keys)} if rules else {}
        items.append(Item(key, options, draw(st.integers(1, len(options))), **more))
    return Problem(clusters, tuple(items))


@settings(max_examples=80, deadline=None)
@given(problems(most=4))
def test_a_crowded_solution_is_as_good_as_trying_everything(
    best_by_trying: BestByTrying, keeps_rules: KeepsRules, problem: Problem
) -> None:
    solution, best = solve(problem, EXACT), best_by_trying(problem)
    assert keeps_rules(problem, solution.chosen)
    assert solution.placed.value == best.placed
    assert solution.score.value == pytest.approx(best.score)
    assert solution.score.bound == pytest.approx(best.score)
    assert solution.proven


@settings(max_examples=80, deadline=None)
@given(problems(most=4), st.sampled_from([0.0, 0.05]), st.booleans())
def test_a_crowded_bound_is_never_below_what_is_possible(
    best_by_trying: BestByTrying, problem: Problem, gap: float, solver: bool
) -> None:
    limits = Limits(gap=gap, nodes=1, rounds=2, tries=0, effort=0, solver=solver)
    solution, best = solve(problem, limits), best_by_trying(problem)
    assert solution.placed.value <= best.placed <= solution.placed.bound
    if solution.placed.value == best.placed:
        assert solution.score.value - 1e-6 <= best.score <= solution.score.bound + 1e-6
        if solution.proven:
            assert best.score - solution.score.value <= gap * abs(solution.score.bound) + 1e-5


@settings(max_examples=60, deadline=None)
@given(problems(), st.sampled_from([0.0, 0.01]), st.sampled_from([0.0, 10.0]))
def test_a_crowded_solution_is_found_again_and_again(
    problem: Problem, gap: float, least: float
) -> None:
    first = solve(problem, Limits(gap=gap))
    second = solve(after(problem, first, min_improvement=least), Limits(gap=gap))
    assert all(move.forced for move in second.moved)
    third = solve(after(problem, second, min_improvement=least), Limits(gap=gap))
    assert third.chosen == second.chosen


@settings(max_examples=60, deadline=None)
@given(problems(least=5, rules=False), st.lists(st.integers(0, 2), min_size=5, max_size=5))
def test_every_move_to_another_crowd_is_forced_or_gains_enough(
    problem: Problem, homes: list[int]
) -> None:
    stays = [
        replace(each, picks=1, previous=frozenset({home}), min_improvement=20.0)
        for each, home in zip(problem.items, homes, strict=False)
    ]
    problem = replace(problem, items=tuple(stays))
    solution = solve(problem)
    for move in solution.moved:
        if not move.forced:
            (left,), (joined,) = move.left, move.joined
            gone, now = (worth(problem, solution.chosen, move.item, c) for c in (left, joined))
            assert now - gone >= 0.2 * abs(gone) - 1e-9
    again = solve(after(problem, solution))
    assert all(move.forced for move in again.moved)


def worth(problem: Problem, chosen: Chosen, index: int, cluster: int) -> float:
    """Give the score of an item on a cluster, less what it loses to the others there."""
    here = [
        {option.cluster: option for option in each.options}.get(cluster) for each in problem.items
    ]
    mine = here[index]
    assert mine is not None
    others = sum(
        option.load
        for n, option in enumerate(here)
        if option and n != index and cluster in chosen[n]
    )
    return mine.score - problem.clusters[cluster].crowding * mine.load * others


@settings(max_examples=40, deadline=None)
@given(problems(), st.randoms())
def test_who_goes_into_a_crowd_does_not_depend_on_the_order_of_the_input(
    problem: Problem, random: Random
) -> None:
    order = random.sample(range(len(problem.items)), len(problem.items))
    shuffled = replace(problem, items=tuple(problem.items[n] for n in order))
    assert solve(shuffled).chosen == tuple(solve(problem).chosen[n] for n in order)
