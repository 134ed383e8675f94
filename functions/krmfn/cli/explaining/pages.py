"""Sections of lines and tables, as text for people or as Markdown."""

import re
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from krmfn.cli.rendering.terminal import Part, Terminal

_GAP = 2
_NUMBER = re.compile(r"[-+]?\d+(\.\d+)?( ?%)?|—|")
_PIPED_WIDTH = 100
"""Columns where nobody says how many there are: in pipes and files."""


Column = Sequence[Part]


@dataclass(frozen=True, slots=True)
class Table:
    """A table; a cell may have several lines.

    Attributes:
        rows: as many cells each as the header has.
        more: how many rows are not shown.
    """

    header: tuple[str, ...]
    rows: tuple[tuple[Part, ...], ...]
    more: int = 0


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a page: a title ("" for none), lines, a table."""

    title: str = ""
    lines: tuple[Part, ...] = ()
    table: Table | None = None


def cell(value: object, style: str = "") -> Part:
    """Give a cell: numbers with one digit behind the point, what is absent as a dash."""
    if value is None:
        return Part("—", "dim")
    if isinstance(value, float):
        value = f"{value + 0.0:.1f}"
    elif isinstance(value, list | tuple):
        value = "\n".join(cell(each).text for each in value)
    return Part(str(value), style)


def table(header: str, rows: Iterable[Sequence[object]], more: int = 0) -> Table | None:
    """Give a table, None when it has no rows; bars part the names in the header.

    Columns in which no row has anything are left out.
    """
    filled = [[each if isinstance(each, Part) else cell(each) for each in row] for row in rows]
    columns = [
        (name, *column)
        for name, *column in zip(header.split("|"), *filled, strict=True)
        if any(part.text for part in column)
    ]
    if not columns:
        return None
    names, *cells = zip(*columns, strict=True)
    return Table(names, tuple(cells), more)


def show(sections: Iterable[Section], terminal: Terminal) -> None:
    """Print sections; nothing is cut off: on a narrow terminal cells get more lines."""
    width = terminal.width or _PIPED_WIDTH
    shown = [each for each in sections if each.lines or each.table]
    for number, section in enumerate(shown):
        if number:
            terminal.line()
        if section.title:
            terminal.line(Part(section.title, "strong"))
        for line in section.lines:
            for piece in wrapped(line, width):
                terminal.line(piece)
        if section.table:
            for parts in _table_lines(section.table, width):
                terminal.line(*parts)


def wrapped(line: Part, width: int) -> list[Part]:
    """Give a line as lines of at most `width` columns; as it is where that is 0, for any number."""
    pieces = _wrapped(line.text, width) if width else [line.text]
    return [Part(piece, line.style) for piece in pieces]


def markdown(sections: Iterable[Section]) -> str:
    """Give sections as GitHub-flavoured Markdown."""
    shown = [each for each in sections if each.lines or each.table]
    return "\n".join(line for section in shown for line in _markdown(section))


def _markdown(section: Section) -> Iterator[str]:
    if section.title:
        yield f"### {section.title}\n"
    for line in section.lines:
        yield f"{line.text}\n"
    if section.table:
        yield _row(section.table.header)
        yield _row(["---"] * len(section.table.header))
        for row in section.table.rows:
            yield _row([each.text for each in row])
        if section.table.more:
            yield f"\n… and {section.table.more} more"
        yield ""


def _row(texts: Iterable[str]) -> str:
    cells = (text.replace("|", r"\|").replace("\n", "<br>") for text in texts)
    return f"| {' | '.join(cells)} |"


def _table_lines(table: Table, width: int) -> Iterator[list[Part]]:
    """Yield the lines of a table that is as narrow as it can be, but not wider than `width`."""
    head = tuple(Part(text, "dim") for text in table.header)
    columns = list(zip(head, *table.rows, strict=True))
    for number, piece in enumerate(_pieces(columns, width)):
        if number:
            yield []
        yield from _piece_lines(piece, width)
    if table.more:
        yield [Part(f"… and {table.more} more", "dim")]


def _pieces(columns: Sequence[Column], width: int) -> Iterator[list[Column]]:
    """Yield the columns that fit side by side; the first one begins every piece."""
    piece = [columns[0]]
    for column in columns[1:]:
        if len(piece) > 1 and _total(map(_least, [*piece, column])) > width:
            yield piece
            piece = [columns[0]]
        piece.append(column)
    yield piece


def _piece_lines(columns: Sequence[Column], width: int) -> Iterator[list[Part]]:
    widths = _widths(columns, width)
    right = [all(_is_number(part.text) for part in column[1:]) for column in columns]
    for row in zip(*columns, strict=True):
        wrapped = [_wrapped(part.text, size) for part, size in zip(row, widths, strict=True)]
        for number in range(max(map(len, wrapped))):
            line = [
                Part(_padded(lines, number, size, at_right=at_right), part.style)
                for lines, size, part, at_right in zip(wrapped, widths, row, right, strict=True)
            ]
            yield [*line[:-1], Part(line[-1].text.rstrip(), line[-1].style)]


def _is_number(text: str) -> bool:
    return all(_NUMBER.fullmatch(line) for line in text.split("\n"))


def _padded(lines: Sequence[str], number: int, size: int, *, at_right: bool) -> str:
    text = lines[number] if number < len(lines) else ""
    return (text.rjust(size) if at_right else text.ljust(size)) + " " * _GAP


def _widths(columns: Sequence[Column], width: int) -> list[int]:
    """Give every column the room that it wants; where there is too little, the widest yield."""
    widths = [max(_longest(part.text.split("\n")) for part in column) for column in columns]
    least = [_least(column) for column in columns]
    while _total(widths) > width:
        able = [number for number, size in enumerate(widths) if size > least[number]]
        if not able:
            break
        widths[max(able, key=widths.__getitem__)] -= 1
    return widths


def _total(widths: Iterable[int]) -> int:
    sizes = list(widths)
    return sum(sizes) + _GAP * (len(sizes) - 1)


def _least(column: Column) -> int:
    return max(_longest(part.text.split()) for part in column)


def _longest(texts: Iterable[str]) -> int:
    return max(map(len, texts), default=0)


def _wrapped(text: str, width: int) -> list[str]:
    """Break lines between words only, so that no name is torn apart."""
    return [
        piece
        for line in text.split("\n")
        for piece in textwrap.wrap(
            line, max(width, 1), break_long_words=False, break_on_hyphens=False
        )
        or [""]
    ]
