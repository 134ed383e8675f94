"""A chart in a directory, read as Helm would package it."""

from collections.abc import Iterator
from pathlib import Path

from krmfn.cli.errors import CliError
from krmfn.helm_expand.helmignore import kept

_HELMIGNORE = ".helmignore"


def read_directory(root: Path) -> dict[str, bytes]:
    """Give the files that make up the chart, by slash path relative to it.

    Symbolic links are followed inside the chart; what `.helmignore` leaves out is not there.

    Raises:
        CliError: a file cannot be carried: a link that leaves the chart or leads nowhere, a device,
            something unreadable.
    """
    try:
        files = dict.fromkeys(_walk(root, "", frozenset()), b"")
        if _HELMIGNORE in files:
            files[_HELMIGNORE] = (root / _HELMIGNORE).read_bytes()
        return {path: _content(root, path) for path in kept(files)}
    except OSError as error:
        raise CliError(f'cannot read the chart "{root}": {error}') from error
    except ValueError as error:
        raise CliError(f'`{_HELMIGNORE}` of the chart "{root}" {error}') from error


def _walk(root: Path, folder: str, above: frozenset[Path]) -> Iterator[str]:
    """Give the paths of all files under a folder, and of links that cannot be followed.

    Args:
        root: the chart's directory.
        folder: slash path below it, with a slash at its end; "" for the directory itself.
        above: the real folders on the way to this one.
    """
    above |= {(root / folder).resolve()}
    for path in sorted(f"{folder}{each.name}" for each in (root / folder).iterdir()):
        real = (root / path).resolve()
        if real.is_dir() and real.is_relative_to(root.resolve()) and real not in above:
            yield from _walk(root, f"{path}/", above)
        else:
            yield path


def _content(root: Path, path: str) -> bytes:
    real = (root / path).resolve()
    if not real.is_relative_to(root.resolve()):
        raise CliError(
            f'"{path}" of the chart "{root}" must not be a link that leaves the chart, but leads '
            f'to "{real}"; copy that in, or make it a `file://` dependency'
        )
    if not real.is_file():
        raise CliError(f'"{path}" of the chart "{root}" must be a file, or a link to one')
    return real.read_bytes()
