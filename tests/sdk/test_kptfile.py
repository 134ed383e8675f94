"""Conditions and readiness gates of a Kptfile."""

from typing import Any

import pytest

from krmfn.sdk import Resource, yaml_load
from krmfn.sdk.kptfile import conditions, with_condition

TEXT = """\
apiVersion: kpt.dev/v1
kind: Kptfile
metadata:
  name: site # the site
info:
  description: "of the edge"
  # what must be true
  readinessGates:
    - conditionType: other # theirs
pipeline:
  mutators:
    - image: set-labels # labels
status:
  renderStatus: {unknown: [to, us]}
  conditions:
    - type: other # theirs
      status: 'False'
      reason: Why
      message: |
        Two
        lines
"""


def condition(text: str, **fields: Any) -> str:
    given = {"ready": False, "reason": "rude", "message": "must be kind"} | fields
    return with_condition(Resource.parse(text), "group/v1.Kind.name", **given).text


def test_a_condition_stands_behind_a_gate_and_all_else_stays() -> None:
    gate = "    - conditionType: other # theirs\n"
    assert condition(TEXT) == TEXT.replace(
        gate, gate + "    - conditionType: group/v1.Kind.name\n"
    ) + (
        '    - type: group/v1.Kind.name\n      status: "False"\n      reason: rude\n'
        "      message: must be kind\n"
    )


def test_a_condition_is_written_once() -> None:
    assert condition(condition(TEXT)) == condition(TEXT)


def test_a_condition_turns_ready_in_place() -> None:
    ready = condition(condition(TEXT), ready=True, reason="Ready", message="")
    assert ready == condition(TEXT).replace('"False"', '"True"').replace("rude", "Ready").replace(
        "must be kind", '""'
    )


def test_fields_that_others_add_to_the_condition_stay() -> None:
    added = condition(TEXT) + "      lastTransitionTime: now\n"
    assert condition(added) == added


@pytest.mark.parametrize(
    "fields",
    ["", "info:\nstatus:\n", "info: {}\nstatus: {conditions: null}\n", "info: x\nstatus: [y]\n"],
)
def test_a_kptfile_without_conditions_gets_them(fields: str) -> None:
    body = yaml_load(condition(f"apiVersion: kpt.dev/v1\nkind: Kptfile\n{fields}"))
    assert body["info"]["readinessGates"] == [{"conditionType": "group/v1.Kind.name"}]
    assert list(body["status"]["conditions"][0]) == ["type", "status", "reason", "message"]


def test_conditions_are_read_by_type() -> None:
    assert conditions(Resource.parse(TEXT))["other"]["reason"] == "Why"
    assert conditions(Resource.parse("kind: Kptfile\nstatus: x\n")) == {}
    assert conditions(Resource.parse("kind: Kptfile\nstatus:\n  conditions: [x, {a: b}]\n")) == {}
