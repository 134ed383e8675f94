"""What an answer of Prometheus' query API holds: a value of each cluster, or why not.

The format is that of https://prometheus.io/docs/prometheus/latest/querying/api/.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from krmfn.cli.collecting.queries import MetricsQuery, labels_needed
from krmfn.cli.errors import CliError
from krmfn.kinds.fleet import Metric, Sample
from krmfn.sdk.times import parse_span

_ADVICE = {
    "matrix": "take one value of the range, as `max_over_time(...)` does",
    "scalar": "it names no cluster: sum up series `by (cluster)`",
    "string": "it names no cluster: sum up series `by (cluster)`",
}


class Answer(NamedTuple):
    """The values of a metric, and what the server warns of."""

    metric: Metric
    warnings: tuple[str, ...]


def answer_of(query: MetricsQuery, reply: Any, *, at: datetime, cluster: str = "") -> Answer:
    """Read the answer to a query.

    Args:
        query: the query.
        reply: the JSON value, with fractions as Decimal.
        at: when it was evaluated, which is when nothing was observed if there are no series.
        cluster: the cluster that series without the cluster's label are of.

    Raises:
        CliError: the server refused the query, or the values are not one for each cluster and
            property; the message names the query.
    """
    if not isinstance(reply, Mapping) or reply.get("status") != "success":
        raise _wrong(query, f"was refused: {_reason(reply)}")
    try:
        series = _vector(query, reply["data"])
        samples = [_sample(query, each["metric"], each["value"][1], cluster) for each in series]
        times = [_instant(each["value"][0]) for each in series]
    except (KeyError, IndexError, TypeError, ValueError, ArithmeticError) as error:
        raise _wrong(query, "must be answered in Prometheus' form, but is not") from error
    _refuse_duplicates(query, samples)
    observed = min(times, default=at)
    metric = Metric(
        **query.model_dump(by_alias=False, exclude={"valid_for"}),
        observed_at=text_of(observed),
        valid_until=_end(observed, query.valid_for),
        samples=tuple(sorted(samples, key=lambda each: sorted(each.labels.items()))),
    )
    return Answer(metric, tuple(str(each) for each in reply.get("warnings") or ()))


def text_of(instant: datetime) -> str:
    """Write an instant as RFC 3339, with milliseconds only where there are any."""
    precision = "milliseconds" if instant.microsecond else "seconds"
    return instant.astimezone(UTC).isoformat(timespec=precision).replace("+00:00", "Z")


def _vector(query: MetricsQuery, data: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    kind = data["resultType"]
    if kind != "vector":
        advice = _ADVICE.get(kind, "")
        raise _wrong(query, f"must give an instant vector, but gives a {kind}: {advice}")
    series: list[Mapping[str, Any]] = data["result"]
    if any("value" not in each and "histogram" in each for each in series):
        raise _wrong(query, "must give numbers, but gives a histogram: use `histogram_quantile`")
    return series


def _sample(query: MetricsQuery, metric: Mapping[str, str], value: str, cluster: str) -> Sample:
    labels = {name: metric[name] for name in sorted(metric) if name != "__name__"}
    if cluster and not labels.get(query.cluster_label):
        labels = dict(sorted({**labels, query.cluster_label: cluster}.items()))
    for label in labels_needed(query):
        if not labels.get(label):
            missing = f"must give series with the label `{label}`, but gives {_series(labels)}"
            hint = "; --cluster names the cluster of such series" if not cluster else ""
            raise _wrong(query, missing + (hint if label == query.cluster_label else ""))
    return Sample(labels=labels, value=value)


def _refuse_duplicates(query: MetricsQuery, samples: list[Sample]) -> None:
    """Refuse two values of one property of one cluster, or of one series where there is none."""
    found: dict[tuple[Any, ...], Sample] = {}
    for sample in samples:
        names = labels_needed(query) if query.property else sample.labels
        key = tuple((name, sample.labels[name]) for name in names)
        if other := found.get(key):
            both = f"{_series(other.labels)} and {_series(sample.labels)}"
            by = ", ".join(names)
            raise _wrong(query, f"must give one value each, but gives {both}: sum up `by ({by})`")
        found[key] = sample


def _instant(seconds: int | Decimal) -> datetime:
    whole = int(seconds)
    return datetime.fromtimestamp(whole, UTC) + timedelta(
        milliseconds=round((seconds - whole) * 1000)
    )


def _end(observed: datetime, valid_for: str | None) -> str | None:
    return text_of(observed + timedelta(seconds=parse_span(valid_for))) if valid_for else None


def _series(labels: Mapping[str, str]) -> str:
    return "{" + ", ".join(f'{name}="{value}"' for name, value in labels.items()) + "}"


def _reason(reply: Any) -> str:
    if not isinstance(reply, Mapping):
        return "the answer is no map"
    parts = (reply.get("errorType"), reply.get("error"))
    return ": ".join(str(part) for part in parts if part) or "the server does not say why"


def _wrong(query: MetricsQuery, what: str) -> CliError:
    return CliError(f"the query `{query.name}` {what}")
