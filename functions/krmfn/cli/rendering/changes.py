"""From rendered resources to the files that change."""

from collections.abc import Iterable
from pathlib import Path
from posixpath import join

from krmfn.cli.errors import CliError
from krmfn.cli.rendering.commit import Change
from krmfn.cli.rendering.exchange import ended
from krmfn.cli.rendering.placing import path_in_root, place_of
from krmfn.cli.rendering.tree import PackageTree
from krmfn.sdk.documents import SourceFile, as_json, new_file
from krmfn.sdk.resource import Resource


def changes_to(tree: PackageTree, items: Iterable[Resource]) -> list[Change]:
    """Give the changes that turn a package into the rendered one, sorted by path.

    A file whose resources are all as they were does not change; one that lost its last resource
    goes; one that never held a resource stays.

    Raises:
        CliError: a resource may not stand where it is placed.
    """
    before = _sources(tree)
    after = rendered_files(tree, items)
    changes = [
        Change(path, file.content, None)
        for path, file in before.items()
        if file.documents and path not in after
    ]
    for path, content in after.items():
        old = before[path].content if path in before else _unread(tree.folder / path)
        if content != old:
            changes.append(Change(path, old, content))
    return sorted(changes, key=lambda change: change.path)


def rendered_files(tree: PackageTree, items: Iterable[Resource]) -> dict[str, bytes]:
    """Give the content of every file that holds resources of the rendered package.

    Raises:
        CliError: a resource may not stand where it is placed.
    """
    before = _sources(tree)
    return {
        path: _content(path, before.get(path) or new_file(path), resources)
        for path, resources in _by_file(items, tree.folder).items()
    }


def _sources(tree: PackageTree) -> dict[str, SourceFile]:
    return {join(each.path, file.path): file for each in tree.walk() for file in each.files}


def _by_file(items: Iterable[Resource], root: Path) -> dict[str, list[Resource]]:
    """Give the resources of each file in their order there."""
    files: dict[str, list[Resource]] = {}
    for item in items:
        try:
            path = path_in_root(item, root)
        except ValueError as error:
            raise CliError(str(error)) from error
        files.setdefault(path, []).append(item)
    for resources in files.values():
        resources.sort(key=lambda item: place_of(item).index)
    return files


def _content(path: str, file: SourceFile, resources: list[Resource]) -> bytes:
    texts = [item.text for item in resources]
    if tuple(texts) == file.documents:
        return file.content
    if path.endswith(".json") and len(resources) == 1:
        return as_json(resources[0].body)
    entries: list[tuple[int | None, str]] = []
    taken: set[int] = set()
    for item, text in zip(resources, texts, strict=True):
        number = place_of(item).index
        known = number < len(file.documents) and number not in taken
        entries.append((number if known else None, text if item is resources[-1] else ended(text)))
        taken.add(number)
    return file.rewritten(entries)


def _unread(path: Path) -> bytes | None:
    """Give the content of a file that is no part of the package but stands in the way."""
    return path.read_bytes() if path.is_file() else None
