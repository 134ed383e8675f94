"""RelocationPlan: what is valid in itself, and what it says of each phase."""

from typing import Any

import pytest

from krmfn.kinds.relocation import RelocationPlan


def read(**spec: Any) -> tuple[RelocationPlan | None, list[str]]:
    body = {
        "apiVersion": RelocationPlan.api_version,
        "kind": "RelocationPlan",
        "metadata": {"name": "move"},
        "spec": {"service": "api", "from": "a", "to": "b", **spec},
    }
    plan, problems = RelocationPlan.parse(body)
    return plan, [f"{each.field}: {each.message}" for each in problems]


@pytest.mark.parametrize(
    ("spec", "problem"),
    [
        pytest.param(
            {"to": "a"}, "spec.to: must not be the cluster that the service leaves", id="to"
        ),
        pytest.param(
            {"phase": "no"}, "spec.phase: must be the name of one of `phases`", id="phase"
        ),
        pytest.param(
            {"pivot": "no"}, "spec.pivot: must be the name of one of `phases`", id="pivot"
        ),
        pytest.param(
            {"phases": [{"name": "x", "step": "Pin"}, {"name": "x", "step": "Flip"}]},
            "spec.phases: must have names of their own",
            id="names",
        ),
        pytest.param(
            {"phases": [{"name": "x", "step": "Shift"}]},
            "spec.phases[0].weight: must be given for `Shift`, and for no other step",
            id="no-weight",
        ),
        pytest.param(
            {"phases": [{"name": "x", "step": "Pin", "weight": 3}]},
            "spec.phases[0].weight: must be given for `Shift`, and for no other step",
            id="weight",
        ),
        pytest.param(
            {
                "phases": [
                    {
                        "name": "x",
                        "step": "Pin",
                        "gates": [{"name": "g", "description": "ready"}] * 2,
                    }
                ]
            },
            "spec.phases[0].gates: must have names of their own",
            id="gates",
        ),
    ],
)
def test_a_plan_that_makes_no_sense_is_refused(spec: dict[str, Any], problem: str) -> None:
    assert read(**spec) == (None, [problem])


def test_the_first_phase_holds_until_another_one_is_named() -> None:
    plan, _ = read()
    assert plan is not None
    assert plan.spec.current.name == "prepare"
    assert plan.at("flip").spec.current.step == "Flip"
    assert plan.at("flip").spec.phases == plan.spec.phases


def test_the_targets_weight_is_absolute_in_every_phase() -> None:
    plan, _ = read()
    assert plan is not None
    assert [phase.target_weight for phase in plan.spec.phases] == [0, 0, 10, 50, 100, 100, 100, 100]


def test_a_phase_tells_what_must_hold_before_the_next_one() -> None:
    gate = {
        "name": "errors",
        "description": "fewer errors than before",
        "query": "error_rate < 0.01",
        "for": "5m",
        "timeout": "1h",
    }
    plan, problems = read(phases=[{"name": "x", "step": "Shift", "weight": 5, "gates": [gate]}])
    assert problems == []
    assert plan is not None
    assert plan.to_body()["spec"]["phases"][0]["gates"] == [gate]
