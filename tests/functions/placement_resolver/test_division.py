"""Replicas are divided in proportion, keep what runs, and never more than fits."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from krmfn.placement_resolver.division import (
    ReplicasDoNotFitError,
    divide,
    most_replicas,
    webster,
)
from krmfn.placement_resolver.intents.intent import ReplicaScheduling

NAMES = st.sampled_from("abcdef")
COUNTS = st.dictionaries(NAMES, st.integers(0, 30), min_size=1)
DUPLICATED = ReplicaScheduling()
STATIC = ReplicaScheduling(replica_scheduling_type="Divided")
DYNAMIC = ReplicaScheduling.model_validate(
    {
        "replicaSchedulingType": "Divided",
        "weightPreference": {"dynamicWeight": "AvailableReplicas"},
    }
)
AGGREGATED = ReplicaScheduling(
    replica_scheduling_type="Divided", replica_division_preference="Aggregated"
)


@pytest.mark.parametrize(
    ("seats", "votes", "held", "shares"),
    [
        pytest.param(8, {"a": 53, "b": 24, "c": 23}, {}, [4, 2, 2], id="by votes"),
        pytest.param(2, {"a": 1, "b": 1, "c": 1}, {}, [1, 1, 0], id="ties by name"),
        pytest.param(1, {"a": 3, "b": 1}, {"a": 1}, [1, 1], id="ties to those with fewer seats"),
        pytest.param(3, {"a": 1, "b": 1}, {"a": 3}, [3, 3], id="held seats count"),
        pytest.param(3, {"a": 0, "b": 1}, {"c": 2}, [0, 3, 2], id="no votes, no seats"),
        pytest.param(3, {"a": 0, "b": 0}, {}, [2, 1], id="no votes at all"),
        pytest.param(0, {"a": 1}, {}, [0], id="nothing to give"),
    ],
)
def test_seats_go_where_most_votes_stand_for_the_next_one(
    seats: int, votes: dict[str, int], held: dict[str, int], shares: list[int]
) -> None:
    result = webster(seats, votes, held=held)
    assert [*result.values()] == shares
    assert [*result] == sorted({*votes, *held})


@given(votes=COUNTS, seats=st.integers(0, 60))
def test_one_more_seat_is_one_more_for_one_party(votes: dict[str, int], seats: int) -> None:
    before, after = webster(seats, votes), webster(seats + 1, votes)
    assert sum(before.values()) == seats
    assert sorted(after[name] - before[name] for name in votes) == [0] * (len(votes) - 1) + [1]


@given(votes=COUNTS, first=st.integers(0, 30), then=st.integers(0, 30))
def test_seats_may_be_given_out_in_several_turns(
    votes: dict[str, int], first: int, then: int
) -> None:
    assert webster(then, votes, held=webster(first, votes)) == webster(first + then, votes)


@given(votes=COUNTS, limits=COUNTS, seats=st.integers(0, 60))
def test_limits_are_kept_or_said_to_be_too_small(
    votes: dict[str, int], limits: dict[str, int], seats: int
) -> None:
    room = sum(limits.get(name, 0) for name in votes)
    if room < seats:
        with pytest.raises(ReplicasDoNotFitError, match=f"has room for {room}$") as raised:
            webster(seats, votes, limits=limits)
        assert (raised.value.wanted, raised.value.room) == (seats, room)
    else:
        result = webster(seats, votes, limits=limits)
        assert sum(result.values()) == seats
        assert all(count <= limits.get(name, 0) for name, count in result.items())


@pytest.mark.parametrize(
    ("replicas", "scheduling", "weights", "available", "previous", "expected"),
    [
        pytest.param(3, DUPLICATED, {"a": 1, "b": 1}, None, {}, {"a": 3, "b": 3}, id="duplicated"),
        pytest.param(7, STATIC, {"a": 4, "b": 2}, None, {}, {"a": 5, "b": 2}, id="static"),
        pytest.param(5, STATIC, {"a": 0, "b": 0}, None, {}, {"a": 3, "b": 2}, id="no weights"),
        pytest.param(4, STATIC, {"a": 1, "b": 0}, None, {}, {"a": 4}, id="one has no weight"),
        pytest.param(
            9, STATIC, {"a": 2, "b": 1}, {"a": 4, "b": 9}, {}, {"a": 4, "b": 5}, id="static, full"
        ),
        pytest.param(
            9, STATIC, {"a": 2, "b": 1}, {"a": 0, "b": 9}, {"a": 6}, {"a": 6, "b": 3}, id="runs on"
        ),
        pytest.param(8, DYNAMIC, None, {"a": 12, "b": 4}, {}, {"a": 6, "b": 2}, id="by room"),
        pytest.param(
            6, DYNAMIC, None, {"a": 9, "b": 9}, {"a": 4}, {"a": 4, "b": 2}, id="added to what runs"
        ),
        pytest.param(
            3, DYNAMIC, None, {"a": 9, "b": 0}, {"a": 2, "b": 4}, {"a": 1, "b": 2}, id="taken away"
        ),
        pytest.param(
            6, DYNAMIC, None, {"a": 9, "b": 9}, {"a": 5, "b": 1}, {"a": 5, "b": 1}, id="unchanged"
        ),
        pytest.param(
            6, DYNAMIC, None, {"a": 9}, {"a": 2, "gone": 4}, {"a": 6}, id="a lost cluster's move"
        ),
        pytest.param(
            6, DYNAMIC, None, {"a": 2, "b": 2}, {"b": 3}, {"a": 2, "b": 4}, id="never above room"
        ),
        pytest.param(
            5, AGGREGATED, None, {"a": 3, "b": 6, "c": 2}, {}, {"b": 5}, id="into the roomiest"
        ),
        pytest.param(
            9, AGGREGATED, None, {"a": 3, "b": 6, "c": 2}, {}, {"a": 3, "b": 6}, id="into two"
        ),
        pytest.param(
            4, AGGREGATED, None, {"a": 9, "b": 3}, {"b": 1}, {"b": 4}, id="first where it runs"
        ),
        pytest.param(
            2, AGGREGATED, None, {"a": 9, "b": 9}, {"a": 1, "b": 4}, {"b": 2}, id="left in one"
        ),
        pytest.param(0, DYNAMIC, None, {"a": 9}, {}, {"a": 0}, id="no replicas"),
    ],
)
def test_replicas_are_divided_as_the_intent_says(
    replicas: int,
    scheduling: ReplicaScheduling,
    weights: dict[str, int] | None,
    available: dict[str, int] | None,
    previous: dict[str, int],
    expected: dict[str, int],
) -> None:
    shares = divide(replicas, scheduling, weights=weights, available=available, previous=previous)
    assert {name: count for name, count in shares.items() if count or not replicas} == expected


@given(
    room=COUNTS,
    previous=COUNTS,
    replicas=st.integers(0, 60),
    scheduling=st.sampled_from([DYNAMIC, AGGREGATED]),
)
def test_growth_keeps_every_replica_and_shrinking_adds_none(
    room: dict[str, int], previous: dict[str, int], replicas: int, scheduling: ReplicaScheduling
) -> None:
    running = {name: count for name, count in previous.items() if name in room}
    assume(sum(room.values()) + sum(running.values()) >= replicas)
    shares = divide(replicas, scheduling, available=room, previous=previous)
    assert sum(shares.values()) == replicas
    for name, free in room.items():
        before, after = running.get(name, 0), shares.get(name, 0)
        if sum(running.values()) <= replicas:
            assert before <= after <= before + free
        else:
            assert after <= before


def test_too_little_room_is_told_with_both_numbers() -> None:
    with pytest.raises(ReplicasDoNotFitError, match=r"must have room for 5 replicas, but has .* 4"):
        divide(5, DYNAMIC, available={"a": 3, "b": 1})


@pytest.mark.parametrize(
    ("free", "requests", "expected"),
    [
        ({"cpu": 3000, "memory": 10}, {"cpu": 500, "memory": 4}, 2),
        ({"cpu": 3000}, {"cpu": 500, "memory": 4}, 0),
        ({"cpu": -1}, {"cpu": 500}, 0),
        ({"cpu": 3000}, {"cpu": 0}, None),
    ],
    ids=["the scarcest counts", "what is not there", "overdrawn", "asks for nothing"],
)
def test_as_many_replicas_fit_as_the_scarcest_resource_allows(
    free: dict[str, int], requests: dict[str, int], expected: int | None
) -> None:
    assert most_replicas(free, requests) == expected
