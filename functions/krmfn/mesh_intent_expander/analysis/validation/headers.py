"""Names and values of HTTP headers, and what a route does to them.

Source: Istio's ``ValidateHTTPHeader...`` functions and ``header_value_validator.go``, which follow
RFC 7230 and Envoy's custom headers.
"""

import re
from functools import lru_cache

from krmfn.mesh_intent_expander.analysis.validation.faults import Fault, Faults, Spec, refuse

_TOKEN = re.compile(r"[!#$%&'*+,\-.^_`|~A-Za-z0-9]+")
_STRICT = re.compile(r"[-_A-Za-z0-9]+")
_PSEUDO = frozenset({":method", ":scheme", ":authority", ":path", ":status"})
_CLAIM = re.compile(r"@request\.auth\.claims(?:\..+|\[.+\])", re.IGNORECASE | re.DOTALL)
_PRINTABLE = re.compile(r"[^\x00-\x08\x0a-\x1f\x7f]*")

_STRING = r'(?:[^\\)"]|\\.)*'
_ARGUMENTS = rf'\( *(?:\[ *"|[^ \[]){_STRING}(?:" *, *"{_STRING})*(?:\)|" *\] *\)) *'
_COMMANDS = re.compile(rf"(?:[^%]|%%|%[^%(]+%|%[^%(]*{_ARGUMENTS}%)*", re.DOTALL)
"""A value with Envoy's commands, as ``%HOSTNAME%`` and ``%REQ(a)%``; ``%%`` is a percent sign."""


def is_claim(name: str) -> bool:
    """Say whether the name of a header stands for a claim of the request's token."""
    return _CLAIM.fullmatch(name) is not None


def matched_name(name: str) -> str:
    """Say what is wrong with the name of a header that a route looks at."""
    if is_claim(name) or name in _PSEUDO or _TOKEN.fullmatch(name):
        return ""
    return f'must name a header, but has "{name}"'


def cors_name(name: str) -> str:
    """Say what is wrong with the name of a header of CORS; ``*`` is one."""
    return "" if _TOKEN.fullmatch(name) else f'must name a header, but is "{name}"'


def strict_name(name: str) -> str:
    """Say what is wrong with the name of a header that Istio writes."""
    if _STRICT.fullmatch(name):
        return ""
    return f'must name a header in letters, digits, - and _, but is "{name}"'


def is_authority(name: str) -> bool:
    """Say whether a header is the request's authority."""
    return name.lower() in (":authority", "host")


@lru_cache(maxsize=4096)
def header_value(value: str) -> str:
    """Say what is wrong with the value of a header that Envoy writes."""
    if not _PRINTABLE.fullmatch(value):
        return f"must have values without control characters, but has {value!a}"
    if not _COMMANDS.fullmatch(value):
        return f'must have "%" only around Envoy\'s commands, or doubled, but has "{value}"'
    return ""


def operations(path: str, headers: Spec | None) -> Faults:
    """Check what a route sets, adds and removes of request and response."""
    for part in ("request", "response"):
        changes = (headers or {}).get(part) or {}
        is_request = part == "request"
        for verb in ("add", "set"):
            for name, value in (changes.get(verb) or {}).items():
                here = f"{path}.{part}.{verb}"
                yield from refuse(here, _changed_name(name, may_be_authority=is_request))
                yield from refuse(here, header_value(value))
        for name in changes.get("remove") or ():
            yield from refuse(f"{path}.{part}.remove", _changed_name(name))


def one_authority(path: str, route: Spec) -> Faults:
    """Check that a route changes the authority of the request in one place only."""
    request = (route.get("headers") or {}).get("request") or {}
    changed = [(route.get("rewrite") or {}).get("authority")]
    for verb in ("set", "add"):
        entries = (request.get(verb) or {}).items()
        changed += [value for name, value in entries if is_authority(name)]
    if any(changed[:-1]):
        yield Fault(path, "must change the authority of the request only once")


def _changed_name(name: str, *, may_be_authority: bool = False) -> str:
    if not name:
        return "must name a header, but has an empty name"
    if may_be_authority and is_authority(name):
        return ""
    if name.startswith(":") or name.lower() == "host":
        return f'must not change a header of HTTP itself, but has "{name}"'
    return ""
