"""`krmfn plan` as a command."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Cluster = Callable[..., str]


@pytest.fixture
def rendered(fleet: Any) -> Any:
    """The fleet as its last render left it."""
    fleet.render()
    return fleet


def shown(text: str) -> list[str]:
    return [line.rstrip() for line in text.strip("\n").splitlines()]


def planned(fleet: Any, *arguments: object) -> Any:
    assert fleet.run("plan", *arguments, "-o", "json") == 0, fleet.err
    return json.loads(fleet.out)


def moves(value: Any) -> list[tuple[str, str, str | None, str | None]]:
    return [(each["intent"], each["what"], each["from"], each["to"]) for each in value["changes"]]


def test_the_loss_of_a_cluster_is_told_with_who_must_move(rendered: Any) -> None:
    assert rendered.run("plan", "--without", "ClusterProfile/waw-edge-2") == 0
    assert shown(rendered.out) == shown("""
1 forced to move

INTENT  CHANGE  FROM        TO          BEFORE  AFTER  WHY
api     forced  waw-edge-2  krk-edge-1    57.5   39.0  the cluster is gone

FLEET      BEFORE  AFTER  DIFFERENCE
intents         4      4
placed          3      3
unplaced        1      1
clusters        4      3          -1
objective   261.5  226.6       -34.9
bound       261.5  226.6       -34.9
gap         0.00%  0.00%
""")
    assert rendered.err == ""


def test_who_finds_no_other_place_is_newly_unplaced(rendered: Any) -> None:
    value = planned(rendered, "--without", "ClusterProfile/waw-edge-1")
    assert moves(value) == [("upf", "unplaced", "waw-edge-1", None)]
    why = value["changes"][0]["why"]
    assert why.startswith("the cluster is gone; elsewhere: 3: does not have the capability")


def test_changed_facts_are_told_with_the_check_that_fails_now(
    rendered: Any, tmp_path: Path, make_cluster: Cluster
) -> None:
    changed = tmp_path / "changed.yaml"
    changed.write_text(make_cluster("waw-edge-2", "0.05", 8))
    value = planned(rendered, "--with", changed)
    assert moves(value) == [("api", "forced", "waw-edge-2", "krk-edge-1")]
    assert "cpu 8 at most" in value["changes"][0]["why"]


def test_a_better_place_is_told_with_both_scores(
    rendered: Any, tmp_path: Path, make_cluster: Cluster, make_workload: Callable[..., str]
) -> None:
    free = (
        "placementType: PickN\nnumberOfClusters: 2\ndisruption: {stickiness: None, minDwell: 0s}\n"
    )
    rendered.write({"portal.yaml": make_workload("portal", 2, free, 2)})
    rendered.render()
    changed = tmp_path / "changed.yaml"
    changed.write_text(make_cluster("krk-edge-1", "0.09", 16))
    value = planned(rendered, "--with", changed)
    assert moves(value) == [("portal", "better", "krk-edge-1", "waw-edge-1")]
    assert value["changes"][0]["scoreBefore"] == 53.0
    assert value["changes"][0]["scoreAfter"] == 62.0


def test_a_new_cluster_places_who_had_no_place(
    rendered: Any, tmp_path: Path, make_cluster: Cluster
) -> None:
    changed = tmp_path / "lab.yaml"
    changed.write_text(make_cluster("lab-1", "0.09", 256))
    assert moves(planned(rendered, "--with", changed)) == [("simulator", "placed", None, "lab-1")]


def test_an_intent_that_goes_gives_up_its_clusters(rendered: Any) -> None:
    value = planned(rendered, "--without", "PlacementIntent/upf", "--without", "Deployment/upf")
    assert ("upf", "left", "waw-edge-1", None) in moves(value)
    assert value["goneIntents"] == ["upf"]


def test_other_replicas_are_a_change(
    fleet: Any, tmp_path: Path, make_workload: Callable[..., str]
) -> None:
    spec = "placementType: PickFixed\nclusterNames: [central-1]\n"
    fleet.write({"portal.yaml": make_workload("portal", 2, spec, 2)})
    changed = tmp_path / "portal.yaml"
    changed.write_text(make_workload("portal", 2, spec, 3))
    value = planned(fleet, "--with", changed)
    assert moves(value) == [("portal", "replicas", "central-1", "central-1")]
    assert value["changes"][0]["why"] == "2 → 3 replicas"


def test_a_package_that_is_not_rendered_starts_from_what_rendering_would_give(fleet: Any) -> None:
    before = planned(fleet, "--without", "ClusterProfile/waw-edge-2")
    fleet.render()
    assert planned(fleet, "--without", "ClusterProfile/waw-edge-2") == before


def test_a_change_that_says_the_same_moves_nothing(rendered: Any) -> None:
    assert rendered.run("plan", "--with", rendered.root / "api.yaml", "--exit-code") == 0
    assert rendered.out.startswith("nothing moves\n")


def test_a_whole_package_replaces_what_has_the_same_identity(
    rendered: Any, tmp_path: Path, make_cluster: Cluster
) -> None:
    other = tmp_path / "other"
    shutil.copytree(rendered.root, other)
    (other / "upf.yaml").unlink()
    (other / "clusters/waw-edge-2/facts.yaml").write_text(make_cluster("waw-edge-2", "0.05", 8))
    assert moves(planned(rendered, "--with", other)) == [
        ("api", "forced", "waw-edge-2", "krk-edge-1")
    ]


def test_a_folder_tells_clusters_apart_by_their_folders(
    rendered: Any, tmp_path: Path, make_cluster: Cluster
) -> None:
    folder = tmp_path / "new/clusters/waw-edge-2"
    folder.mkdir(parents=True)
    (folder / "facts.yaml").write_text(make_cluster("waw-edge-2", "0.05", 8))
    assert moves(planned(rendered, "--with", tmp_path / "new"))[0][0] == "api"


@pytest.fixture
def profiled(fleet: Any) -> Any:
    """The fleet with a cluster whose profile a function makes of its node."""
    step = "mutators:\n  - image: ghcr.io/krm-fn/cluster-profiler\n"
    node = """\
apiVersion: v1
kind: Node
metadata: {name: w1}
status:
  allocatable: {cpu: "256", memory: 512Gi}
  conditions: [{type: Ready, status: "True"}]
"""
    kptfile = fleet.files()["Kptfile"].replace("mutators:\n", step)
    fleet.write({"Kptfile": kptfile, "clusters/lab-1/node.yaml": node})
    return fleet


@pytest.mark.parametrize("is_rendered", [False, True], ids=["fresh", "rendered"])
def test_what_functions_make_can_be_taken_away(profiled: Any, *, is_rendered: bool) -> None:
    if is_rendered:
        profiled.render()
    value = planned(profiled, "--without", "ClusterProfile/lab-1")
    assert ("simulator", "unplaced", "lab-1", None) in moves(value)


def test_a_changed_copy_of_what_a_function_made_counts(profiled: Any, tmp_path: Path) -> None:
    profiled.render()
    made = next(
        text
        for path, text in profiled.files().items()
        if "lab-1" in path and "kind: ClusterCapacity" in text
    )
    changed = tmp_path / "capacity.yaml"
    changed.write_text(made.replace('"256"', '"128"'))
    value = planned(profiled, "--with", changed)
    assert ("simulator", "unplaced", "lab-1", None) in moves(value)


def test_losses_that_are_not_absorbed_any_more_are_told(rendered: Any) -> None:
    policy = rendered.files()["policy.yaml"]
    survive = f"{policy}  survive: {{clusterLosses: 1, whenViolated: Warn}}\n"
    rendered.write({"policy.yaml": survive})
    value = planned(rendered, "--without", "ClusterProfile/krk-edge-1")
    assert value["survives"] == {"notAbsorbed": ["of waw-edge-2 for api"], "absorbed": []}


def test_nothing_is_written(rendered: Any) -> None:
    before = rendered.files()
    planned(rendered, "--without", "ClusterProfile/waw-edge-2")
    assert rendered.files() == before


def test_markdown_can_be_pasted_into_a_review(rendered: Any) -> None:
    rendered.run("plan", "--without", "ClusterProfile/waw-edge-2", "-o", "markdown")
    assert (
        "| api | forced | waw-edge-2 | krk-edge-1 | 57.5 | 39.0 | the cluster is gone |"
        in rendered.out.splitlines()
    )


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--without", "ClusterProfile/waw-edge-2"], 1),
        (["--without", "PlacementPolicy/fleet"], 1),
        (["--without", "ClusterProfile/nowhere"], 2),
        (["--with", "nowhere.yaml"], 2),
    ],
    ids=["moves", "rendering comes to fail", "unknown resource", "no such file"],
)
def test_the_exit_code_tells_moves_from_errors(
    rendered: Any, arguments: list[str], code: int
) -> None:
    assert rendered.run("plan", *arguments, "--exit-code") == code


def test_without_exit_code_moves_are_no_failure(rendered: Any) -> None:
    assert rendered.run("plan", "--without", "ClusterProfile/waw-edge-2") == 0
    assert rendered.run("plan", "--without", "ClusterProfile/nowhere") == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "--with or --without must be given"),
        (
            ["--without", "waw-edge-1"],
            'must be KIND/NAME or KIND/NAMESPACE/NAME, but is "waw-edge-1"',
        ),
        (["--top", "0", "--without", "A/b"], 'must be a number above 0, but is "0"'),
    ],
    ids=["no change", "no kind", "top of none"],
)
def test_wrong_usage_is_told(fleet: Any, arguments: list[str], message: str) -> None:
    with pytest.raises(SystemExit, match="2"):
        fleet.run("plan", *arguments)
    assert message in fleet.capsys.readouterr().err


def test_an_unknown_resource_is_an_error_with_those_that_are_close(rendered: Any) -> None:
    assert rendered.run("plan", "--without", "ClusterProfile/waw-edge-3") == 1
    assert rendered.out == ""
    assert 'did you mean "ClusterProfile/waw-edge-2", "ClusterProfile/waw-edge-1"' in rendered.err


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [", "changed.yaml: "),
        ("a: 1\n", "a resource must have `kind` and `metadata.name`"),
        ("# nothing\n", "must hold resources, but"),
    ],
    ids=["no yaml", "no resource", "empty"],
)
def test_a_change_that_is_no_resource_is_an_error(
    rendered: Any, tmp_path: Path, text: str, message: str
) -> None:
    changed = tmp_path / "changed.yaml"
    changed.write_text(text)
    assert rendered.run("plan", "--with", changed) == 1
    assert message in rendered.err
