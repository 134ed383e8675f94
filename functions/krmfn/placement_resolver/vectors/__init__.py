"""Numbers and marks for thousands of clusters at once.

A *column* holds one number a row; a *mask* is an int with one bit a row. Two backends do the same:
plain Python, and numpy where it is installed and there is enough to do to pay for its start. Both
give the same bits, since they do the same IEEE operations in the same order.
"""

from importlib.util import find_spec

from krmfn.placement_resolver.vectors.backend import Bounds, Column, Vectors
from krmfn.placement_resolver.vectors.masks import first_rows, mask_of, rows_of
from krmfn.placement_resolver.vectors.plain import PlainVectors

__all__ = [
    "Bounds",
    "Column",
    "PlainVectors",
    "Vectors",
    "first_rows",
    "mask_of",
    "rows_of",
    "vectors",
]

_WORTH_NUMPY = 200_000
"""Pairs of workload and cluster from which on numpy's start, 0.15 s, is won back."""


def vectors(pairs: int) -> Vectors:
    """Choose the backend for so many pairs of workload and cluster."""
    if pairs >= _WORTH_NUMPY and find_spec("numpy"):
        from krmfn.placement_resolver.vectors.numeric import NumpyVectors

        return NumpyVectors()
    return PlainVectors()
