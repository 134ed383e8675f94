"""What an HTTP route does instead of routing, or before it: redirect, answer, rewrite.

Source: Istio's ``validateHTTPRedirect``, ``validateHTTPDirectResponse`` and
``validateHTTPRewrite``.
"""

from collections.abc import Sequence

from krmfn.mesh_intent_expander.analysis.validation.faults import (
    WARNING,
    Fault,
    Faults,
    Spec,
    refuse,
)
from krmfn.mesh_intent_expander.analysis.validation.patterns import regex
from krmfn.mesh_intent_expander.analysis.validation.ports import port_number

_LARGE, _LARGEST = 100 * 1024, 1024 * 1024


def redirect(path: str, given: Spec | None, matches: Sequence[Spec]) -> Faults:
    """Check a redirect of the requests that some matches take."""
    if given is None:
        return
    uri, prefix = given.get("uri"), given.get("prefixRewrite")
    if uri and prefix:
        yield Fault(path, "must have only one of `uri` and `prefixRewrite`")
    if prefix and any("prefix" not in match.get("uri", {"prefix": ""}) for match in matches):
        yield Fault(f"{path}.prefixRewrite", "must stand beside matches of `uri.prefix` only")
    has_port = "port" in given or "derivePort" in given
    if not (uri or prefix or given.get("authority") or given.get("scheme") or has_port):
        yield Fault(path, "must have `uri`, `prefixRewrite`, `authority`, `scheme` or `port`")
    if (code := given.get("redirectCode") or 300) not in range(300, 400):
        yield Fault(f"{path}.redirectCode", f"must be from 300 to 399, but is {code}")
    if (scheme := given.get("scheme") or "http") not in ("http", "https"):
        yield Fault(f"{path}.scheme", f'must be "http" or "https", but is "{scheme}"')
    if port := given.get("port"):
        yield from refuse(f"{path}.port", port_number(port))


def direct_response(path: str, given: Spec | None) -> Faults:
    """Check an answer that the proxy gives itself."""
    if given is None:
        return
    body = given.get("body") or {}
    size = len(body.get("bytes") or (body.get("string") or "").encode(errors="replace"))
    if size > _LARGEST:
        yield Fault(f"{path}.body", f"must have at most {_LARGEST} bytes, but has {size}")
    elif size > _LARGE:
        yield Fault(f"{path}.body", f"must have at most {_LARGE} bytes, but has {size}", WARNING)
    yield from refuse(f"{path}.status", http_status(given.get("status") or 0))


def rewrite(path: str, given: Spec | None) -> Faults:
    """Check a rewrite of path or authority."""
    if given is None:
        return
    by_regex = given.get("uriRegexRewrite")
    if given.get("uri") and by_regex is not None:
        yield Fault(path, "must have only one of `uri` and `uriRegexRewrite`")
    if not (given.get("uri") or given.get("authority") or by_regex is not None):
        yield Fault(path, "must have `uri`, `uriRegexRewrite` or `authority`")
    if by_regex is None:
        return
    for field in ("match", "rewrite"):
        if not by_regex.get(field):
            yield Fault(f"{path}.uriRegexRewrite.{field}", "must be given")
    if pattern := by_regex.get("match"):
        yield from refuse(f"{path}.uriRegexRewrite.match", regex(pattern))


def http_status(status: int) -> str:
    """Say what is wrong with the status of an answer."""
    return "" if 200 <= status <= 600 else f"must be from 200 to 599, but is {status}"
