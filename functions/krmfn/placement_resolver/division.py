"""How replicas are divided among clusters: by Webster's (Sainte-Laguë's) method, as in Karmada.

Webster's method never takes a replica from a cluster when there is one more to give. What runs is
kept: more replicas are added to those that stand, fewer are taken in proportion to them.
"""

import heapq
from collections.abc import Collection, Mapping

from krmfn.placement_resolver.intents.intent import ReplicaScheduling
from krmfn.sdk.quantity import Exact


class ReplicasDoNotFitError(ValueError):
    """There is not enough room: `wanted` more replicas, and room for `room` of them."""

    def __init__(self, wanted: int, room: int) -> None:
        super().__init__(f"must have room for {wanted} replicas, but has room for {room}")
        self.wanted = wanted
        self.room = room


def divide(
    replicas: int,
    scheduling: ReplicaScheduling,
    *,
    weights: Mapping[str, int] | None = None,
    available: Mapping[str, int] | None = None,
    previous: Mapping[str, int] | None = None,
) -> dict[str, int]:
    """Divide replicas among clusters as an intent's `replicaScheduling` says.

    Args:
        replicas: how many there are.
        scheduling: how they are divided.
        weights: the candidates with their static weights; those without weight get nothing, and
            all are alike where none has any.
        available: the candidates and how many more replicas each can take; it limits static
            weights too, where given.
        previous: how many replicas each cluster runs now; those that are no candidates do not
            count. Empty to divide afresh.

    Returns:
        the replicas of each candidate that takes part, by name in order; some may be 0.

    Raises:
        ReplicasDoNotFitError: the candidates have no room for so many.
    """
    candidates = weights if available is None else available
    names = sorted(candidates or ())
    if scheduling.replica_scheduling_type == "Duplicated":
        return dict.fromkeys(names, replicas)
    room = {name: max(0, free) for name, free in (available or {}).items()}
    running = {name: count for name, count in (previous or {}).items() if name in names}
    aggregated = scheduling.replica_division_preference == "Aggregated"
    if not aggregated and scheduling.weight_preference.dynamic_weight is None:
        weighed = _weighed({name: (weights or {}).get(name, 0) for name in names})
        limits = None if available is None else _sum(room, running)
        return webster(replicas, weighed, limits=limits, first=running)
    return _by_room(replicas, room, running, aggregated=aggregated)


def _weighed(weights: Mapping[str, int]) -> dict[str, int]:
    weighed = {name: weight for name, weight in weights.items() if weight > 0}
    return weighed or dict.fromkeys(weights, 1)


def _by_room(
    replicas: int, room: Mapping[str, int], running: Mapping[str, int], *, aggregated: bool
) -> dict[str, int]:
    standing = sum(running.values())
    if standing == replicas and running:
        return dict(running)
    if standing > replicas:
        shares = _fewest(running, replicas, {}) if aggregated else running
        return webster(replicas, shares, limits=running)
    more = replicas - standing
    if sum(room.values()) < more:
        raise ReplicasDoNotFitError(more, sum(room.values()))
    shares = _fewest(room, more, running) if aggregated else room
    return webster(more, shares, held=running, limits=_sum(shares, running))


def _sum(room: Mapping[str, int], running: Mapping[str, int]) -> dict[str, int]:
    return {name: free + running.get(name, 0) for name, free in room.items()}


def _fewest(room: Mapping[str, int], replicas: int, first: Mapping[str, int]) -> dict[str, int]:
    """Give the clusters that hold the replicas when those with most room are filled in turn.

    Clusters of `first` that run something come before all others.
    """
    chosen: dict[str, int] = {}
    for name in sorted(room, key=lambda name: (not first.get(name), -room[name], name)):
        chosen[name] = room[name]
        if sum(chosen.values()) >= replicas:
            break
    return chosen


def webster(
    seats: int,
    votes: Mapping[str, int],
    *,
    held: Mapping[str, int] | None = None,
    limits: Mapping[str, int] | None = None,
    first: Collection[str] = (),
) -> dict[str, int]:
    """Give out seats one by one, each to the party with the most votes per twice its seats and one.

    Ties go to the party with fewer seats, then to one of `first`, then by name. Source:
    A. Sainte-Laguë, La représentation proportionnelle et la méthode des moindres carrés (1910).

    Args:
        seats: how many more seats there are.
        votes: the votes of each party.
        held: seats that parties hold already; one without votes comes after all others.
        limits: the most seats each party may hold, those held included; no limit when absent.
        first: the parties that have something already.

    Returns:
        all seats of each party, by name in order.

    Raises:
        ReplicasDoNotFitError: the limits leave no party for a seat.
    """
    result = {name: (held or {}).get(name, 0) for name in sorted({*votes, *(held or ())})}
    queue = [
        (-votes.get(name, 0) / (2 * count + 1), count, name not in first, name)
        for name, count in result.items()
        if limits is None or count < limits.get(name, 0)
    ]
    heapq.heapify(queue)
    for given in range(seats):
        if not queue:
            raise ReplicasDoNotFitError(seats, given)
        _, count, later, name = queue[0]
        count += 1
        result[name] = count
        if limits is None or count < limits.get(name, 0):
            quotient = -votes.get(name, 0) / (2 * count + 1)
            heapq.heapreplace(queue, (quotient, count, later, name))
        else:
            heapq.heappop(queue)
    return result


def most_replicas(free: Mapping[str, Exact], requests: Mapping[str, Exact]) -> int | None:
    """Give how many replicas fit into what is free.

    Args:
        free: the free amount of each resource; of one that is not there, nothing is free.
        requests: what one replica asks for; resources of which it asks for nothing do not count.

    Returns:
        the number, or None when a replica asks for nothing.
    """
    counts = (
        max(0, free.get(name, 0)) // amount for name, amount in requests.items() if amount > 0
    )
    return min((int(count) for count in counts), default=None)
