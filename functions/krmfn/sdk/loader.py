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

_BYTE_ORDER_MARK = "\ufeff"
_TAG = "tag:yaml.org,2002:"
_PLAIN_TAGS = frozenset(
    _TAG + name for name in ("int", "float", "bool", "null", "timestamp", "merge")
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
        style: of a scalar its quote, `|`, `>` or "" when plain, `*` of an alias; of a collection
            `{` or `[` in flow style, "" in block style, `!` in block style behind a tag or anchor.
        entries: of a mapping its (key, value) nodes, of a sequence its (None, item) nodes.
    """

    value: Any
    start: int
    end: int
    column: int
    style: str = ""
    entries: "tuple[tuple[Node | None, Node], ...]" = ()


def load(text: str) -> Any:
    """Give the plain value of a text that holds one YAML document (None when it is empty)."""
    return next(iter(_documents(text, _Values, only=True)), None)


def load_all(text: str) -> list[Any]:
    """Give the plain values of all documents of a text."""
    return _documents(text, _Values)


def compose(text: str) -> Node | None:
    """Give the node tree of a text that holds one YAML document (None when it is empty)."""
    return next(iter(_documents(text, _Nodes, only=True)), None)


def _documents(text: str, build: "type[_Values | _Nodes]", *, only: bool = False) -> list[Any]:
    """Give the documents of a text; with `only`, a second one is an error."""
    if len(text) > MAX_TEXT:
        raise YamlError(f"must be at most {MAX_TEXT // 2**20} MiB")
    found: list[Any] = []
    plain = text.removeprefix(_BYTE_ORDER_MARK)
    try:
        builder = build(CParser(plain).get_event, len(text) - len(plain))
        while (event := builder.next_event()).__class__ is not StreamEndEvent:
            if event.__class__ is not DocumentStartEvent:
                continue
            if only and found:
                raise _error("must hold one YAML document, but another one begins here", event)
            builder.anchors.clear()
            found.append(builder.build(builder.next_event(), 0))
    except MarkedYAMLError as error:
        raise _located(error, plain) from error
    except (ReaderError, UnicodeEncodeError) as error:
        raise _unprintable(error, plain) from error
    return found


def _located(error: MarkedYAMLError, text: str) -> YamlError:
    mark = error.problem_mark or error.context_mark
    words = ", ".join(part for part in (error.context, error.problem) if part)
    if mark is None:
        return YamlError(words)
    if text[mark.index : mark.index + 1] == "\t":
        words = "must be indented with spaces, but here is a tab"
    return YamlError(words, mark.line + 1, mark.column + 1)


def _unprintable(error: ReaderError | UnicodeEncodeError, text: str) -> YamlError:
    if isinstance(error, UnicodeEncodeError):
        before = text[: error.start]
    else:  # libyaml counts bytes
        before = text.encode()[: error.position].decode(errors="ignore")
    lines = f"{before}.".splitlines()
    problem = f"must hold printable characters only: {error.reason}"
    return YamlError(problem, len(lines), len(lines[-1]))


class _Builder:
    """What both builders share: anchors and bounds. `shift` is added to offsets in the text."""

    def __init__(self, next_event: Callable[[], Any], shift: int) -> None:
        self.next_event = next_event
        self.shift = shift
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
        if depth >= MAX_DEPTH:
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
            key = _hashable(self.build(event, depth + 1), event) if event.anchor else _key(event)
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
        start, column = event.start_mark.index + self.shift, event.start_mark.column
        end = event.end_mark.index + self.shift
        if kind is AliasEvent:
            return Node(self.aliased_by(event).value, start, end, column, "*")
        before = self.nodes
        if kind is ScalarEvent:
            node = Node(_scalar(event), start, end, column, event.style or "")
        else:
            self.check_depth(event, depth)
            node = self.collection(event, start, column, depth)
        if event.anchor:
            self.remember(event, node, before)
        return node

    def collection(self, event: Any, start: int, column: int, depth: int) -> Node:
        is_mapping = event.__class__ is MappingStartEvent
        value, entries, closing = (self.mapping if is_mapping else self.sequence)(depth)
        if event.flow_style or not entries:
            end = closing.end_mark.index + self.shift
            style = "{" if is_mapping else "["
        else:
            end = entries[-1][1].end
            style = "!" if event.tag or event.anchor else ""
        return Node(value, start, end, column, style, tuple(entries))

    def mapping(self, depth: int) -> tuple[Any, list[tuple[Node | None, Node]], Any]:
        value: dict[Any, Any] = {}
        entries: list[tuple[Node | None, Node]] = []
        merged = []
        while (event := self.next_event()).__class__ is not MappingEndEvent:
            self.nodes += 2
            if not event.anchor:
                _key(event)
            key = self.build(event, depth + 1)
            item = self.build(self.next_event(), depth + 1)
            entries.append((key, item))
            if key.value == "<<" and _is_merge(event):
                merged.append((item.value, event))
            elif _hashable(key.value, event) in value:
                raise _error(f"found duplicate key {key.value!r}", event)
            else:
                value[key.value] = item.value
        return _merge(value, merged) if merged else value, entries, event

    def sequence(self, depth: int) -> tuple[Any, list[tuple[Node | None, Node]], Any]:
        entries: list[tuple[Node | None, Node]] = []
        while (event := self.next_event()).__class__ is not SequenceEndEvent:
            self.nodes += 1
            entries.append((None, self.build(event, depth + 1)))
        return [item.value for _, item in entries], entries, event


def _is_merge(event: Any) -> bool:
    return event.__class__ is ScalarEvent and (event.implicit[0] or event.tag == f"{_TAG}merge")


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
