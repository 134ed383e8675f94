"""IP addresses, CIDR blocks and Unix domain sockets."""

import re
from functools import lru_cache
from ipaddress import ip_address

UNIX = "unix://"
"""What stands before the path of a Unix domain socket."""

_BITS = re.compile(r"0|[1-9][0-9]{0,2}")


@lru_cache(maxsize=8192)
def is_ip(text: str) -> bool:
    """Say whether a text is an IP address of version 4 or 6."""
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def ip(text: str) -> str:
    """Say what is wrong with a text that must be an IP address."""
    return "" if is_ip(text) else f'must be an IP address, but is "{text}"'


def ip_or_cidr(text: str) -> str:
    """Say what is wrong with a text that must be an IP address or a CIDR block."""
    address, slash, bits = text.partition("/")
    if not slash:
        return ip(text)
    if is_ip(address) and "%" not in address and _BITS.fullmatch(bits):
        most = 128 if ":" in address else 32
        if int(bits) <= most:
            return ""
    return f'must be an IP address or a CIDR block, but is "{text}"'


def socket_path(path: str) -> str:
    """Say what is wrong with the path of a Unix domain socket; ``@`` begins an abstract one."""
    if path.startswith("@") or (path.startswith("/") and not path.endswith("/")):
        return ""
    return f'must have an absolute path of a file after "{UNIX}", but has "{path}"'
