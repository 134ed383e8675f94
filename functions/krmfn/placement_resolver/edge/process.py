"""A command that runs to its end within limits."""

import os
import resource
import select
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from signal import SIGKILL, SIGXCPU

_MIB = 2**20
_GO_HEAP_SHARE = 0.75
_MOST_REMARKS = 65_536
_PATIENCE = 4
_TOO_LARGE = ("out of memory", "cannot allocate memory", "pthread_create failed")


@dataclass(frozen=True, slots=True)
class Limits:
    """What a command may take; of the clock's time, four times as much as of the processor's."""

    seconds: int
    memory_bytes: int = 1024 * _MIB
    file_bytes: int = 256 * _MIB


class LimitError(Exception):
    """A command took more than it may; the message says what it must take at most."""


def run(command: Sequence[str], home: Path, limits: Limits) -> tuple[str, str]:
    """Run a command in a folder, with nothing of our environment; give stdout and stderr.

    Raises:
        LimitError: it took too much, and was ended.
        OSError: it cannot be started.
    """
    output, remarks = home / "stdout", home / "stderr"
    with output.open("wb") as out, remarks.open("wb") as err:
        process = subprocess.Popen(  # noqa: S603 - the command is ours
            list(command),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            cwd=home,
            env=_environment(home, limits),
            process_group=0,
        )
    try:
        _bound(process.pid, limits)
        if not _has_ended(process, _PATIENCE * limits.seconds):
            raise LimitError(f"take at most {_PATIENCE * limits.seconds} s")
    finally:
        process.kill()
        code = process.wait()
    with remarks.open("rb") as stream:
        said = stream.read(_MOST_REMARKS).decode(errors="replace")
    written = max(path.stat().st_size for path in (output, remarks))
    if excess := _excess(code, said, written, limits):
        raise LimitError(excess)
    return output.read_text("utf-8", errors="replace"), said


def _environment(home: Path, limits: Limits) -> dict[str, str]:
    return {
        "GOMEMLIMIT": str(int(limits.memory_bytes * _GO_HEAP_SHARE)),
        "GOTRACEBACK": "none",
        "HOME": str(home),
        "LC_ALL": "C.UTF-8",
        "TZ": "UTC",
    }


def _bound(pid: int, limits: Limits) -> None:
    """Let the system hold the process to its limits, even when we are gone."""
    most = {
        resource.RLIMIT_DATA: limits.memory_bytes,
        resource.RLIMIT_CPU: limits.seconds,
        resource.RLIMIT_FSIZE: limits.file_bytes,
        resource.RLIMIT_CORE: 0,
    }
    with suppress(ProcessLookupError):
        for what, amount in most.items():
            resource.prlimit(pid, what, (amount, amount))


def _has_ended(process: "subprocess.Popen[bytes]", seconds: int) -> bool:
    """Wait for the end; say whether it came within some seconds."""
    watched = os.pidfd_open(process.pid)
    try:
        return bool(select.select([watched], [], [], seconds)[0])
    finally:
        os.close(watched)


def _excess(code: int, said: str, written: int, limits: Limits) -> str:
    """Give the limit that ended a process, or ""."""
    if code in (-SIGKILL, -SIGXCPU) or "SIGXCPU" in said:
        return f"take at most {limits.seconds} s of processor time"
    if any(sign in said for sign in _TOO_LARGE):
        return f"take at most {limits.memory_bytes // _MIB} MiB of memory"
    if written >= limits.file_bytes:
        return f"give at most {limits.file_bytes // _MIB} MiB of text"
    return ""
