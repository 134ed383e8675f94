"""Queries are read whole, or refused with every wrong field."""

import re
from pathlib import Path

import pytest

from krmfn.cli.collecting.queries import MetricsQueries, read_queries
from krmfn.cli.errors import CliError
from krmfn.sdk.schema import undescribed

HEAD = "apiVersion: intent.krmfn.dev/v1alpha1\nkind: MetricsQueries\nmetadata: {name: q}\n"


def test_a_window_of_a_built_in_query_is_the_one_it_uses() -> None:
    for query in read_queries(None):
        assert set(re.findall(r"\[(\w+)\]", query.query)) == {query.window} - {None}, query.name


def test_built_in_queries_give_their_values_a_property_an_end_and_a_unit() -> None:
    queries = read_queries(None)
    assert all(query.property and query.valid_for and query.unit for query in queries)
    assert len({query.property for query in queries}) == len(queries)


def test_every_field_is_described() -> None:
    assert undescribed(MetricsQueries) == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("[]", "must hold a MetricsQueries", id="a list"),
        pytest.param("", "must hold a MetricsQueries", id="nothing"),
        pytest.param("a: [", "must be a file that holds a MetricsQueries", id="no YAML"),
        pytest.param("kind: Other", '`kind` must be MetricsQueries, but is "Other"', id="kind"),
        pytest.param(f"{HEAD}spec: {{queries: []}}", "`spec.queries` must not be empty", id="none"),
        pytest.param(
            f"{HEAD}spec: {{queries: [{{name: a, query: b}}, {{name: a, query: c}}]}}",
            "must name every metric once",
            id="a name twice",
        ),
        pytest.param(
            f"{HEAD}spec: {{queries: [{{name: a, query: b, window: soon}}]}}",
            "`spec.queries[0].window` must be a span of time",
            id="a window",
        ),
        pytest.param(
            f"{HEAD}spec: {{queries: [{{name: a, query: b, validFor: 9999999999w}}]}}",
            '`spec.queries[0].validFor` must be a year at most, but is "9999999999w"',
            id="an end that never comes",
        ),
        pytest.param(
            f"{HEAD}spec: {{queries: [{{name: a, query: b, property: 'x{{'}}]}}",
            "`spec.queries[0].property` must be a property such as",
            id="a property",
        ),
    ],
)
def test_a_file_that_holds_no_queries_is_refused(text: str, message: str, tmp_path: Path) -> None:
    file = tmp_path / "queries.yaml"
    file.write_text(text)
    with pytest.raises(CliError, match=re.escape(message)):
        read_queries(file)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CliError, match="must be a file that holds a MetricsQueries"):
        read_queries(tmp_path / "none.yaml")
