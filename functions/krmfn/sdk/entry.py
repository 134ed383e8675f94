"""The entry point of a function's container: the only place that reads and writes.

kpt deletes a package when a function ends with exit code 0 and an empty stdout, and it replaces a
function's own error by a parse error when stdout is no YAML. So stdout gets one ResourceList, at
the very end, when nothing can fail any more; whatever else would be printed goes to stderr; and
every way to fail ends in an exit code that is not 0.
"""

import gc
import os
import sys
from collections.abc import Iterable, Sequence
from contextlib import suppress
from fcntl import F_DUPFD_CLOEXEC, fcntl

from krmfn.sdk.result import Severity, error
from krmfn.sdk.runner import Function, failure, run_guarded
from krmfn.sdk.wire import ResourceList, WireError, read, write_parts

MAX_INPUT = 64 * 1024 * 1024
_PIECE = 500  # items that are written at once
EXIT_OK, EXIT_FAILED, EXIT_USAGE = 0, 1, 2


def main(declared: Function, arguments: Sequence[str] | None = None) -> None:
    """Run a function as a process: ResourceList on stdin, ResourceList on stdout; never returns.

    With arguments it prints help, documentation or schemas, or works on files and folders.
    """
    gc.disable()  # the process is over before a collection would pay
    os.environ["PYDANTIC_DISABLE_PLUGINS"] = "__all__"  # nothing installed beside may interfere
    stdout = _claim_stdout()
    given = list(sys.argv[1:] if arguments is None else arguments)
    output: Iterable[bytes]
    try:
        if given:
            from krmfn.sdk.usage import answer

            code, answered = answer(declared, given)
            output = [answered]
        else:
            code, output = _filtered(declared, _stdin())
    except KeyboardInterrupt:
        code, output = 130, []
    except BaseException as problem:  # noqa: BLE001 - whatever it is, the exit code must tell
        code, output = _broken(problem)
    os._exit(_finish(stdout, code, output))


def filter_text(declared: Function, given: bytes) -> tuple[int, bytes]:
    """Run a function on the bytes of a ResourceList; give the exit code and the bytes to write."""
    code, parts = _filtered(declared, given)
    return code, b"".join(parts)


def _filtered(declared: Function, given: bytes) -> tuple[int, Iterable[bytes]]:
    """Give the exit code, and the bytes to write in pieces: all at once would be as much again."""
    try:
        resource_list = read(_decoded(given))
        del given  # as large as the list itself, and not needed any more
    except ValueError as problem:  # YamlError and WireError both are
        outcome = failure(ResourceList(), error(str(problem), code="invalid-input"))
    else:
        outcome = run_guarded(declared, resource_list)
    errors = [result.line() for result in outcome.results if result.severity == Severity.ERROR]
    _say(outcome.trace + "".join(f"{line}\n" for line in errors))
    return EXIT_OK if outcome.ok else EXIT_FAILED, _encoded(outcome.resource_list)


def _encoded(resources: ResourceList) -> Iterable[bytes]:
    """Give a list as bytes in pieces; that all of it can be encoded is known before the first."""
    parts = list(write_parts(resources))
    for part in parts:
        if not part.isascii():
            part.encode()
    return (
        "".join(parts[start : start + _PIECE]).encode() for start in range(0, len(parts), _PIECE)
    )


def _decoded(given: bytes) -> str:
    if not given.strip():
        raise WireError("stdin must hold a ResourceList, but is empty")
    if len(given) > MAX_INPUT:
        raise WireError(f"stdin must hold at most {MAX_INPUT // 2**20} MiB")
    try:
        return given.decode()
    except UnicodeDecodeError as problem:
        line = given.count(b"\n", 0, problem.start) + 1
        raise WireError(f"stdin must be UTF-8, but line {line} is not") from problem


def _stdin() -> bytes:
    """Read stdin by its descriptor, a little beyond the bound at most."""
    chunks, size = [], 0
    try:
        while size <= MAX_INPUT and (chunk := os.read(0, 1 << 20)):
            chunks.append(chunk)
            size += len(chunk)
    except OSError as problem:
        raise WireError(f"stdin must be readable: {problem.strerror}") from problem
    return b"".join(chunks)


def _claim_stdout() -> int:
    """Keep stdout for the answer: whoever else prints, a C library included, prints to stderr."""
    try:
        stdout = fcntl(1, F_DUPFD_CLOEXEC, 3)  # 0 to 2 may be free, and are not to be taken
    except OSError:
        stdout = -1
    try:
        os.dup2(2, 1)
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    sys.stdout = sys.stderr
    return stdout


def _broken(problem: BaseException) -> tuple[int, Iterable[bytes]]:
    if isinstance(problem, ValueError | OSError | MemoryError):
        result = error(str(problem) or "must fit into the memory at hand", code="failed")
    else:
        from traceback import format_exception

        _say("".join(format_exception(problem)))
        message = f"must not fail like this, please report it: {problem!r}"
        result = error(message, code="internal-error")
    _say(f"{result.line()}\n")
    return EXIT_FAILED, _encoded(failure(ResourceList(), result).resource_list)


def _finish(stdout: int, code: int, output: Iterable[bytes]) -> int:
    """Write the answer and give the exit code; an answer that cannot be written is a failure."""
    try:
        for piece in output:
            view = memoryview(piece)
            while view:
                view = view[os.write(stdout, view) :]
    except OSError as problem:
        _say(f"stdout must be writable: {problem.strerror}\n")
        return code or EXIT_FAILED
    return code


def _say(text: str) -> None:
    """Write to stderr, whether or not anybody reads it."""
    with suppress(OSError):
        os.write(2, text.encode(errors="backslashreplace"))
