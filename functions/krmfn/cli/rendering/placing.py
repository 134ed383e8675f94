"""kpt's rules for what a function gives back: what it may be, and where it may stand."""

import os
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from posixpath import basename, join, normpath

from krmfn.cli.rendering.calls import Answer
from krmfn.sdk.resource import Place, Resource

UNNUMBERED = -1
_KUSTOMIZATION_FILES = frozenset(("kustomization.yaml", "kustomization.yml", "Kustomization"))
_KUSTOMIZE_GROUP = "kustomize.config.k8s.io"


def not_krm(items: Iterable[Resource], root: Path) -> str:
    """Say which item first lacks what every resource must have; "" when none does."""
    for item in items:
        try:
            lacking = _lacking(item)
        except ValueError as error:
            return f"{shown_path(item, root)}: {error}"
        if lacking and not _is_kustomization(item):
            return f"{shown_path(item, root)}: resource must have `{lacking}`"
    return ""


def placed(answer: Answer, package: Path, root: Path) -> Answer:
    """Give an answer with every item at a place; a problem where kpt would refuse it.

    An item without a place belongs to the package whose pipeline runs, in a file named after it,
    behind what stands there already (`UNNUMBERED`).
    """
    if not answer.ok:
        return answer
    items = tuple(_at_place(item, str(package)) for item in answer.items)
    problem = _misplaced(items)
    if not problem and (lacking := not_krm(items, root)):
        problem = f"output resource list must contain only KRM resources: {lacking}"
    return replace(answer, items=items, problem=problem)


def numbered(items: Iterable[Resource]) -> tuple[Resource, ...]:
    """Give every unnumbered item the next free index of its file."""
    listed = list(items)
    last: dict[tuple[str, str], int] = {}
    for item in listed:
        place = place_of(item)
        file = (place.package_path, place.path)
        last[file] = max(last.get(file, -1), place.index)
    for number, item in enumerate(listed):
        place = place_of(item)
        if place.index == UNNUMBERED:
            file = (place.package_path, place.path)
            last[file] += 1
            listed[number] = item.at(replace(place, index=last[file]))
    return tuple(listed)


def place_of(item: Resource) -> Place:
    """Give the place of an item, which every item of a package has."""
    if item.place is None:
        raise ValueError(f"{item.id} must have a place")
    return item.place


def path_in_root(item: Resource, root: Path) -> str:
    """Give the slash path of an item's file relative to the root package.

    Raises:
        ValueError: it is not inside the root package.
    """
    place = place_of(item)
    folder = Path(place.package_path)
    if not folder.is_relative_to(root):
        raise ValueError(f'"{folder}" must be a package inside "{root}"')
    path = normpath(join(folder.relative_to(root).as_posix(), normpath(place.path).lstrip("/")))
    if ".." in path:
        raise ValueError(f"resource must be written under package {root}: {path}")
    return path


def shown_path(item: Resource, root: Path) -> str:
    """Give the path of an item's file for messages."""
    place = place_of(item)
    return join(os.path.relpath(place.package_path, root), place.path).removeprefix("./")


def _lacking(item: Resource) -> str:
    if not item.api_version:
        return "apiVersion"
    if not item.kind:
        return "kind"
    return "" if item.name else "metadata.name"


def _at_place(item: Resource, package_path: str) -> Resource:
    place = item.place
    if place is None or not place.path:
        return item.at(Place(_default_path(item), UNNUMBERED, package_path))
    return item if place.package_path else item.at(replace(place, package_path=package_path))


def _default_path(item: Resource) -> str:
    return normpath(join(item.namespace, f"{item.kind.lower()}_{item.name}.yaml"))


def _misplaced(items: Iterable[Resource]) -> str:
    taken: set[Place] = set()
    for item in items:
        place = place_of(item)
        path = normpath(place.path)
        if path.startswith("../"):
            return (
                "function must not modify resources outside of package: "
                f"resource has path {place.path}"
            )
        place = replace(place, path=path)
        if place in taken:
            index = "" if place.index == UNNUMBERED else place.index
            return f'resource at path "{path}" and index "{index}" already exists'
        taken.add(place)
    return ""


def _is_kustomization(item: Resource) -> bool:
    return (
        basename(item.path or "") in _KUSTOMIZATION_FILES
        or item.api_version.startswith(_KUSTOMIZE_GROUP)
        or (not item.api_version and item.kind == "Kustomization")
    )
