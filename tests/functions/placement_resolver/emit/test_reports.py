"""Reports say why, stay small, and let the next run start where this one did."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from krmfn.placement_resolver.emit import baseline_of
from krmfn.placement_resolver.emit.decisions import decisions
from krmfn.placement_resolver.emit.pods import Mutation
from krmfn.placement_resolver.emit.report import report, summary
from krmfn.placement_resolver.fleet import Cluster, Device
from krmfn.placement_resolver.intents.report import PlacementReport, PlacementSummary
from krmfn.placement_resolver.plan import (
    Assignment,
    Decision,
    DeviceGrant,
    Plan,
    PodPlan,
    Rejection,
    Relaxation,
    Standing,
)
from krmfn.sdk import Package, Resource

Make = Callable[..., Any]


def status_of(
    decision: Decision, previous: Mapping[str, Standing] | None = None, **more: Any
) -> Any:
    made = report(decision, previous or {}, more.get("mutations", {})).resource
    parsed, problems = PlacementReport.parse(made.body)
    assert parsed, problems
    return made.body["status"]


def test_a_report_says_why(intent: Make) -> None:
    upf = Resource.of({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "upf"}})
    grant = DeviceGrant(Device("sriov-vf", "intel.com/east", 8), 2)
    pods = (PodPlan(upf, 2, "g0", devices=(grant,)),)
    terms = {"latency": 50.14, "cost": 21.1}
    kept = Assignment(
        Cluster("waw"),
        "kept",
        71.24,
        terms,
        since="2026-08-01T10:00:00Z",
        runner_up="krk",
        margin=2.36,
        pods=pods,
    )
    moved = Assignment(Cluster("gdn"), "moved", 8.0, came_from="old", forced=True, replicas=2)
    decision = Decision(
        intent("upf", namespace="core"),
        assignments=(kept, moved),
        group="first",
        wanted=3,
        candidates=12,
        removed={"gone": "is not in the fleet"},
        rejections=(Rejection("capability", "must have dpdk", 7, 9, ("ber: is false",)),),
        relaxations=(Relaxation("ask for 12Gi of hugepages", 3, ("ber",)),),
        unplaced="fits 2 clusters, but wants 3",
        survives={"waw": True, "gdn": False},
        unknown=("dpdk of ber",),
    )
    stays = Standing("2026-08-01T10:00:00Z", devices=kept.granted)
    previous = {"waw": stays, "old": Standing(), "gone": Standing()}
    assert status_of(decision, previous) == {
        "verdict": "Partly",
        "message": "fits 2 clusters, but wants 3",
        "wanted": 3,
        "chosen": 2,
        "candidates": 12,
        "affinityGroup": "first",
        "changes": {"kept": 1, "moved": 1, "removed": 1},
        "assignments": [
            {
                "cluster": "gdn",
                "change": "moved",
                "cameFrom": "old",
                "forced": True,
                "replicas": 2,
                "score": 8.0,
            },
            {
                "cluster": "waw",
                "change": "kept",
                "since": "2026-08-01T10:00:00Z",
                "score": 71.2,
                "terms": {"cost": 21.1, "latency": 50.1},
                "runnerUp": "krk",
                "margin": 2.4,
                "pods": [
                    {
                        "resource": "Deployment upf",
                        "replicas": 2,
                        "nodeGroup": "g0",
                        "devices": [{"resourceName": "intel.com/east", "count": 2}],
                    }
                ],
            },
        ],
        "previous": [{"cluster": "gone"}, {"cluster": "old"}],
        "removed": [{"cluster": "gone", "why": "is not in the fleet"}],
        "rejected": [
            {
                "reason": "capability",
                "text": "must have dpdk",
                "count": 7,
                "total": 9,
                "examples": ["ber: is false"],
            }
        ],
        "minimalRelaxations": [
            {"text": "ask for 12Gi of hugepages", "clusters": 3, "examples": ["ber"]}
        ],
        "survives": {"losses": 2, "absorbed": 1, "notAbsorbed": ["gdn"]},
        "unknownFacts": {"count": 1, "examples": ["dpdk of ber"]},
    }


@pytest.mark.parametrize(
    ("chosen", "wanted", "message", "verdict"),
    [
        (2, 2, "", "Placed"),
        (2, None, "", "Placed"),
        (0, 0, "", "Placed"),
        (0, None, "no cluster fits", "Unplaced"),
        (1, 2, "", "Partly"),
        (1, 2, "one is missing", "Partly"),
        (0, 2, "", "Unplaced"),
    ],
)
def test_the_verdict_follows_from_what_was_wanted(
    intent: Make, chosen: int, wanted: int | None, message: str, verdict: str
) -> None:
    assignments = tuple(Assignment(Cluster(f"c{number}"), "new", 1.0) for number in range(chosen))
    decision = Decision(intent(), assignments=assignments, wanted=wanted, unplaced=message)
    assert status_of(decision)["verdict"] == verdict


def test_a_report_explains_five_clusters_and_counts_the_others(intent: Make) -> None:
    many = [f"c{number:04}" for number in range(1000)]
    changes = {"c0900": "moved", "c0800": "new"}
    decision = Decision(
        intent(),
        assignments=tuple(
            Assignment(Cluster(name), changes.get(name, "kept"), 50.0, {"latency": 50.0})  # type: ignore[arg-type]
            for name in many
        ),
        removed={f"x{number}": "gone" for number in range(30)},
        rejections=(Rejection("name", "must be", 900, 900, tuple(many)),),
        survives=dict.fromkeys(many, False),
        unknown=tuple(many),
    )
    mutations = {
        ("Deployment upf", Mutation(("spec", f"f{number:03}"), "why")): 3 for number in range(80)
    }
    status = status_of(decision, mutations=mutations)
    explained = [row["cluster"] for row in status["assignments"] if "score" in row]
    assert explained == ["c0000", "c0001", "c0002", "c0800", "c0900"]
    assert status["changes"] == {"kept": 998, "moved": 1, "new": 1, "removed": 30}
    assert len(status["removed"]) == 5
    assert len(status["rejected"][0]["examples"]) == 5
    assert len(status["survives"]["notAbsorbed"]) == len(status["unknownFacts"]["examples"]) == 5
    assert (len(status["changedFields"]), status["moreChangedFields"]) == (50, 30)


def test_the_summary_holds_what_is_true_of_all(intent: Make) -> None:
    decisions_ = (Decision(intent("a")), Decision(intent("b"), unplaced="no cluster fits"))
    plan = Plan(
        decisions_,
        clusters=40,
        objective=412.74,
        bound=413.0,
        gap=0.00063,
        method="highs",
        as_of="2026-08-01T10:00:00Z",
        digest="sha256:1",
        moves=3,
        forced=2,
    )
    made = summary(plan, decisions_[0].intent).resource
    parsed, problems = PlacementSummary.parse(made.body)
    assert parsed, problems
    assert made.is_local_config
    assert made.body["status"] == {
        "intents": 2,
        "placed": 1,
        "clusters": 40,
        "objective": 412.7,
        "bound": 413.0,
        "gap": 0.0006,
        "method": "highs",
        "asOf": "2026-08-01T10:00:00Z",
        "inputDigest": "sha256:1",
        "moves": 3,
        "forced": 2,
    }


NAMES = [f"c{number}" for number in range(6)]
STANDINGS = st.builds(
    Standing,
    since=st.sampled_from(["", "2026-08-01T10:00:00Z"]),
    came_from=st.sampled_from(["", "elsewhere"]),
    replicas=st.sampled_from([None, 0, 3]),
)
HELD = st.dictionaries(st.sampled_from(NAMES), STANDINGS)


def rewritten(before: Mapping[str, Standing], after: Mapping[str, Standing], wish: Any) -> Package:
    """Give the package that a run leaves which went from one decision to another."""
    left = sorted(before.keys() - after.keys())

    def assignments() -> Iterable[Assignment]:
        for name, standing in after.items():
            change: Any = "kept" if name in before else "moved" if left else "new"
            held = (standing.came_from, standing.since)
            came_from, since = (left[0] if change == "moved" else held[0]), held[1]
            yield Assignment(Cluster(name), change, 1.0, {}, standing.replicas, came_from, since)

    decision = Decision(wish, assignments=tuple(assignments()), removed=dict.fromkeys(left, "x"))
    plan = Plan((decision,), digest="sha256:1")
    made = [*decisions(decision, "fleet"), report(decision, before, {}), summary(plan, wish)]
    return Package([wish.resource, *(each.resource for each in made)])


@given(HELD, HELD)
def test_the_same_input_starts_from_where_the_last_run_started(
    intents: Make, before: dict[str, Standing], after: dict[str, Standing]
) -> None:
    package = rewritten(before, after, intents())
    assert dict(baseline_of(package, "sha256:1")) == ({"upf": before} if before else {})


@given(HELD, HELD)
def test_other_input_starts_from_the_last_decision(
    intents: Make, before: dict[str, Standing], after: dict[str, Standing]
) -> None:
    package = rewritten(before, after, intents())
    found = baseline_of(package, "sha256:2").get("upf", {})
    assert found.keys() == after.keys()
    for name, standing in after.items():
        assert (found[name].since, found[name].replicas) == (standing.since, standing.replicas)


def test_decisions_of_others_are_not_ours(intent: Make) -> None:
    wish = intent()
    decision = Decision(wish, assignments=(Assignment(Cluster("waw"), "new", 1.0),))
    (ours,) = (each.resource for each in decisions(decision, "fleet"))
    theirs = ours.replaced({**ours.body, "schedulerName": "ocm"})
    found = [baseline_of(Package([wish.resource, each]), "") for each in (ours, theirs)]
    assert found == [{"upf": {"waw": Standing()}}, {}]


def test_damaged_reports_are_read_as_far_as_they_go(intent: Make) -> None:
    wish = intent()
    package = rewritten({"a": Standing()}, {"b": Standing()}, wish)
    damaged = [
        each
        if each.kind != "PlacementReport"
        else each.replaced({**each.body, "status": {"assignments": 4, "previous": [1, {}]}})
        for each in package
    ]
    assert baseline_of(Package(damaged), "sha256:1") == {}
    assert baseline_of(Package(damaged), "sha256:2") == {"upf": {"b": Standing()}}


def test_a_decision_whose_report_is_gone_still_stands(intent: Make) -> None:
    wish = intent()
    package = rewritten({"a": Standing()}, {"b": Standing()}, wish)
    bare = Package([each for each in package if each.kind != "PlacementReport"])
    assert baseline_of(bare, "sha256:1") == {"upf": {"b": Standing()}}


def test_two_runs_on_the_same_input_say_the_same(world: Make, clusters: Make) -> None:
    first = world(*clusters("waw", "krk")).write()
    app = world(*clusters("waw", "gdn"))
    second = app.write(first.items, digest="sha256:2")
    third = app.write(second.items, digest="sha256:2")
    assert third.files == second.files
    changes = second.values("PlacementReport")["status"]["changes"]
    assert changes == {"kept": 1, "new": 1, "removed": 1}
    fourth = app.write(third.items, digest="sha256:3")
    assert fourth.values("PlacementReport")["status"]["changes"] == {"kept": 2}
