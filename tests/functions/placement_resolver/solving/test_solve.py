"""Which item takes which cluster: rules, order, proof; compared with trying everything."""

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from krmfn.placement_resolver.solving import (
    Cause,
    Cluster,
    GroupBins,
    Item,
    Limits,
    Option,
    Pod,
    Problem,
    Spread,
    solve,
)

EXACT = Limits(gap=0)
KeepsRules = Callable[[Problem, tuple[tuple[int, ...], ...]], bool]
BestByTrying = Callable[[Problem], Any]


def cluster(name: str, cpu: int, count: int = 1) -> Cluster:
    return Cluster(name, (GroupBins(count, (cpu,)),))


def item(key: str, cpu: int, scores: dict[int, float], **more: Any) -> Item:
    pods = (Pod(((0, cpu),)),) if cpu else ()
    return Item(key, tuple(Option(c, score, pods) for c, score in scores.items()), **more)


def clusters(*sizes: int) -> tuple[Cluster, ...]:
    return tuple(cluster(f"c{n}", size) for n, size in enumerate(sizes))


def test_a_lone_item_takes_its_best_cluster() -> None:
    solution = solve(Problem(clusters(4, 4), (item("a", 2, {0: 10, 1: 20}),)))
    assert solution.chosen == ((1,),)
    assert (solution.proven, solution.score.value, solution.score.gap) == (True, 20, 0)


def test_a_problem_without_items_is_solved() -> None:
    solution = solve(Problem(clusters(1), ()))
    assert (solution.chosen, solution.proven) == ((), True)


def test_an_item_without_options_stays_unplaced() -> None:
    solution = solve(Problem(clusters(1), (item("a", 1, {}),)))
    assert solution.chosen == ((),)
    assert [(each.item, each.picks) for each in solution.unplaced] == [(0, 1)]


def test_two_items_of_one_key_are_refused() -> None:
    with pytest.raises(ValueError, match="different keys"):
        solve(Problem(clusters(1), (item("a", 1, {}), item("a", 1, {}))))


def test_an_accelerator_and_cores_must_be_in_one_cluster() -> None:
    plain = Cluster("a", (GroupBins(1, (8, 0)),))
    gpu = Cluster("b", (GroupBins(1, (8, 1)),))
    pods = (Pod(((0, 4), (1, 1))),)
    wanted = Item("app", (Option(0, 90, pods), Option(1, 10, pods)))
    assert solve(Problem((plain, gpu), (wanted,))).chosen == ((1,),)


def test_one_free_gpu_is_not_given_twice() -> None:
    items = (item("a", 1, {0: 50}), item("b", 1, {0: 50}))
    solution = solve(Problem(clusters(1), items))
    assert solution.placed.value == solution.placed.bound == 1
    assert solution.proven


def test_all_are_placed_even_where_each_alone_would_choose_otherwise() -> None:
    items = (item("a", 2, {0: 90, 1: 80}), item("b", 2, {0: 90}))
    assert solve(Problem(clusters(2, 2), items)).chosen == ((1,), (0,))


def test_a_higher_priority_takes_the_place_of_a_lower_one() -> None:
    old = item("old", 2, {0: 90, 1: 10}, previous=frozenset({0}))
    new = item("new", 2, {0: 50}, priority=1)
    solution = solve(Problem(clusters(2, 2), (old, new)))
    assert solution.chosen == ((1,), (0,))
    (move,) = solution.moved
    assert (move.item, move.left, move.joined, move.forced) == (0, (0,), (1,), 1)


def test_who_is_pushed_out_and_finds_no_place_is_named() -> None:
    old = item("old", 2, {0: 90}, previous=frozenset({0}))
    solution = solve(Problem(clusters(2), (old, item("new", 2, {0: 1}, priority=1))))
    assert solution.chosen == ((), (0,))
    assert solution.moved[0].joined == ()
    (missing,) = solution.unplaced
    (blocker,) = missing.blockers
    assert (blocker.cause, blocker.axis, blocker.alone) == (Cause.CAPACITY, 0, False)


def test_items_apart_share_no_cluster() -> None:
    items = tuple(item(key, 1, {0: 90, 1: 10}, apart=frozenset({"db"})) for key in "ab")
    assert sorted(solve(Problem(clusters(9, 9), items)).chosen) == [(0,), (1,)]


def test_anti_affinity_that_leaves_no_cluster_is_the_reason() -> None:
    items = tuple(item(key, 1, {0: 90}, apart=frozenset({"db"})) for key in "ab")
    (missing,) = solve(Problem(clusters(9), items)).unplaced
    assert [(each.cause, each.key) for each in missing.blockers] == [(Cause.ANTI_AFFINITY, "db")]


def test_items_together_take_the_clusters_that_both_can_take() -> None:
    items = (
        item("a", 1, {0: 90, 1: 50, 2: 40}, together=frozenset({"x"})),
        item("b", 1, {1: 10, 2: 30}, together=frozenset({"x"})),
    )
    assert solve(Problem(clusters(9, 9, 9), items)).chosen == ((2,), (2,))


def test_items_that_must_be_together_and_apart_have_no_place() -> None:
    both = {"together": frozenset({"x"}), "apart": frozenset({"y"})}
    items = (item("a", 1, {0: 1}, **both), item("b", 1, {0: 1}, **both))
    solution = solve(Problem(clusters(9), items))
    assert solution.chosen == ((), ())
    assert len(solution.unplaced) == 2


def test_an_item_of_every_cluster_takes_those_that_it_fits() -> None:
    wanted = item("a", 2, {0: 1, 1: 1, 2: 1}, picks=3)
    solution = solve(Problem(clusters(2, 1, 2), (wanted,)))
    assert solution.chosen == ((0, 2),)
    (blocker,) = solution.unplaced[0].blockers
    assert (blocker.cluster, blocker.alone) == (1, True)


def test_picks_spread_over_domains_even_where_scores_say_otherwise() -> None:
    zones = {0: "x", 1: "x", 2: "y"}
    wanted = item("a", 1, {0: 90, 1: 80, 2: 10}, picks=2, spreads=(Spread(zones),))
    assert solve(Problem(clusters(9, 9, 9), (wanted,))).chosen == ((0, 2),)


def test_a_hard_spread_leaves_picks_out_and_is_the_reason() -> None:
    zones = {0: "x", 1: "x", 2: "y"}
    wanted = item("a", 2, {0: 90, 1: 80, 2: 10}, picks=2, spreads=(Spread(zones),))
    solution = solve(Problem(clusters(9, 9, 1), (wanted,)))
    assert solution.chosen == ((0,),)
    assert Cause.SPREAD in {each.cause for each in solution.unplaced[0].blockers}


def test_a_soft_spread_yields_to_want_of_room() -> None:
    zones = {0: "x", 1: "x", 2: "y"}
    wanted = item("a", 2, {0: 90, 1: 80, 2: 10}, picks=2, spreads=(Spread(zones, hard=False),))
    assert solve(Problem(clusters(9, 9, 1), (wanted,))).chosen == ((0, 1),)


def test_equal_scores_do_not_fill_the_first_name() -> None:
    items = tuple(item(f"app-{n}", 0, dict.fromkeys(range(10), 50)) for n in range(200))
    chosen = solve(Problem(clusters(*[9] * 10), items)).chosen
    share = [chosen.count((c,)) for c in range(10)]
    assert min(share) > 5
    assert max(share) < 40


def test_a_new_cluster_of_equal_score_takes_only_its_share() -> None:
    def chosen(count: int) -> tuple[tuple[int, ...], ...]:
        items = tuple(item(f"app-{n}", 0, dict.fromkeys(range(count), 50)) for n in range(200))
        return solve(Problem(clusters(*[9] * count), items)).chosen

    changed = [new for old, new in zip(chosen(10), chosen(11), strict=True) if old != new]
    assert set(changed) == {(10,)}


def test_a_problem_that_greed_proves_needs_no_solver_and_no_numpy() -> None:
    program = (
        "import sys; from krmfn.placement_resolver.solving import *;"
        "pods = (Pod(((0, 1),)),);"
        "items = (Item('a', (Option(0, 9, pods),)),);"
        "one = Problem((Cluster('c', (GroupBins(1, (4,)),)),), items);"
        "assert solve(one).proven; print({'numpy', 'highspy'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert done.stdout == b"set()\n"


bins = st.builds(GroupBins, st.integers(1, 2), st.tuples(st.integers(1, 6), st.integers(0, 3)))
pods = st.builds(
    Pod,
    st.integers(1, 4).map(lambda cpu: ((0, cpu),))
    | st.integers(1, 4).map(lambda cpu: ((0, cpu), (1, 1))),
    st.integers(1, 2),
    st.sampled_from([None, frozenset({0})]),
)


@st.composite
def problems(draw: st.DrawFn, *, rules: bool = True) -> Problem:
    sizes = draw(st.lists(st.lists(bins, min_size=1, max_size=2), min_size=1, max_size=3))
    fleet = tuple(Cluster(f"c{n}", tuple(groups)) for n, groups in enumerate(sizes))
    keys = st.frozensets(st.sampled_from("xy"), max_size=1)
    zones = {n: "left" if n % 2 else "right" for n in range(len(sizes))}
    items = []
    for key in "abcd"[: draw(st.integers(1, 4))]:
        needed = tuple(draw(st.lists(pods, min_size=1, max_size=2)))
        taken = draw(st.sets(st.integers(0, len(sizes) - 1), min_size=1))
        options = tuple(Option(c, draw(st.integers(0, 100)), needed) for c in sorted(taken))
        picks = draw(st.integers(1, len(options)))
        more: dict[str, Any] = {}
        if rules:
            more = {"apart": draw(keys), "together": draw(keys)}
            more |= {"spreads": draw(st.sampled_from([(), (Spread(zones),)]))}
        items.append(Item(key, options, picks, **more))
    return Problem(fleet, tuple(items))


@settings(max_examples=120, deadline=None)
@given(problems())
def test_the_solution_is_as_good_as_trying_everything(
    best_by_trying: BestByTrying, keeps_rules: KeepsRules, problem: Problem
) -> None:
    solution, best = solve(problem, EXACT), best_by_trying(problem)
    assert keeps_rules(problem, solution.chosen)
    assert (solution.placed.value, solution.score.value) == (best.placed, pytest.approx(best.score))
    assert solution.score.bound >= best.score - 1e-6
    assert solution.proven


@settings(max_examples=60, deadline=None)
@given(problems(), st.booleans())
def test_a_bound_is_never_better_than_what_is_possible(
    best_by_trying: BestByTrying, keeps_rules: KeepsRules, problem: Problem, solver: bool
) -> None:
    limits = Limits(gap=0, nodes=1, rounds=1, tries=0, effort=0, solver=solver)
    solution, best = solve(problem, limits), best_by_trying(problem)
    assert keeps_rules(problem, solution.chosen)
    assert solution.placed.value <= best.placed <= solution.placed.bound
    if solution.placed.value == best.placed:
        assert solution.score.value <= best.score + 1e-6 <= solution.score.bound + 2e-6
    if solution.proven:
        assert (solution.placed.value, solution.score.value) == (best.placed, best.score)


@settings(max_examples=40, deadline=None)
@given(problems(), st.randoms())
def test_the_answer_does_not_depend_on_the_order_of_the_input(
    problem: Problem, random: Random
) -> None:
    order = random.sample(range(len(problem.items)), len(problem.items))
    shuffled = [
        replace(
            problem.items[n],
            options=tuple(random.sample(problem.items[n].options, len(problem.items[n].options))),
        )
        for n in order
    ]
    solution = solve(replace(problem, items=tuple(shuffled)))
    assert solution.chosen == tuple(solve(problem).chosen[n] for n in order)


@settings(max_examples=40, deadline=None)
@given(problems(rules=False))
def test_a_solution_that_still_holds_is_found_again(problem: Problem) -> None:
    first = solve(problem, EXACT)
    again = replace(
        problem,
        items=tuple(
            replace(each, previous=frozenset(chosen), movable=False)
            for each, chosen in zip(problem.items, first.chosen, strict=True)
        ),
    )
    second = solve(again, EXACT)
    assert second.chosen == first.chosen
    assert second.moved == ()
