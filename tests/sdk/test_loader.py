"""YAML text to values: typing, bounds, and errors that say where."""

import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from krmfn.sdk.edit import same
from krmfn.sdk.loader import (
    MAX_ALIASED_NODES,
    MAX_DEPTH,
    MAX_TEXT,
    Node,
    YamlError,
    compose,
    load,
    load_all,
)
from krmfn.sdk.scalars import PlainStr

from .strategies import Document, documents, mappings

SOME = settings(max_examples=100, deadline=None)


def bomb(levels: int) -> str:
    """Give a text whose aliases expand to about 10 ** levels nodes."""
    lines = ["a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, levels)]
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None),
        ("# only a comment\n", None),
        ("---\n", None),
        ("a", "a"),
        ("a: 0644\nb: 0o17\nc: 0x1F\nd: 1.10", {"a": 420, "b": 15, "c": 31, "d": 1.1}),
        ("a: yes\nb: 12:30\nc: 1_000\nd: =", {"a": "yes", "b": "12:30", "c": "1_000", "d": "="}),
        ("a: 2001-01-01", {"a": "2001-01-01"}),
        ("a: ~\nb: null\nc:\nd: ''", {"a": None, "b": None, "c": None, "d": ""}),
        ("a: '1'\nb: \"true\"\nc: |\n  1\n", {"a": "1", "b": "true", "c": "1\n"}),
        ("a: !!str 12\nb: !!int '12'\nc: ! 12", {"a": "12", "b": 12, "c": 12}),
        ("a: !Ref b\nc: !!binary aGk=", {"a": "b", "c": "aGk="}),
        ("a: !!set {b, c}", {"a": {"b": None, "c": None}}),
        ("a: &x [1]\nb: *x", {"a": [1], "b": [1]}),
        ("a: &x b\n*x : c", {"a": "b", "b": "c"}),
        ("? a\n: b\n? c\n", {"a": "b", "c": None}),
        (
            "a: &x {b: 1, c: 2}\nd:\n  <<: *x\n  c: 3",
            {"a": {"b": 1, "c": 2}, "d": {"b": 1, "c": 3}},
        ),
        ("x: {<<: [{a: 1}, {a: 2, b: 3}], c: 4}", {"x": {"a": 1, "b": 3, "c": 4}}),
        ("x:\n  !!merge <<: {a: 1}", {"x": {"a": 1}}),
        ("x:\n  '<<': {a: 1}", {"x": {"<<": {"a": 1}}}),
        ("\ufeffa: 1", {"a": 1}),
        ("a: 1\r\nb: |\r\n  x\r\n  y\r\n", {"a": 1, "b": "x\ny\n"}),
        ("%YAML 1.1\n---\na: 1\n...\n", {"a": 1}),
        ("a: |\n  b", {"a": "b"}),
        (f"a: {'9' * 5000}", {"a": float("inf")}),
    ],
)
def test_a_text_means_its_value(text: str, value: Any) -> None:
    assert same(load(text), value)
    node = compose(text)
    assert same(node and node.value, value)


def test_words_of_yaml_1_1_stay_strings_that_know_it() -> None:
    value = load("[yes, on, 12:30, 1_000, 2001-01-01, 0b1]")
    assert all(type(item) is PlainStr for item in value)
    assert all(type(item) is str for item in load("['yes', \"on\", usual]"))


def test_all_documents_of_a_text_are_read() -> None:
    assert load_all("a: &x 1\n---\n# none\n---\nb: 2\n") == [{"a": 1}, None, {"b": 2}]
    assert load_all("") == []


@pytest.mark.parametrize(
    ("text", "line", "column", "problem"),
    [
        ("a: 1\nb: 2\na: 3", 3, 1, "duplicate key 'a'"),
        ("a:\n  b: 1\n  'b': 2", 3, 3, "duplicate key 'b'"),
        ("x: {a: 1, a: 2}", 1, 11, "duplicate key 'a'"),
        ("a: 1\na: 2\nb: [", 2, 1, "duplicate key 'a'"),
        ("1: a\ntrue: b", 2, 1, "duplicate key True"),  # to Python, 1 and True are one key
        ("a: *x", 1, 4, "undefined alias 'x'"),
        ("a: &x [*x]", 1, 8, "undefined alias 'x'"),
        ("a: &x 1\n---\nb: *x", 2, 1, "another one begins here"),
        ("a: 1\n---\nb: 2", 2, 1, "another one begins here"),
        ("? [a]\n: b", 1, 3, "key must be a scalar"),
        ("? &x [a]\n: b", 1, 3, "key must be a scalar"),
        ("a: &x {}\n*x : b", 2, 1, "key must be a scalar"),
        ("{[a]: b, c", 1, 2, "key must be a scalar"),
        ("x:\n  <<: [1]", 2, 3, "must hold a mapping"),
        ("\ta: 1", 1, 1, "a tab"),
        ("a:\n\t- b", 2, 1, "a tab"),
        ("é: 1\nb: \x01", 2, 4, "printable"),
        ("\ufeffé: \x00", 1, 4, "printable"),
        ("a: 1\nb: '\ud800'", 2, 5, "printable"),
        ("a: b: c", 1, 5, "mapping values"),
        ("a: [1,\nb", 3, 1, "flow sequence"),
        ("a: 'b\nc", 2, 2, "end of stream"),
        ('a: "b\\qc"', 1, 6, "escape"),
        ("a: 1\n b: 2", 2, 3, "mapping values"),
        ("a: @b", 1, 4, "cannot start"),
        ("a: 1\n...\nb: 2", 3, 1, "document start"),
        ("[" * (MAX_DEPTH + 1), 1, MAX_DEPTH + 1, "at most 200 deep"),
        (bomb(4) + "\nb: [" + "*a3, " * 10, 5, 40, f"at most {MAX_ALIASED_NODES}"),
    ],
)
@pytest.mark.parametrize("read", [load, compose])
def test_an_error_says_where(text: str, line: int, column: int, problem: str, read: Any) -> None:
    with pytest.raises(YamlError, match=problem) as caught:
        read(text)
    assert (caught.value.line, caught.value.column) == (line, column)
    assert str(caught.value).startswith(f"line {line}, column {column}: ")


def test_an_error_can_be_moved_to_where_the_text_stands() -> None:
    assert str(YamlError("wrong", 2, 3).moved(10)) == "line 12, column 3: wrong"
    assert str(YamlError("wrong").moved(10)) == "wrong"


@pytest.mark.parametrize("read", [load, compose])
def test_nesting_up_to_the_bound_is_read(read: Any) -> None:
    read("[" * MAX_DEPTH + "]" * MAX_DEPTH)


@pytest.mark.parametrize("read", [load, compose])
def test_a_text_beyond_the_bound_is_refused_at_once(read: Any) -> None:
    with pytest.raises(YamlError, match="at most 64 MiB"):
        read("a" * (MAX_TEXT + 1))


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        "{a: " * 100_000,
        "- " * 50_000,
        "? " * 50_000,
        bomb(12),
        "a: &x [1]\nb: [" + "*x," * 200_000 + "]",
        "x: &x {a: 1}\n" + "".join(f"k{n}: {{<<: *x}}\n" for n in range(60_000)),
    ],
    ids=["flow lists", "flow maps", "lists", "keys", "bomb", "aliases", "merges"],
)
@pytest.mark.parametrize("read", [load, compose])
def test_hostile_texts_end_soon_in_an_error(text: str, read: Any) -> None:
    start = time.perf_counter()
    with pytest.raises(YamlError):
        read(text)
    assert time.perf_counter() - start < 5


@SOME
@given(documents(newlines="\n,\r\n"))
def test_a_document_in_any_style_means_its_value(document: Document) -> None:
    assert same(load(document.text), document.value)
    node = compose(document.text)
    assert node is not None
    assert same(node.value, document.value)


@SOME
@given(documents(mappings(6)), st.data())
def test_both_ways_of_reading_agree_on_broken_texts(document: Document, data: Any) -> None:
    text = document.text
    cut = data.draw(st.integers(0, len(text)))
    noise = data.draw(
        st.sampled_from(["", "\t", "}", "'", "- ", ": ", "*x", "&x ", "<<: ", "\x00"])
    )
    broken = text[:cut] + noise + data.draw(st.sampled_from(["", text[cut:], text]))
    assert outcome(load, broken) == outcome(compose, broken)


def outcome(read: Any, text: str) -> str:
    try:
        found = read(text)
    except YamlError as error:
        return str(error)
    return repr(found.value if isinstance(found, Node) else found)


@SOME
@given(documents(newlines="\n,\r\n"), st.booleans())
def test_a_node_knows_where_its_text_stands(document: Document, marked: bool) -> None:
    text = "\ufeff" * marked + document.text
    node = compose(text)
    assert node is not None
    for leaf in leaves(node):
        own = text[leaf.start : leaf.end]
        if leaf.style in ("", "'", '"', "{", "[") and "\n" not in own:
            assert same(load(own), leaf.value)
        assert (
            text[: leaf.start].rpartition("\n")[2].removeprefix("\ufeff")
            == (text[leaf.start - leaf.column : leaf.start])
        )


def leaves(node: Node) -> list[Node]:
    if not node.entries or node.style:
        return [node]
    return [leaf for key, item in node.entries for leaf in ([key] if key else []) + leaves(item)]
