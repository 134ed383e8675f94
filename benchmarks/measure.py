"""Ways to measure: medians of several runs, side by side, since the machine is noisy."""

import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

Command = Sequence[str]
# As in the images, modules are compiled once, not at every start.
ENVIRONMENT = {key: os.environ[key] for key in os.environ if key != "PYTHONDONTWRITEBYTECODE"}


def seconds(work: Callable[[], object], runs: int = 5) -> float:
    """Give the median wall time of a piece of work."""
    return statistics.median(_once(work) for _ in range(runs))


def side_by_side(works: Sequence[Callable[[], object]], runs: int = 5) -> list[float]:
    """Give the median wall times of several pieces of work, run in turns."""
    times = [[_once(work) for work in works] for _ in range(runs)]
    return [statistics.median(column) for column in zip(*times, strict=True)]


def process(command: Command, given: Path) -> Callable[[], object]:
    """Give the work of running a command on a file as stdin; it must end with exit code 0."""

    def work() -> None:
        with given.open("rb") as stdin:
            subprocess.run(
                command,
                stdin=stdin,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                check=True,
                env=ENVIRONMENT,
            )

    return work


def peak_bytes(command: Command, given: Path) -> int:
    """Give the peak resident size of a command, children included, run on a file as stdin."""
    program = (
        "import resource,subprocess,sys;"
        "subprocess.run(sys.argv[1:],stdout=subprocess.DEVNULL,check=True);"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    with given.open("rb") as stdin:
        done = subprocess.run(
            [sys.executable, "-ISc", program, *command],
            stdin=stdin, stdout=subprocess.PIPE, check=True, env=ENVIRONMENT,
        )  # fmt: skip
    return int(done.stdout) * 1024


def _once(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def cores() -> int:
    """Give the number of cores this process may use."""
    return len(os.sched_getaffinity(0))


def own_peak_bytes() -> int:
    """Give the peak resident size of this process."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
