"""What is written for each intent, what stays, and what goes when its intent goes."""

from typing import Any

import pytest

KPTFILE = {"apiVersion": "kpt.dev/v1", "kind": "Kptfile", "metadata": {"name": "fleet"}}


def paths(found: Any) -> set[str]:
    return {each.path for each in found.items if (each.path or "").startswith("placement/")}


def test_a_decision_is_cut_into_slices_of_a_hundred(build: Any, place: Any) -> None:
    fleet = [build.profile(f"c{number:03}", allocatable__cpu="8") for number in range(250)]
    found = place(fleet, build.app("web", {"placementType": "PickAll"}))
    sizes = [
        len(each.body["decisions"]) for each in found.items if each.kind == "PlacementDecision"
    ]
    assert sizes == [100, 100, 50]
    assert found.chosen("web") == [f"c{number:03}" for number in range(250)]
    assert place(found.items).texts == found.texts


def test_what_was_written_goes_with_its_intent(build: Any, place: Any) -> None:
    first = place(KPTFILE, build.cluster("a"), build.app("x"), build.app("y"))
    rest = [each for each in first.items if (each.kind, each.name) != ("PlacementIntent", "y")]
    then = place(rest)
    assert paths(first) - paths(then) == {"placement/y/decision-0.yaml", "placement/y/report.yaml"}
    none = place([each for each in then.items if each.kind != "PlacementIntent"])
    assert paths(none) == set()


def test_intents_that_are_not_meant_keep_what_they_have_and_their_room(
    build: Any, place: Any
) -> None:
    fleet = [*build.cluster("a"), *build.cluster("b")]
    first = place(KPTFILE, fleet, build.app("x", cpu=6))
    (held,) = first.chosen("x")
    then = place(first.items, build.app("y", cpu=6), config={"intents": ["y"]})
    assert paths(first) <= paths(then)
    assert then.chosen("x") == [held]
    assert then.chosen("y") == sorted({"a", "b"} - {held})


def test_an_unplaced_intent_still_says_why(build: Any, place: Any) -> None:
    lenient = build.policy(whenUnplaced="Warn")
    found = place(build.cluster("a"), lenient, build.app("web", cpu=64))
    assert found.chosen("web") == []
    report = found.report("web")
    assert report["verdict"] == "Unplaced"
    assert report["rejected"][0]["examples"] == ["a: cpu 8 at most"]
    assert found.summary["placed"] == 0


def test_names_in_two_namespaces_are_written_apart(build: Any, place: Any) -> None:
    parts = []
    for namespace in ("blue", "green"):
        app, intent = build.app("web", {"resourceSelectors": [{"namespace": namespace}]})
        app["metadata"]["namespace"] = intent["metadata"]["namespace"] = namespace
        parts += [app, intent]
    found = place(build.cluster("a"), parts)
    assert found.ok, found.said()
    assert {"placement/blue.web/report.yaml", "placement/green.web/report.yaml"} <= paths(found)


@pytest.mark.parametrize("solver", ["Auto", "Greedy", "HiGHS"])
def test_every_solver_places_what_fits(build: Any, place: Any, solver: str) -> None:
    fleet = [
        *build.cluster("a", build.group(cpu=10), cost__cpu_hour="0.01"),
        *build.cluster("b", build.group(cpu=10), cost__cpu_hour="0.05"),
    ]
    apps = [build.app(f"w{number}", cpu=cpu) for number, cpu in enumerate((6, 5, 4, 5))]
    found = place(fleet, build.policy(solver={"name": solver}), *apps)
    assert found.ok, found.said()
    assert found.summary["placed"] == 4


def test_the_digest_is_of_what_was_decided_upon(build: Any, place: Any) -> None:
    first = place(build.cluster("a"), build.app("web"))
    again = place(first.items)
    other = place(build.cluster("a", build.group(cpu=9)), build.app("web"))
    assert first.summary["inputDigest"] == again.summary["inputDigest"]
    assert first.summary["inputDigest"] != other.summary["inputDigest"]
