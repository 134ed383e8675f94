"""Texts that fit patterns, so that requests can be tried."""

import re
from dataclasses import dataclass

from krmfn.mesh_intent_expander.security.patterns import sample
from krmfn.mesh_intent_expander.semantics.strings import Text, matches_whole

_GROUP = re.compile(r"\((?:\?:)?([^()|]*)(?:\|[^()]*)?\)")
_CLASS = re.compile(r"\[([^\]^])[^\]]*\]|\[\^[^\]]*\]|\\[wdsWDS]|\\(.)|(\.)")
_TIMES = re.compile(r"(\[[^\]]*\]|\\.|[^\\])\{(\d{1,2})(?:,\d*)?\}")
_REPEAT = re.compile(r"(?<!\\)[*+?](?:\?)?")
_KINDS = {r"\d": "1", r"\s": " ", r"\D": "x", r"\W": "-", r"\S": "x"}


@dataclass(frozen=True, slots=True)
class Sample:
    """A pattern as people read it, and a text that fits it."""

    label: str
    text: str


def of_pattern(pattern: str) -> Sample:
    """Give a sample of what AuthorizationPolicies take: ``*`` at one end, or a template."""
    return Sample(pattern, sample(pattern))


def of_text(text: Text) -> Sample | None:
    """Give a sample of what routes match, None where none is found."""
    if text.way == "exact":
        return Sample(text.value, text.value)
    if text.way == "prefix":
        return Sample(f"{text.value}*", f"{text.value}x")
    if text.way == "segments":
        stem = text.value.rstrip("/")
        return Sample(f"{stem}/*", f"{stem}/x")
    if text.tests_presence:
        return Sample("*", "x")
    found = of_expression(text.value)
    return None if found is None else Sample(f"~{text.value}", found)


def of_expression(pattern: str) -> str | None:
    """Give a text that an RE2 expression matches as a whole, None where none is found simply."""
    plain, before = pattern.strip("^$"), ""
    while plain != before:
        before, plain = plain, _GROUP.sub(r"\1", plain)
    plain = plain.partition("|")[0]
    plain = _TIMES.sub(lambda found: found[1] * int(found[2]), plain)
    for text in (_CLASS.sub(_one, _REPEAT.sub("", plain)), plain, "/x", "x", "1"):
        if matches_whole(pattern, text):
            return text
    return None


def _one(found: re.Match[str]) -> str:
    """Give one character of a class, or what was escaped."""
    return found[1] or found[2] or _KINDS.get(found[0], "x")
