"""Which files of a chart's directory `.helmignore` leaves out, by Helm's own rules.

They resemble `.gitignore` but are not: `**` is refused, a pattern without `/` is matched against
the last part of the path only, and `!pattern` leaves out everything that does *not* match.
"""

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import NamedTuple

_ALWAYS = "templates/.?*"


class _Rule(NamedTuple):
    pattern: tuple[str, ...]
    whole_path: bool
    only_directories: bool
    negated: bool

    def matches(self, path: tuple[str, ...]) -> bool:
        subject = path if self.whole_path else path[-1:]
        return len(subject) == len(self.pattern) and all(map(fnmatchcase, subject, self.pattern))

    def leaves_out(self, path: tuple[str, ...], *, is_directory: bool) -> bool:
        applies = is_directory or not self.only_directories
        return (
            not (applies and self.matches(path))
            if self.negated
            else (applies and self.matches(path))
        )


def kept(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """Give the files that the `.helmignore` among them does not leave out.

    Raises ValueError, whose message begins with "must", for a rule that Helm refuses.
    """
    lines = files.get(".helmignore", b"").decode("utf-8-sig", "replace").splitlines()
    rules = [_rule(line) for line in map(str.strip, [*lines, _ALWAYS]) if line and line[0] != "#"]
    return {path: data for path, data in files.items() if not _is_left_out(path, rules)}


def _rule(line: str) -> _Rule:
    if "**" in line:
        raise ValueError(f'must not use `**`, but has the rule "{line}"')
    pattern = line.removeprefix("!")
    only_directories = pattern.endswith("/")
    pattern = pattern.removesuffix("/").replace("[^", "[!")
    whole_path = "/" in pattern
    parts = tuple(pattern.removeprefix("/").split("/"))
    return _Rule(parts, whole_path, only_directories, line.startswith("!"))


def _is_left_out(path: str, rules: list[_Rule]) -> bool:
    parts = tuple(path.split("/"))
    return any(
        rule.leaves_out(parts[:length], is_directory=length < len(parts))
        for length in range(1, len(parts) + 1)
        for rule in rules
    )
