"""The rows of the table: what is measured, and the goal it must meet."""

import shutil
import statistics
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from inputs import EMPTY, HEAD, as_package, deployments
from measure import peak_bytes, process, seconds, side_by_side

from krmfn.cli.library.catalog import FunctionFolder, function_folders

ROOT = Path(__file__).parents[1]
MANY = 5_000


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


def _row(name: str, value: float, unit: str, goal: str, note: str = "") -> Row:
    bound = float(goal.split()[1])
    met = value <= bound if goal.startswith("<=") else value >= bound
    return Row(name, round(value, 3), unit, goal, met, note)


def _unmeasured(name: str, unit: str, goal: str, why: str) -> Row:
    return Row(name, None, unit, goal, None, why)


@cache
def _workspace() -> Path:
    return Path(tempfile.mkdtemp(prefix="krmfn-bench-"))


def _file(name: str, text: str) -> Path:
    path = _workspace() / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def _command(folder: FunctionFolder) -> list[str]:
    return [sys.executable, "-m", folder.module]


def cold_start() -> Iterator[Row]:
    """Start a function on an empty package: the slowest of them."""
    empty = _file("empty.yaml", EMPTY)
    bare = process([sys.executable, "-c", "pass"], empty)
    functions = [process(_command(folder), empty) for folder in function_folders()]
    base, *times = side_by_side([bare, *functions], runs=15)
    note = f"bare Python takes {base * 1000:.0f} ms"
    yield _row("cold-start", max(times) * 1000, "ms", f"<= {60 * max(base / 0.010, 1):.0f}", note)


def cold_work() -> Iterator[Row]:
    """Start a function on one small intent, without a tool: the slowest of them."""
    given = _file("intent.yaml", f"{HEAD}items: []\nfunctionConfig:\n{_CONFIG}")
    bare = process([sys.executable, "-c", "pass"], given)
    functions = [process(_command(folder), given) for folder in function_folders()]
    base, *times = side_by_side([bare, *functions], runs=9)
    note = f"bare Python takes {base * 1000:.0f} ms"
    yield _row("cold-work", max(times) * 1000, "ms", f"<= {250 * max(base / 0.010, 1):.0f}", note)


_CONFIG = """\
  apiVersion: v1
  kind: ConfigMap
  metadata:
    name: function-input
  data: {}
"""


def pass_through() -> Iterator[Row]:
    """Pass 5,000 Deployments through a function that does not touch them."""
    empty, many = _file("empty.yaml", EMPTY), _file("many.yaml", deployments(MANY))
    folder = function_folders()[0]
    start, whole = side_by_side(
        [process(_command(folder), empty), process(_command(folder), many)], runs=9
    )
    note = f"{many.stat().st_size / 1e6:.1f} MB beyond the cold start, {folder.name}"
    yield _row("pass-through", whole - start, "s", "<= 0.15", note)


def under_kpt() -> Iterator[Row]:
    """Let real kpt run the same, against `cat`."""
    if not shutil.which("kpt"):
        yield _unmeasured("under-kpt", "ratio", "<= 1.03", "kpt is not on PATH")
        return
    package = _workspace() / "package"
    folder = function_folders()[0]
    wrapper = _file("function", f"#!/bin/sh\nexec {' '.join(_command(folder))}\n")
    wrapper.chmod(0o755)
    packages = []
    for name, command in (("cat", shutil.which("cat")), ("function", str(wrapper))):
        _file(f"package/{name}/Kptfile", _KPTFILE.format(name=name, command=command))
        _file(f"package/{name}/many.yaml", as_package(MANY))
        packages.append(str(package / name))
    empty = _file("empty.yaml", EMPTY)
    cat, ours = side_by_side(
        [process(["kpt", "fn", "render", each, "--allow-exec"], empty) for each in packages], runs=3
    )
    yield _row("under-kpt", ours / cat, "ratio", "<= 1.03", f"kpt with cat takes {cat:.1f} s")


_KPTFILE = """\
apiVersion: kpt.dev/v1
kind: Kptfile
metadata:
  name: {name}
pipeline:
  mutators:
  - exec: {command}
"""


def read() -> Iterator[Row]:
    """Parse every item to plain values."""
    from krmfn.sdk.wire import read as read_list

    text = deployments(MANY)

    def work() -> None:
        for item in read_list(text).items:
            _ = item.body

    speed = len(text) / 1e6 / seconds(work, runs=5)
    yield _row("read", speed, "MB/s", ">= 6", "values of all items")


def helm() -> Iterator[Row]:
    """Render charts by helm-expand's engine, against the `helm template` process."""
    from krmfn.helm_expand.archive import pack_directory
    from krmfn.helm_expand.archive import read as read_chart
    from krmfn.helm_expand.edge.native import NativeEngine
    from krmfn.helm_expand.edge.request import RenderRequest

    command = shutil.which("helm") or shutil.which("helm", path=ROOT / ".peers/bin")
    if not command:
        yield _unmeasured("helm", "ratio", ">= 2", "helm is not on PATH; `make peers` builds it")
        return
    engine, ratios, notes = NativeEngine(), [], []
    empty = _file("empty.yaml", EMPTY)
    for folder in _charts():
        files = {
            file.relative_to(folder).as_posix(): file.read_bytes()
            for file in folder.rglob("*")
            if file.is_file()
        }
        values = next(iter(sorted(folder.glob("ci/*-values.yaml"))), None)
        text = values.read_text() if values else ""
        request = RenderRequest(read_chart(pack_directory(files)), values=text, release_name="rel")
        arguments = [command, "template", "rel", str(folder)]
        arguments += ["-f", str(values)] if values else []
        engine.render(request)
        ours, theirs = side_by_side(
            [lambda request=request: engine.render(request), process(arguments, empty)], runs=7
        )
        ratios.append(theirs / ours)
        notes.append(f"{folder.name} {theirs / ours:.1f}")
    engine.close()
    yield _row("helm", statistics.geometric_mean(ratios), "ratio", ">= 2", ", ".join(notes))


def _charts() -> list[Path]:
    """Give the example charts that render."""
    found = [file.parent for file in sorted((ROOT / "examples/charts").glob("*/Chart.yaml"))]
    return [folder for folder in found if folder.name != "without-its-dependency"]


def memory() -> Iterator[Row]:
    """Take the peak memory of the pass-through row: at most 60 MB and 12 times the input."""
    many = _file("many.yaml", deployments(MANY))
    folder = function_folders()[0]
    size = many.stat().st_size / 1e6
    peak = peak_bytes(_command(folder), many) / 1e6
    yield _row("memory", peak, "MB", f"<= {60 + 12 * size:.0f}", "pass-through, peak resident size")


ROWS = {
    "cold-start": cold_start,
    "cold-work": cold_work,
    "pass-through": pass_through,
    "under-kpt": under_kpt,
    "read": read,
    "helm": helm,
    "memory": memory,
}
