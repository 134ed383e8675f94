"""How specific a match is, when two are the same, and the path that a match is about."""

import re
from collections.abc import Hashable
from typing import NamedTuple

from krmfn.mesh_intent_expander.intents.matching import GrpcMatch, Match, ValueMatch
from krmfn.mesh_intent_expander.intents.traffic_route import Consumer

_RANK = {"Exact": 3, "PathPrefix": 2, "RegularExpression": 1}


class PathRule(NamedTuple):
    """The paths of a match: a prefix goes by whole segments and does not end in ``/``."""

    type: str
    value: str


def path_of(match: Match) -> PathRule | None:
    """Give the paths of a match, None for any; a gRPC method is the path of its requests."""
    if match.grpc is not None:
        return _grpc_path(match.grpc)
    if match.path is None:
        return None
    if match.path.type != "PathPrefix":
        return PathRule(match.path.type, match.path.value)
    prefix = match.path.value.rstrip("/")
    return PathRule("PathPrefix", prefix) if prefix else None


def _grpc_path(grpc: GrpcMatch) -> PathRule:
    if grpc.service is None:
        return PathRule("RegularExpression", f"/[^/]+/{grpc.method}")
    if grpc.method is None:
        return PathRule("PathPrefix", f"/{grpc.service}")
    return PathRule("Exact", f"/{grpc.service}/{grpc.method}")


def takes_all(match: Match) -> bool:
    """Say whether every request is matched."""
    is_bare = not (match.method or match.headers or match.query_params)
    return is_bare and path_of(match) is None


def match_rank(match: Match) -> tuple[int, ...]:
    """Give the place of a match in the order in which matches are tried, the least one first.

    Source: the Gateway API's precedence of HTTPRoute matches, with Istio's order of the kinds of
    paths; no path is the prefix ``/``. What matches everything is tried last.
    """
    kind, value = path_of(match) or PathRule("PathPrefix", "/")
    return (
        takes_all(match),
        -_RANK[kind],
        -len(value),
        match.method is None,
        -len(match.headers),
        -len(match.query_params),
    )


def consumer_rank(consumer: Consumer | None) -> tuple[int, ...]:
    """Give the place of clients in that order: a route for some goes over a route for all."""
    if consumer is None:
        return (1, 0, 0, 0)
    return (0, consumer.namespace is None, -len(consumer.labels), not consumer.clusters)


def consumer_key(consumer: Consumer | None) -> Hashable:
    """Give what two sets of clients that are the same have in common."""
    if consumer is None:
        return None
    labels = frozenset(consumer.labels.items())
    return consumer.namespace, labels, frozenset(consumer.clusters)


def match_key(match: Match) -> Hashable:
    """Give what two matches that are met by the same requests have in common."""
    return (
        path_of(match),
        match.method,
        frozenset(_value_key(header, header.name.lower()) for header in match.headers),
        frozenset(_value_key(param, param.name) for param in match.query_params),
    )


def _value_key(match: ValueMatch, name: str) -> tuple[str, str, str]:
    return name, match.type, match.value or ""


def describe(match: Match) -> str:
    """Give a match in words, for messages."""
    path = path_of(match)
    words = [f"{_PATH_WORDS[path.type]} `{path.value}`"] if path else []
    words += [f"method `{match.method}`"] if match.method else []
    words += [_value_words("header", header) for header in match.headers]
    words += [_value_words("query parameter", param) for param in match.query_params]
    return " and ".join(words) or "any request"


_PATH_WORDS = {
    "Exact": "path",
    "PathPrefix": "path prefix",
    "RegularExpression": "path expression",
}


def _value_words(noun: str, match: ValueMatch) -> str:
    compared = {"Exact": " = ", "Prefix": " = ", "RegularExpression": " ~ ", "Present": ""}
    ending = "…" if match.type == "Prefix" else ""
    return f"{noun} `{match.name}{compared[match.type]}{match.value or ''}{ending}`"


def as_expression(match: ValueMatch) -> str:
    """Give the regular expression, in RE2's syntax, that the whole of a value must match."""
    if match.type == "RegularExpression":
        return match.value or ""
    if match.type == "Present":
        return ".*"
    return re.escape(match.value or "") + (".*" if match.type == "Prefix" else "")
