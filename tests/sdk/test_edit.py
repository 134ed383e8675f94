"""New values for old texts: what did not change stays as it is written."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from krmfn.sdk.edit import edit, same
from krmfn.sdk.loader import load

from .strategies import Document, Line, at, changes, documents, mappings, values

SOME = settings(max_examples=100, deadline=None)
TEXT = """\
# head
apiVersion: v1 # v
metadata:
  # before the name
  name: "a" # name
  labels: {a: b, 'c': "d"}
  empty:
  none: {}
data:
  text: |
    foo
    bar
  quoted: 'it''s'   # c
  folded: "over
    two lines"
  below:
    value # v
list:
# first
- a # 1
- b # 2
# before c
- c
ports:
  - name: x # px
    # about the port
    port: 0x10
  - name: y
    port: 0644 # oct
    # foot of y
flow: [1, {a: 2}]
last: yes
"""

Change = Callable[[Any], Any]


def edited(text: str, change: Change) -> str:
    """Give the text after a change to its value, which it must mean then."""
    value = load(text)
    result = change(value)
    new = edit(text, value)
    assert result is None or result is not value
    assert same(load(new), value)
    return new


def put(*path: Any) -> Change:
    """Give the change that sets the value at a path; the last argument is the value."""
    *parents, key, new = path
    return lambda value: at(value, tuple(parents)).__setitem__(key, new)


def drop(*path: Any) -> Change:
    return lambda value: at(value, path[:-1]).__delitem__(path[-1])


def insert(*path: Any) -> Change:
    *parents, number, new = path
    return lambda value: at(value, tuple(parents)).insert(number, new)


@pytest.mark.parametrize(
    ("change", "old", "new"),
    [
        (put("metadata", "name", "b"), '  name: "a" # name\n', '  name: "b" # name\n'),
        (put("metadata", "name", 5), '  name: "a" # name\n', "  name: 5 # name\n"),
        (put("metadata", "new", "b"), "  none: {}\n", "  none: {}\n  new: b\n"),
        (put("metadata", "empty", "b"), "  empty:\n", "  empty: b\n"),
        (put("metadata", "empty", {"a": [1]}), "  empty:\n", "  empty:\n    a:\n    - 1\n"),
        (put("metadata", "empty", "a\nb\n"), "  empty:\n", "  empty: |\n    a\n    b\n"),
        (put("metadata", "none", "b", 1), "  none: {}\n", "  none:\n    b: 1\n"),
        (put("metadata", "labels", "a", "x"), "{a: b, 'c': \"d\"}", "{a: x, 'c': \"d\"}"),
        (put("metadata", "labels", "c", "x"), "{a: b, 'c': \"d\"}", "{a: b, 'c': \"x\"}"),
        (put("metadata", "labels", "e", "x"), "{a: b, 'c': \"d\"}", "{a: b, c: d, e: x}"),
        (put("metadata", "labels", {}), "{a: b, 'c': \"d\"}", "{}"),
        (drop("metadata", "name"), '  name: "a" # name\n', ""),
        (drop("data", "text"), "  text: |\n    foo\n    bar\n", ""),
        (put("data", "text", "x"), "  text: |\n    foo\n    bar\n", "  text: x\n"),
        (put("data", "text", "x\ny"), "|\n    foo\n    bar\n", "|-\n    x\n    y\n"),
        (put("data", "quoted", "you're"), "'it''s'   # c", "'you''re'   # c"),
        (put("data", "quoted", "a\nb"), "'it''s'   # c\n", "|-   # c\n    a\n    b\n"),
        (put("data", "quoted", [1]), "quoted: 'it''s'   # c\n", "quoted:   # c\n  - 1\n"),
        (put("data", "folded", "x"), '"over\n    two lines"', '"x"'),
        (put("data", "below", "x"), "    value # v\n", "    x # v\n"),
        (put("data", "below", {"a": 1}), "  below:\n    value # v\n", "  below: # v\n    a: 1\n"),
        (drop("list", 0), "- a # 1\n", ""),
        (drop("list", 1), "- b # 2\n", ""),
        (insert("list", 0, "z"), "- a # 1\n", "- z\n- a # 1\n"),
        (insert("list", 2, "z"), "- b # 2\n", "- b # 2\n- z\n"),
        (insert("list", 3, {"a": [1]}), "- c\n", "- c\n- a:\n  - 1\n"),
        (put("list", 1, {"a": 1}), "- b # 2\n", "- a: 1 # 2\n"),
        (drop("ports", 0), "  - name: x # px\n    # about the port\n    port: 0x10\n", ""),
        (
            drop("ports", 0, "name"),
            "  - name: x # px\n    # about the port\n    port: 0x10\n",
            "  - # about the port\n    port: 0x10\n",
        ),
        (drop("ports", 1, "name"), "  - name: y\n    port:", "  - port:"),
        (put("ports", 1, "port", 420), "", ""),
        (put("ports", 1, "port", 421), "port: 0644 # oct", "port: 421 # oct"),
        (put("ports", 1, "new", 1), "0644 # oct\n", "0644 # oct\n    new: 1\n"),
        (insert("ports", 2, {"l": [1]}), "    # foot of y\n", "    # foot of y\n  - l:\n    - 1\n"),
        (put("flow", 1, "a", 3), "{a: 2}", "{a: 3}"),
        (put("flow", "x"), "flow: [1, {a: 2}]\n", "flow: x\n"),
        (put("flow", [1]), "[1, {a: 2}]", "[1]"),
        (put("last", "no"), "last: yes\n", 'last: "no"\n'),
        (put("last", True), "last: yes\n", "last: true\n"),
        (put("apiVersion", "v2"), "v1 # v", "v2 # v"),
    ],
)
def test_only_what_changes_is_written(change: Change, old: str, new: str) -> None:
    assert edited(TEXT, change) == TEXT.replace(old, new, 1)


@pytest.mark.parametrize(
    ("text", "change", "expected"),
    [
        ("a: 1", put("b", 2), "a: 1\nb: 2"),
        ("a: 1", put("b", "x\n"), "a: 1\nb: |\n  x\n"),
        ("a: 1", put("b", "x\ny\n"), "a: 1\nb: |\n  x\n  y\n"),
        ("# c\na: |\n  x", put("b", 2), "# c\na: x\nb: 2\n"),
        ("# c\na: |\n  x\n  y", put("b", 2), "# c\na: |-\n  x\n  y\nb: 2\n"),
        ("b: 1\na: |\n  x", put("b", 2), "b: 2\na: |\n  x"),
        (
            "a: 1\r\nb:\r\n- x # c\r\n",
            put("b", 0, "y\nz"),
            "a: 1\r\nb:\r\n- |- # c\r\n  y\r\n  z\r\n",
        ),
        ("- - a\n  - b\n- c\n", drop(0, 0), "- - b\n- c\n"),
        ("- - a\n  # of b\n  - b\n", drop(0, 0), "- # of b\n  - b\n"),
        ("- - a\n  - b\n", insert(0, 0, "z"), "- - z\n  - a\n  - b\n"),
        (
            "- a: 1\n  b: 2\n  c: 3\n",
            lambda v: v[0].pop("a") and v[0].pop("b") and None,
            "- c: 3\n",
        ),
        ("-\n  a: 1 # c\n  b: 2\n- 3\n", put(0, "b", 5), "-\n  a: 1 # c\n  b: 5\n- 3\n"),
        ("-   a: 1\n    b: 2\n", put(0, "c", 3), "-   a: 1\n    b: 2\n    c: 3\n"),
        ("-\n- 1\n", put(0, "x"), "- x\n- 1\n"),
        ("- # c\n  x\n", put(0, {"a": 1}), "- a: 1\n"),
        ("? a # c: d\n: 1\nb: 2\n", put("a", 3), "? a # c: d\n: 3\nb: 2\n"),
        ("? a\n? b\n: 1\n", put("a", 3), "a: 3\n? b\n: 1\n"),
        ("? a\n? b\n: 1\n", drop("a"), "? b\n: 1\n"),
        ("? a\n: 1\n? b\n: 2\n", drop("b"), "? a\n: 1\n"),
        ("'a: b': 1\n\"c#\": 2\n", put("c#", 3), "'a: b': 1\n\"c#\": 3\n"),
        ("a: !!str 1 # c\n", put("a", 5), "a: 5 # c\n"),
        ("a: !!map\n  b: 1\nc: 2 # c\n", put("a", "b", 5), "a:\n  b: 5\nc: 2 # c\n"),
        (
            "a: &x\n  b: 1 # b\nc: *x\nd: 1 # d\n",
            put("d", 2),
            "a: &x\n  b: 1 # b\nc: *x\nd: 2 # d\n",
        ),
        ("a: &x 1\nc: *x # c\n", put("c", 2), "a: &x 1\nc: 2 # c\n"),
        ("a: &x 1\nc: *x\n", put("a", 2), "a: 2\nc: 1\n"),
        ("a: &x {b: 1}\nc:\n  <<: *x\n", put("c", "b", 2), "a: &x {b: 1}\nc:\n  b: 2\n"),
        ("a: # c\n  - x\n", put("b", [1]), "a: # c\n  - x\nb:\n  - 1\n"),
        ("a:\n    b: 1\n", put("a", "c", {"d": 1}), "a:\n    b: 1\n    c:\n      d: 1\n"),
        ("a: 1\n  # deeper\nb: 2\n", put("a", "x\ny"), "a: |-\n  x\n  y\nb: 2\n"),
        ("a:\n  b: 1\n  # foot of a\nc: 2\n", put("d", "x\ny"), None),
        ("a: |\n  x\n\n\nb: 1\n", put("a", "z"), "a: z\nb: 1\n"),
        ("a: [\n  x, # 1\n  'y', # 2\n]\n", put("a", 1, "z"), "a: [\n  x, # 1\n  'z', # 2\n]\n"),
        ('{"a": {"b": 1}, "c": [2, 3]}\n', put("c", 0, 5), '{"a": {"b": 1}, "c": [5, 3]}\n'),
        ('{"a": 1}\n', put("b", 2), "a: 1\nb: 2\n"),
        ("{a: , b: 1}\n", put("b", 2), "a: null\nb: 2\n"),
        ("---\n# c\na: 1\n...\n", put("a", 2), "---\n# c\na: 2\n...\n"),
        ("\ufeffa: 1 # c\nb: 2\n", put("b", 3), "\ufeffa: 1 # c\nb: 3\n"),
        ("a: 1\n", lambda v: v.clear(), "{}\n"),
        ("a:\n  b: 1 # c\n  d: 2\ne: 3\n", put("a", {"f": 1}), "a:\n  f: 1\ne: 3\n"),
        ("a:\n- 1\n- 2 # c\nb: 3\n", put("a", []), "a: []\nb: 3\n"),
        (f"? {'k' * 1100}\n: 1\nb: 2\n", put("b", 3), f"? {'k' * 1100}\n: 1\nb: 3\n"),
        ("a: 1\n", put("k" * 1100, {"b": 1}), f"a: 1\n? {'k' * 1100}\n:\n  b: 1\n"),
    ],
)
def test_unusual_texts_are_edited_in_place(text: str, change: Change, expected: str | None) -> None:
    new = edited(text, change)
    if expected is not None:
        assert new == expected


def test_items_of_a_list_are_told_apart_by_name() -> None:
    text = "- name: a # A\n  v: 1\n- name: b # B\n  v: 2\n- name: c # C\n  v: 3\n"
    new = edited(text, lambda value: [value.pop(0), value[0].update(v=5)])
    assert new == "- name: b # B\n  v: 5\n- name: c # C\n  v: 3\n"


def test_new_keys_stand_behind_the_key_they_follow() -> None:
    value = {"e": 0, "a": 1, "c": 1, "b": 2, "d": 2}
    assert edit("a: 1\nb: 2\n", value) == "a: 1\ne: 0\nc: 1\nb: 2\nd: 2\n"


def test_a_value_for_no_text_is_written_anew() -> None:
    assert edit("# only a comment\n", {"a": 1}) == "a: 1\n"
    assert edit("a", {"a": 1}) == "a: 1\n"


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, True),
        ([1, 2], (1, 2), True),
        ([1, 2], [2, 1], False),
        (1, 1.0, True),
        (1, True, False),
        (0, False, False),
        ("1", 1, False),
        (None, "", False),
        (float("nan"), float("nan"), True),
        ({}, [], False),
        ({"a": [True]}, {"a": [1]}, False),
    ],
)
def test_sameness_is_of_type_and_value(left: Any, right: Any, expected: bool) -> None:
    assert same(left, right) is same(right, left) is expected


def test_long_lists_are_edited_in_bounded_time() -> None:
    items = [f"- {number % 7}\n" for number in range(4000)]
    text = "".join(items)
    start = time.perf_counter()
    value = [*load(text)[1:], 8]
    assert same(load(edit(text, value)), value)
    assert time.perf_counter() - start < 5


@SOME
@given(documents(newlines="\n,\r\n"), st.data())
def test_an_edited_document_means_the_new_value(document: Document, data: Any) -> None:
    value = data.draw(changes(document.value))
    assert same(load(edit(document.text, value)), value)


@SOME
@given(documents(), values(6))
def test_a_document_can_get_any_value(document: Document, value: Any) -> None:
    assert same(load(edit(document.text, value)), value)


@SOME
@given(documents(newlines="\n,\r\n"))
def test_a_document_that_keeps_its_value_stays_byte_for_byte(document: Document) -> None:
    assert edit(document.text, document.value) == document.text


@SOME
@given(documents(mappings(8)), st.data())
def test_lines_whose_value_stays_stay_in_their_order(document: Document, data: Any) -> None:
    """This holds for block documents, so none of them is ever written anew."""
    value = data.draw(changes(document.value))
    assume(document.value.keys() & value.keys())
    rest = iter(edit(document.text, value).split("\n"))
    for line in document.lines:
        if stays(line, document.value, value):
            assert line.text in rest, line


def stays(line: Line, old: Any, new: Any) -> bool:
    """Say whether a line has no part in a change; lists count as a whole."""
    if line.is_comment:
        return is_kept(line.path, old, new)
    depth = next((n for n, step in enumerate(line.path) if isinstance(step, int)), len(line.path))
    path = line.path[:depth]
    if not is_kept(path[:-1], old, new) or path[-1] not in at(new, path[:-1]):
        return False
    return same(at(old, path), at(new, path))


def is_kept(path: tuple[Any, ...], old: Any, new: Any) -> bool:
    """Say whether the mappings down a path all keep one of their keys."""
    if not isinstance(old, dict) or not isinstance(new, dict) or not old.keys() & new.keys():
        return False
    if not path:
        return True
    return path[0] in old.keys() & new.keys() and is_kept(path[1:], old[path[0]], new[path[0]])
