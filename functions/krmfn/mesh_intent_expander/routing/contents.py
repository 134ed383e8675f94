"""What must be true of a rule by itself, whatever the mesh looks like."""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import chain

from krmfn.mesh_intent_expander.intents.forms import is_plain
from krmfn.mesh_intent_expander.intents.matching import Match, PathMatch, ValueMatch
from krmfn.mesh_intent_expander.intents.traffic_route import Rule
from krmfn.mesh_intent_expander.intents.treatment import HeaderChange
from krmfn.mesh_intent_expander.routing.matching import path_of
from krmfn.sdk import Resource, Result, error, info, warning
from krmfn.sdk.times import parse_span

_LONGEST_EXPRESSION = 1024
_LEAST_PERCENT = 0.0001
"""Envoy counts in millionths."""

_NOT_HEADERS = frozenset({"uri", "scheme", "method", "authority"})
_HOST = "host"
_UNSAFE_METHODS = frozenset({"POST", "PATCH"})


def rule_problems(rule: Rule, at: Resource | None, field: str) -> Iterator[Result]:
    """Yield what is wrong with a rule.

    Args:
        rule: the rule.
        at: its intent.
        field: its path there.
    """
    for index, match in enumerate(rule.matches):
        yield from _match_problems(match, at, f"{field}.matches[{index}]")
    for name, change in (
        ("requestHeaders", rule.request_headers),
        ("responseHeaders", rule.response_headers),
    ):
        if change is not None:
            yield from _change_problems(change, at, f"{field}.{name}")
    yield from _rewrite_problems(rule, at, field)
    yield from _timing_problems(rule, at, field)
    yield from _percent_problems(rule, at, field)
    if rule.fault is not None and (rule.timeouts or rule.retry):
        yield warning(
            "must not be relied on beside `timeouts` and `retry`: Envoy leaves both out where it "
            "injects faults",
            code="fault-without-timeouts",
            at=at,
            field=f"{field}.fault",
        )


def _percent_problems(rule: Rule, at: Resource | None, field: str) -> Iterator[Result]:
    percents = {"mirror.percent": rule.mirror.percent} if rule.mirror else {}
    if rule.fault:
        percents["fault.delayPercent"] = rule.fault.delay_percent
        percents["fault.abortPercent"] = rule.fault.abort_percent
    for name, percent in percents.items():
        if percent < _LEAST_PERCENT:
            yield error(
                f"must be {_LEAST_PERCENT} or more, of which Envoy counts multiples, but is "
                f"{percent}",
                code="percent-too-small",
                at=at,
                field=f"{field}.{name}",
                current=percent,
                proposed=_LEAST_PERCENT,
            )


def _match_problems(match: Match, at: Resource | None, field: str) -> Iterator[Result]:
    if match.path is not None:
        yield from _path_problems(match.path, at, f"{field}.path.value")
    for name, values in (("headers", match.headers), ("queryParams", match.query_params)):
        for index, value in enumerate(values):
            if value.type == "RegularExpression":
                place = f"{field}.{name}[{index}].value"
                yield from _expression_problems(value.value or "", at, place)
        yield from _repeated(values, name, at, f"{field}.{name}")
    for index, header in enumerate(match.headers):
        if header.name.lower() in _NOT_HEADERS:
            yield error(
                f'must be a header, but "{header.name}" is another part of a request to Istio, '
                "which would leave the match out",
                code="header-invalid",
                at=at,
                field=f"{field}.headers[{index}].name",
                current=header.name,
            )


def _path_problems(path: PathMatch, at: Resource | None, field: str) -> Iterator[Result]:
    if path.type == "RegularExpression":
        yield from _expression_problems(path.value, at, field)
    elif not is_plain(path.value):
        yield error(
            "must be a path in the characters of a URI, without `//`, `/./`, `/../` and `%2f`: "
            "proxies tidy these up before they match",
            code="path-invalid",
            at=at,
            field=field,
            current=path.value,
        )


def _expression_problems(text: str, at: Resource | None, field: str) -> Iterator[Result]:
    if len(text) > _LONGEST_EXPRESSION:
        message = f"must have {_LONGEST_EXPRESSION} characters or fewer, but has {len(text)}"
        yield error(message, code="regex-invalid", at=at, field=field)
    elif reason := _refused(text):
        yield error(
            f"must be a regular expression in RE2's syntax, but is `{text}`: {reason}",
            code="regex-invalid",
            at=at,
            field=field,
            current=text,
        )


@lru_cache(maxsize=1024)
def _refused(expression: str) -> str:
    """Give RE2's reason to refuse an expression, "" when it takes it."""
    import re2

    options = re2.Options()
    options.log_errors = False
    try:
        re2.compile(expression, options)
    except (re2.error, UnicodeError) as refusal:
        return str(refusal.args[0].decode() if isinstance(refusal.args[0], bytes) else refusal)
    return ""


def _repeated(
    values: Iterable[ValueMatch], noun: str, at: Resource | None, field: str
) -> Iterator[Result]:
    """Yield the names that stand twice: only one of them could be written."""
    seen: set[str] = set()
    for index, value in enumerate(values):
        name = value.name.lower() if noun == "headers" else value.name
        if name in seen:
            yield error(
                f'must be named once, but "{name}" is named twice',
                code="match-invalid",
                at=at,
                field=f"{field}[{index}].name",
                current=value.name,
            )
        seen.add(name)


def _change_problems(change: HeaderChange, at: Resource | None, field: str) -> Iterator[Result]:
    is_request = field.endswith("requestHeaders")
    for part, names in (("set", change.set), ("add", change.add), ("remove", change.remove)):
        lowered = [name.lower() for name in names]
        for name in sorted({name for name in lowered if lowered.count(name) > 1}):
            message = f'must name each header once, in any case, but names "{name}" twice'
            yield error(message, code="header-invalid", at=at, field=f"{field}.{part}")
        if _HOST in lowered and not (is_request and part == "set"):
            message = "must not be about `host`; `rewrite.hostname` changes it"
            yield error(message, code="header-invalid", at=at, field=f"{field}.{part}")


def _rewrite_problems(rule: Rule, at: Resource | None, field: str) -> Iterator[Result]:
    if rule.rewrite is None:
        return
    if rule.rewrite.prefix is not None:
        for index, match in enumerate(rule.matches):
            path = path_of(match)
            if match.grpc or (path is not None and path.type != "PathPrefix"):
                yield error(
                    "must be a `PathPrefix` where `rewrite.prefix` is given: there is no prefix "
                    "to put another one for",
                    code="rewrite-invalid",
                    at=at,
                    field=f"{field}.matches[{index}].path.type",
                    current=match.path.type if match.path else None,
                    proposed="PathPrefix",
                )
    changed = chain(rule.request_headers.set) if rule.request_headers else ()
    if rule.rewrite.hostname and any(name.lower() == _HOST for name in changed):
        yield error(
            "must not be given beside `requestHeaders.set.host`, which sets the host as well",
            code="rewrite-invalid",
            at=at,
            field=f"{field}.rewrite.hostname",
        )


def _timing_problems(rule: Rule, at: Resource | None, field: str) -> Iterator[Result]:
    request, backend = (
        (rule.timeouts.request, rule.timeouts.backend_request) if rule.timeouts else (None, None)
    )
    per_try = rule.retry.per_try_timeout if rule.retry else None
    if backend and per_try and backend != per_try:
        yield error(
            f"must be `timeouts.backendRequest`, {backend}, or absent, but is {per_try}",
            code="timeout-invalid",
            at=at,
            field=f"{field}.retry.perTryTimeout",
            current=per_try,
            proposed=backend,
        )
    elif (each := per_try or backend) and request and parse_span(request):
        yield from _wasted(rule, each, request, at, field)
    methods = sorted({match.method for match in rule.matches if match.method} & _UNSAFE_METHODS)
    if rule.retry and rule.retry.attempts and methods:
        yield info(
            f"tries {' and '.join(methods)} again, which the service must bear being done twice",
            code="retry-unsafe",
            at=at,
            field=f"{field}.retry",
        )


def _wasted(
    rule: Rule, each: str, request: str, at: Resource | None, field: str
) -> Iterator[Result]:
    """Yield what a request's own limit leaves no time for."""
    limit = parse_span(request)
    if parse_span(each) > limit:
        yield error(
            f"must be at least the limit of one try, {each}, but is {request}",
            code="timeout-invalid",
            at=at,
            field=f"{field}.timeouts.request",
            current=request,
            proposed=each,
        )
    elif rule.retry and parse_span(each) * (rule.retry.attempts + 1) > limit:
        tries = rule.retry.attempts + 1
        yield warning(
            f"must leave time for {tries} tries of {each} each, but a request has {request}",
            code="retries-cut-short",
            at=at,
            field=f"{field}.retry",
        )
