"""A child process and what it may take: processor time, time on the clock, memory, output."""

import os
import resource
import selectors
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress

from krmfn.helm_expand.edge.request import EngineError, Limits

_TICK_SECONDS = 0.05
_REMARK_BYTES = 64 * 1024
_GO_HEAP_SHARE = 0.75
_TOO_DEEP = ("stack overflow", "stack exceeds")
_TOO_LARGE = ("out of memory", "cannot allocate memory", "pthread_create failed", "MemoryError")


def limit_error(what: str) -> EngineError:
    """Give the error for a rendering that took too much of something."""
    return EngineError(f"the chart must render {what}", "engine-limit", "limit")


class Child:
    """A process that runs Helm, with pipes to it and an environment of its own.

    Everything it says on stderr is a remark; only the beginning is kept.
    """

    def __init__(
        self, command: Sequence[str], limits: Limits, environment: dict[str, str] | None = None
    ) -> None:
        heap = int(limits.memory_bytes * _GO_HEAP_SHARE)
        self.limits = limits
        self._process = subprocess.Popen(  # noqa: S603 - the command is ours
            list(command),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            cwd="/",
            process_group=0,
            env={
                "GOGC": "400",
                "GOMEMLIMIT": str(heap),
                "GOTRACEBACK": "none",
                "HOME": tempfile.gettempdir(),
                "KUBECONFIG": os.devnull,
                "LC_ALL": "C.UTF-8",
                **(environment or {}),
            },
        )
        self._output, self._remarks = bytearray(), bytearray()
        self._selector = selectors.DefaultSelector()
        for stream, buffer in ((self._stdout, self._output), (self._stderr, self._remarks)):
            os.set_blocking(stream, False)
            self._selector.register(stream, selectors.EVENT_READ, buffer)

    @property
    def _stdout(self) -> int:
        assert self._process.stdout
        return self._process.stdout.fileno()

    @property
    def _stderr(self) -> int:
        assert self._process.stderr
        return self._process.stderr.fileno()

    @property
    def is_running(self) -> bool:
        """Whether the process has not ended yet."""
        return self._process.poll() is None

    def limit_memory(self, byte_count: int) -> None:
        """Bound the memory that the process may write to, from now on."""
        with suppress(ProcessLookupError):
            resource.prlimit(self._process.pid, resource.RLIMIT_DATA, (byte_count, byte_count))

    def send(self, content: bytes) -> None:
        """Write to the process's stdin; when it has ended, reading tells."""
        assert self._process.stdin
        with suppress(BrokenPipeError):
            view = memoryview(content)
            while view:
                view = view[self._process.stdin.write(view) :]

    def receive(self, is_whole: Callable[[bytearray], bool]) -> tuple[bytes, str]:
        """Give output and remarks once the output is whole, or at the end of the process.

        Kills the process and raises EngineError when it takes more than its limits allow.
        """
        self._output.clear()
        self._remarks.clear()
        deadline = time.monotonic() + self.limits.wall_seconds
        cpu_deadline = self._cpu_seconds() + self.limits.cpu_seconds
        while not is_whole(self._output) and self._selector.get_map():
            self._read_some(_TICK_SECONDS)
            self._check(deadline, cpu_deadline)
        while self._read_some(0):
            pass
        return bytes(self._output), self._remarks.decode(errors="replace")

    def _read_some(self, timeout: float) -> bool:
        """Read what has come; says whether anything has."""
        events = self._selector.select(timeout)
        for key, _ in events:
            chunk = os.read(key.fd, 1 << 20)
            if not chunk:
                self._selector.unregister(key.fd)
            if key.data is self._output or len(self._remarks) < _REMARK_BYTES:
                key.data.extend(chunk)
        return bool(events)

    def _check(self, deadline: float, cpu_deadline: float) -> None:
        limits = self.limits
        if len(self._output) > limits.output_bytes:
            problem = f"at most {limits.output_bytes // 2**20} MiB of text"
        elif time.monotonic() > deadline:
            problem = f"within {limits.wall_seconds:g} s"
        elif self._cpu_seconds() > cpu_deadline:
            problem = f"within {limits.cpu_seconds:g} s of processor time"
        else:
            return
        self.close()
        raise limit_error(problem)

    def _cpu_seconds(self) -> float:
        """Give the processor time the process has used; Linux keeps a clock for each process."""
        try:
            return time.clock_gettime(~self._process.pid << 3 | 2)
        except OSError:
            return 0.0

    def ending(self, remarks: str) -> EngineError:
        """Give the error that says how the process ended before its answer was whole."""
        self.close()
        if any(sign in remarks for sign in _TOO_DEEP):
            return limit_error("without a template that calls itself endlessly")
        if any(sign in remarks for sign in _TOO_LARGE) or self._process.returncode == -9:
            return limit_error(f"within {self.limits.memory_bytes // 2**20} MiB of memory")
        said = remarks.strip().partition("\n")[0] or f"exit code {self._process.returncode}"
        return EngineError(f"Helm ended unexpectedly: {said}", "engine-crash", "engine")

    def wait(self) -> int:
        """Wait for the end and give the exit code."""
        return self._process.wait()

    def close(self) -> None:
        """End the process and leave nothing of it behind."""
        self._process.kill()
        self._process.wait()
        self._selector.close()
        for stream in (self._process.stdin, self._process.stdout, self._process.stderr):
            if stream:
                stream.close()
