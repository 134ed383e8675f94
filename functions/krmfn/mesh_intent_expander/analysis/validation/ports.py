"""Ports and their protocols.

Source: Istio's ``pkg/config/protocol``; names of protocols are the same in either case.
"""

from krmfn.mesh_intent_expander.analysis.validation.faults import quoted

HTTP = frozenset({"http", "http2", "http_proxy", "grpc", "grpc-web"})
TLS = frozenset({"https", "tls"})
TCP = frozenset({"tcp", "mongo", "redis", "mysql"}) | TLS
"""Protocols that Istio carries as TCP."""

PROTOCOLS = HTTP | TCP | {"udp"}
_HIGHEST = 65535


def port_number(number: int) -> str:
    """Say what is wrong with a number that must be a port."""
    return (
        "" if 1 <= number <= _HIGHEST else f"must be a port from 1 to {_HIGHEST}, but is {number}"
    )


def protocol(name: str) -> str:
    """Say what is wrong with the name of a protocol."""
    if name.lower() in PROTOCOLS:
        return ""
    return f'must be {quoted(sorted(each.upper() for each in PROTOCOLS))}, but is "{name}"'
