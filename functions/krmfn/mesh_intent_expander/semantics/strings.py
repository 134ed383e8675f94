"""How a text is matched: exactly, by its beginning, or by an RE2 expression as a whole.

Source: Istio's API reference, "StringMatch"; paths by segments are the Gateway API's.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from krmfn.mesh_intent_expander.view import mapping

Way = Literal["exact", "prefix", "segments", "regex", "present"]
_WAYS: tuple[Way, ...] = ("exact", "prefix", "regex")


@dataclass(frozen=True, slots=True)
class Text:
    """What a text must be.

    Attributes:
        way: `segments` is a path's beginning that ends where a segment ends.
    """

    way: Way
    value: str = ""

    @property
    def tests_presence(self) -> bool:
        """Whether anything will do."""
        return self.way == "present" or (self.way == "regex" and self.value == "*")

    def fits(self, text: str | None, *, ignore_case: bool = False) -> bool:
        """Say whether a text is as it must be; None is no text at all."""
        if text is None:
            return False
        if self.tests_presence:
            return True
        if self.way == "regex":
            return matches_whole(self.value, text, ignore_case=ignore_case)
        value = self.value
        if ignore_case:
            value, text = value.lower(), text.lower()
        if self.way == "exact":
            return text == value
        if self.way == "prefix":
            return text.startswith(value)
        stem = value.rstrip("/")
        return text == stem or text.startswith(stem + "/")


def read_text(value: Any) -> Text | None:
    """Read a StringMatch, None when there is none; ``{}`` tests presence."""
    if not isinstance(value, Mapping):
        return None
    for way in _WAYS:
        if isinstance(found := value.get(way), str):
            return Text(way, found)
    return Text("present")


def read_texts(value: Any) -> tuple[tuple[str, Text], ...]:
    """Read StringMatches by name; a name with nothing tests presence."""
    found = ((str(name), read_text(match) or Text("present")) for name, match in _items(value))
    return tuple(found)


def _items(value: Any) -> list[tuple[Any, Any]]:
    return sorted(mapping(value).items(), key=lambda item: str(item[0]))


def matches_whole(pattern: str, text: str, *, ignore_case: bool = False) -> bool:
    """Say whether an RE2 expression matches a whole text; a wrong one matches none."""
    compiled = _compiled(pattern, ignore_case=ignore_case)
    return compiled is not None and compiled.fullmatch(text) is not None


@lru_cache(maxsize=4096)
def _compiled(pattern: str, *, ignore_case: bool) -> Any:
    import re2  # takes time, and most routes need it not

    options = re2.Options()
    options.log_errors = False
    options.case_sensitive = not ignore_case
    try:
        return re2.compile(pattern, options)
    except (re2.error, UnicodeError):
        return None
