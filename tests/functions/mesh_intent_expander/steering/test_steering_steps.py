"""The steps of a move in order, and what must hold before the next one."""

import re
from typing import Any

import pytest

from krmfn.sdk import Resource

AUTHORIZATION = {
    "target": {"service": "api"},
    "rules": [{"from": [{"serviceAccounts": ["web/web"]}]}],
}


def steps(words: Any, *phases: dict[str, Any]) -> list[Any]:
    world = words.world(
        words.intent("ServiceAuthorization", "api", **AUTHORIZATION), words.plan(*phases)
    )
    return list(world.followed()[0].steps)


def short(step: Any) -> tuple[str, str, str]:
    done = step.wave or step.what
    return re.sub(r'^phase "(.*)"$', r"\1", step.phase), done, "".join(step.clusters)


def test_the_target_is_prepared_first_and_the_source_taken_away_last(words: Any) -> None:
    phases = [words.phase("Prepare"), words.phase("Pin"), words.phase("Shift", 50)]
    phases += [words.phase(step) for step in ("Flip", "Drain", "Remove")]
    assert [short(step) for step in steps(words, *phases)] == [
        ("prepare", "security", "b"),
        ("prepare", "exposure", "b"),
        ("prepare", "destinations", "abc"),
        ("prepare", "routes", "abc"),
        ("pin", "routes", "abc"),
        ("pin", "start the workload", "b"),
        ("shift-50", "routes", "abc"),
        ("shift-50", "wait", ""),
        ("flip", "destinations", "abc"),
        ("flip", "routes", "abc"),
        ("flip", "wait", ""),
        ("drain", "routes", "abc"),
        ("drain", "wait", ""),
        ("drain", "stop the workload", "a"),
        ("remove", "routes", "abc"),
        ("remove", "destinations", "abc"),
        ("remove", "exposure", "a"),
        ("remove", "security", "a"),
        ("the state after the move", "routes", "abc"),
        ("the state after the move", "destinations", "abc"),
    ]


def test_objects_are_named_where_they_are_applied(words: Any) -> None:
    first = steps(words)[0]
    assert first.what == "apply security: AuthorizationPolicy shop/api-allow"


@pytest.mark.parametrize(
    ("phase", "cluster"), [("shift-10", "b"), ("flip", "a"), ("drain", "a")], ids=str
)
def test_one_waits_for_what_metrics_tell(words: Any, phase: str, cluster: str) -> None:
    (wait,) = [
        step for step in steps(words) if step.phase == f'phase "{phase}"' and not step.clusters
    ]
    (condition,) = wait.until
    assert f'destination_service="{words.host}"' in condition.query
    assert f'destination_cluster="{cluster}"' in condition.query
    assert "$" not in condition.query
    assert condition.query.count("(") == condition.query.count(")")


def test_a_plans_own_gates_come_last_in_their_phase(words: Any) -> None:
    gate = {"name": "slow", "description": "it is fast enough", "query": "latency{le=~'.*$'} < 1"}
    steady = {**words.phase("Prepare"), "gates": [gate]}
    last = [step for step in steps(words, steady, words.phase("Pin")) if "prepare" in step.phase][
        -1
    ]
    assert [(each.text, each.query) for each in last.until] == [
        (gate["description"], gate["query"])
    ]


def test_nothing_starts_or_stops_in_a_plan_that_leaves_both(words: Any) -> None:
    done = [step.what for step in steps(words, words.phase("Prepare"), words.phase("Pin"))]
    assert not [what for what in done if "the workload" in what]


def test_what_has_to_do_with_other_services_changes_nothing(words: Any) -> None:
    others = [
        words.discovery(service={"name": "other"}),
        words.intent("TrafficRoute", "other", parentRef={"service": "other"}),
        words.intent("ServiceAuthorization", "other", target={"service": "other"}),
    ]
    kept = [
        words.intent(
            "TrafficRoute",
            "entry",
            parentRef={"service": "entry"},
            rules=[{"backends": [{"service": "api"}]}],
        ),
        words.intent("ServiceAuthorization", "all", target={"selector": {"app": "api"}}),
    ]
    sliced = words.sliced([*others, *kept, words.plan()], "shop", "api")
    assert [each.name for each in sliced] == ["entry", "all", "move"]


@pytest.mark.parametrize("wrong", [None, 7, "text", [1, None], {"a": [3]}], ids=repr)
def test_objects_of_any_shape_are_probed(words: Any, wrong: Any) -> None:
    asked = words.probes(
        [
            Resource.new(
                "networking.istio.io/v1",
                "VirtualService",
                "x",
                spec={"hosts": wrong, "http": wrong},
            ),
            Resource.new(
                "networking.istio.io/v1",
                "VirtualService",
                "y",
                spec={
                    "hosts": [words.host],
                    "http": [{"match": [{"uri": wrong, "headers": wrong}]}],
                },
            ),
            Resource.new(
                "security.istio.io/v1",
                "AuthorizationPolicy",
                "z",
                namespace="shop",
                spec={
                    "rules": [{"to": [{"operation": {"paths": wrong, "methods": wrong}}]}, wrong]
                },
            ),
        ]
    )
    assert words.probe() in asked


def test_requests_are_probed_as_routes_and_policies_have_them(words: Any) -> None:
    match = {
        "uri": {"prefix": "/beta/"},
        "headers": {"x-try": {"exact": "1"}, "x-re": {"regex": "."}},
    }
    operation = {"methods": ["PUT"], "paths": ["/cameras/{*}/x", "*/end"]}
    asked = words.probes(
        [
            Resource.new(
                "networking.istio.io/v1",
                "VirtualService",
                "api",
                spec={"hosts": [words.host], "http": [{"match": [match]}]},
            ),
            Resource.new(
                "security.istio.io/v1",
                "AuthorizationPolicy",
                "api",
                namespace="shop",
                spec={"rules": [{"to": [{"operation": operation}]}]},
            ),
        ]
    )
    assert asked == [
        words.probe("PUT", "/beta/", {"x-try": "1"}),
        words.probe("GET", "/beta/", {"x-try": "1"}),
        words.probe("PUT", "/cameras/x/x"),
        words.probe("PUT", "/x/end"),
        words.probe("GET", "/"),
    ]
