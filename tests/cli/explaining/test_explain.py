"""`krmfn explain` as a command."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from krmfn.cli import main
from krmfn.sdk import yaml_load

NOTE = "this is what rendering it would give"


def shown(text: str) -> list[str]:
    """The lines of a result as they are compared: without what ends them."""
    return [line.rstrip() for line in text.strip("\n").splitlines()]


def told(fleet: Any, *arguments: object) -> Any:
    assert fleet.run("explain", *arguments, "-o", "json") == 0, fleet.err
    return json.loads(fleet.out)


def test_all_intents_are_told_at_a_glance(fleet: Any) -> None:
    assert fleet.run("explain") == 0
    assert shown(fleet.out) == shown("""
INTENT     PLACED  CLUSTERS    PODS  SCORE  CHANGE  FIT  MOST OTHERS STOPPED BY
simulator  0/1     none           —      —          0/4  4: has no node with cpu 200, memory 1Gi
                                                         free for a pod of Deployment simulator
api        1/1     waw-edge-2     1   57.5  new     3/4  1: is not known to be within 10 ms of waw
portal     2/2     central-1      2   74.0  new     4/4
                   krk-edge-1     2   68.0  new
upf        1/all   waw-edge-1     2   62.0  new     1/4  3: does not have the capability `dpdk`

4 intents on 4 clusters: 3 placed, 1 unplaced
objective 261.5 of at most 261.5: proven best (linear)
no moves; facts as of 2026-08-01T10:00:00Z
""")


def test_an_intent_is_told_with_why_here_and_why_not_there(fleet: Any) -> None:
    assert fleet.run("explain", "api") == 0
    assert shown(fleet.out) == shown("""
api: placed, 1 chosen of 1 cluster; 3 candidates among 4 clusters

Why here
CLUSTER     CHANGE  PODS  SCORE  latency  loadBalance  cost  carbon  RUNNER-UP (MARGIN)
waw-edge-2  new        1   57.5     25.0         25.0   7.5     0.0  waw-edge-1 (-3.5)

Nodes and devices
CLUSTER     PODS OF         NODE GROUP
waw-edge-2  Deployment api  g0

Would do, but not chosen
CLUSTER     SCORE  WHY NOT
waw-edge-1   61.0  cpu 4 missing: upf takes cpu 24
                   3.5 points better than waw-edge-2
krk-edge-1   39.0  18.5 points worse than waw-edge-2, the worst that was chosen

Why not there
FIRST  IN ALL  THE CLUSTER                             FOR EXAMPLE
    1       1  is not known to be within 10 ms of waw  central-1: 22 ms
""")


def test_a_cluster_is_told_with_every_check_that_fails(fleet: Any) -> None:
    assert fleet.run("explain", "upf", "krk-edge-1") == 0
    assert shown(fleet.out) == shown("""
upf on krk-edge-1: rejected by 3 of 5 checks

Checks
CHECK        VERDICT  STOPS A CLUSTER THAT                                FOUND HERE
not-healthy  passed
capability   unknown  does not have the capability `dpdk`                 Unknown: NodeFeature of w2
nodes        passed
devices      failed   has no node with cpu 12, memory 1Gi, 2 sriov-vf on  sriov-vf on n3 0 at most
                      n3 free for a pod of Deployment upf
replicas     failed   has no room for 2 pods of Deployment upf, each      room for fewer
                      with cpu 12, memory 1Gi, 2 sriov-vf on n3

Score
TERM         POINTS    OF  ON waw-edge-1  DIFFERENCE
loadBalance    50.0  50.0           50.0        +0.0
cost           18.0  30.0           12.0        +6.0
carbon          0.0  20.0            0.0        +0.0

Room
PODS OF         WANTED  FIT ALONE  FIT BESIDE portal
Deployment upf       2          0                  0
""")


def test_devices_have_the_name_that_they_have_on_the_cluster(fleet: Any) -> None:
    value = told(fleet, "upf")
    (pods,) = value["assignments"][0]["pods"]
    assert pods["devices"] == [{"resourceName": "intel.com/cnf_n3", "count": 2, "container": ""}]
    assert value["unknownFacts"] == [
        "krk-edge-1: does not have the capability `dpdk`: Unknown: NodeFeature of w2"
    ]


def test_an_intent_without_a_place_is_told_what_would_help(fleet: Any) -> None:
    value = told(fleet, "simulator")
    assert value["verdict"] == "Unplaced"
    assert value["rejected"][0]["count"] == 4
    assert value["relaxations"] == [
        {"text": "lower cpu from 200 to 64", "clusters": 1, "examples": ["central-1"]}
    ]


def test_a_cluster_that_would_do_is_told_who_took_its_room(fleet: Any) -> None:
    value = told(fleet, "api", "waw-edge-1")
    assert (value["verdict"], value["rank"], value["candidates"]) == ("candidate", 1, 3)
    assert value["obstacles"] == [
        "cpu 4 missing: upf takes cpu 24",
        "3.5 points better than waw-edge-2",
    ]
    room = {"pods": "Deployment api", "wanted": 1, "alone": 2, "beside": 0}
    assert value["room"] == [room]
    assert value["residents"] == [{"intent": "upf", "pods": 2}]


COUNTED = "it runs there already, and the facts, which are younger, are taken to have counted it"


def test_where_the_facts_have_counted_a_workload_its_room_says_so(
    fleet: Any, make_cluster: Callable[..., str]
) -> None:
    fleet.run("explain", "api", "waw-edge-2")
    assert COUNTED not in fleet.out
    fleet.render()
    younger = make_cluster("waw-edge-2", "0.05", 16).replace("2026-08-01T10", "2026-08-02T10")
    fleet.write({"clusters/waw-edge-2/facts.yaml": younger})
    fleet.run("explain", "api", "waw-edge-2")
    assert shown(fleet.out)[-1] == COUNTED
    fleet.run("explain", "api", "waw-edge-1")
    assert COUNTED not in fleet.out


def test_errors_are_as_wide_as_the_terminal(fleet: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    fleet.write({"policy.yaml": fleet.files()["policy.yaml"].replace("Warn", "Fail")})
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "60")
    fleet.run("explain", "api")
    result, *_ = fleet.err.partition("note:")
    assert len(result.splitlines()) > 1
    assert max(map(len, result.splitlines())) <= 60


def test_a_chosen_cluster_has_nothing_that_would_have_to_change(fleet: Any) -> None:
    value = told(fleet, "api", "waw-edge-2")
    assert (value["verdict"], value["rank"], value["obstacles"]) == ("chosen", 2, [])
    assert sum(term["points"] for term in value["terms"]) == pytest.approx(value["score"])


def test_the_terms_of_a_score_add_up(fleet: Any) -> None:
    for each in told(fleet, "portal")["assignments"]:
        assert sum(each["terms"].values()) == pytest.approx(each["score"], abs=0.1)


def test_losses_of_clusters_are_told_with_whether_they_are_absorbed(fleet: Any) -> None:
    policy = fleet.files()["policy.yaml"]
    fleet.write({"policy.yaml": f"{policy}  survive: {{clusterLosses: 1, whenViolated: Warn}}\n"})
    assert told(fleet, "upf")["survives"] == {"absorbed": [], "notAbsorbed": ["waw-edge-1"]}
    assert told(fleet, "api")["survives"] == {"absorbed": ["waw-edge-2"], "notAbsorbed": []}


def test_nothing_is_written(fleet: Any) -> None:
    before = fleet.files()
    fleet.run("explain")
    assert fleet.files() == before


def test_of_a_package_that_is_not_rendered_it_is_said_so(fleet: Any) -> None:
    fleet.run("explain")
    assert f"is not rendered yet: {NOTE}" in fleet.err


def test_a_rendered_package_is_explained_as_it_stands(fleet: Any) -> None:
    fleet.run("explain")
    before = fleet.out
    fleet.render()
    assert fleet.run("explain") == 0
    assert (fleet.out, fleet.err) == (before, "")


def test_of_a_package_that_was_changed_since_it_was_rendered_it_is_said_so(
    fleet: Any, make_cluster: Callable[..., str]
) -> None:
    fleet.render()
    fleet.write({"clusters/waw-edge-2/facts.yaml": make_cluster("waw-edge-2", "0.05", 8)})
    (moved,) = told(fleet, "api")["assignments"]
    assert f"was changed since it was rendered: {NOTE}" in fleet.err
    assert (moved["cluster"], moved["cameFrom"], moved["forced"]) == (
        "krk-edge-1",
        "waw-edge-2",
        True,
    )


def test_of_a_cluster_that_was_left_the_reason_is_told(
    fleet: Any, make_cluster: Callable[..., str]
) -> None:
    fleet.render()
    fleet.write({"clusters/waw-edge-2/facts.yaml": make_cluster("waw-edge-2", "0.05", 8)})
    (left,) = told(fleet, "api")["removed"]
    assert left["cluster"] == "waw-edge-2"
    assert "cpu 8 at most" in left["why"]


def test_facts_come_from_functions_that_run_before(fleet: Any) -> None:
    kptfile = fleet.files()["Kptfile"]
    step = "  - image: ghcr.io/krm-fn/cluster-profiler\n"
    node = """\
apiVersion: v1
kind: Node
metadata: {name: w1}
status:
  allocatable: {cpu: "256", memory: 512Gi}
  conditions: [{type: Ready, status: "True"}]
"""
    before = kptfile.replace("mutators:\n", f"mutators:\n{step}")
    fleet.write({"Kptfile": before, "clusters/lab-1/node.yaml": node})
    assert told(fleet, "simulator")["assignments"][0]["cluster"] == "lab-1"


def test_functions_behind_the_placement_need_not_run(fleet: Any) -> None:
    fleet.write({"Kptfile": fleet.files()["Kptfile"] + "  - image: example.org/other\n"})
    assert fleet.run("explain") == 0


def test_a_package_whose_pipeline_places_nothing_is_resolved_at_its_end(fleet: Any) -> None:
    fleet.run("explain")
    before = fleet.out
    head = fleet.files()["Kptfile"].partition("pipeline:")[0]
    fleet.write({"Kptfile": head})
    assert fleet.run("explain") == 0
    assert fleet.out == before
    assert "runs placement-resolver: it is run at the end" in fleet.err


def test_a_placement_that_policy_refuses_is_explained_all_the_same(fleet: Any) -> None:
    policy = fleet.files()["policy.yaml"]
    fleet.write({"policy.yaml": policy.replace("Warn", "Fail")})
    assert fleet.run("explain") == 0
    assert "simulator" in fleet.out


def test_only_the_first_things_are_shown_and_the_others_counted(fleet: Any) -> None:
    assert fleet.run("explain", "--top", 1) == 0
    assert "… and 3 more" in fleet.out
    value = told(fleet, "portal", "--top", 1)
    assert (len(value["assignments"]), value["moreAssignments"]) == (1, 1)
    assert (len(value["notChosen"]), value["moreNotChosen"]) == (1, 1)


def test_all_things_are_shown_on_demand(fleet: Any, make_workload: Callable[..., str]) -> None:
    for number in range(12):
        name = f"web-{number}"
        fleet.write({f"{name}.yaml": make_workload(name, 1, "placementType: PickAll\n")})
    (first,) = told(fleet)["placements"]
    assert (len(first["decisions"]), first["moreDecisions"]) == (10, 6)
    (whole,) = told(fleet, "--all")["placements"]
    assert (len(whole["decisions"]), whole["moreDecisions"]) == (16, 0)


def test_yaml_and_json_say_the_same(fleet: Any) -> None:
    value = told(fleet, "api")
    fleet.run("explain", "api", "-o", "yaml")
    assert yaml_load(fleet.out) == value


def test_markdown_has_a_heading_and_a_table_for_every_section(fleet: Any) -> None:
    fleet.run("explain", "api", "-o", "markdown")
    lines = fleet.out.splitlines()
    assert "### Why not there" in lines
    assert "| 1 | 1 | is not known to be within 10 ms of waw | central-1: 22 ms |" in lines


INTENT = "INTENT must be a PlacementIntent of the package, but is"
CLUSTER = "CLUSTER must be a cluster of the fleet, but is"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["ufp"], f'{INTENT} "ufp"; did you mean "upf"?'),
        (["zzz"], f'{INTENT} "zzz"'),
        (["upf", "waw-edge"], f'{CLUSTER} "waw-edge"; did you mean "waw-edge-2", "waw-edge-1"?'),
    ],
    ids=["close intent", "unknown intent", "close cluster"],
)
def test_an_unknown_name_is_an_error_with_those_that_are_close(
    fleet: Any, arguments: list[str], message: str
) -> None:
    assert fleet.run("explain", *arguments) == 1
    assert fleet.out == ""
    assert fleet.err.splitlines()[-1] == f"error: {message}"


def test_an_intent_that_the_run_does_not_decide_on_is_told_apart(fleet: Any) -> None:
    head = fleet.files()["Kptfile"].partition("  mutators:")[0]
    step = "  mutators:\n  - {image: placement-resolver, configMap: {intents: api}}\n"
    fleet.write({"Kptfile": f"{head}{step}"})
    assert fleet.run("explain", "upf") == 1
    assert fleet.err.splitlines()[-1] == (
        "error: INTENT must be a PlacementIntent that `spec.intents` of the functionConfig lets "
        'the run decide on, but is "upf"; there are "api"'
    )


def test_two_placements_of_a_pipeline_are_both_told(fleet: Any) -> None:
    head = fleet.files()["Kptfile"].partition("  mutators:")[0]
    steps = "".join(
        f"  - {{image: placement-resolver, configMap: {{intents: {names}}}}}\n"
        for names in ("'upf,api'", "portal")
    )
    fleet.write({"Kptfile": f"{head}  mutators:\n{steps}"})
    placements = told(fleet)["placements"]
    assert [[row["intent"] for row in each["decisions"]] for each in placements] == [
        ["api", "upf"],
        ["portal"],
    ]
    assert told(fleet, "upf")["intent"] == "upf"


def test_a_namespace_may_be_left_out_where_the_name_is_clear(fleet: Any) -> None:
    api = fleet.files()["api.yaml"]
    fleet.write(
        {
            "api.yaml": api.replace(
                "metadata:\n  name: api", "metadata:\n  namespace: ran\n  name: api"
            )
        }
    )
    assert told(fleet, "api")["intent"] == told(fleet, "ran/api")["intent"] == "ran/api"


def test_a_folder_without_a_kptfile_is_no_package(
    fleet: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["explain", str(fleet.root / "clusters")]) == 1
    assert "must hold a Kptfile" in capsys.readouterr().err


def test_a_package_without_intents_has_nothing_to_explain(fleet: Any) -> None:
    for name in ("upf", "api", "portal", "simulator"):
        (fleet.root / f"{name}.yaml").unlink()
    assert fleet.run("explain") == 1
    assert "must hold a PlacementIntent" in fleet.err


def test_what_is_wrong_with_the_package_is_told(fleet: Any) -> None:
    api = fleet.files()["api.yaml"]
    fleet.write({"api.yaml": api.replace("area: waw", "area: mars")})
    assert fleet.run("explain") == 1
    assert fleet.out == ""
    assert 'must be an area of a ClusterTopology, but is "mars"' in fleet.err
