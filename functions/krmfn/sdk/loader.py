"""YAML text to plain values and to nodes with positions, from libyaml's events.

Bounded: nesting, the nodes that aliases expand to, and the size of a text are limited, and every
error carries a line and a column. Duplicate keys are errors.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from yaml import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    MarkedYAMLError,
    ScalarEvent,
    SequenceEndEvent,
    StreamEndEvent,
)
from yaml.cyaml import CParser  # type: ignore[attr-defined]
from yaml.reader import ReaderError

from krmfn.sdk.scalars import read_plain

MAX_DEPTH = 200
MAX_ALIASED_NODES = 100_000
MAX_TEXT = 64 * 1024 * 1024

_PLAIN_TAGS = frozenset(
    f"tag:yaml.org,2002:{name}" for name in ("int", "float", "bool", "null", "timestamp")
)


class YamlError(ValueError):
    """A text that is no acceptable YAML.

    Attributes:
        problem: what is wrong.
        line: line of the text, from 1; 0 when unknown.
        column: column in the line, from 1; 0 when unknown.
    """

    def __init__(self, problem: str, line: int = 0, column: int = 0) -> None:
        self.problem, self.line, self.column = problem, line, column
        where = f"line {line}, column {column}: " if line else ""
        super().__init__(f"{where}{problem}")

    def moved(self, lines: int) -> "YamlError":
        """Give the same error for a text that begins `lines` lines further down."""
        return YamlError(self.problem, self.line + lines if self.line else 0, self.column)


class Node(NamedTuple):
    """A YAML node and where it stands.

    Attributes:
        value: the plain value of the whole node.
        start, end: offsets in the text, in characters; `end` is behind the last character.
        column: column of the first character, from 0.
        style: of a scalar its quote, `|`, `>` or "" when plain; of a collection "{" or "[" in
            flow style, "" in block style.
        entries: of a mapping its (key, value) nodes, of a sequence its (None, item) nodes.
        aliased: whether an anchor or an alias stands in the node.
    """

    value: Any
    start: int
    end: int
    column: int
    style: str = ""
    entries: "tuple[tuple[Node | None, Node], ...]" = ()
    aliased: bool = False


def load(text: str) -> Any:
    """Give the plain value of a text that holds one YAML document (None when it is empty)."""
    return _only(load_all(text))


def load_all(text: str) -> list[Any]:
    """Give the plain values of all documents of a text."""
    return _documents(text, _Values)


def compose(text: str) -> Node | None:
    """Give the node tree of a text that holds one YAML document (None when it is empty)."""
    node: Node | None = _only(_documents(text, _Nodes))
    return node


def _only(documents: list[Any]) -> Any:
    if len(documents) > 1:
        raise YamlError(f"must hold one YAML document, but holds {len(documents)}")
    return documents[0] if documents else None


def _documents(text: str, build: "type[_Values | _Nodes]") -> list[Any]:
    if len(text) > MAX_TEXT:
        raise YamlError(f"must be at most {MAX_TEXT // 2**20} MiB")
    found = []
    try:
        next_event = CParser(text).get_event
        while (event := next_event()).__class__ is not StreamEndEvent:
            if event.__class__ is DocumentStartEvent:
                found.append(build(next_event).build(next_event(), 0))
    except MarkedYAMLError as error:
        raise _located(error) from error
    except ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise YamlError(f"must hold printable characters only: {error.reason}", line, 1) from error
    return found


def _located(error: MarkedYAMLError) -> YamlError:
    mark = error.problem_mark or error.context_mark
    words = ", ".join(part for part in (error.context, error.problem) if part)
    return YamlError(words, mark.line + 1, mark.column + 1) if mark else YamlError(words)


class _Builder:
    """What both builders share: anchors and bounds."""

    def __init__(self, next_event: Callable[[], Any]) -> None:
        self.next_event = next_event
        self.anchors: dict[str, tuple[Any, int]] = {}
        self.nodes = 0
        self.aliased = 0

    def remember(self, event: Any, built: Any, nodes_before: int) -> None:
        self.anchors[event.anchor] = (built, self.nodes - nodes_before + 1)

    def aliased_by(self, event: Any) -> Any:
        if event.anchor not in self.anchors:
            raise _error(f"found undefined alias {event.anchor!r}", event)
        built, size = self.anchors[event.anchor]
        self.aliased += size
        self.nodes += size
        if self.aliased > MAX_ALIASED_NODES:
            raise _error(f"aliases must expand to at most {MAX_ALIASED_NODES} nodes", event)
        return built

    def check_depth(self, event: Any, depth: int) -> None:
        if depth > MAX_DEPTH:
            raise _error(f"must be nested at most {MAX_DEPTH} deep", event)


class _Values(_Builder):
    """Builds plain values; written for speed, since every item that is read comes through here."""

    def build(self, event: Any, depth: int) -> Any:
        kind = event.__class__
        if kind is ScalarEvent:
            value = _scalar(event)
            if event.anchor:
                self.remember(event, value, self.nodes)
            return value
        if kind is AliasEvent:
            return self.aliased_by(event)
        self.check_depth(event, depth)
        before = self.nodes
        value = self.mapping(depth) if kind is MappingStartEvent else self.sequence(depth)
        if event.anchor:
            self.remember(event, value, before)
        return value

    def mapping(self, depth: int) -> dict[Any, Any]:
        next_event, value, merged = self.next_event, {}, []
        while (event := next_event()).__class__ is not MappingEndEvent:
            self.nodes += 2
            key = self.build(event, depth + 1) if event.anchor else _key(event)
            item = next_event()
            if item.__class__ is ScalarEvent and not item.anchor:
                built = read_plain(item.value) if item.implicit[0] else _scalar(item)
            else:
                built = self.build(item, depth + 1)
            if key == "<<" and _is_merge(event):
                merged.append((built, event))
            elif key in value:
                raise _error(f"found duplicate key {key!r}", event)
            else:
                value[key] = built
        return _merge(value, merged) if merged else value

    def sequence(self, depth: int) -> list[Any]:
        next_event, value = self.next_event, []
        while (event := next_event()).__class__ is not SequenceEndEvent:
            self.nodes += 1
            value.append(self.build(event, depth + 1))
        return value


class _Nodes(_Builder):
    """Builds nodes with their positions, for editing."""

    def build(self, event: Any, depth: int) -> Node:
        kind = event.__class__
        start, column = event.start_mark.index, event.start_mark.column
        if kind is AliasEvent:
            value = self.aliased_by(event).value
            return Node(value, start, event.end_mark.index, column, "*", (), True)
        before = self.nodes
        if kind is ScalarEvent:
            style = "" if event.style is None else event.style
            end = event.end_mark.index
            node = Node(_scalar(event), start, end, column, style, (), bool(event.anchor))
        else:
            self.check_depth(event, depth)
            node = self.collection(event, depth)
        if event.anchor:
            self.remember(event, node, before)
        return node

    def collection(self, event: Any, depth: int) -> Node:
        is_mapping = event.__class__ is MappingStartEvent
        entries: list[tuple[Node | None, Node, Any]] = []
        while (child := self.next_event()).__class__ not in _ENDS:
            self.nodes += 1
            key = self.build(child, depth + 1) if is_mapping else None
            item = self.build(self.next_event() if is_mapping else child, depth + 1)
            entries.append((key, item, child))
        style = ("{" if is_mapping else "[") if event.flow_style else ""
        closing: Any = child.end_mark
        end = closing.index if style or not entries else entries[-1][1].end
        aliased = bool(event.anchor) or any(
            item.aliased or (key is not None and (key.aliased or key.value == "<<"))
            for key, item, _ in entries
        )
        value = _mapping_value(entries) if is_mapping else [item.value for _, item, _ in entries]
        pairs = tuple((key, item) for key, item, _ in entries)
        start: Any = event.start_mark
        return Node(value, start.index, end, start.column, style, pairs, aliased)


_ENDS = (MappingEndEvent, SequenceEndEvent)


def _mapping_value(entries: list[tuple[Node | None, Node, Any]]) -> dict[Any, Any]:
    value: dict[Any, Any] = {}
    merged = []
    for key, item, event in entries:
        name = _hashable(key.value if key else None, event)
        if name == "<<" and _is_merge(event):
            merged.append((item.value, event))
        elif name in value:
            raise _error(f"found duplicate key {name!r}", event)
        else:
            value[name] = item.value
    return _merge(value, merged) if merged else value


def _is_merge(event: Any) -> bool:
    return event.__class__ is ScalarEvent and bool(event.implicit[0])


def _merge(value: dict[Any, Any], merged: list[tuple[Any, Any]]) -> dict[Any, Any]:
    """Resolve YAML merge keys: a key of the mapping itself wins, then the first source."""
    for built, event in merged:
        for source in built if isinstance(built, list) else [built]:
            if not isinstance(source, dict):
                raise _error("a merge key `<<` must hold a mapping or a list of mappings", event)
            for key, item in source.items():
                value.setdefault(key, item)
    return value


def _key(event: Any) -> Any:
    if event.__class__ is not ScalarEvent:
        raise _error("a key must be a scalar", event)
    return _scalar(event)


def _hashable(key: Any, event: Any) -> Any:
    if isinstance(key, dict | list):
        raise _error("a key must be a scalar", event)
    return key


def _scalar(event: Any) -> Any:
    if event.implicit[0]:
        return read_plain(event.value)
    tag = event.tag
    if tag in _PLAIN_TAGS:
        return read_plain(event.value)
    return event.value


def _error(problem: str, event: Any) -> YamlError:
    return YamlError(problem, event.start_mark.line + 1, event.start_mark.column + 1)
