"""Writing to a package so that an interrupted render leaves it as it was or complete.

New files are staged in a folder inside the package; a journal that names all of them is the point
of no return; then only renames and removals follow. Whoever dies before the journal stands has
changed nothing, whoever dies after it is finished by the next render, before that reads anything.
The package's folder stays the same folder, and a file that does not change is not touched. What
this guards against is the death of the process, not that of the machine.
"""

import fcntl
import hashlib
import json
import os
import shutil
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from krmfn.cli.errors import CliError

_LONGEST_NAME = 255  # on every usual file system
STAGING = ".krmfn-render"
_JOURNAL = "journal"
_SIGNALS = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}


@dataclass(frozen=True)
class Change:
    """What becomes of one file.

    Attributes:
        path: slash path relative to the package.
        before: the content as it was read; None for a file that is new.
        after: the new content; None for a file that goes.
    """

    path: str
    before: bytes | None
    after: bytes | None

    @property
    def verb(self) -> str:
        """What becomes of the file: `added`, `changed` or `deleted`."""
        return "deleted" if self.after is None else "added" if self.before is None else "changed"


@dataclass(frozen=True)
class _Entry:
    """A line of the journal; digests are hexadecimal SHA-256, "" for a file that is not there."""

    path: str
    before: str
    after: str
    staged: str


@contextmanager
def locked(root: Path) -> Iterator[None]:
    """Hold a package for one render, finishing what an interrupted one has left.

    Raises:
        CliError: another render holds it, or files changed since the interrupted one.
    """
    descriptor = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        _recover(root)
        yield
    except BlockingIOError as error:
        raise CliError(f'"{root}" is being rendered by another process') from error
    finally:
        os.close(descriptor)


def refuse_unfinished(root: Path) -> None:
    """Refuse a package that an interrupted render has left unfinished.

    Raises:
        CliError: it has.
    """
    if (root / STAGING / _JOURNAL).exists():
        raise CliError("an interrupted render waits to be finished: run `krmfn render` first")


def commit(root: Path, changes: Sequence[Change]) -> None:
    """Make all changes to the package at `root`, or none.

    Raises:
        CliError: a path leads out of the package, to a folder or through a file, or the disk
            refuses; the message says how the package was left.
    """
    targets = [_target(root, change) for change in changes]
    if not changes:
        return
    staging = root / STAGING
    try:
        staging.mkdir()
        _stage(staging, changes, targets)
    except OSError as error:
        shutil.rmtree(staging, ignore_errors=True)
        raise CliError(f"nothing was written: {error.strerror}") from error
    except BaseException:
        shutil.rmtree(staging, ignore_errors=True)
        raise
    try:
        with _signals_held():
            _apply(root)
    except OSError as error:
        problem = f"only a part was written: {error.strerror}"
        raise CliError(f"{problem}; mend that and render again, which finishes it") from error


def _target(root: Path, change: Change) -> Path:
    """Give the real file behind a path: a link inside the package is written through."""
    named = root / change.path
    if change.after is None:
        return named
    if "\0" in change.path or any(len(os.fsencode(part)) > _LONGEST_NAME for part in named.parts):
        shown = f"{change.path[:80]!r}"
        raise CliError(f"must not write to {shown}: a name has {_LONGEST_NAME} bytes at most")
    real = named.resolve()
    if not real.is_relative_to(root.resolve()):
        raise CliError(f'must not write outside of the package: "{change.path}" leads to "{real}"')
    if real.is_dir():
        raise CliError(f'must not write to "{change.path}": a folder has that name')
    folder = next(parent for parent in real.parents if parent.exists())
    if not folder.is_dir():
        raise CliError(f'must not write to "{change.path}": "{folder.name}" is a file')
    return real


def _stage(staging: Path, changes: Sequence[Change], targets: Sequence[Path]) -> None:
    entries = []
    for number, (change, target) in enumerate(zip(changes, targets, strict=True)):
        staged = ""
        if change.after is not None:
            staged = str(number)
            (staging / staged).write_bytes(change.after)
            if target.exists():
                shutil.copymode(target, staging / staged)
        path = os.path.relpath(target, staging.parent)
        entries.append(_Entry(path, _digest(change.before), _digest(change.after), staged))
    draft = staging / f"{_JOURNAL}.new"
    draft.write_text(json.dumps([asdict(entry) for entry in entries]), encoding="utf-8")
    draft.rename(staging / _JOURNAL)


def _recover(root: Path) -> None:
    """Finish a render that was interrupted after its journal stood, forget one before that."""
    staging = root / STAGING
    if not staging.is_dir():
        return
    if (staging / _JOURNAL).exists():
        for entry in _entries(staging):
            if _digest_of(root / entry.path) not in (entry.before, entry.after):
                raise CliError(
                    f'an interrupted render waits to be finished, but "{entry.path}" was changed '
                    f'since: put it back as it was, or delete "{staging}" to drop that render'
                )
        _apply(root)
    else:
        shutil.rmtree(staging)


def _apply(root: Path) -> None:
    """Do what the journal says; doing it again, wholly or in part, changes nothing more."""
    staging = root / STAGING
    for entry in _entries(staging):
        target = root / entry.path
        if not entry.staged:
            target.unlink(missing_ok=True)
        elif (staging / entry.staged).exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            (staging / entry.staged).replace(target)
    (staging / _JOURNAL).unlink()
    shutil.rmtree(staging)


def _entries(staging: Path) -> list[_Entry]:
    listed = json.loads((staging / _JOURNAL).read_text(encoding="utf-8"))
    return [_Entry(**entry) for entry in listed]


def _digest(content: bytes | None) -> str:
    return "" if content is None else hashlib.sha256(content).hexdigest()


def _digest_of(path: Path) -> str:
    return _digest(path.read_bytes() if path.is_file() else None)


@contextmanager
def _signals_held() -> Iterator[None]:
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
