"""No rule of a VirtualService is hidden by a rule before it.

Rules are tried in order, so one without match, one with the same match, or one whose prefix is a
shorter one takes the requests of those behind it. Source: istioctl's IST0130 and IST0131.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from krmfn.mesh_intent_expander.analysis.finding import Code, Finding, Level
from krmfn.mesh_intent_expander.analysis.reading import items, text
from krmfn.mesh_intent_expander.analysis.virtual_services import ROUTE_KINDS, virtual_services
from krmfn.mesh_intent_expander.view import ClusterView, Fleet, mapping, spec_of
from krmfn.sdk import Resource

UNREACHABLE = Code(
    "IST0130",
    Level.WARNING,
    "A rule must get requests that no rule before it takes.",
    "VirtualServiceUnreachableRule",
)
INEFFECTIVE = Code(
    "IST0131",
    Level.INFO,
    "A match must not be covered by one before it.",
    "VirtualServiceIneffectiveMatch",
)
CODES = (UNREACHABLE, INEFFECTIVE)
_MATCHED_MAPS = ("headers", "queryParams", "withoutHeaders")
_UNSET: tuple[Any, ...] = (None, "", 0, False, [], {})


class _Rule(NamedTuple):
    """A rule, its path, and its matches with theirs."""

    path: str
    matches: list[tuple[str, Mapping[str, Any]]]


class _Prefix(NamedTuple):
    """A match by the beginning of the path, with all else it asks for."""

    path: str
    prefix: str
    port: Any
    method: str
    authority: str
    maps: tuple[Mapping[str, str], ...]


def check(view: ClusterView, _fleet: Fleet) -> Iterable[Finding]:
    """Yield rules and matches that never get a request."""
    for resource in virtual_services(view):
        for kind in ROUTE_KINDS:
            rules = [
                _Rule(path, list(items(rule.get("match"), f"{path}.match")))
                for path, rule in items(spec_of(resource).get(kind), f"spec.{kind}")
            ]
            yield from _hidden(resource, rules)
            if kind == "http":
                yield from _covered(resource, _prefixes(rules))


def _hidden(resource: Resource, rules: Sequence[_Rule]) -> Iterator[Finding]:
    seen: dict[str, str] = {}
    open_rule = ""
    for rule in rules:
        if open_rule:
            message = f"must stand before the rule without `match`, `{open_rule}`"
            yield Finding(UNREACHABLE, resource, message, rule.path)
        elif not rule.matches:
            open_rule = rule.path
        else:
            duplicates = 0
            for path, match in rule.matches:
                before = seen.setdefault(_canonical(match), path)
                if before != path:
                    duplicates += 1
                    message = (
                        f"must differ from the matches before it, but is the same as `{before}`"
                    )
                    yield Finding(INEFFECTIVE, resource, message, path)
            if duplicates == len(rule.matches):
                message = "must have a match of its own, but rules before it have all of them"
                yield Finding(UNREACHABLE, resource, message, rule.path)


def _covered(resource: Resource, prefixes: Iterable[_Prefix]) -> Iterator[Finding]:
    before: dict[str, list[_Prefix]] = {}
    for later in prefixes:
        shorter = (later.prefix[:end] for end in range(1, len(later.prefix)))
        for earlier in (each for prefix in shorter for each in before.get(prefix, ())):
            if _covers(earlier, later):
                message = (
                    f'prefix "{later.prefix}" must stand before "{earlier.prefix}" of '
                    f"`{earlier.path}`, which covers it"
                )
                yield Finding(INEFFECTIVE, resource, message, later.path)
        before.setdefault(later.prefix, []).append(later)


def _canonical(match: Mapping[str, Any]) -> str:
    """Write what a match asks for, so that equal ones are written alike."""
    asked = {
        key: value
        for key, value in match.items()
        if key != "name"
        and (key in ("uri", "scheme", "method", "authority") or value not in _UNSET)
    }
    return json.dumps(asked, sort_keys=True, default=str)


def _prefixes(rules: Iterable[_Rule]) -> list[_Prefix]:
    """Give the matches by prefix, each once."""
    found: dict[str, _Prefix] = {}
    for rule in rules:
        if not rule.matches:
            break
        for path, match in rule.matches:
            if prefix := text(mapping(match.get("uri")).get("prefix")):
                found.setdefault(_canonical(match), _prefix(path, prefix, match))
    return list(found.values())


def _prefix(path: str, prefix: str, match: Mapping[str, Any]) -> _Prefix:
    return _Prefix(
        path,
        prefix,
        match.get("port") or 0,
        _wanted(match.get("method")) or "exact:GET",
        _wanted(match.get("authority")),
        tuple(
            {str(key): _wanted(value) for key, value in mapping(match.get(name)).items()}
            for name in _MATCHED_MAPS
        ),
    )


def _wanted(value: Any) -> str:
    """Write an exact or prefix match; istioctl takes a regular expression for no demand at all."""
    for kind in ("exact", "prefix"):
        if said := text(mapping(value).get(kind)):
            return f"{kind}:{said}"
    return ""


def _covers(earlier: _Prefix, later: _Prefix) -> bool:
    """Say whether a match by a shorter prefix takes all requests of a later one, for istioctl."""
    return (
        later.port == earlier.port
        and earlier.method.startswith(later.method)
        and earlier.authority.startswith(later.authority)
        and all(map(_covers_all, earlier.maps, later.maps))
    )


def _covers_all(earlier: Mapping[str, str], later: Mapping[str, str]) -> bool:
    return earlier.keys() == later.keys() and all(
        value.startswith(later[key]) for key, value in earlier.items()
    )
