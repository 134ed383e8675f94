"""Both backends of columns and masks give the same bits, and mean what their names say."""

import math
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from krmfn.placement_resolver.vectors import (
    PlainVectors,
    Vectors,
    first_rows,
    mask_of,
    rows_of,
    vectors,
)
from krmfn.placement_resolver.vectors.numeric import NumpyVectors

PLAIN, NUMPY = PlainVectors(), NumpyVectors()
AMOUNTS = st.floats(0, 1e12) | st.sampled_from([0.0, -1.0, math.nan, 1.0, 3.0])
FINITE = st.integers(0, 1_000_000).map(float)
LIMITS = st.floats(0.001, 1e6)


@pytest.fixture(params=[PLAIN, NUMPY], ids=["plain", "numpy"])
def backend(request: pytest.FixtureRequest) -> Vectors:
    chosen: Vectors = request.param
    return chosen


def listed(column: Any) -> list[float]:
    return [float(number) for number in column]


def same(one: Any, other: Any) -> bool:
    """Compare columns bit for bit; NaN is NaN."""
    pairs = zip(listed(one), listed(other), strict=True)
    return all(a == b or (math.isnan(a) and math.isnan(b)) for a, b in pairs)


@pytest.mark.parametrize(
    ("name", "numbers", "limit", "rated"),
    [
        ("falling", [0, 5, 10, 20], 10, [1, 0.5, 0, 0]),
        ("rising", [0, 5, 10, 20], 10, [0, 0.5, 1, 1]),
        ("falling", [-1, math.nan], 10, [0, 0]),
        ("rising", [-1, math.nan], 10, [0, 0]),
        ("fitting", [0, 5, 6.9, 12], 3, [0, 1, 2, 4]),
    ],
)
def test_numbers_are_rated(
    backend: Vectors, name: str, numbers: list[float], limit: float, rated: list[float]
) -> None:
    rate: Callable[..., Any] = getattr(backend, name)
    assert listed(rate(backend.column(numbers), limit)) == rated


def test_what_is_unknown_is_neither_enough_nor_near(backend: Vectors) -> None:
    column = backend.column([math.nan, 3.0])
    assert backend.at_least(column, 1.0) == 0b10
    assert backend.at_most(column, 9.0) == 0b10


def test_the_best_come_first_and_equals_by_row(backend: Vectors) -> None:
    column = backend.column([1.0, 5.0, 5.0, 9.0, 5.0])
    assert backend.best(column, 0b10111, 3) == [1, 2, 4]
    assert backend.best(column, 0b11111, 0) == []
    assert backend.best(column, 0, 3) == []


def test_the_best_of_many_are_those_of_all(backend: Vectors) -> None:
    column = backend.column(float(number % 10) for number in range(100))
    assert backend.best(column, (1 << 100) - 1, 12) == [*range(9, 100, 10), 8, 18]


def test_owners_are_summed_and_marked(backend: Vectors) -> None:
    bounds = backend.bounds([0, 2, 3], 6)
    assert listed(backend.summed(backend.column(map(float, range(6))), bounds)) == [1, 2, 12]
    assert backend.owned(0b100010, bounds) == 0b101


def test_a_weighed_sum_of_nothing_is_nought(backend: Vectors) -> None:
    assert listed(backend.total([], 3)) == [0, 0, 0]


@given(st.lists(st.booleans(), max_size=70))
def test_a_mask_says_which_rows_are_marked(marks: list[bool]) -> None:
    mask = mask_of(marks)
    rows = [row for row, mark in enumerate(marks) if mark]
    assert list(rows_of(mask)) == rows
    assert first_rows(mask, 3) == rows[:3]
    for backend in (PLAIN, NUMPY):
        assert listed(backend.marked(mask, len(marks))) == [float(mark) for mark in marks]


@given(st.lists(AMOUNTS, max_size=40), LIMITS)
def test_backends_rate_and_mark_alike(numbers: list[float], limit: float) -> None:
    plain, numpy = PLAIN.column(numbers), NUMPY.column(numbers)
    for name in ("falling", "rising"):
        assert same(getattr(PLAIN, name)(plain, limit), getattr(NUMPY, name)(numpy, limit))
    for name in ("at_least", "at_most"):
        assert getattr(PLAIN, name)(plain, limit) == getattr(NUMPY, name)(numpy, limit)


@given(st.lists(st.tuples(FINITE, FINITE), min_size=1, max_size=40), st.integers(1, 999))
def test_backends_reckon_alike(pairs: list[tuple[float, float]], each: int) -> None:
    columns = [
        [backend.column(side) for side in zip(*pairs, strict=True)] for backend in (PLAIN, NUMPY)
    ]
    (left, right), (numpy_left, numpy_right) = columns
    assert same(PLAIN.fitting(left, each), NUMPY.fitting(numpy_left, each))
    assert same(PLAIN.least(left, right), NUMPY.least(numpy_left, numpy_right))
    assert same(PLAIN.times(left, right), NUMPY.times(numpy_left, numpy_right))
    weighed, numpy_weighed = ([(0.1, one), (0.7, other)] for one, other in columns)
    assert same(PLAIN.total(weighed, len(pairs)), NUMPY.total(numpy_weighed, len(pairs)))


@given(st.lists(st.integers(0, 9).map(float), min_size=1, max_size=60), st.data())
def test_backends_choose_and_gather_alike(numbers: list[float], data: st.DataObject) -> None:
    mask = mask_of(data.draw(st.lists(st.booleans(), max_size=len(numbers))))
    count = data.draw(st.integers(0, 12))
    inner = data.draw(st.sets(st.integers(1, max(1, len(numbers) - 1))))
    starts = sorted({0, *(start for start in inner if start < len(numbers))})
    found = []
    for backend in (PLAIN, NUMPY):
        column, bounds = backend.column(numbers), backend.bounds(starts, len(numbers))
        sums = listed(backend.summed(column, bounds))
        found.append((backend.best(column, mask, count), sums, backend.owned(mask, bounds)))
    assert found[0] == found[1]


@pytest.mark.parametrize(("pairs", "kind"), [(1_000, PlainVectors), (10_000_000, NumpyVectors)])
def test_numpy_is_started_only_where_there_is_much_to_do(pairs: int, kind: type) -> None:
    assert type(vectors(pairs)) is kind
