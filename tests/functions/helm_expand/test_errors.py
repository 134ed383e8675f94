"""The words of Helms that no test can run: older ones, and a library that differs."""

from collections.abc import Callable, Mapping

import pytest

from krmfn.helm_expand.archive import ChartArchive
from krmfn.helm_expand.edge import Violation
from krmfn.helm_expand.edge.errors import read_error, read_warnings

MakeChart = Callable[[Mapping[str, str]], ChartArchive]

SCHEMA = "values don't meet the specifications of the schema(s) in the following chart(s):\n"


@pytest.fixture
def chart(make_chart: MakeChart) -> ChartArchive:
    return make_chart({"charts/db/Chart.yaml": "{name: db, version: 1.0.0}"})


def test_violations_are_read_as_helm_3_17_prints_them(chart: ChartArchive) -> None:
    said = (
        f"{SCHEMA}demo:\n- (root): name is required\n"
        "- ports.1: Invalid type. Expected: integer, given: string\n"
        "db:\n- size: Must be greater than or equal to 3\n"
    )
    error = read_error(said, chart)
    assert error.kind == "schema"
    assert error.violations == (
        Violation((), "name is required"),
        Violation(("db", "size"), "Must be greater than or equal to 3"),
        Violation(("ports", "1"), "Invalid type. Expected: integer, given: string"),
    )
    assert str(error) == (
        'the values must fit the schema of chart "demo": name is required; '
        "`db.size` Must be greater than or equal to 3; "
        "`ports.1` Invalid type. Expected: integer, given: string"
    )


def test_a_subchart_whose_values_are_no_mapping_breaks_its_schema(chart: ChartArchive) -> None:
    said = f"{SCHEMA}db:\ninvalid type for values: expected object (map), got string\n"
    assert read_error(said, chart).violations == (
        Violation(("db",), "invalid type for values: expected object (map), got string"),
    )


def test_a_chain_is_read_as_helm_3_prints_it(chart: ChartArchive) -> None:
    said = (
        'template: demo/templates/a.yaml:1:6: executing "demo/templates/a.yaml" at <include "x" .>:'
        " error calling include: template: demo/charts/db/templates/_h.tpl:2:10: executing"
        ' "x" at <.Values.a.b.c>: nil pointer evaluating interface {}.b\n\n'
        "Use --debug flag to render out invalid YAML\n"
    )
    error = read_error(said, chart)
    assert (error.template, error.line, error.column, error.value_path) == (
        "demo/charts/db/templates/_h.tpl",
        2,
        10,
        "db.a.b.c",
    )
    assert str(error) == (
        'chart "demo" does not render: `.Values.a.b.c`: nil pointer evaluating interface {}.b, '
        "reached from `demo/templates/a.yaml` line 1"
    )


@pytest.mark.parametrize(
    ("said", "kind", "code"),
    [
        ('invalid render options JSON: unknown field "kube_version"', "engine", "engine-version"),
        ("error unpacking subchart db in demo: x", "chart", "chart-unreadable"),
        ("something new", "values", "values-refused"),
    ],
)
def test_other_words_are_given_as_they_are(
    chart: ChartArchive, said: str, kind: str, code: str
) -> None:
    error = read_error(said, chart)
    assert (error.kind, error.code) == (kind, code)
    assert said in str(error)


def test_remarks_lose_their_time_and_are_given_once() -> None:
    remarks = (
        "2026/11/22 14:48:00 warning: skipped value for a.b: Not a table.\n\n"
        "coalesce.go:286: warning: skipped value for a.b: Not a table.\n"
        "time=2026-11-22T14:48:00Z level=WARN msg=x\n"
        "2026/11/22 14:48:01 warning: skipped value for a.b: Not a table.\n"
    )
    assert read_warnings(remarks) == (
        "warning: skipped value for a.b: Not a table.",
        "level=WARN msg=x",
    )
