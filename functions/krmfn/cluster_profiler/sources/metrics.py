"""MetricsSnapshot: values of metrics that become properties of the clusters they are of."""

import re
from collections.abc import Iterable, Iterator

from krmfn.cluster_profiler.facts import ClusterView
from krmfn.cluster_profiler.sources.objects import Objects, Reading
from krmfn.kinds.fleet import MetricsSnapshot
from krmfn.kinds.inventory import Property
from krmfn.sdk import Result, info, warning
from krmfn.sdk.times import parse_instant

_NUMBER = re.compile(r"[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?")
_UNKNOWN = re.compile(r"(?i)[-+]?(nan|inf|infinity)")
_LABEL = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)\}")
_NEVER_NEGATIVE = {"ratio", "percent", "ms", "s", "seconds", "bytes", "count", "Mbps", "Gbps"}


def readings_of(snapshots: Iterable[MetricsSnapshot]) -> Iterator[tuple[str, Reading]]:
    """Yield the samples that are to become properties, each with the cluster it is of."""
    for snapshot in snapshots:
        if snapshot.resource is None:
            continue
        for place, metric in enumerate(snapshot.spec.metrics):
            for number, sample in enumerate(metric.samples if metric.property else ()):
                at = f"spec.metrics[{place}].samples[{number}]"
                cluster = sample.labels.get(metric.cluster_label, "")
                yield cluster, Reading(metric, snapshot.resource, at, sample.labels, sample.value)


def read(objects: Objects) -> Iterator[ClusterView | Result]:
    """Read the metrics of a cluster; of two values of one property the later one holds."""
    newest = sorted(
        objects.readings,
        key=lambda each: (-parse_instant(each.metric.observed_at), each.of.id, each.at),
    )
    for reading in newest:
        if problem := _problem(reading, objects.as_of):
            yield problem
            continue
        seen = reading.metric.observed_at
        yield ClusterView(
            of=reading.of,
            properties={_property(reading): Property(reading.value, seen)},
            observed_at=seen,
        )


def _property(reading: Reading) -> str:
    return _LABEL.sub(lambda found: reading.labels.get(found[1], ""), reading.metric.property)


def _problem(reading: Reading, as_of: float) -> Result | None:
    """Say why a value cannot become a property, if so."""
    metric, value = reading.metric, reading.value
    unset = [name for name in _LABEL.findall(metric.property) if not reading.labels.get(name)]
    if unset:
        return warning(
            f'must have the label "{unset[0]}", which `{metric.property}` names; it is passed over',
            code="bad-metric",
            at=reading.of,
            field=f"{reading.at}.labels",
        )
    if metric.valid_until and parse_instant(metric.valid_until) < as_of:
        return _unknown(reading, f"expired at {metric.valid_until}")
    if _UNKNOWN.fullmatch(value):
        return _unknown(reading, f'is "{value}"')
    if not _NUMBER.fullmatch(value):
        return warning(
            f'must be a number, but is "{value}"; it is passed over',
            code="bad-metric",
            at=reading.of,
            field=f"{reading.at}.value",
            current=value,
        )
    if value.startswith("-") and metric.unit in _NEVER_NEGATIVE and float(value) < 0:
        return warning(
            f'must not be negative in the unit "{metric.unit}"; it is passed over',
            code="bad-metric",
            at=reading.of,
            field=f"{reading.at}.value",
            current=value,
        )
    return None


def _unknown(reading: Reading, why: str) -> Result:
    return info(
        f"`{reading.metric.name}` {why}, so `{_property(reading)}` is unknown",
        code="fact-unknown",
        at=reading.of,
        field=f"{reading.at}.value",
        current=reading.value,
    )
