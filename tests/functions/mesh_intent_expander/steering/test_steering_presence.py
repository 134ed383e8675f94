"""What comes out of a render for what a package has at the source and at the target."""

from itertools import product
from typing import Any

import pytest

from krmfn.mesh_intent_expander.expand import expand
from krmfn.mesh_intent_expander.intents import MeshIntentExpanderSpec
from krmfn.sdk import Resource, Result

VERSIONS = [{"version": {"labels": {"version": "v1"}}}]
SOURCE, TARGET = ("relocation-source", "spec.from"), ("relocation-target", "spec.to")
LINGERING = ("relocation-lingering", "spec.phase")

NEEDS = {
    "prepare": (SOURCE, None),
    "pin": (SOURCE, None),
    "shift-10": (SOURCE, TARGET),
    "shift-100": (None, TARGET),
    "flip": (None, TARGET),
    "drain": (None, TARGET),
    "remove": (None, TARGET),
}
"""By phase: what is wrong when the source does not run, and when the target does not."""


def has(words: Any, cluster: str, state: str) -> list[Resource]:
    """Give what a cluster's package has of the service."""
    workload = words.workload(version="v1")
    parts = {
        "nothing": [],
        "service": [words.service()],
        "stopped": [words.service(), workload.merged({"spec": {"replicas": 0}})],
        "running": [words.service(), workload],
    }
    return words.inside(cluster, words.namespace("shop"), *parts[state])


def rendered(words: Any, phase: str, source: str, target: str, **spec: Any) -> list[Result]:
    """Render a package, with a route by version, and give what is said."""
    world = words.world(
        *has(words, "a", source),
        *has(words, "b", target),
        *words.inside("c", words.namespace("shop")),
        words.intent(
            "TrafficRoute", "api", parentRef={"service": "api"}, rules=[{"backends": VERSIONS}]
        ),
        words.plan(at=phase, **spec),
    )
    out = expand(MeshIntentExpanderSpec(), world.package)
    return [each for each in out if isinstance(each, Result)]


def problems(results: list[Result]) -> list[tuple[str, str]]:
    return [(each.code, each.field) for each in results if str(each.severity) != "info"]


@pytest.mark.parametrize(
    ("phase", "source", "target"),
    [
        (phase, source, target)
        for phase, source, target in product(
            NEEDS,
            ("running", "stopped", "service", "nothing"),
            ("nothing", "service", "stopped", "running"),
        )
        if {source, target} & {"running", "stopped"}
    ],
)
def test_a_phase_needs_the_service_where_requests_may_go(
    words: Any, phase: str, source: str, target: str
) -> None:
    lacks_source, lacks_target = NEEDS[phase]
    wrong = [
        lacks_source if source != "running" else None,
        lacks_target if target != "running" else None,
    ]
    if phase == "remove" and (source, target) == ("running", "running"):
        wrong.append(LINGERING)
    assert problems(rendered(words, phase, source, target)) == [each for each in wrong if each]


@pytest.mark.parametrize("phase", ["prepare", "pin"])
@pytest.mark.parametrize("target", ["nothing", "service", "stopped"])
def test_it_is_told_when_the_target_must_start(words: Any, phase: str, target: str) -> None:
    results = rendered(words, phase, "running", target)
    (told,) = [each for each in results if each.code == "relocation-start"]
    assert told.message == (
        '"shop/api" must run in "b" before phase "shift-10" (Shift): start it in phase "pin" at '
        "the latest"
    )


def test_it_is_told_when_the_source_must_stop(words: Any) -> None:
    results = rendered(words, "drain", "running", "running")
    (told,) = [each for each in results if each.code == "relocation-stop"]
    assert told.message == (
        '"shop/api" must be gone from "a" before phase "remove" (Remove): stop it in phase "drain" '
        "at the latest"
    )
    after = rendered(words, "drain", "stopped", "running")
    assert "relocation-stop" not in {each.code for each in after}


def test_nothing_of_a_source_is_removed_that_still_runs(words: Any) -> None:
    world = words.world(words.plan())
    assert world.at("remove").hosts == world.at("drain").hosts
    assert world.at("remove").exposure == world.at("drain").exposure


@pytest.mark.parametrize("state", ["nothing", "service", "stopped"])
def test_what_is_lacking_is_said_in_words(words: Any, state: str) -> None:
    lack = {
        "nothing": "no Service of this name",
        "service": "no workload that the Service selects",
        "stopped": "its workload scaled to 0",
    }[state]
    (told,) = [each for each in rendered(words, "flip", "running", state) if each.code == TARGET[0]]
    assert told.message == (
        'must be a cluster that runs "shop/api" in phase "flip" (Flip), but the package of "b" '
        f'has {lack}; it runs in: "a"'
    )


def test_a_source_that_never_ran_it_is_one_error(words: Any) -> None:
    results = rendered(words, "prepare", "running", "nothing", **{"from": "c"})
    (wrong,) = [each for each in results if str(each.severity) != "info"]
    assert (wrong.code, wrong.field, wrong.proposed) == (*SOURCE, "a")


def test_what_is_wrong_whatever_runs_fails_the_render(words: Any) -> None:
    unknown = [{"version": {"labels": {"version": "v9"}}}]
    routed = words.intent(
        "TrafficRoute", "api", parentRef={"service": "api"}, rules=[{"backends": unknown}]
    )
    world = words.world(*has(words, "a", "running"), routed, words.plan(at="prepare"))
    out = expand(MeshIntentExpanderSpec(), world.package)
    assert "error" in {str(each.severity) for each in out if isinstance(each, Result)}
