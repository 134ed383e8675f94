"""JSON Web Key Sets (RFC 7517) as RequestAuthentications hold them."""

import re
from collections.abc import Mapping
from json import JSONDecoder
from typing import Any

from krmfn.mesh_intent_expander.analysis.validation.faults import (
    WARNING,
    Fault,
    Faults,
    refuse,
)

_NEEDED = {"RSA": ("e", "n"), "EC": ("crv", "x", "y"), "OKP": ("crv", "x"), "oct": ("k",)}
"""What keys of a type must have; all but ``crv`` are base64."""

_TEXTS = frozenset({"alg", "kid", "use", "x5u"})
_BASE64 = re.compile(r"[-A-Za-z0-9_+/]*={0,2}")


def key_set(path: str, text: str) -> Faults:
    """Check a set of keys, or a single key; none must be private."""
    try:
        value, _ = JSONDecoder().raw_decode(text.lstrip())
    except (ValueError, RecursionError):
        yield Fault(path, "must be JSON")
        return
    if not isinstance(value, Mapping):
        yield Fault(path, "must be a JSON object")
        return
    keys = value.get("keys") if "keys" in value else [value]
    if not isinstance(keys, list | None):
        yield Fault(path, "must have a list in `keys`")
        return
    refused = [(number, said) for number, key in enumerate(keys or ()) if (said := _key(key))]
    for number, said in refused:
        yield from refuse(path, f"{said} in key {number}")
    for number, key in enumerate(() if refused else keys or ()):
        if key["kty"] == "oct" or "d" in key:
            yield Fault(path, f"must have public keys only, but key {number} is private", WARNING)


def _key(key: Any) -> str:
    kind = key.get("kty") if isinstance(key, Mapping) else None
    needed = _NEEDED.get(kind) if isinstance(kind, str) else None
    if needed is None:
        return 'must have "kty" with "RSA", "EC", "OKP" or "oct"'
    for field in needed:
        value = key.get(field)
        if not isinstance(value, str) or not (field == "crv" or _BASE64.fullmatch(value)):
            return f'must have text in "{field}"'
    for field in _TEXTS & key.keys():
        if not isinstance(key[field], str):
            return f'must have text in "{field}"'
    return ""
