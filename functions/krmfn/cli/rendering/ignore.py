"""Which files of a package a `.krmignore` leaves out, by kpt's rules.

They are gitignore's with four differences: a pattern with n slashes is compared with the last n+1
parts of a path (with the first ones when it begins with `/`), `**` is no more than `*`, a `!`
pattern wins wherever it stands, and only the file at the package's root is read.
"""

import re
from collections.abc import Callable
from functools import lru_cache

KRMIGNORE = ".krmignore"

IsIgnored = Callable[[str, bool], bool]


def ignored_by(text: str) -> IsIgnored:
    """Give the question `is this ignored?` for the text of a `.krmignore`.

    It is asked with a slash path, relative to the folder of the `.krmignore`, and whether that is
    a folder.
    """
    ignored, kept = [], []
    for line in text.splitlines():
        pattern = line.strip(" ")
        if not pattern.strip("/!") or pattern.startswith("#"):
            continue
        if pattern.startswith("!"):
            kept.append(pattern[1:])
        else:
            ignored.append(pattern[1:] if pattern.startswith("\\#") else pattern)

    def is_ignored(path: str, is_folder: bool) -> bool:
        return not any(_matches(pattern, path, is_folder) for pattern in kept) and any(
            _matches(pattern, path, is_folder) for pattern in ignored
        )

    return is_ignored


def _matches(pattern: str, path: str, is_folder: bool) -> bool:
    trimmed = pattern.strip("/")
    depth = trimmed.count("/") + 1
    parts = path.split("/")
    compared = parts[:depth] if pattern.startswith("/") else parts[-depth:]
    whole = not pattern.startswith("/") or depth >= len(parts)
    if pattern.endswith("/") and not (is_folder and whole):
        return False
    return _as_regex(trimmed).fullmatch("/".join(compared)) is not None


@lru_cache(maxsize=256)
def _as_regex(pattern: str) -> re.Pattern[str]:
    """Translate a glob; one without `*`, `?` and `[` means itself, backslashes included."""
    if not re.search(r"[*?\[]", pattern):
        return re.compile(re.escape(pattern))
    if _TOKEN.sub("", pattern):
        return _NOTHING
    try:
        return re.compile(_TOKEN.sub(_token_as_regex, pattern))
    except re.error:
        return _NOTHING


_MEMBER = r"(?:\\.|[^\]\\-])"
_TOKEN = re.compile(rf"\[\^?(?:{_MEMBER}(?:-{_MEMBER})?)+\]|\\.|[^\[\\]")
_NOTHING = re.compile(r"(?!)")


def _token_as_regex(token: re.Match[str]) -> str:
    text = token[0]
    if text in _WILDCARDS:
        return _WILDCARDS[text]
    if len(text) < 3:
        return re.escape(text[-1])
    negated = "^" if text[1] == "^" else ""
    members = re.findall(r"\\?.", text[1 + len(negated) : -1])
    return f"[{negated}{''.join(m if m == '-' else re.escape(m[-1]) for m in members)}]"


_WILDCARDS = {"*": "[^/]*", "?": "[^/]"}
