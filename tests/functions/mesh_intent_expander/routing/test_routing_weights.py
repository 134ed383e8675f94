from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from krmfn.mesh_intent_expander.routing.weights import percents

WEIGHTS = st.lists(st.integers(0, 1_000_000), min_size=1, max_size=8).filter(any)


@pytest.mark.parametrize(
    ("weights", "expected"),
    [
        pytest.param([1], (100,), id="one"),
        pytest.param([90, 10], (90, 10), id="percents stay"),
        pytest.param([9, 1], (90, 10), id="relative"),
        pytest.param([1, 1, 1], (34, 33, 33), id="of equal remainders the first gets the point"),
        pytest.param([1, 2, 4], (14, 29, 57), id="the largest remainder gets the point"),
        pytest.param([33, 34, 33, 0], (33, 34, 33, 0), id="nothing stays nothing"),
        pytest.param([297, 303, 300], (33, 34, 33), id="no point is lost by scaling"),
    ],
)
def test_weights_become_percents(weights: list[int], expected: tuple[int, ...]) -> None:
    assert percents(weights) == expected


def test_weights_that_add_up_to_0_have_no_percents() -> None:
    with pytest.raises(ValueError, match="must not add up to 0"):
        percents([0, 0])


@settings(max_examples=60)
@given(WEIGHTS)
def test_percents_add_up_to_100_and_are_within_a_point_of_the_exact_share(
    weights: list[int],
) -> None:
    found = percents(weights)
    assert sum(found) == 100
    for weight, percent in zip(weights, found, strict=True):
        assert abs(Fraction(weight * 100, sum(weights)) - percent) < 1


@settings(max_examples=60)
@given(WEIGHTS)
def test_a_larger_weight_never_gets_less(weights: list[int]) -> None:
    pairs = sorted(zip(weights, percents(weights), strict=True))
    assert all(one[1] <= other[1] for one in pairs for other in pairs if one[0] < other[0])


@settings(max_examples=60)
@given(WEIGHTS, st.integers(2, 50))
def test_percents_do_not_depend_on_the_scale(weights: list[int], factor: int) -> None:
    assert percents([weight * factor for weight in weights]) == percents(weights)
