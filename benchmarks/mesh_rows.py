"""The rows of the table that the mesh has to meet."""

import math
import sys
from collections.abc import Iterator

from inputs import EMPTY
from measure import process, seconds, side_by_side
from mesh import mesh_package
from row import Row, file, row

_COMMAND = [sys.executable, "-m", "krmfn.mesh_intent_expander"]
_SERVICES, _CLUSTERS = 1_000, 50


def mesh() -> Iterator[Row]:
    """Run the whole function, as a process: expand, check and report."""
    given = file("mesh.yaml", mesh_package(_SERVICES, _CLUSTERS))
    whole = seconds(process(_COMMAND, given), runs=3)
    size = given.stat().st_size / 1e6
    note = f"{_SERVICES:,} services on {_CLUSTERS} clusters, {size:.1f} MB of input"
    yield row("mesh", whole, "s", "<= 5", note)


def mesh_growth() -> Iterator[Row]:
    """See how time grows with services: the exponent."""
    sizes = [250, 500, 1_000, 2_000]
    files = [file(f"mesh-{each}.yaml", mesh_package(each, _CLUSTERS)) for each in sizes]
    empty = file("mesh-0.yaml", EMPTY)
    start, *times = side_by_side([process(_COMMAND, each) for each in [empty, *files]], runs=3)
    exponent = math.log((times[-1] - start) / (times[0] - start)) / math.log(sizes[-1] / sizes[0])
    curve = ", ".join(f"{n} {time:.1f} s" for n, time in zip(sizes, times, strict=True))
    yield row("mesh-growth", exponent, "power", "<= 1.1", f"services: {curve}")


MESH_ROWS = {"mesh": mesh, "mesh-growth": mesh_growth}
