"""Addresses of a mesh: those of its gateways, and the range that services' own come from."""

import re
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Annotated

from pydantic import AfterValidator

_LABEL = "[A-Za-z0-9]([-A-Za-z0-9]{0,61}[A-Za-z0-9])?"
_HOST = re.compile(rf"(?=.{{1,253}}$)({_LABEL}\.)*(?![0-9]+$){_LABEL}")
"""A host name; its last label is no number, by which it differs from an IPv4 address."""

_CIDR = re.compile("[0-9A-Fa-f:.]+/[0-9]+")
_SPECIAL = {
    "0.0.0.0/8": "which no host has",
    "127.0.0.0/8": "which are each host's own",
    "169.254.0.0/16": "which are of one link",
    "224.0.0.0/4": "which are of multicast groups",
    "::/128": "which no host has",
    "::1/128": "which is each host's own",
    "fe80::/10": "which are of one link",
    "ff00::/8": "which are of multicast groups",
}
"""Addresses that no service can have (RFC 6890)."""


def gateway_address(text: str) -> str:
    """Give the address of a gateway as it is, where other networks can reach it.

    Raises:
        ValueError: it is no IP address and no host name, or none that another host could have.
    """
    address = _ip_address(text)
    if address is None and not _HOST.fullmatch(text):
        raise ValueError(f'must be an IP address or a host name, without a port, but is "{text}"')
    if address and (address.is_loopback or address.is_unspecified or address.is_multicast):
        raise ValueError(f'must be an address that other networks reach, but is "{text}"')
    return text


def _ip_address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        return None if "%" in text else ip_address(text)
    except ValueError:
        return None


def _vip_range(text: str) -> str:
    try:
        network = ip_network(text) if _CIDR.fullmatch(text) else None
    except ValueError:
        network = None
    if network is None:
        raise ValueError(f'must be a CIDR such as "240.240.0.0/16", but is "{text}"')
    for block, whose in _SPECIAL.items():
        special = ip_network(block)
        if special.version == network.version and special.overlaps(network):
            raise ValueError(f'must hold no address of "{block}", {whose}, but is "{text}"')
    return text


GatewayAddress = Annotated[str, AfterValidator(gateway_address)]
"""An IP address or a host name by which other networks reach a gateway."""

VipRange = Annotated[str, AfterValidator(_vip_range)]
"""A CIDR of addresses that services can have."""
