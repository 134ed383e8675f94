"""A chart in a directory, read as Helm would package it."""

import os
from collections.abc import Iterator
from pathlib import Path

from krmfn.cli.errors import CliError
from krmfn.helm_expand.helmignore import kept

_HELMIGNORE = ".helmignore"


def read_directory(root: Path) -> dict[str, bytes]:
    """Give the files that make up the chart, by slash path relative to it.

    Symbolic links are followed inside the chart; what `.helmignore` leaves out is not there.

    Raises:
        CliError: there is no Chart.yaml, or a file cannot be carried: a link that leaves the chart
            or leads nowhere, a device, something unreadable.
    """
    if not (root / "Chart.yaml").exists():
        raise CliError(f'"{root}" must be a chart, but has no Chart.yaml')
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
    above |= {_real(root, folder)}
    for path in sorted(f"{folder}{each.name}" for each in (root / folder).iterdir()):
        real = _real(root, path)
        if real.is_dir() and real.is_relative_to(_real(root)) and real not in above:
            yield from _walk(root, f"{path}/", above)
        else:
            yield path


def _content(root: Path, path: str) -> bytes:
    real = _real(root, path)
    if not real.is_relative_to(_real(root)):
        raise CliError(
            f'"{path}" of the chart "{root}" must not be a link that leaves the chart, but leads '
            f'to "{real}"; copy that in, or make it a `file://` dependency'
        )
    if not real.is_file():
        raise CliError(f'"{path}" of the chart "{root}" must be a file, or a link to one')
    return real.read_bytes()


def _real(root: Path, path: str = "") -> Path:
    """Follow links as far as they lead; `Path.resolve` fails on one that leads to itself."""
    return Path(os.path.realpath(root / path))
