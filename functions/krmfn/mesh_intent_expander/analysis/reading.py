"""Reading objects that may have anything anywhere."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any


def items(value: Any, path: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield the mappings of a list, each behind its own path such as ``spec.http[2]``."""
    if isinstance(value, list):
        for index, each in enumerate(value):
            if isinstance(each, Mapping):
                yield f"{path}[{index}]", each


def text(value: Any) -> str:
    """Give a text as it is, and "" for anything else."""
    return value if isinstance(value, str) else ""


def quoted(names: Iterable[object], *, most: int = 3) -> str:
    """List names for a message, as in ``"a", "b" and 4 more``."""
    listed = [f'"{name}"' for name in names]
    if len(listed) <= most:
        return ", ".join(listed)
    return f"{', '.join(listed[:most])} and {len(listed) - most} more"
