"""ResourceList text to items and back, without parsing what nobody reads.

`read` finds the spans of the items in the text; an item that no function changed is written back
as the text it was. The spans are trusted only where no line can hide an item's end: a chunk that is
not clean is parsed on its own, and if it does not stand alone the whole text takes the full,
parsing path.

The format is kpt's functions specification, `config.kubernetes.io` ResourceList.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from krmfn.sdk.head import has_odd_breaks, is_clean
from krmfn.sdk.resource import INDEX, PACKAGE_PATH, PATH, Place, Resource, dedent, path_in
from krmfn.sdk.scalars import read_plain

if TYPE_CHECKING:
    from krmfn.sdk.loader import Node

__all__ = [
    "API_VERSION",
    "KIND",
    "ResourceList",
    "WireError",
    "is_clean",
    "read",
    "read_fully",
    "write",
    "write_items",
]

API_VERSION = "config.kubernetes.io/v1"
KNOWN_VERSIONS = tuple(f"config.kubernetes.io/{each}" for each in ("v1", "v1beta1", "v1alpha1"))
KIND = "ResourceList"
SECTIONS = ("apiVersion", "kind", "metadata", "items", "functionConfig", "results")

_ITEM = re.compile(r"^- (?=[A-Za-z#{])", re.MULTILINE)
_SECTION = re.compile(r"^([A-Za-z]+):(?=[ \n])", re.MULTILINE)
_SIMPLE_HEAD = re.compile(r"[A-Za-z]+: ([A-Za-z][A-Za-z0-9./]*)\n")
_DOCUMENT_MARK = re.compile(r"^(?:---|\.\.\.|%)", re.MULTILINE)
_TOP_LEVEL = re.compile(r"^\S", re.MULTILINE)
_TO_THE_NEXT_LINE = re.compile(r"(?:[ \t]*(?:#[^\n]*)?\r?\n)*")


class WireError(ValueError):
    """The text is no ResourceList."""


@dataclass(frozen=True)
class ResourceList:
    """What a function is given, and what it gives back.

    Attributes:
        items: the resources, in the order of the list.
        function_config: the function's configuration, None when there is none.
        results: results as plain values, as the specification has them.
        api_version: the version of the list, kept as it came.
        metadata: the text of the list's `metadata`, kept as it came; "" when there is none.
    """

    items: tuple[Resource, ...] = ()
    function_config: Resource | None = None
    results: tuple[Mapping[str, Any], ...] = ()
    api_version: str = API_VERSION
    metadata: str = field(default="", repr=False)


class _Unusual(Exception):  # noqa: N818 - not an error: the text takes the other path
    """The text has a form whose items cannot be told apart without parsing all of it."""


def read(text: str) -> ResourceList:
    """Read a ResourceList.

    Raises:
        YamlError: the text is no acceptable YAML.
        WireError: the text is YAML, but no ResourceList.
    """
    try:
        return _read_by_spans(text)
    except _Unusual:
        from krmfn.sdk.loader import YamlError

        try:
            return read_fully(text)
        except YamlError as error:
            problem = error.problem + _place_of(text, error.line)
            raise YamlError(problem, error.line, error.column) from error


def write(resources: ResourceList) -> str:
    """Write a ResourceList in block style; items that nobody changed are written as they came."""
    return "".join(write_parts(resources))


def write_parts(resources: ResourceList) -> Iterator[str]:
    """Yield the parts of a written ResourceList; what did not change is not copied."""
    yield f"apiVersion: {resources.api_version}\nkind: {KIND}\n"
    yield resources.metadata
    yield from write_items(resources.items)
    if resources.function_config is not None:
        yield "functionConfig:\n"
        yield _indented(resources.function_config, "  ")
    if resources.results:
        from krmfn.sdk.dumper import dump

        yield dump({"results": [dict(result) for result in resources.results]})


def write_items(items: Iterable[Resource]) -> Iterator[str]:
    """Write the `items` section of a ResourceList."""
    given = list(items)
    yield "items:\n" if given else "items: []\n"
    column = next((item.column for item in given if _is_as_it_came(item)), 2)
    copies = _Copies(" " * column)
    for item in given:
        if _is_as_it_came(item) and item.column == column:
            yield item.raw
        else:
            dash = " " * (column - 2) + "- "
            yield dash + copies.text(item).removeprefix(" " * column)


def read_fully(text: str) -> ResourceList:
    """Read a ResourceList of any form by parsing all of it."""
    from krmfn.sdk.dumper import dump
    from krmfn.sdk.loader import compose

    root = compose(text)
    value = root.value if root else None
    if not isinstance(value, dict):
        raise WireError(f"the input must be a {KIND}, but is {_described(value)}")
    _check_head(value.get("apiVersion"), value.get("kind"))
    unknown = next((key for key in value if key not in SECTIONS), None)
    if unknown is not None:
        raise WireError(f"{unknown!r} is not a field of {KIND}")
    items = value.get("items")
    if not isinstance(items, list):
        raise WireError(f"`items` must be a list, but is {_described(items)}")
    for number, item in enumerate(items):
        if not isinstance(item, dict):
            raise WireError(f"`items[{number}]` must be a mapping, but is {_described(item)}")
    nodes = {key.value: (key, node) for key, node in root.entries if key} if root else {}
    source = text if text.endswith("\n") else f"{text}\n"
    metadata = {key: value[key] for key in ("metadata",) if value.get(key) is not None}
    return ResourceList(
        items=tuple(_items_of(source, nodes["items"][1])),
        function_config=_config_of(source, *nodes.get("functionConfig", (None, None))),
        results=_results(value.get("results")),
        api_version=value["apiVersion"],
        metadata=dump(metadata) if metadata else "",
    )


def _read_by_spans(text: str) -> ResourceList:
    if has_odd_breaks(text) or "\n---" in text or "\n..." in text or text[-1:] != "\n":
        raise _Unusual
    sections = list(_sections(text))
    names = [name for name, _, _ in sections]
    if len(set(names)) < len(names) or not {"apiVersion", "kind", "items"} <= set(names):
        raise _Unusual
    bodies = {name: text[start:end] for name, start, end in sections if name != "items"}
    heads = {name: _section_value(name, body) for name, body in bodies.items()}
    _check_head(heads["apiVersion"], heads["kind"])
    _, start, end = sections[names.index("items")]
    return ResourceList(
        items=tuple(_items(text, start, end)),
        function_config=_config(heads.get("functionConfig"), bodies.get("functionConfig", "")),
        results=_results(heads.get("results")),
        api_version=heads["apiVersion"],
        metadata=bodies.get("metadata", ""),
    )


def _section_value(name: str, body: str) -> Any:
    """Read a section; the usual heads are read without importing the YAML parser."""
    if simple := _SIMPLE_HEAD.fullmatch(body):
        return read_plain(simple[1])
    value = _load(body)
    if not isinstance(value, dict) or list(value) != [name]:
        raise _Unusual
    return value[name]


def _sections(text: str) -> Iterator[tuple[str, int, int]]:
    """Yield name, start and end of the top-level fields; they must cover all of the text."""
    found = [(match[1], match.start()) for match in _SECTION.finditer(text)]
    if not found or found[0][1] != 0 or any(name not in SECTIONS for name, _ in found):
        raise _Unusual
    for (name, start), (_, end) in zip(found, [*found[1:], ("", len(text))], strict=True):
        yield name, start, end


def _items(text: str, start: int, end: int) -> Iterator[Resource]:
    if text[start:end] == "items: []\n":
        return
    first = start + len("items:\n")
    dash = re.compile(r" *- ").match(text, first, end)
    if not text.startswith("items:\n", start) or not dash:
        raise _Unusual
    column = dash.end() - first
    separator = "\n" + dash[0]
    position = first
    number = 0
    while position < end:
        following = text.find(separator, position, end)
        behind = end if following < 0 else following + 1
        chunk = text[position:behind]
        yield _item_of(chunk, column, number)
        position, number = behind, number + 1


def _item_of(chunk: str, column: int, number: int) -> Resource:
    """Give the resource of one item's text, once it is sure that the item ends there."""
    indented = _is_indented(chunk, column)
    if indented and is_clean(chunk):
        return Resource(raw=chunk, column=column, slot=number, clean=True)
    value = _load(chunk)
    if not isinstance(value, list) or len(value) != 1 or not isinstance(value[0], dict):
        raise _Unusual
    return _item(chunk, column, number, value[0], trusted=indented)


def _item(chunk: str, column: int, number: int, value: Any, *, trusted: bool = False) -> Resource:
    """Give the resource of an item that was parsed; its own text counts if it stands alone."""
    from krmfn.sdk.edit import means

    if not trusted and not means(dedent(chunk, column), value):
        return replace(Resource.of(value), slot=number)
    resource = Resource(raw=chunk, column=column, slot=number)
    resource.__dict__["body"] = value
    return resource


def _is_indented(chunk: str, column: int) -> bool:
    """Say whether moving a text `column` characters to the left leaves its meaning."""
    return _shallow_pattern(column).search(chunk) is None


@lru_cache
def _shallow_pattern(column: int) -> re.Pattern[str]:
    return re.compile(rf"\n(?: {{0,{column - 1}}}[^ \n]| {{{column}}}(?:---|\.\.\.))")


def _load(text: str) -> Any:
    from krmfn.sdk.loader import YamlError, load

    try:
        return load(text)
    except YamlError as error:
        raise _Unusual from error


def _items_of(source: str, listed: "Node") -> Iterator[Resource]:
    """Yield the items of a list in an unusual form: with their own text where it stands alone."""
    dash = listed.start
    for number, (_, node) in enumerate(listed.entries):
        start, end = source.rfind("\n", 0, dash) + 1, _next_line(source, node)
        yield _item(source[start:end], dash - start + 2, number, node.value)
        dash = source.find("-", end)


def _config_of(source: str, key: "Node | None", node: "Node | None") -> Resource | None:
    """Give a functionConfig in an unusual form: with its own text where it stands alone."""
    from krmfn.sdk.edit import means

    if key is None or node is None:
        return None
    config = _config(node.value, source[key.start : _next_line(source, node)])
    return config and (config if means(config.text, node.value) else Resource.of(node.value))


def _next_line(source: str, node: "Node") -> int:
    """Give the offset of the line behind a node and behind the comments below it."""
    behind = _TO_THE_NEXT_LINE.match(source, node.end)
    return source.rfind("\n", 0, behind.end() if behind else node.end) + 1


def _is_as_it_came(item: Resource) -> bool:
    """Say whether the text of an item is one that came in a list, dash and all."""
    return item.column > 0 and item.place is None and item.raw.lstrip(" ").startswith("-")


def _indented(resource: Resource, indent: str) -> str:
    """Give the text of a resource, each line indented; anew where a line's end is not plain."""
    if resource.place:
        resource = _annotated(resource)
    text = resource.text.lstrip("\n").removeprefix("---\n")
    is_plain = not has_odd_breaks(text.replace("\r\n", "\n")) and not _DOCUMENT_MARK.search(text)
    if is_plain and not text.endswith("\n"):
        from krmfn.sdk.edit import means

        text += "\n"
        is_plain = means(text, resource.body)
    if not is_plain:
        text = Resource.of(resource.body).text
    return re.sub("^(?=.)", indent, text, flags=re.MULTILINE)


class _Copies:
    """Gives texts of items; that of a resource which stands at many places is made once."""

    _MARK = "path-of-a-copy/mark"

    def __init__(self, indent: str) -> None:
        self._indent = indent
        self._around: dict[tuple[int, int, str], tuple[str, list[str]]] = {}

    def text(self, item: Resource) -> str:
        """Give the text of an item, each line indented."""
        place = item.place
        if place is None or not item.is_made:
            return _indented(item, self._indent)
        key = (id(item.raw), place.index, place.package_path)
        if key not in self._around:
            marked = _said_in_text(item.at(replace(place, path=self._MARK)))
            self._around[key] = (item.raw, _indented(marked, self._indent).split(self._MARK))
        _, around = self._around[key]
        if len(around) != 2 or PATH in item.raw:
            return _indented(item, self._indent)
        from krmfn.sdk.dumper import dump_scalar

        return dump_scalar(place.path).join(around)


def _said_in_text(resource: Resource) -> Resource:
    """Write the place of a made resource into its text, where that has annotations already.

    Lines are put into a text that the dumper wrote; writing all of it anew takes far longer.
    """
    head, found, rest = resource.raw.partition("\n  annotations:\n")
    _, metadata, before = head.rpartition("\nmetadata:\n")
    if resource.place is None or not found or not metadata or _TOP_LEVEL.search(before):
        return resource
    from krmfn.sdk.dumper import dump_scalar

    said = _annotations_of(resource.place).items()
    lines = "".join(f"    {key}: {dump_scalar(value)}\n" for key, value in said)
    return Resource(raw=f"{head}{found}{lines}{rest}")


def _annotations_of(place: Place) -> dict[str, str]:
    """Give the annotations in which kpt looks for a place."""
    found = {PATH: place.path, INDEX: str(place.index), PACKAGE_PATH: place.package_path}
    return {key: value for key, value in found.items() if value}


def _annotated(resource: Resource) -> Resource:
    """Write the place of a resource into its annotations."""
    if resource.place is None:
        return resource
    return resource.merged({"metadata": {"annotations": _annotations_of(resource.place)}})


def _config(value: Any, section: str = "") -> Resource | None:
    """Give the functionConfig, with its own text where that stands below its name."""
    if value is None:
        return None
    if not isinstance(value, dict):
        raise WireError(f"`functionConfig` must be a mapping, but is {_described(value)}")
    name, _, text = section.partition("\n")
    if name != "functionConfig:" or not _is_indented(f"\n{text}", 2):
        return Resource.of(value)
    config = Resource(raw=text, column=2)
    config.__dict__["body"] = value
    return config


def _results(value: Any) -> tuple[Mapping[str, Any], ...]:
    """Read results: a list, nothing, or the older form of a mapping with `items`."""
    if isinstance(value, dict):
        value = value.get("items")
    if value is None:
        return ()
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise WireError("`results` must be a list of mappings")
    return tuple(value)


def _place_of(text: str, line: int) -> str:
    """Say which item of a list in usual form a line stands in, and in which file the item does."""
    starts = [match.start() for match in _ITEM.finditer(text)]
    end = sum(len(each) + 1 for each in text.split("\n")[:line])
    number = sum(start < end for start in starts) - 1
    if number < 0 or not line:
        return ""
    chunk = text[starts[number] : (starts[number + 1 :] or [len(text)])[0]]
    path = path_in(chunk)
    return f" (item {number} of the list{f', file {path}' if path else ''})"


def _check_head(api_version: Any, kind: Any) -> None:
    if kind != KIND:
        raise WireError(f"`kind` must be {KIND!r}, but is {kind!r}")
    if api_version not in KNOWN_VERSIONS:
        raise WireError(f"`apiVersion` must be {API_VERSION!r}, but is {api_version!r}")


def _described(value: Any) -> str:
    names = {type(None): "missing or null", dict: "a mapping", list: "a list", str: "a string"}
    return names.get(type(value), f"a {type(value).__name__}")
