"""Host names: domains, wildcards, and hosts with a namespace before them.

Source: Istio's ``ValidateFQDN``, ``ValidateWildcardDomain``,
``ValidateNamespaceSlashWildcardHostname`` and ``host.Name``.
"""

import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import pairwise

from krmfn.mesh_intent_expander.analysis.validation.addresses import is_ip
from krmfn.mesh_intent_expander.analysis.validation.faults import Faults, refuse

_NAME = r"[a-zA-Z0-9](?:[-a-zA-Z0-9]*[a-zA-Z0-9])?"
_LABEL = re.compile(_NAME)
_WILDCARD = re.compile(rf"\*|(?:\*-?)?{_NAME}")
_NUMBER = re.compile(r"[0-9]{1,18}")
_LONGEST_LABEL, _LONGEST = 63, 255
_SNI = "outbound_"


def is_label(text: str) -> bool:
    """Say whether a text is a label of DNS (RFC 1123), in letters of either case."""
    return len(text) <= _LONGEST_LABEL and _LABEL.fullmatch(text) is not None


def label(text: str) -> str:
    """Say what is wrong with a text that must be a label."""
    wanted = f"letters, digits and - with at most {_LONGEST_LABEL} characters"
    return "" if is_label(text) else f'must be {wanted}, but is "{text}"'


@lru_cache(maxsize=8192)
def fqdn(text: str) -> str:
    """Say what is wrong with a text that must be a domain name without wildcard."""
    return _length(text) or _labels(text, text)


@lru_cache(maxsize=8192)
def wildcard_domain(text: str) -> str:
    """Say what is wrong with a text that must be a domain name; its first label may be ``*``."""
    if said := _length(text):
        return said
    first, dot, rest = text.partition(".")
    if len(first) > _LONGEST_LABEL or not _WILDCARD.fullmatch(first):
        return _bad_label(text, first)
    return _labels(rest, text) if dot else ""


def sni_domain(text: str) -> str:
    """Say what is wrong with a text that may be a gateway's SNI, as ``outbound_.80_._.a.b``."""
    if not text.startswith(_SNI):
        return wildcard_domain(text)
    parts = text.split("_")
    is_one = len(parts) > 3 and re.search(r"[0-9]", parts[1]) and re.search(r"[a-zA-Z]", parts[3])
    if is_one and len(text) <= _LONGEST:
        return ""
    return f'must be as in "outbound_.<port>_._.<host>", but is "{text}"'


def overlap(hosts: Sequence[str]) -> tuple[str, str] | None:
    """Give two hosts that overlap; a wildcard stands for all that ends like it."""
    backwards = sorted((host.removeprefix("*")[::-1], host[:1] != "*", host) for host in hosts)
    for (end, is_exact, one), (other_end, _, other) in pairwise(backwards):
        if end == other_end or (not is_exact and other_end.startswith(end)):
            return one, other
    return None


def covered_by(hosts: Sequence[str]) -> Callable[[str], bool]:
    """Give what says whether a host is covered by one of some others."""
    exact = frozenset(hosts)
    suffixes = tuple(host[1:] for host in hosts if host.startswith("*"))
    return lambda host: host in exact or host.removeprefix("*").endswith(suffixes)


def partial_wildcard(text: str) -> str:
    """Say that a wildcard is only a part of a label, as in ``*-a.b``."""
    if "*" in text and text != "*" and not text.startswith("*."):
        return f'must have "*" only as the whole first label, but is "{text}"'
    return ""


def gateway_host(path: str, text: str) -> Faults:
    """Check a host of a Gateway's server: ``host`` or ``namespace/host``."""
    namespace, slash, name = text.partition("/")
    if slash and namespace not in ("*", ".") and not is_label(namespace):
        yield from refuse(path, _bad_namespace(text))
    yield from _bound_host(path, name if slash else text, may_be_ip=True)


def sidecar_host(path: str, text: str) -> Faults:
    """Check a host of a Sidecar's egress: ``namespace/host``; ``~`` before it leaves it out."""
    namespace, slash, name = text.partition("/")
    if not slash:
        yield from refuse(path, f'must be as in "namespace/host", but is "{text}"')
        return
    bare = namespace.removeprefix("~")
    if not namespace or (bare not in ("", "*", ".") and not is_label(bare)):
        yield from refuse(path, _bad_namespace(text))
    yield from _bound_host(path, name, may_be_ip=False)


def _bound_host(path: str, name: str, *, may_be_ip: bool) -> Faults:
    if name != "*" and "." not in name:
        yield from refuse(path, f'must have a full domain name, but has "{name}"')
    if not (may_be_ip and is_ip(name)):
        yield from refuse(path, wildcard_domain(name))
    yield from refuse(path, partial_wildcard(name))


def _bad_namespace(text: str) -> str:
    return f'must have a namespace, "*" or "." before the "/", but is "{text}"'


def _length(text: str) -> str:
    if not text:
        return "must be a domain name, but is empty"
    if len(text) > _LONGEST:
        return f"must be a domain name of at most {_LONGEST} characters, but has {len(text)}"
    return ""


def _labels(rest: str, text: str) -> str:
    *most, last = rest.split(".")
    if _NUMBER.fullmatch(last):
        return f'must be a domain name, which does not end in a number, but is "{text}"'
    for each in [*most, last] if last else most:
        if not is_label(each):
            return _bad_label(text, each)
    return ""


def _bad_label(text: str, part: str) -> str:
    return f'must be a domain name, but is "{text}" with the label "{part}"'
