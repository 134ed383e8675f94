"""The head of a resource, found in its text without parsing it.

The text must be clean: it begins with a key, and no line of it opens what it does not close: a
quote, a flow collection, an anchor, an alias. Then every line at the column of the resource is a
key of it, and a plain value ends with its line, unless the next line stands deeper than the key.
"""

import re
from functools import lru_cache

from krmfn.sdk.scalars import read_plain

_ODD_BREAKS = "\r\x85\u2028\u2029\ufeff"

# A character opens something only behind a blank; what is quoted is taken for a quoted scalar only
# where a value must begin. In a block scalar or a comment, a line may be taken for anything.
_QUOTED = r"""(?:"(?:[^"\\\n]++|\\[^\n])*+"|'(?:[^'\n]++|'')*+')"""
_FLOW_ITEM = rf"""(?:{_QUOTED}|[^"'&*?\[\]{{}}\#,\n]++)"""
_CLEAN = re.compile(
    rf"""
    (?=[ ]*(?:-[ ])?(?:[ ]*(?:\#[^\n]*)?\n)*[ ]*[A-Za-z][A-Za-z0-9_./-]*:[ \n])
    (?:
      (?:[^\n"'&*?\[{{\#]++|(?<=[^ \t\n])["'&*?\[{{\#])*+
      (?:(?<![^ \n])\#[^\n]*+)?+\n
    |
      [ ]*+(?:-[ ]++)*+(?:[A-Za-z0-9_./-]++:[ ]++)?+
      (?:{_QUOTED}|\{{\}}|\[(?:[ ]*+{_FLOW_ITEM}(?:[ ]*+,[ ]*+{_FLOW_ITEM})*+)?+[ ]*+\])
      [ ]*+(?:(?<=[ ])\#[^\n]*+)?+\n
    )*+
    """,
    re.VERBOSE,
)


def is_clean(text: str) -> bool:
    """Say whether no line of a text can hide a field of its mapping or the mapping's end."""
    found = None if has_odd_breaks(text) else _CLEAN.match(text)
    return found is not None and found.end() == len(text)


def has_odd_breaks(text: str) -> bool:
    """Say whether a text holds what YAML takes for the end of a line, but for line feeds."""
    return any(character in text for character in _ODD_BREAKS)


def field(text: str, column: int, key: str) -> str | None:
    """Give the value of `apiVersion` or `kind`; None where it must be read by parsing."""
    found = _field_pattern(column, key).search(text)
    return found[1] if found and _is_string(found[1]) else None


def names(text: str, column: int) -> tuple[str, str] | None:
    """Give name and namespace, "" for none; None where they must be read by parsing."""
    metadata = _below(text, column, "metadata") or ""
    name = _name_pattern(column + 2, "name").search(metadata)
    namespace = _name_pattern(column + 2, "namespace").search(metadata)
    if not name or (not namespace and "namespace" in metadata):
        return None
    found = (name[1], namespace[1] if namespace else "")
    return found if all(not part or _is_string(part) for part in found) else None


def annotation(text: str, column: int, key: str) -> str | None:
    """Give the value of an annotation, "" for none; None where it must be read by parsing."""
    if key not in text:
        return ""
    metadata = _below(text, column, "metadata") or ""
    annotations = _below(metadata, column + 2, "annotations") or ""
    found = _quoted_pattern(column + 4, key).search(annotations)
    return found[1] or found[2] if found else None


def _is_string(word: str) -> bool:
    return isinstance(read_plain(word), str)


def _below(text: str, column: int, key: str) -> str | None:
    """Give the lines of a mapping whose keys stand two columns behind its own."""
    block = _block_pattern(column, key).search(text)
    return block[1] if block and not _shallow_pattern(column).search(block[1]) else None


@lru_cache
def _field_pattern(column: int, key: str) -> re.Pattern[str]:
    return re.compile(
        rf"{_start(column)}{key}: +([A-Za-z][A-Za-z0-9_./-]*){_end(column)}", re.MULTILINE
    )


@lru_cache
def _name_pattern(column: int, key: str) -> re.Pattern[str]:
    return re.compile(rf"{_start(column)}{key}: +([a-z0-9][a-z0-9.-]*){_end(column)}", re.MULTILINE)


@lru_cache
def _quoted_pattern(column: int, key: str) -> re.Pattern[str]:
    start = rf"^ {{{column}}}{re.escape(key)}"
    return re.compile(rf"{start}: +(?:'([^'\n]+)'|\"([^\"\\\n]+)\") *$", re.MULTILINE)


@lru_cache
def _block_pattern(column: int, key: str) -> re.Pattern[str]:
    below = rf"(?: {{{column + 1}}}.*| *(?:#.*)?)(?:\n|\Z)"
    return re.compile(rf"{_start(column)}{key}: *(?:#.*)?\n((?:{below})*)", re.MULTILINE)


@lru_cache
def _shallow_pattern(column: int) -> re.Pattern[str]:
    return re.compile(rf"^ {{{column + 1}}}[^ #\n]", re.MULTILINE)


def _start(column: int) -> str:
    return rf"^(?: {{{column}}}| {{{column - 2}}}- )" if column else "^"


def _end(column: int) -> str:
    return rf" *(?: #.*)?$(?!\s*\n {{{column + 1}}})"
