"""What every functionConfig can say."""

from typing import Any

import pytest

from krmfn.sdk import Resource

from .greeter.intents import Greeter

UPF = Resource.new(
    "apps/v1",
    "Deployment",
    "upf",
    namespace="ran",
    labels={"app": "upf", "tier": "edge"},
    annotations={"note": "x"},
)
AMF = Resource.new("apps/v1", "Deployment", "amf", namespace="core", labels={"app": "amf"})
WEB = Resource.new("v1", "Service", "upf", namespace="ran")
KPTFILE = Resource.new("kpt.dev/v1", "Kptfile", "site")
ITEMS = [KPTFILE, UPF, AMF, WEB]


def config(**spec: Any) -> Greeter:
    body = {
        "apiVersion": "fn.krmfn.dev/v1alpha1",
        "kind": "Greeter",
        "metadata": {"name": "config"},
        "spec": spec,
    }
    found, problems = Greeter.parse(body)
    assert found is not None, problems
    return found


@pytest.mark.parametrize(
    ("spec", "shown"),
    [
        ({}, ITEMS),
        ({"match": [{"kind": "Deployment"}]}, [KPTFILE, UPF, AMF]),
        ({"match": [{"kind": "Deployment", "name": "upf"}]}, [KPTFILE, UPF]),
        ({"match": [{"name": "amf"}, {"kind": "Service"}]}, [KPTFILE, AMF, WEB]),
        ({"match": [{"apiVersion": "v1", "namespace": "ran"}]}, [KPTFILE, WEB]),
        ({"match": [{"labels": {"app": "upf", "tier": "edge"}}]}, [KPTFILE, UPF]),
        ({"match": [{"labels": {"app": "upf", "tier": "core"}}]}, [KPTFILE]),
        ({"match": [{"annotations": {"note": "x"}}]}, [KPTFILE, UPF]),
        ({"match": [{}]}, ITEMS),
        ({"exclude": [{"namespace": "ran"}]}, [KPTFILE, AMF]),
        ({"exclude": [{"kind": "Kptfile"}]}, ITEMS),
        ({"match": [{"name": "upf"}], "exclude": [{"kind": "Service"}]}, [KPTFILE, UPF]),
    ],
)
def test_selectors_divide_the_items(spec: dict[str, Any], shown: list[Resource]) -> None:
    seen, hidden = config(**spec).divide(ITEMS)
    assert list(seen) == shown
    assert list(hidden) == [item for item in ITEMS if item not in shown]


def test_without_a_config_the_defaults_hold() -> None:
    default = Greeter.default()
    assert (default.on_problem, default.checks_only) == ("Fail", False)
    assert default.divide(ITEMS) == (tuple(ITEMS), ())


def test_mode_and_on_problem_are_read() -> None:
    found = config(onProblem="Condition", mode="Check")
    assert (found.on_problem, found.checks_only) == ("Condition", True)
