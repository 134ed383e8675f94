"""A file of YAML documents: split without parsing, and put together with some of them changed."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

_SEPARATOR = re.compile(r"^---(.*)\n?", re.MULTILINE)
_JSON_ESCAPES = {ord(sign): f"\\u{ord(sign):04x}" for sign in "<>&\u2028\u2029"}


@dataclass(frozen=True)
class SourceFile:
    """A file as text.

    Attributes:
        path: slash path relative to the package.
        content: the bytes as read.
        gaps: what stands before, between and behind the documents: separators, comments of their
            own, empty documents. One more than there are documents; together they are the file.
        documents: the text of each document.
        newline: how lines end in the file; gaps and documents always use a line feed.
    """

    path: str
    content: bytes
    gaps: tuple[str, ...]
    documents: tuple[str, ...]
    newline: str = "\n"

    def rewritten(self, entries: Sequence[tuple[int | None, str]]) -> bytes:
        """Give the content with other documents.

        Args:
            entries: in order, the number of the document that it replaces (None for a new one)
                and its text. Documents that are not named go.
        """
        text = ""
        for place, (number, document) in enumerate(entries):
            if place == 0:
                gap = self.gaps[0]
            elif number and "---" in self.gaps[number]:
                gap = self.gaps[number]
            else:
                gap = "---\n"
            text += ("" if not text or text.endswith("\n") else "\n") + gap + document
        if entries and entries[-1][0] == len(self.documents) - 1:
            text += self.gaps[-1]
        return text.replace("\n", self.newline).encode()


def read_file(path: str, content: bytes) -> SourceFile:
    """Split a file into its documents, where kpt does.

    Raises:
        ValueError: the file is not UTF-8, or something follows a `---` on its line.
    """
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        raise ValueError(f"must be UTF-8: {error.reason}") from error
    newline = "\r\n" if "\r\n" in text else "\n"
    text = text.replace("\r\n", "\n")
    mark = "\ufeff" if text.startswith("\ufeff") else ""
    gaps, documents = _split(text.removeprefix(mark), mark)
    return SourceFile(path, content, tuple(gaps), tuple(documents), newline)


def new_file(path: str) -> SourceFile:
    """Give a file that does not stand yet."""
    return SourceFile(path, b"", ("",), ())


def as_json(value: Any) -> bytes:
    """Write a value as kpt writes `.json` files: sorted keys, two spaces, `<`, `>`, `&` escaped."""
    text = json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False)
    return f"{text.translate(_JSON_ESCAPES)}\n".encode()


def _split(text: str, mark: str) -> tuple[list[str], list[str]]:
    gaps, documents = [mark], []
    position = 0
    for separator in [*_SEPARATOR.finditer(text), None]:
        end = separator.start() if separator else len(text)
        chunk = text[position:end]
        if _is_empty(chunk):
            gaps[-1] += chunk
        else:
            documents.append(chunk)
            gaps.append("")
        if separator:
            rest = separator[1].strip()
            if rest and not rest.startswith("#"):
                raise ValueError(f'must not say more behind a separator than "---": "{rest}"')
            gaps[-1] += separator[0]
            position = separator.end()
    return gaps, documents


def _is_empty(chunk: str) -> bool:
    """Say whether a document holds nothing but comments, or null."""
    lines = (line.strip() for line in chunk.split("\n"))
    return all(not line or line[0] == "#" or line in ("null", "~") for line in lines)
