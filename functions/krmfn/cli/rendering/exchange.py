"""Resources as the text that other processes read and write.

What a function in another process is given carries kpt's annotations; what comes back is told
apart by them, and is left as it was wherever the function has not changed it.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

from krmfn.cli.rendering.calls import Answer, Call
from krmfn.cli.rendering.placing import UNNUMBERED, place_of
from krmfn.sdk.documents import read_file
from krmfn.sdk.loader import compose
from krmfn.sdk.resource import (
    INDEX,
    LEGACY_INDEX,
    LEGACY_PATH,
    PACKAGE_PATH,
    PATH,
    Place,
    Resource,
    is_internal,
)
from krmfn.sdk.wire import KIND, ResourceList, WireError, read, write

ID = "internal.config.kubernetes.io/id"
LEGACY_ID = "config.k8s.io/id"
_COMMENT = re.compile(r"(?:^|\s)#.*", re.MULTILINE)
_BLOCK_HEAD = re.compile(r"([|>])[+-]?([1-9]?)[+-]?")
_LIST = re.compile(r"^( *)[^\s#:-][^:\n]*: *\n(?: *(?:#.*)?\n)*( *)- ", re.MULTILINE)


def request(call: Call) -> str:
    """Give the ResourceList that a function in another process reads."""
    config = call.config and annotated(call.config)
    return write(ResourceList(tuple(annotated(item) for item in call.items), config))


@lru_cache(maxsize=16384)
def annotated(item: Resource) -> Resource:
    """Give an item with its place, and its position in the list, in kpt's annotations."""
    if item.place is None:
        return item
    place = item.place
    annotations = {
        LEGACY_INDEX: str(place.index),
        LEGACY_PATH: place.path,
        INDEX: str(place.index),
        PATH: place.path,
    }
    if place.package_path:
        annotations[PACKAGE_PATH] = place.package_path
    if item.slot is not None:
        annotations |= {ID: str(item.slot + 1), LEGACY_ID: str(item.slot + 1)}
    bare = Resource(raw=ended(item.text))
    return bare.merged({"metadata": {"annotations": annotations}})


def ended(text: str) -> str:
    """Give the text of a resource with a line end, meaning the same.

    A block scalar that ends with the text keeps its value by a `-` in its head.
    """
    if text.endswith("\n"):
        return text
    node = compose(text)
    while node and node.entries:
        node = node.entries[-1][1]
    if not node or node.style not in ("|", ">"):
        return f"{text}\n"
    scalar = _BLOCK_HEAD.sub(r"\1\2-", text[node.start :], count=1)
    return f"{text[: node.start]}{scalar}\n"


def answer(call: Call, stdout: str, exit_code: int, stderr: str) -> Answer:
    """Read what a function in another process wrote.

    An empty stdout, which kpt takes for an order to delete the whole package, is a problem unless
    the function only validates.
    """
    if call.validates and not stdout.strip():
        return Answer(exit_code=exit_code, stderr=stderr)
    try:
        given = _resource_list(stdout)
        items = tuple(_settled(call, given.items)) if exit_code == 0 else ()
    except ValueError as error:
        problem = f"stdout must hold a {KIND}: {error}" if exit_code == 0 else ""
        return Answer(exit_code=exit_code, stderr=stderr, problem=problem)
    return Answer(items, given.results, exit_code, stderr)


def _resource_list(text: str) -> ResourceList:
    """Read a ResourceList or, as kpt does, bare resources."""
    if not text.strip():
        raise WireError("it is empty")
    try:
        return read(text)
    except ValueError:
        if bare := _bare_resources(text):
            return ResourceList(bare)
        raise


def _bare_resources(text: str) -> tuple[Resource, ...]:
    """Read resources that stand in no list; none where a document is something else."""
    try:
        items = tuple(Resource(raw=each) for each in read_file("", text.encode()).documents)
        kinds = {item.kind for item in items}
    except ValueError:
        return ()
    return () if kinds & {KIND, ""} else items


def _settled(call: Call, answered: Iterable[Resource]) -> Iterator[Resource]:
    """Yield the items that came back, matched with those that were given."""
    given = {annotated(item).text: item for item in call.items}
    seen: set[int | None] = set()
    for item in answered:
        settled = given.get(item.text) or _changed(call, item)
        yield replace(settled, slot=None) if settled.slot in seen else settled
        seen.add(settled.slot)


def _changed(call: Call, item: Resource) -> Resource:
    annotations = item.annotations
    number = annotations.get(ID, annotations.get(LEGACY_ID, ""))
    known = number.isdecimal() and 0 < int(number) <= len(call.items)
    original = call.items[int(number) - 1] if known else None
    old = place_of(original) if original else None
    path = _agreed(annotations, PATH, LEGACY_PATH, old.path if old else "")
    index = _agreed(annotations, INDEX, LEGACY_INDEX, str(old.index) if old else "")
    if index and not index.isdecimal():
        raise ValueError(f'annotation `{INDEX}` must be a number, but is "{index}"')
    place = Place(path, int(index) if index else UNNUMBERED, annotations.get(PACKAGE_PATH, ""))
    bare = _without_internal(item)
    if original is None:
        return bare.at(place)
    return replace(_like(original, bare), place=place, slot=original.slot)


def _agreed(annotations: Mapping[str, str], key: str, legacy_key: str, old: str) -> str:
    """Give what an annotation and its older name say; the one that was changed counts."""
    given = {annotations.get(key, ""), annotations.get(legacy_key, "")} - {""}
    changed = given - {old}
    if len(changed) > 1:
        raise ValueError(f"annotations `{key}` and `{legacy_key}` must not differ")
    return changed.pop() if changed else old if given else ""


def _without_internal(item: Resource) -> Resource:
    """Give an item without kpt's annotations, and without what stands there only to hold them."""
    plain = Resource(raw=item.text)
    metadata = item.body.get("metadata")
    annotations = metadata.get("annotations") if isinstance(metadata, dict) else None
    if not isinstance(annotations, dict):
        return plain
    patch: Any = {key: None for key in annotations if is_internal(key)}
    if len(patch) == len(annotations):
        patch = None
    only = patch is None and len(item.body["metadata"]) == 1
    return plain.merged({"metadata": None if only else {"annotations": patch}})


def _like(original: Resource, answered: Resource) -> Resource:
    """Give the answered values as the original is written, where the function has lost that.

    A function that keeps comments, the order of keys and the indentation of lists keeps its text,
    as with kpt. Of one that loses them, kpt puts comments and order back and leaves the rest in
    the function's style; here, all stays as it was that did not change.
    """
    old, new = (Counter(_COMMENT.findall(each.text)) for each in (original, answered))
    if new > old:
        return answered
    if (
        old - new
        or original.text.lstrip().startswith("{")
        or _is_wide(original.text) is not _is_wide(answered.text)
        or _is_reordered(original.body, answered.body)
    ):
        return original.replaced(answered.body)
    return answered


def _is_wide(text: str) -> bool:
    """Say whether the first list is indented below its key."""
    found = _LIST.search(text)
    return found is not None and len(found[2]) > len(found[1])


def _is_reordered(old: Any, new: Any) -> bool:
    """Say whether keys have changed places; a new key may stand anywhere."""
    if isinstance(old, dict) and isinstance(new, dict):
        kept = [key for key in old if key in new]
        if kept != [key for key in new if key in old]:
            return True
        return any(_is_reordered(old[key], new[key]) for key in kept)
    if isinstance(old, list) and isinstance(new, list):
        return any(map(_is_reordered, old, new))
    return False
