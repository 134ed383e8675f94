"""Owned output: what a function makes is stamped, replaced and pruned; nothing else ever is."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from krmfn.sdk.package import Package
from krmfn.sdk.resource import (
    INDEX,
    LEGACY_INDEX,
    LEGACY_PATH,
    PATH,
    Place,
    Resource,
    ResourceId,
    is_internal,
)
from krmfn.sdk.result import Result, error, info

OWNER = "krmfn.dev/owner"


@dataclass(frozen=True)
class Generated:
    """A resource that a function makes, and the intent it is made for.

    Attributes:
        resource: what is made; its place is where it is to stand.
        by: the intent, a kind that was read from the package.
    """

    resource: Resource
    by: Any


class _Key(NamedTuple):
    """What tells one item from another in a list that holds several packages and clusters."""

    package_path: str
    cluster: str
    id: ResourceId


def may_be_owned(item: Resource) -> bool:
    """Say, without parsing, whether an item may carry an owner's stamp."""
    return OWNER in item.raw


def owner_of(item: Resource) -> str:
    """Give the owner's stamp, "" for a resource that people wrote."""
    return item.annotations.get(OWNER, "") if may_be_owned(item) else ""


def stamp(function: str, intent: Resource) -> str:
    """Give the stamp of what `function` makes for `intent`."""
    names = (function, intent.kind, intent.namespace, intent.name)
    return "/".join(name for name in names if name)


def lay_over(
    function: str,
    items: tuple[Resource, ...],
    made: Iterable[Any],
    package: Package,
    *,
    prune: bool = True,
) -> tuple[tuple[Resource, ...], list[Result]]:
    """Lay what a function made over the items it was given.

    A changed item keeps its place in the list; a made one takes the place of the item of its
    identity or comes last; what the function made before and makes no longer goes.

    Returns:
        The new items, and errors where something that people wrote, or another intent made,
        stands in the way.
    """
    outputs = list(made)
    changed = {item.slot: item for item in outputs if isinstance(item, Resource)}
    generated, clashes = _generated(function, outputs)
    owners = {item.slot: owner_of(item) for item in items if may_be_owned(item)}
    replaced: dict[int | None, Resource] = {}
    for item in items:
        key = _Key(item.package_path, item.cluster, item.id) if generated else None
        new = generated.pop(key, None) if key else None
        if new is None:
            continue
        if not owners.get(item.slot, "").startswith(f"{function}/"):
            clashes.append(_in_the_way(item, new))
        replaced[item.slot] = _successor(item, new.resource)
    gone = set(_gone(function, owners, items, replaced, package)) if prune else set()
    kept = [
        replaced.get(item.slot) or changed.get(item.slot) or item
        for item in items
        if item.slot not in gone
    ]
    placed = _with_free_indexes(kept, [new.resource for new in generated.values()])
    notes = [
        info("pruned: it is no longer made", code="pruned", at=items[slot]) for slot in sorted(gone)
    ]
    return (*kept, *placed), [*clashes, *notes]


def _generated(
    function: str, outputs: list[Any]
) -> tuple[dict[_Key | None, Generated], list[Result]]:
    """Give what was made, stamped, by key; the same thing made twice is an error."""
    found: dict[_Key | None, Generated] = {}
    clashes: list[Result] = []
    for output in outputs:
        if not isinstance(output, Generated):
            continue
        intent: Resource = output.by.resource
        resource = output.resource
        if resource.place and not resource.place.package_path:
            place = replace(resource.place, package_path=intent.package_path)
            resource = resource.at(place)
        owner = {"metadata": {"annotations": {OWNER: stamp(function, intent)}}}
        new = Generated(resource.merged(owner), output.by)
        key = _Key(intent.package_path, resource.cluster, resource.id)
        if key in found and not found[key].resource.same_as(new.resource):
            clashes.append(_made_twice(found[key], new))
        found.setdefault(key, new)
    return found, clashes


def _successor(old: Resource, new: Resource) -> Resource:
    """Give the made resource in the place of an old item, kpt's annotations carried over."""
    if new.same_as(old) and (new.path is None or new.path == old.path):
        return old
    carried = {key: text for key, text in old.annotations.items() if is_internal(key)}
    if new.place is None or new.place.path == old.path or old.path is None:
        place = Place(old.path or "", old.index or 0, old.package_path) if old.place else None
    else:
        place = new.place if old.place else None
        moved = {PATH: new.place.path, LEGACY_PATH: new.place.path, INDEX: "0", LEGACY_INDEX: "0"}
        carried |= {key: text for key, text in moved.items() if key in carried}
    successor = new.merged({"metadata": {"annotations": carried}}) if carried else new
    return replace(successor, slot=old.slot, place=place)


def _gone(
    function: str,
    owners: dict[int | None, str],
    items: tuple[Resource, ...],
    replaced: dict[int | None, Resource],
    package: Package,
) -> Iterator[int]:
    """Yield the slots of what the function made before and makes no longer.

    What was made for an intent that the function was not shown stays: the intent is hidden by
    `match` or `exclude`, or, where no Kptfile is in sight, by a selector of the pipeline.
    """
    hidden = {(item.package_path, stamp(function, item)) for item in package.hidden}
    shown = {(item.package_path, stamp(function, item)) for item in package}
    sees_all = package.kptfile is not None
    for slot, owner in owners.items():
        if slot is None or slot in replaced or not owner.startswith(f"{function}/"):
            continue
        intent = (items[slot].package_path, owner)
        if intent in hidden or not (sees_all or intent in shown):
            continue
        yield slot


def _with_free_indexes(kept: list[Resource], new: list[Resource]) -> Iterator[Resource]:
    """Yield the new resources, each behind what stands in its file already."""
    if not new:
        return
    taken: dict[tuple[str, str], set[int]] = {}
    for item in kept:
        taken.setdefault((item.package_path, item.path or ""), set()).add(item.index or 0)
    for item in new:
        if item.place is None:
            yield item
            continue
        indexes = taken.setdefault((item.package_path, item.place.path), set())
        index = max(indexes, default=-1) + 1
        indexes.add(index)
        yield item.at(replace(item.place, index=index))


def _in_the_way(item: Resource, new: Generated) -> Result:
    intent = new.by.resource
    owner = owner_of(item)
    made = f'is made by "{owner}"' if owner else "was written by hand"
    return error(
        f"must not stand where `{intent.kind} {intent.name}` makes the same resource: it {made}; "
        f"delete one of the two",
        code="not-owned",
        at=item,
    )


def _made_twice(first: Generated, second: Generated) -> Result:
    one, two = first.by.resource, second.by.resource
    return error(
        f"`{second.resource.id}` must be made once, but `{one.kind} {one.name}` and "
        f"`{two.kind} {two.name}` both make it, with different content",
        code="made-twice",
        at=two,
    )
