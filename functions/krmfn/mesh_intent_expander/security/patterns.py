"""Values as Istio matches them: whole, with ``*`` at one end, or as templates of paths."""

import re
from collections.abc import Iterable


def matches(pattern: str, value: str) -> bool:
    """Say whether a pattern covers a value, which may be a pattern with fewer values itself."""
    if pattern in ("*", value):
        return value != ""
    if "{*}" in pattern or "{**}" in pattern:
        return "*" not in value and re.fullmatch(_template(pattern), value) is not None
    if pattern.startswith("*"):
        return value.endswith(pattern[1:]) and not value.endswith("*")
    if pattern.endswith("*"):
        return value.startswith(pattern[:-1]) and not value.startswith("*")
    return False


def covers(patterns: Iterable[str], values: Iterable[str]) -> bool:
    """Say whether every value is covered by some pattern."""
    known = [*patterns]
    return all(any(matches(pattern, value) for pattern in known) for value in values)


def sample(pattern: str, filling: str = "x") -> str:
    """Give a value that a pattern matches."""
    if pattern.startswith("*"):
        return f"{filling}{pattern[1:]}"
    return re.sub(r"\{\*\*?\}|\*", filling, pattern)


def _template(pattern: str) -> str:
    parts = re.split(r"(\{\*\*?\})", pattern)
    steps = {"{*}": "[^/]+", "{**}": ".*"}
    return "".join(steps.get(part, re.escape(part)) for part in parts)
