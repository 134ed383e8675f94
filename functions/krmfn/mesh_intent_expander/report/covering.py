"""Rules of routes that no request reaches, since rules before them take it."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from krmfn.mesh_intent_expander.report.samples import of_text
from krmfn.mesh_intent_expander.semantics.routes import Match, RouteObject, Rule, Texts
from krmfn.mesh_intent_expander.semantics.strings import Text
from krmfn.mesh_intent_expander.view import selects

_BEGINNINGS = ("prefix", "segments")


@dataclass(frozen=True, slots=True)
class Covered:
    """A rule, the one that takes its requests, and one of these requests."""

    rule: Rule
    by: Rule
    witness: str


def covered_rules(route: RouteObject) -> Iterator[Covered]:
    """Yield the rules whose requests others take in full: each match by one rule before it.

    Matches are compared part by part, so that what only several of them take together is not
    found; what is found is certain.
    """
    rules = route.rules.get("http", ())
    for position, rule in enumerate(rules):
        before = rules[:position]
        taking = [_taken_by(before, match) for match in rule.matches or (Match(),)]
        by = next(iter(taking), None)
        if by is not None and all(each is not None for each in taking):
            yield Covered(rule, by, witness_of(rule))


def witness_of(rule: Rule) -> str:
    """Describe a request that a rule is about."""
    match = rule.matches[0] if rule.matches else Match()
    method = _text(match.method) or "GET"
    headers = [f"{name}: {_text(text)}" for name, text in match.headers]
    query = "&".join(f"{name}={_text(text)}" for name, text in match.query)
    line = f"{method} {_text(match.uri) or '/'}" + (f"?{query}" if query else "")
    port = [f"on port {match.port}"] if match.port else []
    return ", ".join([line, *headers, *port])


def _text(text: Text | None) -> str:
    found = of_text(text) if text else None
    return found.text if found else ""


def _taken_by(rules: Iterable[Rule], match: Match) -> Rule | None:
    return next(
        (
            rule
            for rule in rules
            if not rule.matches or any(match_covers(each, match) for each in rule.matches)
        ),
        None,
    )


def match_covers(wide: Match, narrow: Match) -> bool:
    """Say whether all requests of one match are requests of another one."""
    return (
        _line_covers(wide, narrow)
        and _texts_cover(wide.headers, narrow.headers)
        and _texts_cover(wide.query, narrow.query)
        and set(wide.without) <= set(narrow.without)
        and wide.port in (None, narrow.port)
        and selects(wide.labels, narrow.labels)
        and wide.namespace in ("", narrow.namespace)
        and wide.gateways == narrow.gateways
        and not wide.is_undecidable
    )


def _line_covers(wide: Match, narrow: Match) -> bool:
    is_loose = wide.ignore_case or not narrow.ignore_case
    pairs = (
        (wide.method, narrow.method),
        (wide.scheme, narrow.scheme),
        (wide.authority, narrow.authority),
    )
    return is_loose and _uri_covers(wide, narrow) and all(text_covers(*pair) for pair in pairs)


def _uri_covers(wide: Match, narrow: Match) -> bool:
    one, other = wide.uri, narrow.uri
    if one is not None and one.way in _BEGINNINGS and one.value in ("", "/"):
        return True
    return text_covers(one, other, ignore_case=wide.ignore_case)


def text_covers(wide: Text | None, narrow: Text | None, *, ignore_case: bool = False) -> bool:
    """Say whether all texts of one pattern are texts of another one; None is no pattern."""
    if wide is None or wide == narrow:
        return True
    if narrow is None:
        return False
    if wide.tests_presence:
        return True
    if narrow.way == "exact":
        return wide.fits(narrow.value, ignore_case=ignore_case)
    if narrow.way not in _BEGINNINGS or wide.way not in _BEGINNINGS:
        return False
    given, stem = narrow.value, wide.value.rstrip("/")
    if ignore_case:
        given, stem = given.lower(), stem.lower()
    if wide.way == "prefix":
        end = given.rstrip("/") if narrow.way == "segments" else given
        return wide.fits(end, ignore_case=ignore_case)
    is_within = given.startswith(f"{stem}/")
    return is_within or (narrow.way == "segments" and given.rstrip("/") == stem)


def _texts_cover(wide: Texts, narrow: Texts) -> bool:
    known: Sequence[tuple[str, Text]] = [(name.lower(), text) for name, text in narrow]
    return all(
        any(name.lower() == other and text_covers(text, given) for other, given in known)
        for name, text in wide
    )
