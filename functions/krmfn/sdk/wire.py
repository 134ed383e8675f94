"""ResourceList text to items and back, without parsing what nobody reads.

`read` finds the spans of the items in the text; an item that no function changed is written back
as the text it was. The spans are trusted only where no line can hide an item's end: a chunk with a
line that could open a quoted scalar, a flow collection, an anchor or an alias is parsed on its own,
and if it does not stand alone the whole text takes the full, parsing path.

The format is kpt's functions specification, `config.kubernetes.io` ResourceList.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from krmfn.sdk.resource import Resource

API_VERSION = "config.kubernetes.io/v1"
KIND = "ResourceList"
SECTIONS = ("apiVersion", "kind", "metadata", "items", "functionConfig", "results")

_SECTION = re.compile(r"^(?![ \-#\n])([A-Za-z]+):([^\n]*)\n?", re.MULTILINE)
_CLEAN_LINES = re.compile(
    r"""(?:[^\n"'&*?\[{]*+
         (?:(?:\{\}|\[\]|(?<=[:-][ ])(?:"[^"\\\n]*+"|'[^'\n]*+'))[^\n"'&*?\[{]*+)?+
        \n)*+""",
    re.VERBOSE,
)
_SIMPLE_HEAD = re.compile(r"[A-Za-z]+: ([A-Za-z][A-Za-z0-9./]*)\n")
_ODD_BREAKS = re.compile("[\r\x85\u2028\u2029\ufeff]")


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
    """

    items: tuple[Resource, ...] = ()
    function_config: Resource | None = None
    results: tuple[Mapping[str, Any], ...] = ()
    api_version: str = API_VERSION
    sections: tuple[tuple[str, str], ...] = field(default=(), repr=False)


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
        return read_fully(text)


def write(resources: ResourceList) -> str:
    """Write a ResourceList in block style; items that nobody changed are written as they came."""
    known = dict(resources.sections)
    parts = [f"apiVersion: {resources.api_version}\nkind: {KIND}\n", known.get("metadata", "")]
    parts += write_items(resources.items)
    if resources.function_config is not None:
        parts.append(known.get("functionConfig") or _section(resources.function_config))
    if resources.results:
        from krmfn.sdk.dumper import dump

        parts.append(dump({"results": [dict(result) for result in resources.results]}))
    return "".join(parts)


def write_items(items: Iterable[Resource]) -> Iterator[str]:
    """Write the `items` section of a ResourceList."""
    written = [_item(item) for item in items]
    yield "items:\n" if written else "items: []\n"
    yield from written


def read_fully(text: str) -> ResourceList:
    """Read a ResourceList of any form by parsing all of it."""
    from krmfn.sdk.loader import load

    value = load(text)
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
    config, results = value.get("functionConfig"), value.get("results")
    return ResourceList(
        items=tuple(
            replace(resource, slot=number)
            for number, resource in enumerate(_texts_of_items(text, items))
        ),
        function_config=_config(config),
        results=_results(results),
        api_version=value["apiVersion"],
    )


def is_clean(text: str) -> bool:
    """Say whether no line of a block-style text can hide a field or the end of an item."""
    return not _ODD_BREAKS.search(text) and _clean(text)


def _clean(text: str) -> bool:
    found = _CLEAN_LINES.match(text)
    return found is not None and found.end() == len(text)


def _read_by_spans(text: str) -> ResourceList:
    if _ODD_BREAKS.search(text) or not text.endswith("\n"):
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
        function_config=_config(heads.get("functionConfig")),
        results=_results(heads.get("results")),
        api_version=heads["apiVersion"],
        sections=tuple(bodies.items()),
    )


def _section_value(name: str, body: str) -> Any:
    """Read a section; the usual heads are read without importing the YAML parser."""
    simple = _SIMPLE_HEAD.fullmatch(body)
    return simple[1] if simple else _load(body)[name]


def _sections(text: str) -> Iterator[tuple[str, int, int]]:
    """Yield name, start and end of the top-level fields; they must cover all of the text."""
    found = [(match[1], match.start()) for match in _SECTION.finditer(text)]
    if not found or found[0][1] != 0 or any(name not in SECTIONS for name, _ in found):
        raise _Unusual
    for (name, start), (_, end) in zip(found, [*found[1:], ("", len(text))], strict=True):
        yield name, start, end


def _items(text: str, start: int, end: int) -> Iterator[Resource]:
    first = text.find("\n", start, end) + 1
    if text[start:first] != "items:\n":
        if text[start:end].rstrip() == "items: []":
            return
        raise _Unusual
    dash = re.compile(r" *- ").match(text, first, end)
    if not dash:
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
    if _clean(chunk):
        return Resource(raw=chunk, column=column, slot=number, clean=_is_indented(chunk, column))
    value = _load(chunk)
    if not isinstance(value, list) or len(value) != 1 or not isinstance(value[0], dict):
        raise _Unusual
    resource = Resource(raw=chunk, column=column, slot=number)
    if _is_indented(chunk, column):
        resource.__dict__["body"] = value[0]
        return resource
    return replace(Resource.of(value[0]), slot=number)


def _is_indented(chunk: str, column: int) -> bool:
    """Say whether every line of an item stands at its column or further right."""
    shallow = re.compile(rf"\n {{0,{column - 1}}}[^ \n]") if column else re.compile(r"(?!)")
    return shallow.search(chunk) is None


def _load(text: str) -> Any:
    from krmfn.sdk.loader import YamlError, load

    try:
        return load(text)
    except YamlError as error:
        raise _Unusual from error


def _texts_of_items(text: str, values: list[dict[str, Any]]) -> Iterator[Resource]:
    """Yield the items of a list in an unusual form: with their own text where it stands alone."""
    from krmfn.sdk.loader import compose

    root = compose(text)
    entries = {key.value: node for key, node in root.entries if key} if root else {}
    nodes = [node for _, node in entries["items"].entries] if "items" in entries else []
    block_list = "items" in entries and not entries["items"].style
    for value, node in zip(values, nodes, strict=True):
        line = text.rfind("\n", 0, node.start) + 1
        lead = text[line : node.start]
        own = " " * node.column + text[node.start : node.end]
        usable = block_list and not node.aliased and not lead.strip(" -") and "\r" not in own
        if usable and _is_indented(own, node.column) and _stands_for(own, node.column, value):
            yield Resource(raw=own + "\n", column=node.column)
        else:
            yield Resource.of(value)


def _stands_for(own: str, column: int, value: Any) -> bool:
    from krmfn.sdk.edit import same
    from krmfn.sdk.loader import YamlError, load
    from krmfn.sdk.resource import dedent

    try:
        return same(load(dedent(own, column)), value)
    except YamlError:
        return False


def _item(resource: Resource) -> str:
    """Write one item; an item as it came from a list of usual form is written as it was."""
    raw = resource.raw
    if resource.column and raw.lstrip(" ").startswith("- "):
        return raw
    if resource.place:
        resource = _annotated(resource)
    text = resource.text if resource.text.endswith("\n") else resource.text + "\n"
    lines = text.split("\n")
    return "- " + "\n".join([lines[0], *(f"  {line}" if line else "" for line in lines[1:])])


def _annotated(resource: Resource) -> Resource:
    """Write the place of a resource into its annotations, where kpt looks for it."""
    from krmfn.sdk.resource import INDEX, PACKAGE_PATH, PATH

    place = resource.place
    if place is None:
        return resource
    found = {PATH: place.path, INDEX: str(place.index), PACKAGE_PATH: place.package_path}
    annotations = {key: value for key, value in found.items() if value}
    return resource.merged({"metadata": {"annotations": annotations}})


def _section(config: Resource) -> str:
    from krmfn.sdk.dumper import dump

    return dump({"functionConfig": dict(config.body)})


def _config(value: Any) -> Resource | None:
    if value is None:
        return None
    if not isinstance(value, dict):
        raise WireError(f"`functionConfig` must be a mapping, but is {_described(value)}")
    return Resource.of(value)


def _results(value: Any) -> tuple[Mapping[str, Any], ...]:
    """Read results: a list, nothing, or the older form of a mapping with `items`."""
    if isinstance(value, dict):
        value = value.get("items")
    if value is None:
        return ()
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise WireError("`results` must be a list of mappings")
    return tuple(value)


def _check_head(api_version: Any, kind: Any) -> None:
    if kind != KIND:
        raise WireError(f"`kind` must be {KIND!r}, but is {kind!r}")
    if not str(api_version).startswith("config.kubernetes.io/"):
        raise WireError(f"`apiVersion` must be {API_VERSION!r}, but is {api_version!r}")


def _described(value: Any) -> str:
    names = {type(None): "missing or null", dict: "a mapping", list: "a list", str: "a string"}
    return names.get(type(value), f"a {type(value).__name__}")
