"""From queries to the file of a MetricsSnapshot."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, NamedTuple

from krmfn.cli.collecting.answers import answer_of, text_of
from krmfn.cli.collecting.queries import MetricsQuery
from krmfn.cli.collecting.stamps import stamped
from krmfn.kinds.fleet import MetricsSnapshot, MetricsSnapshotSpec
from krmfn.sdk.model import Metadata


class Origin(NamedTuple):
    """Where and when metrics are asked for.

    Attributes:
        source: what to call the server.
        at: the instant that all queries are evaluated at.
        cluster: the cluster that series without the cluster's label are of; "" for a fleet's.
    """

    source: str
    at: datetime
    cluster: str = ""


def snapshot(
    name: str,
    queries: Iterable[MetricsQuery],
    ask: Callable[[str, str], Any],
    origin: Origin,
    warn: Callable[[str], None],
) -> MetricsSnapshot:
    """Ask all queries and give their answers as one resource.

    Args:
        name: name of the resource.
        queries: the queries.
        ask: gives the JSON answer to a query, evaluated at an RFC 3339 instant.
        origin: where and when they are asked.
        warn: is told of queries without series, and what the server warns of; a Thanos says so
            when a part of the clusters did not answer.

    Raises:
        CliError: a query is refused, or its values cannot be told apart.
    """
    metrics = []
    for query in queries:
        reply = ask(query.query, text_of(origin.at))
        metric, warnings = answer_of(query, reply, at=origin.at, cluster=origin.cluster)
        for warning in warnings:
            warn(f"the query `{query.name}`: {warning}")
        if not metric.samples:
            warn(f"the query `{query.name}` gives no series")
        metrics.append(metric)
    return MetricsSnapshot(
        metadata=Metadata(name=name),
        spec=MetricsSnapshotSpec(source=origin.source, metrics=tuple(metrics)),
    )


def path_of(name: str, cluster: str) -> str:
    """Give the file of a snapshot, relative to the package."""
    folder = f"clusters/{cluster}/" if cluster else ""
    return f"{folder}metricssnapshot_{name}.yaml"


def text_of_snapshot(snapshot: MetricsSnapshot, origin: Origin, stamp: str) -> str:
    """Give the text of the file of a snapshot."""
    return stamped(snapshot.to_body(), origin.cluster, text_of(origin.at), stamp)
