"""The rows of the table that placement has to meet."""

import math
import sys
from collections.abc import Iterator
from typing import Any

from fleet import fleet_package
from inputs import EMPTY
from measure import peak_bytes, process, seconds, side_by_side
from placement import after_loss, displaced
from placement import fleet as problem_of
from row import Row, file, row

_COMMAND = [sys.executable, "-m", "krmfn.placement_resolver"]
_WORKLOADS, _CLUSTERS = 1_000, 10_000


def placement_filter() -> Iterator[Row]:
    """Filter, score and explain a thousand workloads on ten thousand clusters."""
    from krmfn.placement_resolver.explain import rejections
    from krmfn.placement_resolver.options import candidacy

    view, asks = _loaded(fleet_package(_WORKLOADS, _CLUSTERS))

    def work() -> None:
        _forget(view)
        for ask in asks:
            each = candidacy(ask)
            view.vectors.best(each.scores(), each.feasible, 20)
            rejections(each)

    work()
    note = f"{_WORKLOADS:,} workloads on {_CLUSTERS:,} clusters, facts loaded into columns"
    yield row("placement-filter", seconds(work), "s", "<= 0.3", note)


def _loaded(text: str) -> tuple[Any, list[Any]]:
    """Load a package; give the view of its fleet, and what its workloads ask."""
    from krmfn.kinds.fleet import ClusterTopology
    from krmfn.placement_resolver.demand import read_workloads
    from krmfn.placement_resolver.distances import Distances
    from krmfn.placement_resolver.filters import Ask
    from krmfn.placement_resolver.intents import PlacementIntent, PlacementPolicySpec
    from krmfn.placement_resolver.judges import Judges
    from krmfn.placement_resolver.reading import read_facts
    from krmfn.placement_resolver.vectors import vectors
    from krmfn.placement_resolver.view import View
    from krmfn.sdk import Package
    from krmfn.sdk.wire import read

    package, policy = Package(read(text).items), PlacementPolicySpec()
    facts, _ = read_facts(package, policy)
    workloads, _ = read_workloads(package, package.of(PlacementIntent), frozenset())
    distances, judges = Distances(package.of(ClusterTopology)), Judges(policy, package)
    view = View(facts.clusters, vectors(len(workloads) * len(facts.clusters)))
    return view, [Ask(each, view, policy, distances, judges) for each in workloads]


def _forget(view: Any) -> None:
    """Forget all that was found out; the facts stay in their columns."""
    for answers in (view._masks, view._columns, view.nodes._masks):  # noqa: SLF001
        answers.clear()


def placement_whole() -> Iterator[Row]:
    """Run the whole function, as a process, on ten thousand profiles."""
    given = file("fleet.yaml", fleet_package(_WORKLOADS, _CLUSTERS))
    whole = seconds(process(_COMMAND, given), runs=3)
    size = given.stat().st_size / 1e6
    yield row("placement-whole", whole, "s", "<= 6", f"{size:.1f} MB of input")


def placement_memory() -> Iterator[Row]:
    """Take the peak memory of the same."""
    given = file("fleet.yaml", fleet_package(_WORKLOADS, _CLUSTERS))
    size = given.stat().st_size / 1e6
    peak = peak_bytes(_COMMAND, given) / 1e6
    goal = f"<= {60 + 12 * size:.0f}"
    yield row("placement-memory", peak, "MB", goal, "placement-whole, peak resident size")


def placement_growth() -> Iterator[Row]:
    """See how time grows with workloads and clusters: the exponent over their product."""
    sizes = [(250, 2_500), (500, 5_000), (1_000, 10_000), (1_400, 14_000)]
    empty = file("fleet-0.yaml", EMPTY)
    files = [file(f"fleet-{c}.yaml", fleet_package(w, c)) for w, c in sizes]
    start, *times = side_by_side([process(_COMMAND, each) for each in [empty, *files]], runs=3)
    pairs = [w * c for w, c in sizes]
    exponent = math.log((times[-1] - start) / (times[0] - start)) / math.log(pairs[-1] / pairs[0])
    peaks = [peak_bytes(_COMMAND, each) / 1e6 for each in files]
    curve = ", ".join(
        f"{w}x{c} {time:.1f} s {peak:.0f} MB"
        for (w, c), time, peak in zip(sizes, times, peaks, strict=True)
    )
    yield row("placement-growth", exponent, "power", "<= 1", curve)


def placement_solve() -> Iterator[Row]:
    """Assign a thousand workloads to a thousand clusters, to a proven gap."""
    from krmfn.placement_resolver.solving import solve

    problem = problem_of(1_000, 1_000)
    solution = solve(problem)
    note = f"gap {solution.score.gap:.2%}, proven: {solution.proven}"
    value = seconds(lambda: solve(problem), runs=3)
    yield row(
        "placement-solve", value if solution.score.gap <= 0.01 else math.inf, "s", "<= 3", note
    )


def placement_sticky() -> Iterator[Row]:
    """Assign again after one of a hundred clusters is lost: only what was there may move."""
    from krmfn.placement_resolver.solving import solve

    problem = problem_of(500, 100, load=0.5)
    lost = after_loss(problem, solve(problem), problem_of(500, 100, load=0.5, best=100))
    solution = solve(lost)
    moves = sum(len(move.left) for move in solution.moved)
    note = f"500 on 100 clusters half full, {moves} moves, {displaced(lost)} were on the lost one"
    value = seconds(lambda: solve(lost), runs=3)
    only = moves <= displaced(lost)
    yield row("placement-sticky", value if only else math.inf, "s", "<= 1", note)


PLACEMENT_ROWS = {
    "placement-filter": placement_filter,
    "placement-whole": placement_whole,
    "placement-memory": placement_memory,
    "placement-growth": placement_growth,
    "placement-solve": placement_solve,
    "placement-sticky": placement_sticky,
}
