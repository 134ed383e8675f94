"""Reading objects from files, folders and stdin, each with the place where it stands."""

import os
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from krmfn.cli.errors import CliError
from krmfn.sdk import Place, Resource, YamlError, yaml_load
from krmfn.sdk.documents import read_file

STDIN = "-"
_SUFFIXES = (".yaml", ".yml", ".json")
_CLUSTER = re.compile(r"(?:^|/)(clusters/[^/]+/)")


@dataclass(frozen=True, slots=True)
class Source:
    """Where an object was read.

    Attributes:
        file: the file as it was named, or found below what was named.
        line: line of the file at which its document begins, from 1.
        text: the document.
        path: what leads to the object in it, as in ``items[2]`` of a List; else "".
    """

    file: str
    line: int
    text: str
    path: str = ""

    @property
    def place(self) -> str:
        """The file in its package, as far as that tells of a cluster: ``clusters/<name>/…``."""
        found = _CLUSTER.search(self.file)
        return self.file[found.start(1) :] if found else self.file


def read_objects(paths: Iterable[str]) -> dict[Resource, Source]:
    """Read the objects of files, of all YAML and JSON files below folders, and of stdin (`-`).

    Folders whose name begins with a dot, and what has no kind, are passed over.

    Raises:
        CliError: a file cannot be read, or is no YAML.
    """
    files = dict.fromkeys(file for path in paths for file in _files(path))
    return {
        resource: source
        for file in files
        for document in _documents(file)
        for resource, source in _objects(document)
        if resource.kind not in ("", "Kptfile")
    }


def _files(path: str) -> Iterator[str]:
    if path == STDIN or not os.path.isdir(path):  # noqa: PTH112 - "" must stay what it is
        yield path
        return
    for folder, below, names in os.walk(path, onerror=_unreadable):
        below[:] = sorted(name for name in below if not name.startswith("."))
        for name in sorted(names):
            if name.endswith(_SUFFIXES):
                yield Path(folder, name).as_posix()


def _unreadable(error: OSError) -> None:
    raise CliError(f"{error.filename}: cannot be read: {(error.strerror or '').lower()}")


def _content(file: str) -> bytes:
    try:
        return sys.stdin.buffer.read() if file == STDIN else Path(file).read_bytes()
    except OSError as error:
        raise CliError(f"{file}: cannot be read: {(error.strerror or '').lower()}") from error


def _documents(file: str) -> Iterator[Source]:
    try:
        split = read_file(file, _content(file))
    except ValueError as error:
        raise CliError(f"{file}: {error}") from error
    line = 1
    for gap, text in zip(split.gaps, split.documents, strict=False):
        line += gap.count("\n")
        yield Source(file, line, text)
        line += text.count("\n")


def _objects(source: Source) -> Iterator[tuple[Resource, Source]]:
    try:
        body = yaml_load(source.text)
    except YamlError as error:
        raise CliError(f"{source.file}: {error.moved(source.line - 1)}") from error
    if not isinstance(body, dict):
        return
    if not _is_list(body):
        yield Resource.of(body, place=Place(source.place, 0)), source
        return
    for number, item in enumerate(body["items"]):
        if isinstance(item, dict):
            inner = Source(source.file, source.line, source.text, f"items[{number}]")
            yield Resource.of(item, place=Place(source.place, number)), inner


def _is_list(body: dict[Any, Any]) -> bool:
    return str(body.get("kind")).endswith("List") and isinstance(body.get("items"), list)
