"""Measure the rows of the table, print them and write `results.json`: `run.py [ROW ...]`."""

import json
import sys
from dataclasses import asdict
from pathlib import Path

from measure import cores
from rows import ROWS, Row

RESULTS = Path(__file__).with_name("results.json")


def main(names: list[str]) -> int:
    """Measure the named rows, or all; give 1 when a goal was missed."""
    unknown = [name for name in names if name not in ROWS]
    if unknown:
        print(f"row must be one of {', '.join(ROWS)}, but is {unknown[0]!r}", file=sys.stderr)
        return 2
    print(f"{cores()} cores, Python {sys.version.split()[0]}; medians of several runs")
    found: list[Row] = []
    for name in names or ROWS:
        for row in ROWS[name]():
            found.append(row)
            print(_line(row), flush=True)
    RESULTS.write_text(json.dumps(_with_older(found), indent=2) + "\n")
    return int(any(row.met is False for row in found))


def _line(row: Row) -> str:
    value = "-" if row.value is None else f"{row.value:g}"
    verdict = {True: "met", False: "missed", None: "not measured"}[row.met]
    return f"{row.row:13} {value:>8} {row.unit:6} {row.goal:>10}  {verdict:12} {row.note}"


def _with_older(found: list[Row]) -> list[dict[str, object]]:
    """Give the rows as values, those that were not measured now as they were."""
    older = json.loads(RESULTS.read_text()) if RESULTS.exists() else []
    rows = {row["row"]: row for row in older} | {row.row: asdict(row) for row in found}
    return [rows[name] for name in ROWS if name in rows]


if __name__ == "__main__":
    sys.exit(main([name.removeprefix("row=") for name in sys.argv[1:]]))
