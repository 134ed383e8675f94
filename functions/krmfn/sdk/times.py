"""Instants and spans of time as Kubernetes writes them, as numbers to reckon with."""

import re
from datetime import datetime
from fractions import Fraction

_INSTANT = re.compile(
    r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:[Zz]|[+-]\d\d:\d\d)", re.ASCII
)
_SPAN = re.compile(r"(?:\d+(?:\.\d+)?(?:ns|us|µs|ms|s|m|h|d|w))+", re.ASCII)
_PART = re.compile(r"(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h|d|w)", re.ASCII)
_LONGEST = 40
_SECONDS = {
    "ns": Fraction(1, 10**9),
    "us": Fraction(1, 10**6),
    "µs": Fraction(1, 10**6),
    "ms": Fraction(1, 1000),
    "s": Fraction(1),
    "m": Fraction(60),
    "h": Fraction(3600),
    "d": Fraction(86_400),
    "w": Fraction(604_800),
}


def parse_instant(text: str) -> float:
    """Give an RFC 3339 instant as seconds since 1970.

    Raises:
        ValueError: the text is none.
    """
    if len(text) <= _LONGEST and _INSTANT.fullmatch(text):
        try:
            fraction = re.sub(r"(\.\d{6})\d+", r"\1", text.upper())
            return datetime.fromisoformat(fraction).timestamp()
        except (ValueError, OverflowError):
            pass
    raise ValueError(f'must be an instant such as "2026-08-01T10:00:00Z", but is "{text[:60]}"')


def parse_span(text: str) -> float:
    """Give a span of time such as ``1h30m``, in Go's and Prometheus' form, in seconds.

    Raises:
        ValueError: the text is none.
    """
    if len(text) > _LONGEST or not _SPAN.fullmatch(text):
        raise ValueError(f'must be a span of time such as "15m" or "1h30m", but is "{text[:60]}"')
    return float(sum(Fraction(amount) * _SECONDS[unit] for amount, unit in _PART.findall(text)))
