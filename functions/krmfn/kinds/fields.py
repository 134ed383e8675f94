"""Forms of fields that kinds of several functions share."""

from typing import Annotated

from pydantic import AfterValidator, Field

from krmfn.sdk import quantity
from krmfn.sdk.model import Pattern
from krmfn.sdk.times import parse_instant, parse_span

INTENT_VERSION = "intent.krmfn.dev/v1alpha1"
_LONGEST_DURATION = 99_999 * 3600


def _quantity(given: int | str) -> str:
    quantity.parse(given)
    return str(given)


def _amount(given: int | str) -> str:
    if quantity.parse(given) < 0:
        raise ValueError(f'must be a quantity of 0 or more, but is "{given}"')
    return str(given)


def _instant(text: str) -> str:
    parse_instant(text)
    return text


def _span(text: str) -> str:
    parse_span(text)
    return text


def _duration(text: str) -> str:
    seconds = parse_span(text)
    milliseconds = round(seconds * 1000)
    if abs(seconds * 1000 - milliseconds) > 1e-7 or seconds > _LONGEST_DURATION:
        raise ValueError(f'must be in whole milliseconds, such as "1500ms", but is "{text}"')
    whole, rest = divmod(milliseconds, 1000)
    hours, whole = divmod(whole, 3600) if whole > 99_999 else (0, whole)
    parts = [f"{hours}h" * (hours > 0), f"{whole}s" * (whole > 0), f"{rest}ms" * (rest > 0)]
    return "".join(parts) or "0s"


Quantity = Annotated[int | str, AfterValidator(_quantity)]
"""A Kubernetes quantity such as ``500m`` or ``16Gi``; the validated value is its text."""

Amount = Annotated[int | str, AfterValidator(_amount)]
"""A Kubernetes quantity that is not negative."""

Instant = Annotated[str, AfterValidator(_instant)]
"""An RFC 3339 instant such as ``2026-08-01T10:00:00Z``."""

Span = Annotated[str, AfterValidator(_span)]
"""A span of time such as ``15m``, in Go's and Prometheus' form."""

Duration = Annotated[str, AfterValidator(_duration)]
"""A span of whole milliseconds; the validated value is in ``h``, ``s`` and ``ms``, the one form
that Istio, Go and the Gateway API (GEP-2257) all read."""

Name = Annotated[str, Field(min_length=1, max_length=253)]
"""A name that other objects refer to; any script is allowed."""

Percent = Annotated[str, Pattern(r"^[0-9]+(\.[0-9]+)?%$", 'a percentage such as "15%"')]
"""A share of a whole."""
