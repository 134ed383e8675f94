"""What the loss of clusters would do to a solution."""

from typing import Any

from krmfn.placement_resolver.solving import (
    Cluster,
    GroupBins,
    Item,
    Option,
    Pod,
    Problem,
    solve,
    survives,
)


def problem(sizes: list[int], *demands: int, **more: Any) -> Problem:
    clusters = tuple(Cluster(f"c{n}", (GroupBins(1, (size,)),)) for n, size in enumerate(sizes))
    items = tuple(
        Item(
            f"i{n}",
            tuple(Option(c, 90 - 10 * c, (Pod(((0, cpu),)),)) for c in range(len(sizes))),
            **more,
        )
        for n, cpu in enumerate(demands)
    )
    return Problem(clusters, items)


def verdicts(given: Problem, losses: int = 1) -> dict[tuple[int, ...], tuple[int, ...]]:
    survey = survives(given, solve(given), losses)
    return {verdict.lost: verdict.stranded for verdict in survey.verdicts}


def test_a_loss_that_the_rest_can_take_is_absorbed() -> None:
    assert verdicts(problem([4, 4], 2, 2)) == {(0,): ()}


def test_a_loss_that_the_rest_cannot_take_names_who_is_stranded() -> None:
    given = problem([4, 4], 3, 3)
    first, second = solve(given).chosen
    assert verdicts(given) == {first: (0,), second: (1,)}


def test_items_that_stay_are_not_moved_to_make_room() -> None:
    given = problem([4, 4, 3], 4, 3, 3)
    assert all(verdicts(given).values())


def test_several_clusters_may_be_lost_at_once() -> None:
    given = problem([2, 2, 2], 2, 2)
    assert set(verdicts(given, losses=1).values()) == {()}
    assert verdicts(given, losses=2) == {(0, 1): verdicts(given, losses=2)[0, 1]}
    assert len(verdicts(given, losses=2)[0, 1]) == 1


def test_anti_affinity_holds_after_a_loss_too() -> None:
    given = problem([9, 9], 1, 1, apart=frozenset({"x"}))
    assert all(verdicts(given).values())


def test_an_item_of_two_clusters_needs_a_third_one() -> None:
    given = problem([9, 9], 1, picks=2)
    assert verdicts(given) == {(0,): (0,), (1,): (0,)}


def test_too_many_sets_are_cut_to_the_most_loaded_clusters_and_said() -> None:
    given = problem([1] * 12, *[1] * 10)
    survey = survives(given, solve(given), losses=2, sets=10)
    assert not survey.complete
    assert len(survey.verdicts) == 10


def test_losing_nothing_that_holds_anything_needs_no_verdict() -> None:
    given = problem([1])
    assert survives(given, solve(given)).verdicts == ()
