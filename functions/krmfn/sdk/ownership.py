"""Owned output: what a function makes is stamped, replaced and pruned; nothing else ever is."""

from collections.abc import Collection, Iterable, Iterator, Mapping
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
    merge_patch,
    without_internal,
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


@dataclass(frozen=True)
class Kept:
    """What a function made for an intent before, and does not make anew this time.

    Attributes:
        by: the intent, a kind that was read from the package.
    """

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
    changed: dict[int | None, Resource] = {
        _slot_of(item): item for item in outputs if isinstance(item, Resource)
    }
    generated, problems = _generated(function, outputs, package)
    owners = {item.slot: owner_of(item) for item in items if may_be_owned(item)}
    hidden = _intents(function, package.hidden, owners.values())
    standing = _standing(items, generated)
    successors: dict[int | None, Resource] = {}
    for key, there in standing.items():
        owned = [
            item
            for item in there
            if (owner := owners.get(item.slot, "")).startswith(f"{function}/")
            and (item.package_path, owner) not in hidden
        ]
        problems += [_in_the_way(item, generated[key]) for item in there if item not in owned]
        for item in owned[:1]:
            successors[item.slot] = _successor(item, generated[key].resource)
    orphans = {slot: owner for slot, owner in owners.items() if slot not in successors}
    kept = {
        (output.by.resource.package_path, stamp(function, output.by.resource))
        for output in outputs
        if isinstance(output, Kept)
    }
    orphans = {
        slot: owner
        for slot, owner in orphans.items()
        if slot is None or (items[slot].package_path, owner) not in kept
    }
    gone = set(_gone(function, orphans, items, package)) if prune else set()
    stay = [
        successors.get(item.slot) or changed.get(item.slot) or item
        for item in items
        if item.slot not in gone
    ]
    new = [each.resource for key, each in generated.items() if key not in standing]
    notes = _pruned([items[slot] for slot in sorted(gone)])
    return tuple(_in_free_places(items, stay, new)), [*problems, *notes]


def _pruned(gone: list[Resource]) -> list[Result]:
    """Say once for each owner what it makes no longer."""
    by_owner: dict[str, list[str]] = {}
    for item in gone:
        by_owner.setdefault(owner_of(item), []).append(str(item.id))
    return [
        info(f"pruned what `{owner}` makes no longer: {', '.join(sorted(names))}", code="pruned")
        for owner, names in by_owner.items()
    ]


def _slot_of(item: Resource) -> int:
    if item.slot is None:
        raise TypeError(f"{item.id} must be Generated(..., by=intent): it is not from the input")
    return item.slot


def _generated(
    function: str, outputs: list[Any], package: Package
) -> tuple[dict[_Key, Generated], list[Result]]:
    """Give what was made, stamped, by key; the same thing made twice is an error."""
    root = package.kptfile.package_path if package.kptfile else ""
    made = [output for output in outputs if isinstance(output, Generated)]
    found: dict[_Key, Generated] = {}
    clashes: list[Result] = []
    for each in sorted(made, key=lambda each: stamp(function, each.by.resource)):
        intent: Resource = each.by.resource
        home = intent.package_path or root
        resource = _stamped(each.resource, stamp(function, intent))
        if resource.place and not resource.place.package_path:
            resource = resource.at(replace(resource.place, package_path=home))
        new = Generated(resource, each.by)
        key = _Key(home, resource.cluster, resource.id)
        if key in found and not found[key].resource.same_as(resource):
            clashes.append(_made_twice(found[key], new))
        found.setdefault(key, new)
    return found, clashes


def _stamped(resource: Resource, owner: str) -> Resource:
    """Give a made resource with its owner's stamp, and without kpt's internal annotations."""
    annotations = resource.annotations
    if annotations.get(OWNER) == owner and not any(map(is_internal, annotations)):
        return resource
    patch = {"metadata": {"annotations": {OWNER: owner}}}
    return resource.replaced(merge_patch(without_internal(resource.body), patch))


def _standing(
    items: Iterable[Resource], generated: Mapping[_Key, Generated]
) -> dict[_Key, list[Resource]]:
    """Give the items that stand where something was made."""
    names = {key.id for key in generated}
    standing: dict[_Key, list[Resource]] = {}
    for item in items:
        if item.id in names:
            key = _Key(item.package_path, item.cluster, item.id)
            if key in generated:
                standing.setdefault(key, []).append(item)
    return standing


def _successor(old: Resource, new: Resource) -> Resource:
    """Give the made resource in the place of an old item, kpt's annotations carried over."""
    moves = new.place is not None and new.place.path != old.path
    if new.same_as(old) and not moves:
        return old
    carried = {key: text for key, text in old.annotations.items() if is_internal(key)}
    successor = new.merged({"metadata": {"annotations": carried}}) if carried else new
    return replace(successor, slot=old.slot, place=new.place if moves else old.place)


def _gone(
    function: str,
    orphans: Mapping[int | None, str],
    items: tuple[Resource, ...],
    package: Package,
) -> Iterator[int]:
    """Yield the slots of what the function made before and makes no longer.

    What was made for an intent that the function was not shown stays: the intent is hidden by
    `match` or `exclude`, or, where no Kptfile is in sight, by a selector of the pipeline.
    """
    hidden = _intents(function, package.hidden, orphans.values())
    shown = _intents(function, package, orphans.values())
    for slot, owner in orphans.items():
        if slot is None or not owner.startswith(f"{function}/"):
            continue
        intent = (items[slot].package_path, owner)
        if intent not in hidden and (package.kptfile is not None or intent in shown):
            yield slot


def _intents(
    function: str, items: Iterable[Resource], owners: Collection[str]
) -> set[tuple[str, str]]:
    """Give the package and the stamp of those items whose stamp is one of the owners."""
    stamped = ((item, stamp(function, item)) for item in items if owners)
    return {(item.package_path, owner) for item, owner in stamped if owner in owners}


def _in_free_places(
    items: tuple[Resource, ...], kept: list[Resource], new: list[Resource]
) -> Iterator[Resource]:
    """Yield the items; each that is new in its file stands behind what stands there already."""
    came = {item.slot: item for item in items}
    stay = [item.place is None or item.path == came[item.slot].path for item in kept]
    if not new and all(stay):
        yield from kept
        return
    taken: dict[tuple[str, str | None], int] = {}
    for item in (item for item, stays in zip(kept, stay, strict=True) if stays):
        file = (item.package_path, item.path)
        taken[file] = max(taken.get(file, 0), (item.index or 0) + 1)
    for item, stays in zip(
        [*kept, *new], [*stay, *(item.place is None for item in new)], strict=True
    ):
        if stays or item.place is None:
            yield item
            continue
        file = (item.package_path, item.path)
        index = taken.get(file, 0)
        taken[file] = index + 1
        yield _at(item, replace(item.place, index=index))


def _at(item: Resource, place: Place) -> Resource:
    """Give an item at a new place; annotations of its old one, if any, say the new one."""
    path, index = place.path, str(place.index)
    said = {PATH: path, LEGACY_PATH: path, INDEX: index, LEGACY_INDEX: index}
    known = {key: text for key, text in said.items() if key in item.annotations}
    moved = item.merged({"metadata": {"annotations": known}}) if known else item
    return moved.at(place)


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
    makers = (
        f"`{one.kind} {one.name}` makes it twice, with different content"
        if one is two
        else f"`{one.kind} {one.name}` and `{two.kind} {two.name}` both make it"
    )
    return error(
        f"`{second.resource.id}` must be made once, but {makers}",
        code="made-twice",
        at=two,
    )
