"""Masks: ints with one bit a row."""

from collections.abc import Iterable, Iterator


def rows_of(mask: int) -> Iterator[int]:
    """Yield the marked rows, in order."""
    while mask:
        low = mask & -mask
        yield low.bit_length() - 1
        mask ^= low


def first_rows(mask: int, count: int) -> list[int]:
    """Give the first marked rows."""
    found: list[int] = []
    for row in rows_of(mask):
        if len(found) == count:
            break
        found.append(row)
    return found


def mask_of(marks: Iterable[bool]) -> int:
    """Make a mask of one mark a row."""
    bits = "".join(["1" if mark else "0" for mark in marks])
    return int(bits[::-1], 2) if bits else 0


def marks_of(mask: int, size: int) -> list[bool]:
    """Give one mark a row."""
    return [bit == "1" for bit in reversed(f"{mask:0{size}b}")] if size else []
