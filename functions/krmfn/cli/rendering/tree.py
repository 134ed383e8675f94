"""Reading a kpt package and its sub-packages from disk."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from krmfn.cli.errors import CliError
from krmfn.cli.rendering.commit import STAGING
from krmfn.cli.rendering.ignore import KRMIGNORE, IsIgnored, ignored_by
from krmfn.cli.rendering.kptfile import KPTFILE, Kptfile, read_kptfile
from krmfn.sdk.documents import SourceFile, read_file
from krmfn.sdk.resource import Place, Resource
from krmfn.sdk.wire import is_clean

_SUFFIXES = (".yaml", ".yml", ".json")
_SKIPPED = frozenset((".git", STAGING))


@dataclass(frozen=True)
class PackageTree:
    """A package as it stands on disk.

    Attributes:
        folder: its folder, absolute.
        path: slash path relative to the root package, "" for the root.
        kptfile: its pipeline.
        files: its own files that hold resources, in kpt's order.
        children: its direct sub-packages, in kpt's order.
    """

    folder: Path
    path: str
    kptfile: Kptfile
    files: tuple[SourceFile, ...]
    children: tuple["PackageTree", ...]

    def walk(self) -> Iterator["PackageTree"]:
        """Yield the package and all packages below it."""
        yield self
        for child in self.children:
            yield from child.walk()

    def resources(self) -> list[Resource]:
        """Give the package's own resources, not parsed, each with its place."""
        return [
            Resource(
                raw=document,
                place=Place(file.path, number, str(self.folder)),
                clean=is_clean(document),
            )
            for file in self.files
            for number, document in enumerate(file.documents)
        ]


def read_tree(root: Path) -> PackageTree:
    """Read the package in a folder.

    As kpt does, links to files are followed and links to folders are not; unlike kpt, nothing in
    `.git` is read.

    Raises:
        CliError: there is no package, or a file of it cannot be read.
    """
    if not root.is_dir():
        raise CliError(f'"{root}" must be the folder of a kpt package')
    if not (root / KPTFILE).exists():
        raise CliError(f'"{root}" must hold a Kptfile; `kpt pkg init` writes one')
    return _read(root, "")


def _read(folder: Path, path: str) -> PackageTree:
    text = _content(folder, KPTFILE, path).decode(errors="replace")
    kptfile = read_kptfile(text, _joined(path, KPTFILE))
    children = tuple(
        _read(folder / below, _joined(path, below)) for below in sorted(_packages_below(folder, ""))
    )
    ignored = ignored_by(_ignore_file(folder, path))
    files = tuple(_file(folder, name, path) for name in _files_of(folder, "", ignored))
    return PackageTree(folder, path, kptfile, files, children)


def _file(folder: Path, name: str, path: str) -> SourceFile:
    try:
        return read_file(name, _content(folder, name, path))
    except ValueError as error:
        raise CliError(f"{_joined(path, name)}: {error}") from error


def _packages_below(folder: Path, path: str) -> Iterator[str]:
    """Yield the direct sub-packages; a `.krmignore` has no say in what is one."""
    for entry in _entries(folder):
        if entry.is_dir(follow_symlinks=False):
            below = _joined(path, entry.name)
            if (Path(entry.path) / KPTFILE).exists():
                yield below
            else:
                yield from _packages_below(Path(entry.path), below)


def _files_of(folder: Path, path: str, ignored: IsIgnored) -> Iterator[str]:
    for entry in _entries(folder):
        below = _joined(path, entry.name)
        is_folder = entry.is_dir(follow_symlinks=False)
        if ignored(below, is_folder):
            continue
        if not is_folder:
            if entry.name == KPTFILE or entry.name.endswith(_SUFFIXES):
                yield below
        elif not (Path(entry.path) / KPTFILE).exists():
            yield from _files_of(Path(entry.path), below, ignored)


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            found = [entry for entry in entries if entry.name not in _SKIPPED]
    except OSError as error:
        raise CliError(f'"{folder}" cannot be read: {error.strerror}') from error
    return sorted(found, key=lambda entry: entry.name)


def _ignore_file(folder: Path, path: str) -> str:
    exists = (folder / KRMIGNORE).exists()
    return _content(folder, KRMIGNORE, path).decode(errors="replace") if exists else ""


def _content(folder: Path, name: str, path: str) -> bytes:
    try:
        return (folder / name).read_bytes()
    except OSError as error:
        reason = (error.strerror or "no such file").lower()
        raise CliError(f"{_joined(path, name)}: cannot be read: {reason}") from error


def _joined(path: str, name: str) -> str:
    return f"{path}/{name}" if path else name
