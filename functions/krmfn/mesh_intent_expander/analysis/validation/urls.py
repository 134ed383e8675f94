"""URLs as Go's ``net/url`` reads them."""

import re

_HOST = r"""(?:[-A-Za-z0-9_.~!$&'()*+,;=<>"]|[^\x00-\x7f])*"""
_AUTHORITY = rf"//(?:[^@/?#\s]*@)?(?:\[[^\]/\s]*\]|{_HOST})(?::[0-9]*)?(?=[/?#]|$)"
_URL = re.compile(
    rf"(?:([a-zA-Z][-+.a-zA-Z0-9]*):|(?=/))(?:{_AUTHORITY}|(?!//))"
    r"(?:[^%\x00-\x1f\x7f]|%[0-9a-fA-F]{2})*"
)


def scheme_of(text: str) -> str | None:
    """Give the scheme of a URL, "" for an absolute path, and None for what is no URL."""
    url = _URL.fullmatch(text)
    return None if url is None else (url[1] or "").lower()
