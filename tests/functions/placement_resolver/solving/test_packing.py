"""Does it fit: nodes, zones, and the cases that sums over a cluster get wrong."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from krmfn.placement_resolver.solving import UNZONED, GroupBins, Pod
from krmfn.placement_resolver.solving.packing import Packer, Packing

AXES = {"cpu": 0, "memory": 1, "gpu": 2, "huge": 3}


FitsByTrying = Callable[[tuple[GroupBins, ...], list[Pod]], bool]


def node(*, count: int = 1, **free: Any) -> GroupBins:
    more = {name: free.pop(name) for name in ("zones", "strict") if name in free}
    return GroupBins(count, tuple(free.get(name, 0) for name in AXES), **more)


def pod(
    replicas: int = 1,
    groups: frozenset[int] | None = None,
    *,
    aligned: bool = False,
    **amounts: int,
) -> Pod:
    requests = tuple((AXES[name], amount) for name, amount in amounts.items())
    return Pod(requests, replicas, groups, aligned)


TWO_ZONES = ((4, UNZONED, 0, 8), (4, UNZONED, 2, 8))

CASES = {
    "two pods may need two different nodes": (
        [node(cpu=2, gpu=1), node(cpu=8)],
        [pod(gpu=1), pod(cpu=6)],
        True,
    ),
    "all resources of a pod must be on one node": (
        [node(cpu=8), node(cpu=2, gpu=1)],
        [pod(cpu=4, gpu=1)],
        False,
    ),
    "every replica takes its memory": ([node(memory=10, count=2)], [pod(5, memory=4)], False),
    "replicas lie on several nodes": ([node(memory=10, count=2)], [pod(4, memory=4)], True),
    "what one item took another does not get": ([node(gpu=1)], [pod(gpu=1), pod(gpu=1)], False),
    "small remainders of many nodes take no large pod": (
        [node(huge=2, count=24)],
        [pod(huge=16)],
        False,
    ),
    "a pod stays in the groups allowed to it": (
        [node(cpu=8), node(cpu=1)],
        [pod(cpu=2, groups=frozenset({1}))],
        False,
    ),
    "a plain pod leaves the GPU node to who needs it": (
        [node(cpu=4, gpu=1), node(cpu=4)],
        [pod(cpu=4), pod(cpu=4, gpu=1)],
        True,
    ),
    "first-fit-decreasing fails where a search finds": (
        [node(cpu=7, count=2)],
        [pod(2, cpu=3), pod(4, cpu=2)],
        True,
    ),
    "an aligned pod needs one zone of a strict node": (
        [node(cpu=8, gpu=2, huge=16, zones=TWO_ZONES, strict=True)],
        [pod(cpu=6, aligned=True)],
        False,
    ),
    "an aligned pod finds the zone of its device": (
        [node(cpu=8, gpu=2, huge=16, zones=TWO_ZONES, strict=True)],
        [pod(cpu=4, gpu=2, aligned=True), pod(cpu=4, huge=8, aligned=True)],
        True,
    ),
    "zones do not bind on a node that is not strict": (
        [node(cpu=8, gpu=2, huge=16, zones=TWO_ZONES)],
        [pod(cpu=6, aligned=True)],
        True,
    ),
    "a pod that is not aligned may span zones": (
        [node(cpu=8, gpu=2, huge=16, zones=TWO_ZONES, strict=True)],
        [pod(cpu=6)],
        True,
    ),
    "no pods fit nothing": ([], [], True),
    "no replicas need nothing": ([], [pod(0, cpu=1)], True),
    "a pod without requests needs a node": ([node(count=0)], [pod()], False),
    "an overcommitted node takes nothing more": ([node(cpu=-2)], [pod(cpu=1)], False),
}


@pytest.mark.parametrize(("groups", "pods", "fits"), CASES.values(), ids=CASES)
def test_pods_fit_nodes_as_the_scheduler_would_place_them(
    groups: list[GroupBins], pods: list[Pod], fits: bool, fits_by_trying: FitsByTrying
) -> None:
    packing = Packer(tuple(groups)).pack(pods)
    assert (packing.room is not None, packing.proven) == (fits, True)
    assert fits_by_trying(tuple(groups), pods) is fits


def test_a_million_nodes_are_as_easy_as_one() -> None:
    packer = Packer((node(cpu=8, count=1_000_000),))
    assert packer.pack([pod(2_000_000, cpu=3)]).room is not None
    assert packer.pack([pod(2_000_001, cpu=3)]) == Packing(None)


amounts = st.integers(0, 5)
zoned = st.tuples(st.integers(0, 4), st.just(UNZONED))
bins = st.builds(
    GroupBins,
    st.integers(0, 2),
    st.tuples(amounts, amounts),
    st.lists(zoned, max_size=2).map(tuple),
    st.booleans(),
)
pods = st.builds(
    Pod,
    st.dictionaries(st.integers(0, 1), st.integers(1, 4)).map(lambda d: tuple(sorted(d.items()))),
    st.integers(0, 2),
    st.none() | st.frozensets(st.integers(0, 1)),
    st.booleans(),
)


@settings(max_examples=300, deadline=None)
@given(groups=st.lists(bins, max_size=2).map(tuple), some=st.lists(pods, max_size=3))
def test_packing_agrees_with_trying_everything(
    groups: tuple[GroupBins, ...], some: list[Pod], fits_by_trying: FitsByTrying
) -> None:
    packing = Packer(groups).pack(some)
    assert packing.proven
    assert (packing.room is not None) is fits_by_trying(groups, some)


@settings(max_examples=100, deadline=None)
@given(groups=st.lists(bins, max_size=2).map(tuple), some=st.lists(pods, max_size=4))
def test_what_a_room_lost_is_what_the_pods_asked_for(
    groups: tuple[GroupBins, ...], some: list[Pod]
) -> None:
    packer = Packer(groups)
    room = packer.pack(some).room
    if room is None:
        return
    for axis in range(2):
        before, after = (
            sum(n * state[0][axis] for states in each for state, n in states)
            for each in (packer.room, room)
        )
        asked = sum(p.replicas * amount for p in some for a, amount in p.requests if a == axis)
        assert before - after == asked
