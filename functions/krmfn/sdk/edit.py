"""A new value for an old text: the smallest splices that make the text mean it.

Comments, key order, quotes and number spelling stay wherever the value did not change. What cannot
be spliced (anchors, aliases, a change of shape) is written anew, and every result is read back:
an edit that would not mean the new value falls back to writing the whole text anew.
"""

import json
from collections.abc import Iterator, Mapping
from difflib import SequenceMatcher
from typing import Any, NamedTuple

from krmfn.sdk.dumper import dump, dump_entry, dump_flow, dump_item, dump_literal, dump_scalar
from krmfn.sdk.loader import Node, YamlError, compose, load


class Splice(NamedTuple):
    """Characters `start` to `end` of a text become `text`."""

    start: int
    end: int
    text: str


def edit(text: str, value: Any) -> str:
    """Give a text that means `value` and is otherwise as near to `text` as can be.

    Args:
        text: one block-style YAML document.
        value: the plain value that the new text must mean.
    """
    node = compose(text)
    if node is None or node.aliased or not _editable(node, value):
        return text if node is not None and same(node.value, value) else dump(value)
    source = text if text.endswith("\n") else text + "\n"
    edited = apply(source, list(_changes(source, node, value)))
    try:
        return edited if same(load(edited), value) else dump(value)
    except YamlError:
        return dump(value)


def apply(text: str, splices: list[Splice]) -> str:
    """Make all splices; they refer to the text as given and must not overlap."""
    parts, position = [], 0
    for splice in sorted(splices, key=lambda splice: (splice.start, splice.end)):
        parts += [text[position : splice.start], splice.text]
        position = splice.end
    return "".join([*parts, text[position:]])


def same(left: Any, right: Any) -> bool:
    """Say whether two values are equal, types included (True is not 1) and key order aside."""
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    if isinstance(left, list | tuple) and isinstance(right, list | tuple):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, float) and left != left:  # noqa: PLR0124 - only NaN is unlike itself
        return isinstance(right, float) and right != right  # noqa: PLR0124
    return isinstance(left, str) is isinstance(right, str) and bool(left == right)


def _editable(node: Node, value: Any) -> bool:
    """Say whether a node is a block collection that stays one."""
    stays = isinstance(value, dict | list) and bool(value)
    return stays and bool(node.entries) and node.style == ""


def _changes(text: str, node: Node, value: Any) -> Iterator[Splice]:
    """Yield the splices inside a block collection that keeps its shape."""
    if isinstance(node.value, dict):
        yield from _mapping_changes(text, node, value)
    else:
        yield from _sequence_changes(text, node, value)


def _mapping_changes(text: str, node: Node, value: Mapping[Any, Any]) -> Iterator[Splice]:
    entries = [(key, item) for key, item in node.entries if key is not None]
    kept = [(key, item) for key, item in entries if key.value in value]
    if not kept:
        yield _rewritten(node, value)
        return
    for key, item in kept:
        yield from _entry_changes(text, node, key, item, value[key.value])
    for number, (key, _) in enumerate(entries):
        if key.value not in value:
            yield _removal(text, [(key.start, item.end) for key, item in entries], number)
    yield from _additions(text, node, kept, value)


def _additions(
    text: str, node: Node, kept: list[tuple[Node, Node]], value: Mapping[Any, Any]
) -> Iterator[Splice]:
    """Yield the splices for new keys: each behind the key that it follows in the new value."""
    ends = {key.value: _line_end(text, item.end) for key, item in kept}
    known = {key.value for key, _ in node.entries if key is not None}
    position = next(iter(ends.values()))
    indent = " " * node.column
    for key, item in value.items():
        position = ends.get(key, position)
        if key not in known:
            line = dump_entry(key, item, indent, dash=_dash(node)) + "\n"
            yield Splice(position, position, line)


def _entry_changes(text: str, parent: Node, key: Node, item: Node, value: Any) -> Iterator[Splice]:
    if same(item.value, value):
        return
    if _editable(item, value) and isinstance(item.value, dict) is isinstance(value, dict):
        yield from _changes(text, item, value)
    elif isinstance(value, dict | list) and value and not item.style:
        colon = text.index(":", key.end) + 1
        entry = dump_entry("k", value, " " * parent.column, dash=_dash(parent))
        yield Splice(colon, item.end, entry.partition(":")[2])
    else:
        yield from _scalar_change(text, item, value, " " * parent.column, key.end)


def _scalar_change(text: str, item: Node, value: Any, indent: str, after: int) -> Iterator[Splice]:
    """Yield the splice that puts a scalar or a flow collection in the place of `item`."""
    if isinstance(value, dict | list):
        new = dump_flow(value)
    elif isinstance(value, str) and (literal := dump_literal(value, indent + "  ")):
        new = "\n".join(literal)
    else:
        new = dump_scalar(value, style=item.style if item.style in ("'", '"') else "")
    old = text[item.start : item.end]
    tail = "\n" if old.endswith("\n") else ""
    if item.start == item.end or (item.entries and not item.style):
        position = text.index(":", after) + 1 if after < item.start else item.start
        yield Splice(position, item.end, f" {new}")
    elif "\n" in new and not tail and text[item.end :].partition("\n")[0].strip():
        yield Splice(item.start, _line_end(text, item.end), new + "\n")
    else:
        yield Splice(item.start, item.end, new + tail)


def _sequence_changes(text: str, node: Node, value: list[Any]) -> Iterator[Splice]:
    items = [item for _, item in node.entries]
    dashes = [_dash_of(text, item) for item in items]
    indent = " " * node.column
    if any(dash is None for dash in dashes):
        yield _rewritten(node, value)
        return
    spans = [(dash, item.end) for dash, item in zip(dashes, items, strict=True) if dash is not None]
    matcher = SequenceMatcher(
        None,
        [_fingerprint(item.value) for item in items],
        [_fingerprint(item) for item in value],
        autojunk=False,
    )
    for operation, first, last, new_first, new_last in matcher.get_opcodes():
        if operation == "equal":
            continue
        paired = min(last - first, new_last - new_first)
        for offset in range(paired):
            yield from _item_change(text, items[first + offset], value[new_first + offset], indent)
        for number in range(first + paired, last):
            yield _removal(text, spans, number)
        added = value[new_first + paired : new_last]
        if added:
            behind = first + paired
            start = spans[0][0] - node.column
            position = _line_end(text, spans[behind - 1][1]) if behind else start
            yield Splice(position, position, "".join(f"{dump_item(x, indent)}\n" for x in added))


def _item_change(text: str, item: Node, value: Any, indent: str) -> Iterator[Splice]:
    if same(item.value, value):
        return
    if _editable(item, value) and isinstance(item.value, dict) is isinstance(value, dict):
        yield from _changes(text, item, value)
    elif isinstance(value, dict | list) and value and not item.style:
        yield Splice(item.start, item.end, dump_item(value, indent)[len(indent) + 2 :])
    else:
        yield from _scalar_change(text, item, value, indent, item.start)


def _rewritten(node: Node, value: Any) -> Splice:
    """Give the splice that writes all of a block collection anew, at its own column."""
    indent = " " * node.column
    if not value:
        return Splice(node.start, node.end, "{}" if isinstance(value, dict) else "[]")
    lines = (
        [dump_entry(key, item, indent, dash=_dash(node)) for key, item in value.items()]
        if isinstance(value, Mapping)
        else [dump_item(item, indent) for item in value]
    )
    return Splice(node.start, node.end, "\n".join(lines)[node.column :])


def _removal(text: str, spans: list[tuple[int, int]], number: int) -> Splice:
    """Give the splice that takes one entry out of a block collection.

    An entry whose line begins with the parent's ``- `` gives its place to the next one.
    """
    start, end = spans[number]
    line = text.rfind("\n", 0, start) + 1
    if text[line:start].strip() and number + 1 < len(spans):
        return Splice(start, spans[number + 1][0], "")
    if text[line:start].strip():
        return Splice(start, _line_end(text, end), "")
    return Splice(line, _line_end(text, end), "")


def _line_end(text: str, position: int) -> int:
    """Give the offset behind the line that `position`, the end of a node, stands in."""
    if position and text[position - 1] == "\n":
        return position
    found = text.find("\n", position)
    return len(text) if found < 0 else found + 1


def _dash(parent: Node) -> str:
    """Say how sequences below this mapping are indented: "" compact, "  " wide."""
    for key, item in parent.entries:
        if key is not None and isinstance(item.value, list) and item.style == "" and item.entries:
            return "  " if item.column > parent.column else ""
    return ""


def _dash_of(text: str, item: Node) -> int | None:
    """Give the offset of the ``-`` that begins an item of a block sequence."""
    line = text.rfind("\n", 0, item.start) + 1
    before = text[line : item.start]
    dash = before.rfind("-")
    return line + dash if dash >= 0 and not before[dash + 1 :].strip() else None


def _fingerprint(value: Any) -> str:
    return json.dumps(value, sort_keys=True, default=str)
