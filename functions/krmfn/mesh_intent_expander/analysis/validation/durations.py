"""Durations as protobuf's JSON has them in Istio: those of Go's ``time.ParseDuration``."""

import re
from functools import lru_cache
from typing import NamedTuple

from krmfn.mesh_intent_expander.analysis.validation.faults import Faults, Spec, refuse

_UNITS = {
    "ns": 1,
    "us": 10**3,
    "µs": 10**3,
    "μs": 10**3,
    "ms": 10**6,
    "s": 10**9,
    "m": 60 * 10**9,
    "h": 3600 * 10**9,
}
_PART = re.compile(r"([0-9]*)(?:\.([0-9]*))?(ns|us|µs|μs|ms|s|m|h)")
_LONGEST, _MOST = 64, 2**63 - 1
_MILLISECOND = _UNITS["ms"]


class Duration(NamedTuple):
    """A span of time.

    Attributes:
        text: as it was written.
        nanoseconds: its length, which may be negative.
    """

    text: str
    nanoseconds: int


@lru_cache(maxsize=4096)
def parse_duration(text: str) -> Duration | None:
    """Read a duration such as ``1.5s`` or ``1h30m``; None for anything else."""
    rest = text[1:] if text[:1] in ("+", "-") else text
    if rest == "0":
        return Duration(text, 0)
    if not rest or len(rest) > _LONGEST:
        return None
    total, at = 0, 0
    while at < len(rest):
        part = _PART.match(rest, at)
        if part is None or not (part[1] or part[2]):
            return None
        unit, fraction = _UNITS[part[3]], part[2] or ""
        total += int(part[1] or 0) * unit + int(fraction or 0) * unit // 10 ** len(fraction)
        at = part.end()
    return Duration(text, -total if text[0] == "-" else total) if total <= _MOST else None


def at_least_millisecond(duration: Duration) -> str:
    """Say that a duration is shorter than 1ms."""
    is_short = duration.nanoseconds < _MILLISECOND
    return f'must be at least 1ms, but is "{duration.text}"' if is_short else ""


def whole_milliseconds(duration: Duration) -> str:
    """Say what is wrong with a duration, which must be at least 1ms and whole milliseconds."""
    if duration.nanoseconds % _MILLISECOND and duration.nanoseconds > _MILLISECOND:
        return f'must be whole milliseconds, but is "{duration.text}"'
    return at_least_millisecond(duration)


def durations(path: str, spec: Spec, fields: str) -> Faults:
    """Check the fields, named with spaces between, that are durations."""
    for field in fields.split():
        if (duration := spec.get(field)) is not None:
            yield from refuse(f"{path}.{field}", whole_milliseconds(duration))
