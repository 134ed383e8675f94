"""Charts that render differently every time: found out, and made to stay as they are.

Random passwords, certificates and times would change with every render. `lookup`, served from the
package, lets a chart find what it made before; what a chart never looks up is pinned to what the
package has.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from krmfn.helm_expand.pieces import Piece
from krmfn.sdk import ResourceId

MOST_RENDERS = 5
_CHANGING = re.compile(
    rb"\b(?:rand[A-Za-z]*|shuffle|uuidv4|now|ago|date[A-Za-z]*|htmlDate[A-Za-z]*|gen[A-Z][A-Za-z]*"
    rb"|buildCustomCert|htpasswd|bcrypt|encryptAES|keys|values|lookup|unixEpoch|mustDate[A-Za-z]*)\b"
)

Path = tuple[str | int, ...]
Render = Callable[[Sequence[Mapping[str, Any]]], list[Piece]]


@dataclass(frozen=True)
class Stable:
    """A rendering that the next render repeats.

    Attributes:
        pieces: what was rendered.
        pinned: fields that were kept as the package has them.
        unstable: fields that are new and random: the package keeps them from now on.
    """

    pieces: list[Piece]
    pinned: tuple[tuple[Piece, Path], ...] = ()
    unstable: tuple[tuple[Piece, Path], ...] = ()


def may_change(chart_files: Mapping[str, bytes], values: str) -> bool:
    """Say whether a chart's templates, or its values, name a function that is not constant."""
    return _CHANGING.search(values.encode()) is not None or any(
        _CHANGING.search(text) for path, text in chart_files.items() if "templates/" in path
    )


def stabilise(
    render: Render,
    objects: Sequence[Mapping[str, Any]],
    previous: Mapping[ResourceId, Mapping[str, Any]],
    *,
    fixpoint: bool,
) -> Stable:
    """Render until nothing changes, then pin what still would.

    Args:
        render: renders the chart with the objects that `lookup` finds.
        objects: what `lookup` finds in the package.
        previous: what the package has of this chart's output, by identity.
        fixpoint: whether what was rendered is given to `lookup` for a further render.
    """
    first, second = render(objects), render(objects)
    changing = list(_differences(first, second))
    if not changing:
        return Stable(first)
    latest = second
    if fixpoint:
        for _ in range(MOST_RENDERS - 2):
            following = render(_with(objects, latest))
            settled = not list(_differences(latest, following))
            latest = following
            if settled:
                break
        again = render(_with(objects, latest))
        still = list(_differences(latest, again))
    else:
        still = changing
    return _pinned(latest, still, changing, previous)


def _pinned(
    pieces: list[Piece],
    still: list[tuple[Piece, Path]],
    changing: list[tuple[Piece, Path]],
    previous: Mapping[ResourceId, Mapping[str, Any]],
) -> Stable:
    """Put the package's values in the place of those that would still change.

    A checksum is pinned only where all that it may sum up stays as the package has it.
    """
    paths: dict[ResourceId, list[Path]] = {}
    for piece, path in still:
        paths.setdefault(piece.id, []).append(path)
    bodies = {piece.id: piece.body for piece in pieces}
    done: set[tuple[ResourceId, Path]] = set()
    for checksums in (False, True):
        if checksums and not _sources_unchanged(bodies, previous):
            break
        for identity, found in paths.items():
            for path in found:
                if _is_checksum(path) is checksums and identity in previous:
                    kept = _get(previous[identity], path)
                    if kept is not _ABSENT and identity in bodies:
                        bodies[identity] = _put(bodies[identity], path, kept)
                        done.add((identity, path))
    known = {piece.id: piece for piece in pieces}
    return Stable(
        [replace(each, body=bodies[each.id]) for each in pieces],
        pinned=tuple((known[identity], path) for identity, path in sorted(done, key=str)),
        unstable=tuple(
            (piece, path)
            for piece, path in changing
            if (piece.id, path) not in done and piece.id not in previous
        ),
    )


def _sources_unchanged(
    bodies: Mapping[ResourceId, Mapping[str, Any]],
    previous: Mapping[ResourceId, Mapping[str, Any]],
) -> bool:
    return all(
        body.get(field) == previous.get(identity, {}).get(field)
        for identity, body in bodies.items()
        if identity.kind in ("Secret", "ConfigMap")
        for field in ("data", "stringData", "binaryData")
    )


def _is_checksum(path: Path) -> bool:
    return "checksum" in str(path[-1]).lower() if path else False


def _with(objects: Sequence[Mapping[str, Any]], pieces: Sequence[Piece]) -> list[Mapping[str, Any]]:
    """Give the objects that `lookup` would find once the pieces were applied."""
    made = {piece.id for piece in pieces}
    return [
        *(body for body in objects if Piece(body).id not in made),
        *(piece.body for piece in pieces),
    ]


def _differences(left: Sequence[Piece], right: Sequence[Piece]) -> Iterator[tuple[Piece, Path]]:
    """Yield the fields in which two renderings of one chart differ."""
    others = {piece.id: piece for piece in right}
    for piece in left:
        other = others.pop(piece.id, None)
        if other is None:
            yield piece, ()
        else:
            yield from ((piece, path) for path in _unlike(piece.body, other.body, ()))
    yield from ((piece, ()) for piece in others.values())


def _unlike(left: Any, right: Any, path: Path) -> Iterator[Path]:
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        for key in [*left, *(key for key in right if key not in left)]:
            if key in left and key in right:
                yield from _unlike(left[key], right[key], (*path, key))
            else:
                yield (*path, key)
    elif isinstance(left, list) and isinstance(right, list) and len(left) == len(right):
        for number, (one, two) in enumerate(zip(left, right, strict=True)):
            yield from _unlike(one, two, (*path, number))
    elif left != right:
        yield path


_ABSENT = object()


def _get(body: Any, path: Path) -> Any:
    for step in path:
        try:
            body = body[step]
        except (KeyError, IndexError, TypeError):
            return _ABSENT
    return body


def _put(body: Any, path: Path, value: Any) -> Any:
    if not path:
        return value
    step, *rest = path
    if isinstance(body, list) and isinstance(step, int):
        return [_put(x, tuple(rest), value) if n == step else x for n, x in enumerate(body)]
    if not isinstance(body, Mapping):
        return body
    return {**body, step: _put(body.get(step), tuple(rest), value)}
