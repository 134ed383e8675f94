"""What can be done with columns, whoever does it."""

from collections.abc import Iterable, Sequence
from typing import Any, Protocol

Column = Any
"""A column of one backend: an `array` of doubles, or numpy's. NaN stands for what is unknown."""

Bounds = Any
"""Which rows belong to one owner, in the form of one backend."""


class Vectors(Protocol):
    """What a backend can do."""

    def column(self, values: Iterable[float]) -> Column:
        """Make a column."""

    def marked(self, mask: int, size: int) -> Column:
        """Make a column of 1 for every marked row and 0 for the others."""

    def at_least(self, column: Column, limit: float) -> int:
        """Mark the rows whose number is not less than the limit."""

    def at_most(self, column: Column, limit: float) -> int:
        """Mark the rows whose number is known and not greater than the limit."""

    def falling(self, column: Column, limit: float) -> Column:
        """Rate numbers from 1 at nought to 0 at the limit; 0 for what is unknown or negative."""

    def rising(self, column: Column, limit: float) -> Column:
        """Rate numbers from 0 at nought to 1 at the limit; 0 for what is unknown or negative."""

    def fitting(self, free: Column, each: float) -> Column:
        """Give how often `each` goes into the numbers, in whole numbers."""

    def least(self, one: Column, other: Column) -> Column:
        """Give the lesser number of each row."""

    def times(self, one: Column, other: Column) -> Column:
        """Give the product of each row."""

    def total(self, weighed: Sequence[tuple[float, Column]], size: int) -> Column:
        """Give the weighed sum of columns."""

    def bounds(self, starts: Sequence[int], rows: int) -> Bounds:
        """Say which rows are whose: `starts` says where each owner's rows begin."""

    def summed(self, column: Column, bounds: Bounds) -> Column:
        """Sum the rows of each owner."""

    def owned(self, mask: int, bounds: Bounds) -> int:
        """Mark the owners that have a marked row."""

    def best(self, column: Column, mask: int, count: int) -> list[int]:
        """Give the marked rows of the greatest numbers, greatest first, then by row."""
