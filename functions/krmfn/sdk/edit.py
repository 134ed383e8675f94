"""A new value for an old text: the smallest splices that make the text mean it.

Comments, key order, quotes and number spelling stay wherever the value did not change. Every result
is read back: an edit that would not mean the new value (an anchor that is changed under its alias)
falls back to writing the whole text anew.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any, NamedTuple

from krmfn.sdk.dumper import dump, dump_entry, dump_flow, dump_item, dump_literal, dump_scalar
from krmfn.sdk.loader import Node, YamlError, compose, load

_MAX_COMPARISONS = 1_000_000
_GAP = re.compile(r"(?:[ \t]*(?:#[^\n]*)?\r?\n)*[ \t]*")  # blanks and comments
_COLON = re.compile(_GAP.pattern + ":")


class Splice(NamedTuple):
    """Characters `start` to `end` of a text become `text`."""

    start: int
    end: int
    text: str


def edit(text: str, value: Any) -> str:
    """Give a text that means `value` and is otherwise as near to `text` as can be.

    Args:
        text: one YAML document.
        value: the plain value that the new text must mean.
    """
    node = compose(text)
    if node is not None and same(node.value, value):
        return text
    if node is None or not (_is_editable(node, value) or _keeps_shape(node, value)):
        return dump(value)
    ended = text if text.endswith("\n") else f"{text}\n"
    edited = [_edited(ended, node, value)]
    if ended is not text:  # a block scalar at the end means something else with a newline
        edited = [edited[0][:-1], edited[0], _edited(ended, compose(ended) or node, value)]
    return next((each for each in edited if means(each, value)), None) or dump(value)


def _edited(text: str, node: Node, value: Any) -> str:
    if _is_editable(node, value):
        return apply(text, _Editor(text, _dash(node)).changes(node, value))
    return apply(text, _flow_changes(node, value))


def apply(text: str, splices: Iterable[Splice]) -> str:
    """Make all splices; they refer to the text as given and must not overlap."""
    newline = "\r\n" if "\r\n" in text else "\n"
    parts, position = [], 0
    for start, end, new in sorted(splices, key=lambda splice: (splice.start, splice.end)):
        parts += [text[position:start], new.replace("\n", newline)]
        position = end
    return "".join([*parts, text[position:]])


def same(left: Any, right: Any) -> bool:
    """Say whether two values are equal, key order aside: 1 is 1.0, but neither True nor "1"."""
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    if isinstance(left, list | tuple) and isinstance(right, list | tuple):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, float) and left != left:  # noqa: PLR0124 - only NaN is unlike itself
        return isinstance(right, float) and right != right  # noqa: PLR0124
    return isinstance(left, str) is isinstance(right, str) and bool(left == right)


def means(text: str, value: Any) -> bool:
    """Say whether a text is YAML that means this value."""
    try:
        return same(load(text), value)
    except YamlError:
        return False


def _shape(value: Any) -> type | None:
    """Say what a value is: a mapping, a list, or neither."""
    return dict if isinstance(value, Mapping) else list if isinstance(value, list | tuple) else None


def _is_editable(node: Node, value: Any) -> bool:
    """Say whether a node is a block collection that stays one of its kind."""
    return bool(node.entries and value) and not node.style and _shape(value) is type(node.value)


def _keeps_shape(node: Node, value: Any) -> bool:
    """Say whether a node is a flow collection whose parts can be changed one by one."""
    if not _is_flow(node) or _shape(value) is not type(node.value):
        return False
    keeps_parts = len(value) == len(node.entries) and all(
        item.start < item.end and (key is None or key.value in value) for key, item in node.entries
    )
    return bool(value) and keeps_parts


def _is_flow(node: Node) -> bool:
    return node.style in {"{", "["}


def _is_block(node: Node) -> bool:
    return bool(node.entries) and not _is_flow(node)


def _flow_changes(node: Node, value: Any) -> Iterator[Splice]:
    """Yield the splices inside a flow collection: one part each, or all of it where parts go."""
    if same(node.value, value):
        return
    if _keeps_shape(node, value):
        for number, (key, item) in enumerate(node.entries):
            yield from _flow_changes(item, value[key.value if key else number])
    elif _shape(value):
        yield Splice(node.start, node.end, dump_flow(value))
    else:
        yield Splice(node.start, node.end, dump_scalar(value, style=node.style, flow=True))


class _Entry(NamedTuple):
    """An entry of a block collection.

    Attributes:
        name: its key; None in a sequence.
        item: its value.
        start: offset of its ``-``, its ``?`` or its key.
        opening: offset behind its ``-`` or ``:``; None for a ``? key`` without a value.
        end: offset behind its last character.
        behind: offset of the line behind it, and behind comments below it that stand deeper.
    """

    name: Any
    item: Node
    start: int
    opening: int | None
    end: int
    behind: int


@dataclass(frozen=True)
class _Editor:
    """Finds the splices of a text; `dash` is how far its lists stand to the right of their key."""

    text: str
    dash: str

    def changes(self, node: Node, value: Any) -> Iterator[Splice]:
        """Yield the splices inside a block collection that stays one of its kind."""
        entries = list(self.entries(node))
        if _shape(value) is dict:
            yield from self.mapping_changes(node, entries, value)
        else:
            yield from self.sequence_changes(node, entries, value)

    def entries(self, node: Node) -> Iterator[_Entry]:
        deeper = re.compile(rf"(?:(?:[ \t]*\r?\n)* {{{node.column + 1},}}#[^\n]*\n)*")
        end = node.start
        for key, item in node.entries:
            start = self.skip(_GAP, end)
            opening: int | None = start + 1
            if key is not None:
                colon = _COLON.match(self.text, key.end)
                opening = colon.end() if colon else None
            end = item.end if item.start < item.end else opening or (key or item).end
            behind = self.skip(deeper, self.line_end(end))
            yield _Entry(key and key.value, item, start, opening, end, behind)

    def mapping_changes(
        self, node: Node, entries: list[_Entry], value: Mapping[Any, Any]
    ) -> Iterator[Splice]:
        indent = " " * node.column
        kept = [entry for entry in entries if entry.name in value]
        if not kept:
            new = "\n".join(self.lines(key, item, indent) for key, item in value.items())
            yield Splice(node.start, entries[-1].behind, new.removeprefix(indent) + "\n")
            return
        for entry in kept:
            yield from self.entry_changes(entry, value[entry.name], indent)
        gone = {number for number, entry in enumerate(entries) if entry.name not in value}
        yield from self.removals(entries, gone)
        ends = {entry.name: entry.behind for entry in kept}
        known = {entry.name for entry in entries}
        position = kept[0].behind
        for key, item in value.items():
            position = ends.get(key, position)
            if key not in known:
                yield Splice(position, position, self.lines(key, item, indent) + "\n")

    def sequence_changes(
        self, node: Node, entries: list[_Entry], value: list[Any]
    ) -> Iterator[Splice]:
        indent = " " * node.column
        position: int | None = None
        gone: set[int] = set()
        for old, new in _alignment([entry.item.value for entry in entries], value):
            if old is not None:
                position = entries[old].behind
                if new is None:
                    gone.add(old)
                else:
                    yield from self.entry_changes(entries[old], value[new], indent)
            elif new is not None:
                added = dump_item(value[new], indent, dash=self.dash)
                if position is None:
                    first = f"{added.removeprefix(indent)}\n{indent}"
                    yield Splice(node.start, node.start, first)
                else:
                    yield Splice(position, position, f"{added}\n")
        yield from self.removals(entries, gone)

    def entry_changes(self, entry: _Entry, value: Any, indent: str) -> Iterator[Splice]:
        item = entry.item
        if same(item.value, value):
            return
        if _is_editable(item, value):
            yield from self.changes(item, value)
        elif item.entries and _is_flow(item) and value and _shape(value) is type(item.value):
            yield from _flow_changes(item, value)
        elif entry.opening is None:
            new = self.lines(entry.name, value, indent).removeprefix(indent)
            yield Splice(entry.start, entry.behind, new + "\n")
        else:
            yield self.replacement(entry, entry.opening, value, indent)

    def replacement(self, entry: _Entry, opening: int, value: Any, indent: str) -> Splice:
        """Give the splice that puts a new value in the place of an entry's old one.

        A comment behind the old value stays behind the first line of the new one.
        """
        item = entry.item
        start, new = opening, self.lines("k", value, indent).removeprefix(f"{indent}k:")
        if _shape(value) and value:
            if entry.name is None:
                new = dump_item(value, indent, dash=self.dash).removeprefix(f"{indent}-")
        else:
            literal = dump_literal(value, f"{indent}  ") if isinstance(value, str) else None
            new = "\n".join(literal) if literal else _scalar(value, item.style)
            if item.start == item.end or _is_block(item):
                new = f" {new}"
            else:
                start = item.start
        line_end = self.line_end(entry.end)
        comment = "" if _is_block(item) else self.text[entry.end : line_end].rstrip()
        first, newline, rest = new.partition("\n")
        end = entry.behind if newline or _is_block(item) else line_end
        return Splice(start, end, f"{first}{comment}{newline}{rest}\n")

    def removals(self, entries: list[_Entry], gone: set[int]) -> Iterator[Splice]:
        """Yield the splices that take entries out.

        An entry that stands behind the parent's ``- `` gives its place to what comes next.
        """
        number, place = 0, entries[0].start
        if gone and self.text[self.line_start(place) : place].strip():
            while number in gone and entries[number].start == place:
                place = self.skip(re.compile(r"\s*"), entries[number].behind)
                number += 1
            yield Splice(entries[0].start, place, "")
        for entry in (entries[each] for each in sorted(gone) if each >= number):
            yield Splice(self.line_start(entry.start), entry.behind, "")

    def lines(self, key: Any, value: Any, indent: str) -> str:
        return dump_entry(key, value, indent, dash=self.dash)

    def skip(self, pattern: re.Pattern[str], position: int) -> int:
        found = pattern.match(self.text, position)
        return found.end() if found else position

    def line_start(self, position: int) -> int:
        return self.text.rfind("\n", 0, position) + 1

    def line_end(self, position: int) -> int:
        """Give the offset behind the line that the end of a node stands in."""
        if position and self.text[position - 1] == "\n":
            return position
        return self.text.index("\n", position) + 1


def _scalar(value: Any, style: str) -> str:
    return dump_flow(value) if _shape(value) else dump_scalar(value, style=style)


def _dash(node: Node) -> str:
    """Say how sequences below mappings are indented: "" compact, "  " wide."""
    for key, item in node.entries:
        if key is not None and isinstance(item.value, list) and item.entries and not item.style:
            return "  " if item.column > node.column else ""
        if found := _dash(item):
            return found
    return ""


def _alignment(old: list[Any], new: list[Any]) -> Iterator[tuple[int | None, int | None]]:
    """Yield which number of the old list becomes which of the new one; None for none."""
    left, right = ([_identity(value) for value in values] for values in (old, new))
    if len(left) * len(right) > _MAX_COMPARISONS:
        left, right = [0] * len(left), [1] * len(right)
    matcher = SequenceMatcher(None, left, right, autojunk=False)
    for _, first, last, new_first, new_last in matcher.get_opcodes():
        for offset in range(max(last - first, new_last - new_first)):
            before, after = first + offset, new_first + offset
            yield before if before < last else None, after if after < new_last else None


def _identity(value: Any) -> Any:
    """Give what items of lists are told apart by: their `name`, else all of them."""
    if isinstance(value, Mapping):
        if isinstance(value.get("name"), str):
            return value["name"], dict
        return frozenset((key, _identity(item)) for key, item in value.items())
    if isinstance(value, list | tuple):
        return tuple(map(_identity, value))
    return value, isinstance(value, bool)
