"""Files of YAML documents, split and put together."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from krmfn.sdk.documents import as_json, new_file, read_file

LINES = st.sampled_from(
    ["a: 1", "b: |", "  --- not a separator", "---", "--- # said", "# comment", "", "null", "..."]
)
A, B, C = "a: 1\n", "b: 1\n", "c: 1\n"


@given(st.lists(LINES), st.sampled_from(["\n", "\r\n"]), st.booleans(), st.booleans())
def test_a_file_is_its_gaps_and_documents(
    lines: list[str], newline: str, ended: bool, marked: bool
) -> None:
    content = ("\ufeff" if marked else "") + newline.join(lines) + (newline if ended else "")
    file = read_file("a.yaml", content.encode())
    parts = [part for pair in zip(file.gaps, (*file.documents, ""), strict=True) for part in pair]
    assert "".join(parts).replace("\n", file.newline).encode() == content.encode()


@given(st.lists(LINES), st.sampled_from(["\n", "\r\n"]), st.booleans())
def test_a_file_rewritten_with_its_own_documents_is_the_same(
    lines: list[str], newline: str, ended: bool
) -> None:
    content = (newline.join(lines) + (newline if ended else "")).encode()
    file = read_file("a.yaml", content)
    if file.documents:
        assert file.rewritten(list(enumerate(file.documents))) == content


@pytest.mark.parametrize(
    ("text", "documents"),
    [
        pytest.param("a: 1\n---\nb: 1\n", [A, B], id="two"),
        pytest.param("---\na: 1\n---\n---\nb: 1\n---\n", [A, B], id="more separators"),
        pytest.param("# said\n---\na: 1\n", [A], id="a comment of its own"),
        pytest.param("# said\na: 1\n", ["# said\na: 1\n"], id="a comment above"),
        pytest.param("a: 1\n--- # said\nb: 1", [A, "b: 1"], id="a comment behind a separator"),
        pytest.param("null\n---\n~\n---\na: 1\n", [A], id="nulls"),
        pytest.param("a: |\n  ---\n  x\n", ["a: |\n  ---\n  x\n"], id="an indented separator"),
        pytest.param("", [], id="nothing"),
    ],
)
def test_documents_are_found_where_kpt_finds_them(text: str, documents: list[str]) -> None:
    assert list(read_file("a.yaml", text.encode()).documents) == documents


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        pytest.param(b"a: 1\n--- b: 1\n", 'more behind a separator than "---": "b: 1"', id="text"),
        pytest.param(b"a: \xff\n", "must be UTF-8", id="no UTF-8"),
    ],
)
def test_a_file_that_kpt_cannot_split_is_refused(content: bytes, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        read_file("a.yaml", content)


@pytest.mark.parametrize(
    ("entries", "text"),
    [
        pytest.param(
            [(0, A), (1, "x: 1\n"), (2, C)], f"# h\n---\n{A}--- # b\nx: 1\n---\n{C}", id="one"
        ),
        pytest.param([(0, A), (2, C)], f"# h\n---\n{A}---\n{C}", id="the middle one gone"),
        pytest.param([(1, B), (2, C)], f"# h\n---\n{B}---\n{C}", id="the first one gone"),
        pytest.param([(0, A), (1, B)], f"# h\n---\n{A}--- # b\n{B}", id="the last one gone"),
        pytest.param(
            [(0, A), (None, "x: 1\n"), (1, B), (2, C)],
            f"# h\n---\n{A}---\nx: 1\n--- # b\n{B}---\n{C}",
            id="one between",
        ),
        pytest.param([(2, C), (0, A)], f"# h\n---\n{C}---\n{A}", id="another order"),
    ],
)
def test_the_other_documents_stay_as_they_were(
    entries: list[tuple[int | None, str]], text: str
) -> None:
    file = read_file("a.yaml", f"# h\n---\n{A}--- # b\n{B}---\n{C}".encode())
    assert file.rewritten(entries).decode() == text


def test_a_document_behind_one_without_a_line_end_begins_on_its_own_line() -> None:
    file = read_file("a.yaml", b"a: 1")
    assert file.rewritten([(0, "a: 1"), (None, B)]) == b"a: 1\n---\nb: 1\n"


def test_lines_end_as_they_did() -> None:
    file = read_file("a.yaml", b"a: 1\r\n---\r\nb: 1\r\n")
    assert file.rewritten([(0, A), (1, C)]) == b"a: 1\r\n---\r\nc: 1\r\n"


def test_a_new_file_holds_its_documents() -> None:
    assert new_file("a.yaml").rewritten([(None, A), (None, B)]) == b"a: 1\n---\nb: 1\n"


def test_json_is_written_as_by_kpt() -> None:
    value = {"b": "<x> & y", "a": [1, None]}
    expected = '{\n  "a": [\n    1,\n    null\n  ],\n  "b": "\\u003cx\\u003e \\u0026 y"\n}\n'
    assert as_json(value).decode() == expected
