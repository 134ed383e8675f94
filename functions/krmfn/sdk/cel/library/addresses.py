"""Kubernetes' IP addresses and CIDR blocks."""

import re
from functools import lru_cache
from typing import Any

from krmfn.sdk.cel.library.registry import Fault, Object, function, member, text_of

_IP, _CIDR = "net.IP", "net.CIDR"
_LENGTH = re.compile(r"0|[1-9][0-9]{0,2}")


@function("ip")
def _to_ip(text: str) -> Object:
    address = _address(text)
    if address is None:
        raise Fault(f'must be an IP address, but is "{text[:64]}"')
    return {_IP: str(address)}


@function("isIP")
def _is_ip(text: str) -> bool:
    return _address(text) is not None


@function("ip.isCanonical")
def _is_canonical(text: str) -> bool:
    return str(_to_ip(text)[_IP]) == text


@member("family")
def _family(value: Object) -> int:
    return int(_ip(value).version)


@member("isUnspecified")
def _is_unspecified(value: Object) -> bool:
    return bool(_ip(value).is_unspecified)


@member("isLoopback")
def _is_loopback(value: Object) -> bool:
    return bool(_ip(value).is_loopback)


@member("isLinkLocalMulticast")
def _is_link_local_multicast(value: Object) -> bool:
    address = _ip(value)
    return address in _interface("224.0.0.0/24" if address.version == 4 else "ff02::/16").network


@member("isLinkLocalUnicast")
def _is_link_local_unicast(value: Object) -> bool:
    return bool(_ip(value).is_link_local)


@member("isGlobalUnicast")
def _is_global_unicast(value: Object) -> bool:
    address = _ip(value)
    special = address.is_unspecified or address.is_loopback or address.is_multicast
    return not (special or address.is_link_local or str(address) == "255.255.255.255")


@function("cidr")
def _to_cidr(text: str) -> Object:
    if _interface(text) is None:
        raise Fault(f'must be a CIDR block, but is "{text[:64]}"')
    return {_CIDR: str(_interface(text))}


@function("isCIDR")
def _is_cidr(text: str) -> bool:
    return _interface(text) is not None


@member("containsIP")
def _contains_ip(value: Object, other: Object | str) -> bool:
    address = _ip(other if isinstance(other, dict) else _to_ip(other))
    return address in _cidr(value).network


@member("containsCIDR")
def _contains_cidr(value: Object, other: Object | str) -> bool:
    inner = _cidr(other if isinstance(other, dict) else _to_cidr(other)).network
    outer = _cidr(value).network
    return inner.version == outer.version and bool(inner.subnet_of(outer))


@member("ip")
def _address_of(value: Object) -> Object:
    return {_IP: str(_cidr(value).ip)}


@member("masked")
def _masked(value: Object) -> Object:
    return {_CIDR: str(_cidr(value).network)}


@member("prefixLength")
def _prefix_length(value: Object) -> int:
    return int(_cidr(value).network.prefixlen)


@lru_cache(maxsize=4096)
def _address(text: str) -> Any:
    import ipaddress

    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    mapped = address.version == 6 and address.ipv4_mapped is not None
    return None if mapped or "%" in text else address


@lru_cache(maxsize=4096)
def _interface(text: str) -> Any:
    import ipaddress

    address, slash, length = text.partition("/")
    if not slash or not _LENGTH.fullmatch(length) or _address(address) is None:
        return None
    try:
        return ipaddress.ip_interface(text)
    except ValueError:
        return None


def _ip(value: Object) -> Any:
    return _address(text_of(value, _IP))


def _cidr(value: Object) -> Any:
    return _interface(text_of(value, _CIDR))
