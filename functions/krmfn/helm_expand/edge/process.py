"""A child process and what it may take: processor time, time on the clock, memory, output."""

import os
import resource
import selectors
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from signal import SIGKILL

from krmfn.helm_expand.edge.request import EngineError, Limits

_TICK_SECONDS = 0.05
_CHUNK_BYTES = 2**20
_MOST_REMARKS_BYTES = 2**20
_GO_HEAP_SHARE = 0.75
_TOO_DEEP = ("stack overflow", "stack exceeds")
# Go's garbage collector crashes when it gets no memory for itself.
_TOO_LARGE = (
    "MemoryError",
    "SIGSEGV",
    "cannot allocate memory",
    "out of memory",
    "page summary memory",
    "pthread_create failed",
)


class Child:
    """A process that runs Helm, with pipes to it and an environment of its own.

    Everything it says on stderr is a remark; only the beginning is kept.

    Attributes:
        limits: what it may take for an answer.
        task: what it does, such as `rendering chart "upf"`; errors say it.
    """

    def __init__(
        self, command: Sequence[str], limits: Limits, environment: dict[str, str] | None = None
    ) -> None:
        self.limits, self.task = limits, "starting Helm"
        try:
            self._process = subprocess.Popen(  # noqa: S603 - the command is ours
                list(command),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                bufsize=0,
                cwd="/",
                process_group=0,
                env=_environment(limits) | (environment or {}),
            )
        except OSError as error:
            message = f"`{command[0]}` must be a command: {error.strerror}"
            raise EngineError(message, "engine-missing", "engine") from error
        self._output, self._remarks = bytearray(), bytearray()
        self._selector = selectors.DefaultSelector()
        for stream, buffer in (
            (self._process.stdout, self._output),
            (self._process.stderr, self._remarks),
        ):
            if stream:
                self._selector.register(stream, selectors.EVENT_READ, buffer)

    @property
    def is_running(self) -> bool:
        """Whether the process has not ended yet."""
        return self._process.poll() is None

    def bound(self, idle_bytes: int) -> None:
        """Let the system hold the process to its limits, even when we are gone.

        Args:
            idle_bytes: memory that the process holds when it does nothing.
        """
        memory = idle_bytes + self.limits.memory_bytes
        seconds = int(self.limits.cpu_seconds) + 2
        with suppress(ProcessLookupError):
            for what, most in ((resource.RLIMIT_DATA, memory), (resource.RLIMIT_CPU, seconds)):
                resource.prlimit(self._process.pid, what, (most, most))

    def send(self, content: bytes) -> None:
        """Write to the process's stdin; when the process has ended, `receive` tells."""
        view = memoryview(content)
        with suppress(BrokenPipeError):
            while view and self._process.stdin:
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
            self._read(_TICK_SECONDS)
            if excess := self._excess(deadline, cpu_deadline):
                self.close()
                raise self._limit_error(excess)
        while self._read(0):
            pass
        return bytes(self._output), self._remarks.decode(errors="replace")

    def ending(self, remarks: str) -> EngineError:
        """Give the error that says how the process ended before its answer was whole."""
        self.close()
        code = self._process.returncode
        if any(sign in remarks for sign in _TOO_DEEP):
            return self._limit_error("not call a template from itself without end")
        if any(sign in remarks for sign in _TOO_LARGE) or code == -SIGKILL:
            mebibytes = self.limits.memory_bytes // 2**20
            return self._limit_error(f"take at most {mebibytes} MiB of memory")
        said = remarks.strip().partition("\n")[0] or f"exit code {code}"
        return EngineError(f"{self.task} ended unexpectedly: {said}", "engine-crash", "engine")

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

    def _read(self, timeout: float) -> bool:
        """Read what has come within some seconds; says whether anything has."""
        events = self._selector.select(timeout) if self._selector.get_map() else []
        for key, _ in events:
            chunk = os.read(key.fd, _CHUNK_BYTES)
            if not chunk:
                self._selector.unregister(key.fd)
            if key.data is self._output or len(self._remarks) < _MOST_REMARKS_BYTES:
                key.data.extend(chunk)
        return bool(events)

    def _excess(self, deadline: float, cpu_deadline: float) -> str:
        """Give the limit that the process has passed, or ""."""
        limits = self.limits
        if len(self._output) > limits.output_bytes:
            return f"give at most {limits.output_bytes // 2**20} MiB of text"
        if time.monotonic() > deadline:
            return f"take at most {limits.wall_seconds:g} s"
        if self._cpu_seconds() > cpu_deadline:
            return f"take at most {limits.cpu_seconds:g} s of processor time"
        return ""

    def _cpu_seconds(self) -> float:
        """Give the processor time the process has used: Linux has a clock for each process."""
        with suppress(OSError):
            return time.clock_gettime(~self._process.pid << 3 | 2)
        return 0.0

    def _limit_error(self, most: str) -> EngineError:
        return EngineError(f"{self.task} must {most}", "engine-limit", "limit")


def _environment(limits: Limits) -> dict[str, str]:
    """Give the whole environment of a child; nothing of ours is in it."""
    return {
        "GOGC": "400",
        "GOMEMLIMIT": str(int(limits.memory_bytes * _GO_HEAP_SHARE)),
        "GOTRACEBACK": "none",
        "HOME": "/nonexistent",
        "KUBECONFIG": os.devnull,
        "LC_ALL": "C.UTF-8",
    }
