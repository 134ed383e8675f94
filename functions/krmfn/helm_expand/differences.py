"""Where two renderings of one chart differ."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from krmfn.helm_expand.pieces import Piece

Path = tuple[str | int, ...]
ABSENT = object()


class Field(NamedTuple):
    """A field that two renderings have different values for.

    Attributes:
        piece: the piece in one rendering.
        path: the field; () for the piece itself, when the other rendering lacks it.
        other: the value in the other rendering.
    """

    piece: Piece
    path: Path
    other: Any = None


def unique(fields: Iterable[Field]) -> list[Field]:
    """Give fields, each once."""
    return list({(field.piece.id, field.path): field for field in fields}.values())


def differences(left: Sequence[Piece], right: Sequence[Piece]) -> list[Field]:
    """Give the fields, by the pieces of the left, in which two renderings of one chart differ."""
    found = []
    for piece, other in _pairs(left, right):
        if other is None:
            found.append(Field(piece, ()))
        else:
            found += [Field(piece, *unlike) for unlike in _unlike(piece.body, other.body, ())]
    return found


def _pairs(left: Sequence[Piece], right: Sequence[Piece]) -> Iterator[tuple[Piece, Piece | None]]:
    """Pair the pieces of two renderings, by identity, or by origin where names are random."""
    one, other = ({piece.id: piece for piece in pieces} for pieces in (left, right))
    for identity in [identity for identity in one if identity in other]:
        yield one.pop(identity), other.pop(identity)
    origins = {_origin(piece) for piece in (*one.values(), *other.values())}
    for origin in sorted(origins):
        ours, theirs = (
            [piece for piece in rest.values() if _origin(piece) == origin] for rest in (one, other)
        )
        if len(ours) == len(theirs):
            yield from zip(ours, theirs, strict=True)
        else:
            yield from ((piece, None) for piece in (*ours, *theirs))


def _origin(piece: Piece) -> tuple[str, str, str]:
    return piece.template, piece.group, piece.kind


def _unlike(left: Any, right: Any, path: Path) -> Iterator[tuple[Path, Any]]:
    """Yield the paths at which two values differ, with the value on the right.

    A map whose keys are random, as a list whose length is, differs as a whole.
    """
    maps = isinstance(left, Mapping) and isinstance(right, Mapping)
    if maps and (left.keys() == right.keys() or not path):
        for key in {**left, **right}:
            yield from _unlike(left.get(key, ABSENT), right.get(key, ABSENT), (*path, key))
    elif isinstance(left, list) and isinstance(right, list) and len(left) == len(right):
        for number, (one, two) in enumerate(zip(left, right, strict=True)):
            yield from _unlike(one, two, (*path, number))
    elif left != right:
        yield path, right


def get(body: Any, path: Path) -> Any:
    """Give the value at a path, or ABSENT."""
    for step in path:
        try:
            body = body[step]
        except (KeyError, IndexError, TypeError):
            return ABSENT
    return body


def put(body: Any, path: Path, value: Any) -> Any:
    """Give a copy of a value with another one at a path."""
    if not path:
        return value
    step, *rest = path
    if isinstance(body, list) and isinstance(step, int):
        return [put(x, tuple(rest), value) if n == step else x for n, x in enumerate(body)]
    if not isinstance(body, Mapping):
        return body
    return {**body, step: put(body.get(step), tuple(rest), value)}
