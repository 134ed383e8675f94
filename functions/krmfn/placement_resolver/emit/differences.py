"""Plain values compared and changed by path."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Path = tuple[Any, ...]


def put(value: Mapping[str, Any], path: Sequence[str], new: Any) -> dict[str, Any]:
    """Give the value with something new under a path of keys."""
    key, *rest = path
    inner = value.get(key)
    held = inner if isinstance(inner, Mapping) else {}
    return {**value, key: put(held, rest, new) if rest else new}


def differences(before: Any, after: Any, path: Path = ()) -> Iterator[Path]:
    """Yield the paths that were added, changed or removed; items of lists go by their names.

    What is new as a whole is one path.
    """
    left, right = _parts(before), _parts(after)
    if left is None or right is None:
        if before != after:
            yield path
        return
    for key in dict.fromkeys((*left, *right)):
        if key in left and key in right:
            yield from differences(left[key], right[key], (*path, key))
        else:
            yield (*path, key)


def _parts(value: Any) -> Mapping[Any, Any] | None:
    """Give what a value is compared by; None for one that is compared as a whole."""
    if isinstance(value, Mapping):
        return value
    if isinstance(value, list):
        names = [each.get("name") if isinstance(each, Mapping) else None for each in value]
        if all(names) and len(set(names)) == len(names):
            return {f'"{name}"': each for name, each in zip(names, value, strict=True)}
    return None
