"""What was decided before, as the package says it: where the next decision starts from."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from krmfn.kinds.inventory import (
    DECISION_KEY,
    GROUP,
    PLACEMENT_DECISION,
    PLACEMENT_KEY,
    decided_clusters,
)
from krmfn.placement_resolver.emit.decisions import SCHEDULER
from krmfn.placement_resolver.emit.naming import key_of, slug_of
from krmfn.placement_resolver.intents import PlacementIntent
from krmfn.placement_resolver.plan import Granted, Standing
from krmfn.sdk import Package
from krmfn.sdk.resource import Resource
from krmfn.sdk.times import parse_instant

_REPORTS = "intent.krmfn.dev"

Baseline = Mapping[str, Mapping[str, Standing]]
"""The clusters of each intent, by its key."""


def baseline_of(package: Package, digest: str) -> Baseline:
    """Give the decisions that the next one starts from.

    These are the decisions of the package, unless they were made of the very same input: then it
    is what they were made from, so that a second run says the same as the first.

    Args:
        package: the package with the PlacementIntents, and what the last run wrote.
        digest: that of all that is decided upon now.
    """
    reports = {_key(each): each for each in package.select(kind="PlacementReport", group=_REPORTS)}
    is_same = any(
        _status(each).get("inputDigest") == digest
        for each in package.select(kind="PlacementSummary", group=_REPORTS)
    )
    decided = _decided(package)
    found: dict[str, Mapping[str, Standing]] = {}
    for intent in package.of(PlacementIntent):
        key = key_of(intent)
        status = _status(reports[key]) if key in reports else {}
        current = _current(decided.get(slug_of(intent), ()), status)
        held = _earlier(current, status) if is_same and status else current
        if held:
            found[key] = held
    return found


def _decided(package: Package) -> dict[str, list[str]]:
    """Give the clusters of our own decisions by placement key."""
    found: dict[str, list[str]] = {}
    for each in package.select(kind=PLACEMENT_DECISION, group=GROUP):
        if each.body.get("schedulerName") == SCHEDULER:
            key = each.labels.get(PLACEMENT_KEY) or each.labels.get(DECISION_KEY) or each.name
            found.setdefault(key, []).extend(decided_clusters(each.body))
    return found


def _current(clusters: Iterable[str], status: Mapping[str, Any]) -> dict[str, Standing]:
    """Give what the decision says, with what the report knows about it."""
    known = dict(_rows(status, "assignments"))
    return {name: known.get(name, Standing()) for name in sorted(clusters)}


def _earlier(current: Mapping[str, Standing], status: Mapping[str, Any]) -> dict[str, Standing]:
    """Give what stood before the decision: what was kept, and what the report says besides."""
    listed = status.get("assignments")
    kept = {
        str(each.get("cluster"))
        for each in (listed if isinstance(listed, list) else ())
        if isinstance(each, Mapping) and each.get("change") == "kept"
    }
    held = {name: standing for name, standing in current.items() if name in kept}
    return held | dict(_rows(status, "previous"))


def _rows(status: Mapping[str, Any], name: str) -> Iterator[tuple[str, Standing]]:
    listed = status.get(name)
    for each in listed if isinstance(listed, list) else ():
        if isinstance(each, Mapping) and isinstance(cluster := each.get("cluster"), str):
            replicas = each.get("replicas")
            yield (
                cluster,
                Standing(
                    since=_instant(each.get("since")),
                    came_from=str(each.get("cameFrom") or ""),
                    replicas=replicas if isinstance(replicas, int) else None,
                    devices=tuple(_devices(each.get("pods"))),
                ),
            )


def _instant(value: Any) -> str:
    """Give an instant; "" for what is none, as in a report that people edited."""
    try:
        parse_instant(str(value))
    except ValueError:
        return ""
    return str(value)


def _devices(pods: Any) -> Iterator[Granted]:
    for each in pods if isinstance(pods, list) else ():
        devices = each.get("devices") if isinstance(each, Mapping) else None
        for one in devices if isinstance(devices, list) else ():
            if isinstance(one, Mapping) and isinstance(count := one.get("count"), int):
                yield Granted(
                    str(each.get("resource", "")),
                    str(one.get("resourceName", "")),
                    count,
                    str(one.get("container") or ""),
                )


def _key(report: Resource) -> str:
    return f"{report.namespace}/{report.name}" if report.namespace else report.name


def _status(report: Resource) -> Mapping[str, Any]:
    status = report.body.get("status")
    return status if isinstance(status, Mapping) else {}
