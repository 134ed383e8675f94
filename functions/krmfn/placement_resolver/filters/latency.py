"""Nearness to users."""

from collections.abc import Iterator
from math import isnan

from krmfn.placement_resolver.filters.check import Ask, Check
from krmfn.placement_resolver.vectors import Column
from krmfn.sdk import quantity


def latency(ask: Ask) -> Iterator[Check]:
    """Leave the clusters that are near enough to every area with users."""
    wanted = ask.workload.intent.spec.requirements.latency
    if wanted is None:
        return
    limit = quantity.as_float(wanted.max_milliseconds)
    for share in wanted.from_:
        if share.users:
            yield _check(ask, share.area, limit)


def time_to(ask: Ask, area: str) -> Column:
    """Give the round-trip time between an area and every cluster, in milliseconds."""
    return ask.view.column(
        ("milliseconds", area), lambda cluster: ask.distances.milliseconds(area, cluster)
    )


def _check(ask: Ask, area: str, limit: float) -> Check:
    times = time_to(ask, area)

    def found(number: int) -> str:
        return "unknown" if isnan(times[number]) else f"{times[number]:g} ms"

    return Check(
        "latency",
        f"is not known to be within {limit:g} ms of {area}",
        ask.view.kept_mask(("near", area, limit), lambda: ask.view.vectors.at_most(times, limit)),
        found,
        lambda number: isnan(times[number]),
    )
