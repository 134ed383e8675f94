"""Version ranges as Helm reads them in `dependencies[].version` and `kubeVersion`.

Helm follows Masterminds/semver, which no Python library does: `~1.2`, `^0.3`, `1.x`, `1.2 - 2`,
`>=1.2, <2 || 4.*`, missing parts as wildcards, and prereleases only where the range names one.
"""

import re
from typing import NamedTuple

_Identifier = tuple[int, int, str]
_LOWEST: tuple[_Identifier, ...] = ()
_RELEASE: tuple[_Identifier, ...] = ((2, 0, ""),)

_PRERELEASE = r"[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*"
_VERSION = re.compile(
    rf"v?(0|[1-9]\d*)(?:\.(0|[1-9]\d*))?(?:\.(0|[1-9]\d*))?(?:-({_PRERELEASE}))?"
    rf"(?:\+{_PRERELEASE})?",
    re.ASCII,
)
_PART = r"(?:\d+|[xX*])"
_PARTIAL = rf"v?{_PART}(?:\.{_PART}){{0,2}}(?:-{_PRERELEASE})?(?:\+{_PRERELEASE})?"
_HYPHEN_RANGE = re.compile(rf"({_PARTIAL})\s+-\s+({_PARTIAL})", re.ASCII)
_COMPARATOR = re.compile(
    rf"\s*(=|!=|>=|=>|<=|=<|>|<|~>|~|\^|)\s*({_PARTIAL})(?:\s*,|\s+|\s*\Z)", re.ASCII
)
_MAX_LENGTH = 512


class Version(NamedTuple):
    """A version, ordered by precedence; build metadata is left out.

    `prerelease` is a sort key: () sorts below every prerelease, and a release above all of them.
    """

    major: int
    minor: int = 0
    patch: int = 0
    prerelease: tuple[_Identifier, ...] = _RELEASE


class _Range(NamedTuple):
    """The versions from `low` to below `high`, or all others when `negated`."""

    low: Version
    high: Version | None
    negated: bool = False

    def holds(self, version: Version) -> bool:
        inside = self.low <= version and (self.high is None or version < self.high)
        return inside is not self.negated


def parse_version(text: str) -> Version | None:
    """Read a version, with or without `v`, minor and patch; None when it is none."""
    match = _VERSION.fullmatch(text)
    if not match:
        return None
    major, minor, patch, prerelease = match.groups()
    return Version(int(major), int(minor or 0), int(patch or 0), _prerelease_key(prerelease))


def is_range(text: str) -> bool:
    """Say whether the text is a range that `matches` understands."""
    return _parse_range(text) is not None


def matches(version: str, wanted: str) -> bool:
    """Say whether a version lies in a range; False when either cannot be read."""
    parsed, groups = parse_version(version), _parse_range(wanted)
    if parsed is None or groups is None:
        return False
    return any(
        (with_prereleases or parsed.prerelease == _RELEASE)
        and all(comparator.holds(parsed) for comparator in comparators)
        for with_prereleases, comparators in groups
    )


def _parse_range(text: str) -> list[tuple[bool, list[_Range]]] | None:
    """Give per alternative whether it takes prereleases, and its comparators."""
    if len(text) > _MAX_LENGTH:
        return None
    groups = []
    for alternative in _HYPHEN_RANGE.sub(r">=\1, <=\2", text).split("||"):
        rest, comparators, with_prereleases = alternative.strip() or "*", [], False
        while rest:
            match = _COMPARATOR.match(rest)
            if not match:
                return None
            with_prereleases |= "-" in match[2].partition("+")[0]
            comparators.append(_comparator(match[1], match[2]))
            rest = rest[match.end() :]
        groups.append((with_prereleases, comparators))
    return groups


def _comparator(operator: str, text: str) -> _Range:
    core, _, prerelease = text.lstrip("v").partition("+")[0].partition("-")
    parts = [int(part) for part in _leading_numbers(core)]
    low = _version(parts, _prerelease_key(prerelease))
    if operator in ("", "=", "!="):
        return _Range(low, _after(low, parts), operator == "!=")
    if operator in ("~", "~>"):
        return _Range(low, None if not any(low[:3]) and len(parts) == 3 else _next(parts[:2]))
    if operator == "^":
        return _Range(low, _next(_caret_prefix(parts)))
    if operator == "<":
        return _Range(Version(0, 0, 0, _LOWEST), low)
    if operator in ("<=", "=<"):
        return _Range(Version(0, 0, 0, _LOWEST), _after(low, parts))
    if operator == ">":
        return _Range(_after(low, parts) or low, None)
    return _Range(low, None)


def _version(parts: list[int], prerelease: tuple[_Identifier, ...]) -> Version:
    major, minor, patch, *_ = [*parts, 0, 0, 0]
    return Version(major, minor, patch, prerelease)


def _leading_numbers(core: str) -> list[str]:
    parts = core.split(".")
    wildcards = [index for index, part in enumerate(parts) if part in ("x", "X", "*")]
    return parts[: wildcards[0]] if wildcards else parts


def _caret_prefix(parts: list[int]) -> list[int]:
    """Give the parts up to the first that is not zero: what `^` lets nobody change."""
    for index, part in enumerate(parts):
        if part:
            return parts[: index + 1]
    return parts


def _next(parts: list[int]) -> Version | None:
    """Give the first version behind all that begin with these parts."""
    if not parts:
        return None
    return _version([*parts[:-1], parts[-1] + 1], _LOWEST)


def _after(low: Version, parts: list[int]) -> Version | None:
    """Give the first version behind this one, or behind all it stands for when it is partial."""
    if len(parts) < 3:
        return _next(parts)
    return low._replace(prerelease=(*low.prerelease, (-1, 0, "")))


def _prerelease_key(text: str | None) -> tuple[_Identifier, ...]:
    if not text:
        return _RELEASE
    return tuple(
        (0, int(part), "") if part.isdecimal() else (1, 0, part) for part in text.split(".")
    )
