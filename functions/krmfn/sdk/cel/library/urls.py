"""Kubernetes' URLs, read as Go's `url.ParseRequestURI` reads them."""

import re
from functools import lru_cache
from typing import NamedTuple

from krmfn.sdk.cel.library.registry import Fault, Object, function, member, text_of

_URL = "kubernetes.URL"
_TEXT = re.compile(
    r"""(?:(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*):)?
        (?:(?P<opaque>(?(scheme)[^/?][^?]*|(?!)))
          |(?://(?:[A-Za-z0-9\-._:~!$&'()*+,;=%@]*@)?(?P<host>
              (?P<name>\[[0-9A-Fa-f:.]+(?:%25[^\]]+)?\]|[^/?@\[\]:\s<>"]*)(?P<port>:[0-9]*)?))?
           (?P<path>(?(name)(?:/[^?]*)?|/(?!/)[^?]*)))
        (?:\?(?P<query>.*))?""",
    re.VERBOSE | re.DOTALL,
)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_ESCAPE = re.compile(rb"%([0-9A-Fa-f]{2})")
_ESCAPED_IN_PATH = re.compile(r"[^A-Za-z0-9\-_.~$&+,/:;=@!'()*%\[\]]")


class _Parts(NamedTuple):
    scheme: str
    host: str
    hostname: str
    port: str
    path: str
    query: str


@function("url")
def _to_url(text: str) -> Object:
    if _parts(text) is None:
        raise Fault(f'must be an absolute URL or path, but is "{text[:64]}"')
    return {_URL: text}


@function("isURL")
def _is_url(text: str) -> bool:
    return _parts(text) is not None


@member("getScheme")
def _get_scheme(value: Object) -> str:
    return _url(value).scheme


@member("getHost")
def _get_host(value: Object) -> str:
    return _url(value).host


@member("getHostname")
def _get_hostname(value: Object) -> str:
    return _url(value).hostname


@member("getPort")
def _get_port(value: Object) -> str:
    return _url(value).port


@member("getEscapedPath")
def _get_escaped_path(value: Object) -> str:
    return _ESCAPED_IN_PATH.sub(
        lambda found: "".join(f"%{byte:02X}" for byte in found[0].encode()), _url(value).path
    )


@member("getQuery")
def _get_query(value: Object) -> Object:
    query: dict[str, list[str]] = {}
    for pair in _url(value).query.split("&"):
        name, _, text = pair.partition("=")
        if pair and ";" not in pair and not _BAD_ESCAPE.search(pair):
            query.setdefault(_unescaped(name), []).append(_unescaped(text))
    return query


def _url(value: Object) -> _Parts:
    parts = _parts(text_of(value, _URL))
    if parts is None:
        raise Fault("no such overload")
    return parts


@lru_cache(maxsize=1024)
def _parts(text: str) -> _Parts | None:
    found = _TEXT.fullmatch(text.partition("#")[0])
    if not found or _CONTROL.search(text) or _BAD_ESCAPE.search(found["path"] or ""):
        return None
    name, port = found["name"] or "", (found["port"] or "").removeprefix(":")
    return _Parts(
        scheme=(found["scheme"] or "").lower(),
        host=found["host"] or "",
        hostname=name.strip("[]"),
        port=port,
        path=found["path"] or "",
        query=found["query"] or "",
    )


def _unescaped(text: str) -> str:
    plain = text.replace("+", " ").encode()
    return _ESCAPE.sub(lambda found: bytes([int(found[1], 16)]), plain).decode("utf-8", "replace")
