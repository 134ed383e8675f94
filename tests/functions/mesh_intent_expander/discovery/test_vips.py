"""Addresses of federated services."""

from ipaddress import ip_address, ip_network
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from krmfn.mesh_intent_expander.discovery.vips import (
    Known,
    RangeExhaustedError,
    allocate,
    known_addresses,
)
from krmfn.sdk import Package, Resource

POOL = ip_network("240.240.0.0/26")
FRESH = Known({})
HOSTS = st.sets(st.text("abcdef.", min_size=1, max_size=6), max_size=40)


@given(HOSTS, st.randoms(use_true_random=False))
@settings(max_examples=60)
def test_order_does_not_matter_and_no_two_hosts_share_an_address(
    hosts: set[str], random: Random
) -> None:
    listed = sorted(hosts)
    random.shuffle(listed)
    found = allocate(listed, POOL, FRESH)
    assert found == allocate(hosts, POOL, FRESH)
    assert len(set(found.values())) == len(hosts)
    assert all(ip_address(text) in POOL for text in found.values())


@given(HOSTS, HOSTS, HOSTS)
@settings(max_examples=60)
def test_hosts_that_come_and_go_change_no_other_address(
    first: set[str], gone: set[str], further: set[str]
) -> None:
    before = allocate(first, POOL, FRESH)
    kept = first - gone
    hosts = kept | set(sorted(further)[:20])
    after = allocate(hosts, POOL, Known(before))
    assert {host: after[host] for host in kept} == {host: before[host] for host in kept}


@given(HOSTS, st.lists(st.integers(0, 63), max_size=10))
@settings(max_examples=60)
def test_addresses_of_others_are_given_to_nobody(hosts: set[str], taken: list[int]) -> None:
    foreign = tuple(ip_network(POOL[place]) for place in taken)
    found = allocate(hosts, POOL, Known(allocate(hosts, POOL, FRESH), foreign))
    assert not {ip_network(text) for text in found.values()} & set(foreign)


def test_the_last_address_is_given_and_one_host_more_is_too_many() -> None:
    pool = ip_network("10.0.0.0/29")
    hosts = [f"h{number}" for number in range(6)]
    assert sorted(allocate(hosts, pool, FRESH).values()) == [f"10.0.0.{n}" for n in range(1, 7)]
    with pytest.raises(RangeExhaustedError):
        allocate([*hosts, "another"], pool, FRESH)


def test_a_network_of_others_is_passed_over_at_once() -> None:
    foreign = (ip_network("fd00::/65"), ip_network("fd00:0:0:0:8000::/66"))
    (found,) = allocate(["h"], ip_network("fd00::/64"), Known({}, foreign)).values()
    assert ip_address(found) in ip_network("fd00:0:0:0:c000::/66")


def test_what_is_outside_of_the_range_is_given_anew() -> None:
    assert allocate(["h"], POOL, Known({"h": "192.0.2.1"})) == allocate(["h"], POOL, FRESH)


def test_entries_made_before_are_the_record_and_those_of_people_are_in_use() -> None:
    head = "apiVersion: networking.istio.io/v1\nkind: ServiceEntry\nmetadata:\n  name: x\n"
    owner = "  annotations: {krmfn.dev/owner: mesh-intent-expander/ServiceDiscovery/x}\n"
    spec = "spec: {hosts: [h], addresses: [240.240.0.9, nonsense]}\n"
    mine, theirs = Resource.parse(head + owner + spec), Resource.parse(head + spec)
    assert known_addresses(Package([mine])) == Known({"h": "240.240.0.9"})
    assert known_addresses(Package([theirs])) == Known({}, (ip_network("240.240.0.9"),))
