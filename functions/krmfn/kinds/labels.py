"""Labels as Kubernetes takes them."""

import re
from typing import Annotated

from pydantic import AfterValidator

from krmfn.sdk.model import Pattern

_VALUE = "^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$"
_PART = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_PREFIX = re.compile(rf"(?=.{{1,253}}$){_PART}(\.{_PART})*")

LabelValue = Annotated[
    str,
    Pattern(
        _VALUE,
        "the value of a label: at most 63 letters and digits, with `-`, `_` or `.` between them",
    ),
]
"""A value of a label that is not empty."""


def is_label_value(text: str) -> bool:
    """Say whether a text is a value of a label, and not empty."""
    return re.fullmatch(_VALUE, text) is not None


def _is_label(key: str, value: str) -> bool:
    prefix, slash, name = key.rpartition("/")
    is_key = is_label_value(name) and (not slash or _PREFIX.fullmatch(prefix) is not None)
    return is_key and (not value or is_label_value(value))


def _labels(given: dict[str, str]) -> dict[str, str]:
    for key, value in given.items():
        if not _is_label(key, value):
            raise ValueError(f'must be labels, but has "{key}: {value}"')
    return given


Labels = Annotated[dict[str, str], AfterValidator(_labels)]
"""Keys and values of labels; a value may be empty."""
