"""Addresses of federated services: stable, and nobody else's."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from krmfn.mesh_intent_expander.reading import is_own
from krmfn.mesh_intent_expander.view import ISTIO_NETWORKING, spec_of, strings
from krmfn.sdk import Package, Resource

Network = IPv4Network | IPv6Network


class RangeExhaustedError(Exception):
    """There are more hosts than addresses."""


@dataclass(frozen=True, slots=True)
class Known:
    """Addresses that are in use.

    Attributes:
        given: those that hosts were given in earlier renders.
        foreign: networks of people's own ServiceEntries.
    """

    given: Mapping[str, str]
    foreign: tuple[Network, ...] = ()


def known_addresses(package: Package) -> Known:
    """Give the addresses that the package's ServiceEntries have.

    Those that this function made are the record of what it gave. Should they disagree, the
    smallest address counts.
    """
    given: dict[str, str] = {}
    foreign: set[Network] = set()
    for entry in package.select(kind="ServiceEntry", group=ISTIO_NETWORKING):
        networks = _networks(entry)
        if not is_own(entry):
            foreign.update(networks)
            continue
        for host in strings(spec_of(entry).get("hosts")):
            addresses = [str(network.network_address) for network in networks]
            addresses += [given[host]] if host in given else []
            if addresses:
                given[host] = min(addresses, key=lambda text: int(ip_address(text)))
    return Known(given, tuple(sorted(foreign, key=str)))


def allocate(hosts: Iterable[str], pool: Network, known: Known) -> dict[str, str]:
    """Give each host an address of its own.

    What was given before stays, so that neither a further host nor one that goes changes another
    one's. A new host gets the address that its hash leads to, or the next free one.

    Raises:
        RangeExhaustedError: there are more hosts than addresses.
    """
    names = sorted(set(hosts))
    foreign = [network for network in known.foreign if network.version == pool.version]
    found: dict[str, int] = {}
    taken: set[int] = set()
    for host in names:
        before = _within(known.given.get(host, ""), pool)
        if before is not None and before not in taken and not _is_foreign(before, pool, foreign):
            found[host] = before
            taken.add(before)
    for host in names:
        if host not in found:
            found[host] = _free(host, pool, taken, foreign)
            taken.add(found[host])
    return {host: str(pool[found[host]]) for host in names}


def _free(host: str, pool: Network, taken: set[int], foreign: Sequence[Network]) -> int:
    """Give the first free place in the pool from where a host's hash leads; never its ends."""
    ends = 1 if pool.num_addresses > 2 else 0
    count = pool.num_addresses - 2 * ends
    start = int.from_bytes(hashlib.sha256(host.encode()).digest()[:8]) % count
    offset = 0
    while offset < count:
        place = (start + offset) % count + ends
        end = max((_end(place, pool, network) for network in foreign), default=place)
        if end > place:
            offset += min(end, count + ends) - place
        elif place in taken:
            offset += 1
        else:
            return place
    raise RangeExhaustedError


def _end(place: int, pool: Network, network: Network) -> int:
    """Give the first place behind a network that holds this one; the place itself otherwise."""
    first = int(network.network_address) - int(pool.network_address)
    behind = first + network.num_addresses
    return behind if first <= place < behind else place


def _is_foreign(place: int, pool: Network, foreign: Iterable[Network]) -> bool:
    return any(_end(place, pool, network) > place for network in foreign)


def _within(text: str, pool: Network) -> int | None:
    """Give an address' place in the pool, None when it has none."""
    if not text:
        return None
    address = ip_address(text)
    return int(address) - int(pool.network_address) if address in pool else None


def _networks(entry: Resource) -> list[Network]:
    """Give the networks of a ServiceEntry's addresses; what is none is left out."""
    found: list[Network] = []
    for text in strings(spec_of(entry).get("addresses")):
        try:
            found.append(ip_network(text, strict=False))
        except ValueError:
            continue
    return found
