"""The queries that `krmfn collect metrics` asks."""

import re
from importlib.resources import files
from pathlib import Path
from typing import Annotated

from pydantic import Field, field_validator

from krmfn.cli.errors import CliError
from krmfn.kinds.fields import INTENT_VERSION, Name, Span
from krmfn.sdk.loader import YamlError, load
from krmfn.sdk.model import Kind, Model, Pattern
from krmfn.sdk.times import parse_span

_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_DEFAULT = "queries.yaml"
_YEAR = 366 * 86_400

Property = Annotated[
    str,
    Field(max_length=253),
    Pattern(
        r"^([a-z0-9.-]+/([A-Za-z0-9._-]|\{[a-zA-Z_][a-zA-Z0-9_]*\})+)?$",
        "a property such as `load.krmfn.dev/cpu` or `latency.krmfn.dev/{source}`",
    ),
]


class MetricsQuery(Model):
    """A query, and what its values are."""

    name: Name = Field(description="Name of the metric.")
    query: str = Field(
        min_length=1,
        description="PromQL for an instant vector; a series for each value that a cluster has.",
    )
    window: Span | None = Field(None, description="The span of time that the query looks at.")
    unit: str = Field("", description="The unit, such as `ratio` or `ms`.")
    property: Property = Field(
        "",
        description="The ClusterProfile property that the values become; `{label}` stands for a "
        "label of the series, as in `latency.krmfn.dev/{source}`.",
    )
    cluster_label: str = Field(
        "cluster", min_length=1, description="The label that names the cluster."
    )
    valid_for: Span | None = Field(
        None, description="For how long the values count, a year at most; for ever when absent."
    )

    @field_validator("valid_for")
    @classmethod
    def _ends(cls, valid_for: str | None) -> str | None:
        if valid_for and parse_span(valid_for) > _YEAR:
            raise ValueError(f'must be a year at most, but is "{valid_for}"')
        return valid_for


class MetricsQueriesSpec(Model):
    """Queries."""

    queries: tuple[MetricsQuery, ...] = Field(min_length=1, description="The queries, in order.")

    @field_validator("queries")
    @classmethod
    def _are_different(cls, queries: tuple[MetricsQuery, ...]) -> tuple[MetricsQuery, ...]:
        if len({query.name for query in queries}) < len(queries):
            raise ValueError("must name every metric once")
        return queries


class MetricsQueries(Kind, api_version=INTENT_VERSION):
    """What to ask a Prometheus for; the answers become a MetricsSnapshot."""

    spec: MetricsQueriesSpec = Field(description="The queries.")


def labels_needed(query: MetricsQuery) -> tuple[str, ...]:
    """Give the labels that every series of an answer must have."""
    return (query.cluster_label, *_PLACEHOLDER.findall(query.property))


def default_queries() -> str:
    """Give the text of the queries that are asked where no others are given."""
    return (files(__package__) / _DEFAULT).read_text("utf-8")


def read_queries(file: Path | None) -> tuple[MetricsQuery, ...]:
    """Give the queries of a file, or the default ones.

    Raises:
        CliError: the file cannot be read, or is no `MetricsQueries`; every wrong field is told.
    """
    source = str(file or _DEFAULT)
    try:
        body = load(file.read_text("utf-8") if file else default_queries())
    except (OSError, UnicodeDecodeError, YamlError) as error:
        raise CliError(f'"{source}" must be a file that holds a MetricsQueries: {error}') from error
    if not isinstance(body, dict):
        raise CliError(f'"{source}" must hold a MetricsQueries')
    queries, problems = MetricsQueries.parse(body)
    if queries is None:
        wrong = "; ".join(f"`{problem.field}` {problem.message}" for problem in problems)
        raise CliError(f'"{source}" must hold a MetricsQueries: {wrong}')
    return queries.spec.queries
