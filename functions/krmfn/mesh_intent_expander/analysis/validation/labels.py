"""Labels, and the selectors that have them.

Source: Istio's ``labels.Instance.Validate``, ``validateWorkloadSelector`` and
``ValidateAlphaWorkloadSelector``, and the rules of its CustomResourceDefinitions.
"""

import re
from collections.abc import Mapping
from functools import lru_cache

from krmfn.mesh_intent_expander.analysis.validation.faults import (
    ADMISSION,
    WARNING,
    Fault,
    Faults,
    Spec,
    refuse,
)

_NAME = r"(?:[A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
_DOMAIN_LABEL = r"[a-zA-Z0-9](?:[-a-zA-Z0-9]*[a-zA-Z0-9])?"
_KEY = re.compile(rf"(?:({_DOMAIN_LABEL}(?:\.{_DOMAIN_LABEL})*)/)?({_NAME})")
_VALUE = re.compile(rf"(?:{_NAME})?")
_LONGEST_PREFIX, _LONGEST_NAME = 253, 63


@lru_cache(maxsize=4096)
def label_key(text: str) -> str:
    """Say what is wrong with the key of a label."""
    key = _KEY.fullmatch(text)
    if key and len(key[1] or "") <= _LONGEST_PREFIX and len(key[2]) <= _LONGEST_NAME:
        return ""
    return f'must have keys as in "example.com/name", but has "{text}"'


def labels(path: str, given: Mapping[str, str] | None) -> Faults:
    """Check labels; a value may be empty."""
    for key, value in (given or {}).items():
        yield from refuse(path, label_key(key))
        if not _VALUE.fullmatch(value):
            yield Fault(path, f'must have values of letters, digits, -, _ and ., but has "{value}"')


def selector(path: str, given: Spec | None, field: str) -> Faults:
    """Check a selector, whose labels are in a field; one without labels selects everything."""
    if given is None:
        return
    wanted = given.get(field) or {}
    for key, value in wanted.items():
        if not key:
            yield Fault(f"{path}.{field}", f'must have no empty key, but has one for "{value}"')
        if "*" in key or "*" in value:
            yield Fault(f"{path}.{field}", f'must have no wildcard, but has "{key}: {value}"')
        if len(value) > _LONGEST_NAME:
            said = f"must have values of at most {_LONGEST_NAME} characters, but {key} has more"
            yield Fault(f"{path}.{field}", said, ADMISSION)
    if not wanted:
        yield Fault(f"{path}.{field}", "must have labels, or all workloads are selected", WARNING)
