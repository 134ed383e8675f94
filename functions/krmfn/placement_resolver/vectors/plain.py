"""Columns in plain Python: arrays of doubles."""

from array import array
from collections.abc import Iterable, Sequence
from itertools import compress
from math import floor

from krmfn.placement_resolver.vectors.backend import Bounds, Column
from krmfn.placement_resolver.vectors.masks import marks_of, mask_of


class PlainVectors:
    """Plain Python."""

    def column(self, values: Iterable[float]) -> Column:
        """Make a column."""
        return array("d", values)

    def marked(self, mask: int, size: int) -> Column:
        """Make a column of 1 for every marked row and 0 for the others."""
        return array("d", map(float, marks_of(mask, size)))

    def at_least(self, column: Column, limit: float) -> int:
        """Mark the rows whose number is not less than the limit."""
        return mask_of(number >= limit for number in column)

    def at_most(self, column: Column, limit: float) -> int:
        """Mark the rows whose number is known and not greater than the limit."""
        return mask_of(number <= limit for number in column)

    def falling(self, column: Column, limit: float) -> Column:
        """Rate numbers from 1 at nought to 0 at the limit; 0 for what is unknown or negative."""
        return array("d", (max(0.0, 1.0 - x / limit) if x >= 0.0 else 0.0 for x in column))

    def rising(self, column: Column, limit: float) -> Column:
        """Rate numbers from 0 at nought to 1 at the limit; 0 for what is unknown or negative."""
        return array("d", (min(1.0, x / limit) if x >= 0.0 else 0.0 for x in column))

    def fitting(self, free: Column, each: float) -> Column:
        """Give how often `each` goes into the numbers, in whole numbers."""
        return array("d", (float(floor(number / each)) for number in free))

    def least(self, one: Column, other: Column) -> Column:
        """Give the lesser number of each row."""
        return array("d", map(min, one, other))

    def times(self, one: Column, other: Column) -> Column:
        """Give the product of each row."""
        return array("d", (a * b for a, b in zip(one, other, strict=True)))

    def total(self, weighed: Sequence[tuple[float, Column]], size: int) -> Column:
        """Give the weighed sum of columns."""
        sums = array("d", bytes(8 * size))
        for weight, column in weighed:
            sums = array("d", (old + weight * new for old, new in zip(sums, column, strict=True)))
        return sums

    def bounds(self, starts: Sequence[int], rows: int) -> Bounds:
        """Say which rows are whose: `starts` says where each owner's rows begin."""
        return list(zip(starts, [*starts[1:], rows], strict=True)) if starts else []

    def summed(self, column: Column, bounds: Bounds) -> Column:
        """Sum the rows of each owner."""
        return array("d", (sum(column[start:end]) for start, end in bounds))

    def owned(self, mask: int, bounds: Bounds) -> int:
        """Mark the owners that have a marked row."""
        return mask_of(bool((mask >> start) & ((1 << (end - start)) - 1)) for start, end in bounds)

    def best(self, column: Column, mask: int, count: int) -> list[int]:
        """Give the marked rows of the greatest numbers, greatest first, then by row."""
        rows = compress(range(len(column)), marks_of(mask, len(column)))
        return sorted(rows, key=lambda row: (-column[row], row))[:count]
