"""One row of the table, and where its input files are."""

import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path


@dataclass(frozen=True)
class Row:
    """One measured value.

    Attributes:
        value, unit: what was measured.
        goal: the bound in words, such as ``<= 60``.
        met: whether the value keeps it; None when it could not be measured.
        note: what the value was measured on, or why it was not.
    """

    row: str
    value: float | None
    unit: str
    goal: str
    met: bool | None
    note: str = ""


def row(name: str, value: float, unit: str, goal: str, note: str = "") -> Row:
    bound = float(goal.split()[1])
    met = value <= bound if goal.startswith("<=") else value >= bound
    return Row(name, round(value, 3), unit, goal, met, note)


def unmeasured(name: str, unit: str, goal: str, why: str) -> Row:
    return Row(name, None, unit, goal, None, why)


@cache
def workspace() -> Path:
    return Path(tempfile.mkdtemp(prefix="krmfn-bench-"))


def file(name: str, text: str) -> Path:
    path = workspace() / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path
