"""Results: what a function says, as kpt and Porch read it."""

from typing import Any

import pytest

from krmfn.sdk import FunctionError, Place, Resource, Result, Severity, error, info, warning
from krmfn.sdk.result import in_order

UPF = Resource.new("apps/v1", "Deployment", "upf", namespace="ran", place=Place("upf.yaml", 2))


def test_a_result_is_written_as_the_specification_says() -> None:
    found = error(
        "`spec.replicas` must be 1",
        code="replicas",
        at=UPF,
        field="spec.replicas",
        current="2",
        proposed="1",
        tags={"more": "text"},
    )
    assert found.to_value() == {
        "message": "`spec.replicas` must be 1",
        "severity": "error",
        "resourceRef": {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "namespace": "ran",
            "name": "upf",
        },
        "field": {"path": "spec.replicas", "currentValue": "2", "proposedValue": "1"},
        "file": {"path": "upf.yaml", "index": 2},
        "tags": {"code": "replicas", "more": "text"},
    }


def test_what_is_not_known_is_left_out() -> None:
    assert Result("said").to_value() == {"message": "said", "severity": "error"}
    nameless = Resource.parse("kind: A\n")
    assert info("said", code="c", at=nameless).to_value() == {
        "message": "said",
        "severity": "info",
        "tags": {"code": "c"},
    }


def test_porch_gets_strings_and_a_number_for_the_index() -> None:
    """Porch refuses a number or a map as a field's value, and kpt an index that is no number."""
    value = error("x", code="c", field="f", current=5, proposed={}, file="a", tags={"n": 1})
    assert value.to_value()["field"] == {"path": "f", "currentValue": "5", "proposedValue": "{}"}
    assert value.to_value()["tags"] == {"code": "c", "n": "1"}
    assert value.to_value()["file"] == {"path": "a", "index": 0}


@pytest.mark.parametrize(
    ("make", "severity"),
    [(error, Severity.ERROR), (warning, Severity.WARNING), (info, Severity.INFO)],
)
def test_each_severity_has_its_maker(make: Any, severity: Severity) -> None:
    assert make("x", code="c").severity is severity


def test_file_and_index_can_be_said() -> None:
    found = error("x", code="c", at=UPF, file="other.yaml", index=0)
    assert found.to_value()["file"] == {"path": "other.yaml", "index": 0}


def test_a_line_of_a_terminal_has_it_all() -> None:
    found = error("must be\n  one", code="replicas", at=UPF, field="spec.replicas")
    assert found.line() == (
        "[error] Deployment/upf spec.replicas: must be one (upf.yaml) [replicas]"
    )
    assert Result("said", Severity.INFO).line() == "[info] said"


def test_results_are_said_once_and_worst_first() -> None:
    other = UPF.at(Place("amf.yaml", 0))
    results = [
        info("i", code="c"),
        error("e", code="c", at=UPF),
        warning("w", code="c"),
        error("e", code="c", at=UPF),
        error("e", code="b", at=other),
        error("e", code="b", at=other, field="a"),
        error("e", code="a", at=other, field="b"),
    ]
    ordered = [(each.severity, each.path, each.field, each.code) for each in in_order(results)]
    assert ordered == [
        ("error", "amf.yaml", "", "b"),
        ("error", "amf.yaml", "a", "b"),
        ("error", "amf.yaml", "b", "a"),
        ("error", "upf.yaml", "", "c"),
        ("warning", "", "", "c"),
        ("info", "", "", "c"),
    ]
    assert ordered == [
        (each.severity, each.path, each.field, each.code) for each in in_order(results[::-1])
    ]


def test_a_function_error_tells_its_results() -> None:
    assert str(FunctionError(error("a", code="c"), error("b", code="c"))) == "a; b"
