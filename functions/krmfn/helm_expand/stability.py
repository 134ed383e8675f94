"""Charts that render differently every time: found out, and made to stay as they are.

Random passwords, certificates and times would change with every render. `lookup`, served from the
package, lets a chart find what it made before; what a chart never looks up is pinned to what the
package has.
"""

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile
from typing import Any, Protocol

from krmfn.helm_expand.differences import ABSENT, Field, Path, differences, get, put, unique
from krmfn.helm_expand.pieces import Piece, ids
from krmfn.sdk import ResourceId

MOST_RENDERS = 5

_NAME: Path = ("metadata", "name")
_SOURCES = {"Secret": "secret", "ConfigMap": "config"}


class Render(Protocol):
    """Renders a chart."""

    def __call__(
        self,
        made: Sequence[Piece] = (),
        *,
        without: Collection[ResourceId] = (),
        at_another_time: bool = False,
    ) -> list[Piece]:
        """Render, with `lookup` finding the package.

        Args:
            made: what `lookup` finds as well.
            without: what `lookup` does not find, though the package has it.
            at_another_time: whether the clock shows a time of long ago.
        """


@dataclass(frozen=True)
class Stable:
    """A rendering that the next render repeats.

    Attributes:
        pieces: what was rendered.
        pinned: fields that were kept as the package has them.
        new: fields that are random, and that the package keeps from now on.
        unsteady: pieces that come and go with every render.
    """

    pieces: list[Piece]
    pinned: tuple[Field, ...] = ()
    new: tuple[Field, ...] = ()
    unsteady: tuple[Piece, ...] = ()


def stabilise(
    render: Render,
    previous: Mapping[ResourceId, Piece],
    mode: str,
    *,
    looks_up: bool,
    tells_time: bool,
) -> Stable:
    """Render so that the next render gives the same.

    Args:
        render: renders the chart.
        previous: what the package has of this release's output.
        mode: ``Fixpoint``: `lookup` finds what was rendered, until that makes no difference, and
            what still changes is pinned. ``Pin``: `lookup` never finds the chart's own output, and
            what changes is pinned. ``Error``: the same, and nothing is pinned.
        looks_up: whether the chart sees the package by `lookup`.
        tells_time: whether the chart asks for the time.
    """
    first = render(without=() if mode == "Fixpoint" else previous)
    # A chart may have lost what is missing now, or may make it only where it is not found.
    hidden = previous.keys() - ids(first) if mode == "Fixpoint" else previous.keys()
    if looks_up and hidden and mode == "Fixpoint":
        first = render(without=hidden)
    random = differences(first, render(without=hidden, at_another_time=tells_time))
    if mode == "Error":
        return Stable(first, new=tuple(random))
    latest, unstable = first, random
    if looks_up and mode == "Fixpoint":
        latest, unstable = _settled(render, first, random, hidden, tells_time=tells_time)
    bodies, pinned = _pinned(latest, unstable, previous)
    final = {piece.id: replace(piece, body=bodies[piece.id]) for piece in latest}
    return Stable(
        list(final.values()),
        pinned=tuple(field._replace(piece=final[field.piece.id]) for field in pinned),
        new=tuple(_new(latest, [*random, *unstable], pinned, previous)),
        unsteady=tuple(field.piece for field in unstable if not field.path),
    )


def _settled(
    render: Render,
    first: list[Piece],
    random: list[Field],
    hidden: Collection[ResourceId],
    *,
    tells_time: bool,
) -> tuple[list[Piece], list[Field]]:
    """Render with what was rendered, until that makes no difference.

    What a chart makes only where `lookup` does not find it is made once, and stays.

    Returns:
        The last rendering, and its fields that still change, or did before they were made once.
    """
    latest, steady = (
        first,
        ids(first) - {field.piece.id for field in random if field.path in ((), _NAME)},
    )
    for _ in range(MOST_RENDERS):
        before, latest = latest, render(latest, without=hidden)
        found = ids(latest)
        once = [each for each in before if each.id in steady - found]
        latest += once
        still = differences(latest, before)
        if not still:
            break
    if tells_time:
        still += differences(latest, [*render(latest, without=hidden, at_another_time=True), *once])
    made_once = ids(once)
    return latest, unique([*still, *(each for each in random if each.piece.id in made_once)])


def _new(
    pieces: Iterable[Piece],
    random: Iterable[Field],
    pinned: Iterable[Field],
    previous: Mapping[ResourceId, Piece],
) -> Iterator[Field]:
    """Yield the random fields that the package does not have yet."""
    made, known = ids(pieces), {(field.piece.id, field.path) for field in pinned}
    for field in unique(random):
        identity = field.piece.id
        is_known = not field.path or (identity, field.path) in known
        old = previous[identity].body if identity in previous else {}
        if identity in made and not is_known and get(old, field.path) is ABSENT:
            yield field


def _pinned(
    pieces: list[Piece], unstable: Iterable[Field], previous: Mapping[ResourceId, Piece]
) -> tuple[dict[ResourceId, Mapping[str, Any]], list[Field]]:
    """Put the package's values in the place of those that would still change.

    A checksum is pinned only where all that it may sum up stays as the package has it.

    Returns:
        The bodies by the identity that was rendered, and the fields that were pinned.
    """
    fields = defaultdict[ResourceId, list[Field]](list)
    for field in unstable:
        fields[field.piece.id].append(field)
    old = _counterparts(pieces, fields, previous)
    bodies = {piece.id: piece.body for piece in pieces}
    done: list[Field] = []
    found = [field for identity in old for field in fields[identity]]
    for field in sorted(found, key=lambda each: _is_checksum(each.path)):
        identity = field.piece.id
        kept = get(old[identity].body, field.path)
        must_change = _is_checksum(field.path) and any(
            _sums_up(field, each, fields) and _is_changed(each, bodies, previous) for each in bodies
        )
        if kept is not ABSENT and not must_change:
            bodies[identity] = put(bodies[identity], field.path, kept)
            done.append(field)
    return bodies, done


def _counterparts(
    pieces: Iterable[Piece],
    fields: Mapping[ResourceId, list[Field]],
    previous: Mapping[ResourceId, Piece],
) -> dict[ResourceId, Piece]:
    """Find what the package has of each unstable piece, even where the name is what is random."""
    free = dict(sorted(previous.items()))
    found = {}
    for piece in pieces:
        if piece.id in fields and piece.id in free:
            found[piece.id] = free[piece.id]
        free.pop(piece.id, None)
    for piece in pieces:
        names = [field.other for field in fields.get(piece.id, ()) if field.path == _NAME]
        if names and piece.id not in found:
            stem = _stem(piece.name, str(names[0]))
            twins = [old for old in free.values() if _are_alike(piece, old, stem)]
            if twins:
                found[piece.id] = free.pop(twins[0].id)
    return found


def _are_alike(piece: Piece, old: Piece, stem: str) -> bool:
    one, other = ((it.template, it.group, it.kind, it.namespace) for it in (piece, old))
    return one == other and old.name.startswith(stem)


def _stem(name: str, other: str) -> str:
    """Give the words that two names begin with; half a word is chance."""
    common = takewhile(lambda pair: pair[0] == pair[1], zip(name, other, strict=False))
    return re.sub(r"[^-.]*$", "", "".join(letter for letter, _ in common))


def _is_changed(
    identity: ResourceId,
    bodies: Mapping[ResourceId, Mapping[str, Any]],
    previous: Mapping[ResourceId, Piece],
) -> bool:
    """Say whether a resource holds configuration other than what the package has."""
    old = previous[identity].body if identity in previous else {}
    parts = ("data", "stringData", "binaryData")
    return identity.kind in _SOURCES and any(
        bodies[identity].get(part) != old.get(part) for part in parts
    )


def _is_checksum(path: Path) -> bool:
    return bool(path) and "checksum" in str(path[-1]).lower()


def _sums_up(
    checksum: Field, identity: ResourceId, unstable: Mapping[ResourceId, list[Field]]
) -> bool:
    """Say whether a checksum may be that of a resource, as far as its name tells."""
    name = str(checksum.path[-1]).lower()
    kinds = [kind for kind in _SOURCES if _SOURCES[kind] in name] or [*_SOURCES]
    return identity in unstable or identity.kind in kinds
