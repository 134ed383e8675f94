"""The rows of the table: what is measured, and the goal it must meet."""

import shutil
import statistics
import sys
from collections.abc import Iterator
from pathlib import Path

from fleet import ONE_INTENT, ONE_NODE
from inputs import EMPTY, HEAD, as_package, deployments
from measure import peak_bytes, process, seconds, side_by_side
from mesh import ONE_ROUTE
from mesh_rows import MESH_ROWS
from placement_rows import PLACEMENT_ROWS
from row import Row, file, row, unmeasured, workspace

from krmfn.cli.library.catalog import FunctionFolder, function_folders

ROOT = Path(__file__).parents[1]
MANY = 5_000


def _command(folder: FunctionFolder) -> list[str]:
    return [sys.executable, "-m", folder.module]


def cold_start() -> Iterator[Row]:
    """Start a function on an empty package: the slowest of them."""
    empty = file("empty.yaml", EMPTY)
    bare = process([sys.executable, "-c", "pass"], empty)
    functions = [process(_command(folder), empty) for folder in function_folders()]
    base, *times = side_by_side([bare, *functions], runs=15)
    note = f"bare Python takes {base * 1000:.0f} ms"
    yield row("cold-start", max(times) * 1000, "ms", f"<= {60 * max(base / 0.010, 1):.0f}", note)


def cold_work() -> Iterator[Row]:
    """Start a function on one small intent, without a tool: the slowest of them."""
    configured = f"{HEAD}items: []\nfunctionConfig:\n{_CONFIG}"
    given = {
        folder.name: file(f"{folder.name}.yaml", SMALL.get(folder.name, configured))
        for folder in function_folders()
    }
    bare = process([sys.executable, "-c", "pass"], next(iter(given.values())))
    functions = [process(_command(folder), given[folder.name]) for folder in function_folders()]
    base, *times = side_by_side([bare, *functions], runs=9)
    note = f"bare Python takes {base * 1000:.0f} ms"
    yield row("cold-work", max(times) * 1000, "ms", f"<= {250 * max(base / 0.010, 1):.0f}", note)


SMALL = {
    "placement-resolver": ONE_INTENT,
    "cluster-profiler": ONE_NODE,
    "mesh-intent-expander": ONE_ROUTE,
}
_CONFIG = """\
  apiVersion: v1
  kind: ConfigMap
  metadata:
    name: function-input
  data: {}
"""


def pass_through() -> Iterator[Row]:
    """Pass 5,000 Deployments through a function that does not touch them."""
    empty, many = file("empty.yaml", EMPTY), file("many.yaml", deployments(MANY))
    folder = function_folders()[0]
    start, whole = side_by_side(
        [process(_command(folder), empty), process(_command(folder), many)], runs=9
    )
    note = f"{many.stat().st_size / 1e6:.1f} MB beyond the cold start, {folder.name}"
    yield row("pass-through", whole - start, "s", "<= 0.15", note)


def under_kpt() -> Iterator[Row]:
    """Let real kpt run the same, against `cat`."""
    if not shutil.which("kpt"):
        yield unmeasured("under-kpt", "ratio", "<= 1.03", "kpt is not on PATH")
        return
    package = workspace() / "package"
    folder = function_folders()[0]
    wrapper = file("function", f"#!/bin/sh\nexec {' '.join(_command(folder))}\n")
    wrapper.chmod(0o755)
    packages = []
    for name, command in (("cat", shutil.which("cat")), ("function", str(wrapper))):
        file(f"package/{name}/Kptfile", _KPTFILE.format(name=name, command=command))
        file(f"package/{name}/many.yaml", as_package(MANY))
        packages.append(str(package / name))
    empty = file("empty.yaml", EMPTY)
    cat, ours = side_by_side(
        [process(["kpt", "fn", "render", each, "--allow-exec"], empty) for each in packages], runs=3
    )
    yield row("under-kpt", ours / cat, "ratio", "<= 1.03", f"kpt with cat takes {cat:.1f} s")


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
    yield row("read", speed, "MB/s", ">= 6", "values of all items")


def helm() -> Iterator[Row]:
    """Render charts by helm-expand's engine, against the `helm template` process."""
    from krmfn.helm_expand.archive import pack_directory
    from krmfn.helm_expand.archive import read as read_chart
    from krmfn.helm_expand.edge.native import NativeEngine
    from krmfn.helm_expand.edge.request import RenderRequest

    command = shutil.which("helm") or shutil.which("helm", path=ROOT / ".peers/bin")
    if not command:
        yield unmeasured("helm", "ratio", ">= 2", "helm is not on PATH; `make peers` builds it")
        return
    engine, ratios, notes = NativeEngine(), [], []
    empty = file("empty.yaml", EMPTY)
    for folder in _charts():
        files = {
            file.relative_to(folder).as_posix(): file.read_bytes()
            for file in folder.rglob("*")
            if file.isfile()
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
    yield row("helm", statistics.geometric_mean(ratios), "ratio", ">= 2", ", ".join(notes))


def _charts() -> list[Path]:
    """Give the example charts that render."""
    found = [chart.parent for chart in sorted((ROOT / "examples/charts").glob("*/Chart.yaml"))]
    return [folder for folder in found if folder.name != "without-its-dependency"]


def memory() -> Iterator[Row]:
    """Take the peak memory of the pass-through row: at most 60 MB and 12 times the input."""
    many = file("many.yaml", deployments(MANY))
    folder = function_folders()[0]
    size = many.stat().st_size / 1e6
    peak = peak_bytes(_command(folder), many) / 1e6
    yield row("memory", peak, "MB", f"<= {60 + 12 * size:.0f}", "pass-through, peak resident size")


ROWS = {
    "cold-start": cold_start,
    "cold-work": cold_work,
    "pass-through": pass_through,
    "under-kpt": under_kpt,
    "read": read,
    "helm": helm,
    "memory": memory,
    **PLACEMENT_ROWS,
    **MESH_ROWS,
}
