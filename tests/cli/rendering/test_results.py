"""What machines are told."""

import json
from pathlib import Path
from typing import Any

import pytest

from krmfn.cli.rendering.calls import Answer
from krmfn.cli.rendering.commit import Change
from krmfn.cli.rendering.execute import Rendering, Run
from krmfn.cli.rendering.kptfile import Step
from krmfn.cli.rendering.results import document, result_list, worst_first

RESULT = {
    "severity": "error",
    "message": "bad",
    "tags": {"z": "last", "code": "no-good"},
    "file": {"index": 0, "path": "a.yaml"},
    "field": {"proposedValue": "2", "path": "data.a", "currentValue": "1"},
    "resourceRef": {"name": "a", "kind": "ConfigMap", "apiVersion": "v1", "namespace": ""},
    "unknown": "to kpt",
}


def run(*results: dict[str, Any], image: str = "", **answer: Any) -> Run:
    step = Step("pipeline.mutators[0]", image=image, command="" if image else "cat")
    return Run("sub", step, Answer((), results, **answer), 2, 0.1234)


def test_results_are_written_as_by_kpt() -> None:
    runs = (
        run({"message": "by the way", "file": {"path": "b.yaml", "index": 3}}),
        run(RESULT, image="a/b", exit_code=3, stderr="one\ntwo\n"),
    )
    assert (
        result_list(Rendering(runs, problem="no"))
        == """\
apiVersion: kpt.dev/v1
kind: FunctionResultList
metadata:
  name: fnresults
exitCode: 1
items:
  - exec: cat
    exitCode: 0
    results:
      - message: by the way
        file:
          path: b.yaml
          index: 3
  - image: a/b
    stderr: |
      one
      two
    exitCode: 3
    results:
      - message: bad
        severity: error
        resourceRef:
          apiVersion: v1
          kind: ConfigMap
          name: a
        field:
          path: data.a
          currentValue: "1"
          proposedValue: "2"
        file:
          path: a.yaml
        tags:
          code: no-good
          z: last
"""
    )


def test_no_functions_give_no_items() -> None:
    assert result_list(Rendering(())).endswith("exitCode: 0\n")


def test_an_answer_that_was_refused_is_a_failure() -> None:
    assert "    exitCode: 1\n" in result_list(Rendering((run(problem="no"),), problem="no"))


def test_a_report_says_what_was_done() -> None:
    changes = [Change("a", None, b""), Change("b", b"", b"x"), Change("c", b"", None)]
    rendering = Rendering((run({"message": "x", "severity": "info"}, RESULT, stderr="s"),))
    assert json.loads(document(rendering, Path("/pkg"), changes)) == {
        "ok": True,
        "package": "/pkg",
        "problem": "",
        "upToDate": False,
        "functions": [
            {
                "package": "sub",
                "function": "cat",
                "field": "pipeline.mutators[0]",
                "exitCode": 0,
                "seconds": 0.123,
                "results": [RESULT, {"message": "x", "severity": "info"}],
                "stderr": "s",
                "problem": "",
            }
        ],
        "files": [
            {"path": "a", "change": "added"},
            {"path": "b", "change": "changed"},
            {"path": "c", "change": "deleted"},
        ],
    }


@pytest.mark.parametrize("order", [1, -1])
def test_the_worst_result_comes_first(order: int) -> None:
    ranked: list[dict[str, Any]] = [
        {"severity": "error"},
        {"severity": "warning"},
        {"severity": "info"},
        {},
    ]
    assert worst_first(ranked[::order]) == ranked
