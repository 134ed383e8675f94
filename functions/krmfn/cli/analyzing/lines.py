"""The line of a file at which a field stands."""

import re
from typing import TYPE_CHECKING

from krmfn.sdk.loader import compose

if TYPE_CHECKING:
    from krmfn.cli.analyzing.objects import Source
    from krmfn.sdk.loader import Node

_STEP = re.compile(r"([^.\[\]]+)|\[(\d+)\]")


def line_of(source: "Source", field: str) -> int:
    """Give the line of a field, or of the nearest one above it that is written."""
    node, start = compose(source.text), 0
    path = f"{source.path}.{field}" if source.path and field else source.path or field
    for name, number in _STEP.findall(path):
        found = _below(node, name, number)
        if found is None:
            break
        node, start = found
    return source.line + source.text.count("\n", 0, start)


def _below(node: "Node | None", name: str, number: str) -> "tuple[Node, int] | None":
    """Give the value behind a step, and the offset at which its key or it begins."""
    entries = node.entries if node is not None else ()
    if number:
        item = entries[int(number)][1] if int(number) < len(entries) else None
        return None if item is None else (item, item.start)
    for key, value in entries:
        if key is not None and str(key.value) == name:
            return value, key.start
    return None
