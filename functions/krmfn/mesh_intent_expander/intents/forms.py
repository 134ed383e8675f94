"""Forms of fields that speak of HTTP, such that Istio and the Gateway API both take them."""

import re
from typing import Annotated

from pydantic import Field

from krmfn.sdk.model import Pattern

_PATH = r"^/([-A-Za-z0-9._~!$&'()*+,;=:@/]|%[0-9a-fA-F]{2})*$"

Text = Annotated[str, Field(min_length=1, max_length=4096)]
Path = Annotated[
    str,
    Field(max_length=1024),
    Pattern(_PATH, "a path from `/`, in the characters of a URI"),
]
HeaderName = Annotated[
    str,
    Field(max_length=256),
    Pattern("^[-!#$%&'*+.^_`|~0-9A-Za-z]+$", "the name of a header, without a colon"),
]
HeaderValue = Annotated[
    str,
    Field(max_length=4096),
    Pattern(
        "^([^%\\x00-\\x08\\x0a-\\x1f\\x7f]|%%|%[A-Z0-9_]+(\\([^%()]*\\))?(:[0-9]+)?%)*$",
        "the value of a header, with `%` written as `%%` outside of a variable as `%HOSTNAME%`",
    ),
]
HostName = Annotated[
    str,
    Field(max_length=253),
    Pattern(
        r"^(\*\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)+$",
        "a host name such as `api.example.com` or `*.example.com`",
    ),
]
HttpMethod = Annotated[
    str, Field(max_length=32), Pattern("^[A-Z]+$", "an HTTP method in capitals, such as `GET`")
]
RetryCondition = Annotated[
    str,
    Pattern(
        "^(5xx|gateway-error|reset|reset-before-request|connect-failure|retriable-4xx"
        "|refused-stream|retriable-status-codes|retriable-headers|envoy-ratelimited"
        "|http3-post-connect-failure|cancelled|deadline-exceeded|internal|resource-exhausted"
        "|unavailable|10[0-3]|20[0-8]|226|30[0-57-8]|40[0-9]|41[0-8]|42[1-689]|431|451"
        "|50[0-8]|51[01])$",
        "a condition of Envoy such as `connect-failure`, `5xx` or `unavailable`, or a status",
    ),
]


def is_plain(path: str) -> bool:
    """Say whether a path means the same before and after a proxy has tidied it up."""
    odd = re.search(r"//|/\.\.?(/|$)|%2[fF]", path)
    return len(path) <= 1024 and re.fullmatch(_PATH, path) is not None and odd is None
