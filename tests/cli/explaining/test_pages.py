"""Tables in little room."""

import io

import pytest

from krmfn.cli.explaining.pages import Section, cell, markdown, show, table, wrapped
from krmfn.cli.rendering.terminal import Part


class Screen:
    """A terminal of a width, whose lines are kept."""

    def __init__(self, width: int) -> None:
        self.width = width
        self.written = io.StringIO()

    def line(self, *parts: Part) -> None:
        self.written.write("".join(part.text for part in parts).rstrip() + "\n")

    def busy(self, text: str) -> None:
        raise AssertionError(text)

    def idle(self) -> None:
        raise AssertionError


def lines(section: Section, width: int) -> list[str]:
    screen = Screen(width)
    show([section], screen)
    return screen.written.getvalue().splitlines()


WIDE = Section(
    table=table("NAME|WHY", [["waw-edge-1", "has no room for two pods"], ["b", "is full"]])
)


@pytest.mark.parametrize(
    ("width", "pieces"),
    [(14, ["error  one two", "three-four"]), (0, ["error  one two three-four"])],
    ids=["terminal", "pipe"],
)
def test_a_line_is_as_wide_as_the_terminal(width: int, pieces: list[str]) -> None:
    made = wrapped(Part("error  one two three-four", "mild"), width)
    assert made == [Part(piece, "mild") for piece in pieces]


def test_a_table_takes_no_more_room_than_it_needs() -> None:
    assert lines(WIDE, 0) == [
        "NAME        WHY",
        "waw-edge-1  has no room for two pods",
        "b           is full",
    ]


def test_where_there_is_little_room_words_go_to_further_lines() -> None:
    assert lines(WIDE, 24) == [
        "NAME        WHY",
        "waw-edge-1  has no room",
        "            for two pods",
        "b           is full",
    ]


@pytest.mark.parametrize("width", [1, 10, 20, 40, 80])
def test_no_name_is_ever_torn_or_cut(width: int) -> None:
    names = ["waw-edge-1.telco.example", "krk-edge-1.telco.example"]
    section = Section(table=table("CLUSTER|FROM|SCORE", [[*names, 1.0]]))
    written = "\n".join(lines(section, width))
    assert all(name in written for name in names)


def test_columns_that_have_no_room_beside_the_others_stand_below() -> None:
    section = Section(table=table("NAME|latency|carbon", [["api", 25.0, 0.0]]))
    assert lines(section, 14) == [
        "NAME  latency",
        "api      25.0",
        "",
        "NAME  carbon",
        "api      0.0",
    ]


def test_numbers_are_aligned_at_their_end_even_in_cells_of_several_lines() -> None:
    section = Section(table=table("A|SCORE", [["x", [100.0, 5.25]], ["y", None]]))
    assert lines(section, 80) == ["A  SCORE", "x  100.0", "     5.2", "y      —"]


def test_a_column_with_nothing_in_it_is_left_out() -> None:
    assert lines(Section(table=table("A|B|C", [["x", "", "z"]])), 80) == ["A  C", "x  z"]


def test_a_table_without_rows_is_no_section() -> None:
    assert lines(Section("Title", table=table("A|B", [])), 80) == []


def test_rows_that_are_not_shown_are_counted() -> None:
    assert lines(Section(table=table("A", [["x"]], 7)), 80)[-1] == "… and 7 more"


def test_markdown_keeps_bars_and_lines_of_a_cell() -> None:
    section = Section("T", (Part("said"),), table("A|B", [["x|y", cell(["1", "2"])]], 3))
    assert markdown([section]).splitlines() == [
        "### T",
        "",
        "said",
        "",
        "| A | B |",
        "| --- | --- |",
        "| x\\|y | 1<br>2 |",
        "",
        "… and 3 more",
    ]
