"""`krmfn collect nodes` writes the facts of a cluster, and nothing else is touched."""

from pathlib import Path
from typing import Any

import pytest

CLUSTER = "clusters/waw-edge-1"
FOLDER = Path("fleet", CLUSTER)
NODE = "apiVersion: v1\nkind: Node\nmetadata:\n  name: w1\n"
HUB = """
apiVersion: cluster.open-cluster-management.io/v1
kind: ManagedCluster
metadata: {name: krk-edge-1}
status: {allocatable: {cpu: "8"}}
"""
SECRETS = (
    "10.0.0.7",
    "10.244",
    "5d1f0c6f",
    "2a1b7b0e",
    "4c4c4544",
    "hunter2",
    "aHVudGVyMg",
    "last-applied",
    "3c:fd:fe",
    "02:00:00",
    "managedFields",
    "registry.example.org",
    "rack-7",
    "whereabouts",
)


def files() -> dict[str, bytes]:
    found = (path for path in Path("fleet").rglob("*") if path.is_file())
    return {path.relative_to("fleet").as_posix(): path.read_bytes() for path in found}


def test_a_cluster_becomes_a_file_for_each_fact(collect_nodes: Any, facts_file: Path) -> None:
    ran = collect_nodes(facts_file)

    assert (ran.code, ran.err) == (0, "")
    assert ran.out == (
        "fleet: 1 NetworkAttachmentDefinition, 2 Node, 1 NodeFeature, 1 NodeResourceTopology, "
        "1 NodeUsage, 1 SriovNetworkNodeState (7 added)\n"
    )
    assert sorted(files()) == [
        f"clusters/waw-edge-1/{name}.yaml"
        for name in (
            "networkattachmentdefinition_core_n3",
            "node_worker-1",
            "node_worker-2",
            "nodefeature_node-feature-discovery_worker-1",
            "noderesourcetopology_worker-1",
            "nodeusage_waw-edge-1",
            "sriovnetworknodestate_openshift-sriov-network-operator_worker-1",
        )
    ]


def test_nothing_secret_or_identifying_is_written(collect_nodes: Any, facts_file: Path) -> None:
    given = facts_file.read_text()
    assert [word for word in SECRETS if word not in given] == []

    collect_nodes(facts_file)

    texts = [content.decode() for content in files().values()]
    assert [word for word in SECRETS for text in texts if word in text] == []


def test_facts_say_where_and_when_they_were_observed(
    collect_nodes: Any, facts_file: Path, written: Any
) -> None:
    collect_nodes(facts_file)

    for path in files():
        assert (
            written(path)["metadata"]["annotations"].items()
            >= {
                "config.kubernetes.io/local-config": "true",
                "krmfn.dev/cluster": "waw-edge-1",
                "krmfn.dev/observed-at": "2026-08-01T10:00:00Z",
                "krmfn.dev/owner": "collect-nodes/waw-edge-1",
            }.items()
        )


def test_a_node_keeps_what_placement_needs(
    collect_nodes: Any, facts_file: Path, written: Any
) -> None:
    collect_nodes(facts_file)

    node = written("clusters/waw-edge-1/node_worker-1.yaml")
    assert node["spec"] == {
        "taints": [{"effect": "NoSchedule", "key": "node-function", "value": "cnf"}]
    }
    assert node["status"]["allocatable"]["hugepages-1Gi"] == "48Gi"
    assert node["status"]["conditions"][0]["status"] == "True"
    assert node["status"]["nodeInfo"]["kernelVersion"].endswith("+rt")
    assert node["metadata"]["annotations"]["feature.node.kubernetes.io/fec-firmware"] == "1.4"


def test_pods_become_the_sums_of_their_requests(
    collect_nodes: Any, facts_file: Path, written: Any
) -> None:
    collect_nodes(facts_file)

    usage = written("clusters/waw-edge-1/nodeusage_waw-edge-1.yaml")
    assert usage["spec"] == {
        "observedAt": "2026-08-01T10:00:00Z",
        "nodes": [
            {
                "name": "worker-1",
                "requested": {
                    "cpu": "1500m",
                    "hugepages-1Gi": "16Gi",
                    "memory": "1Gi",
                    "openshift.io/intel_xxv710_east": "2",
                },
                "pods": 1,
            },
            {"name": "worker-2", "pods": 0},
        ],
    }


def test_without_pods_what_they_use_stays_unknown(collect_nodes: Any) -> None:
    ran = collect_nodes("-", stdin=NODE)

    assert [*files()] == ["clusters/waw-edge-1/node_w1.yaml"]
    assert "no pods were found, so what is free on the nodes is unknown" in ran.err


def test_the_order_of_the_input_does_not_matter(collect_nodes: Any) -> None:
    other = NODE.replace("w1", "w2")
    collect_nodes("-", stdin=f"{NODE}---\n{other}")
    first = files()

    ran = collect_nodes("-", stdin=f"{other}---\n{NODE}")

    assert files() == first
    assert "(nothing changed)" in ran.out


def test_collecting_again_replaces_and_removes_what_it_wrote(collect_nodes: Any) -> None:
    collect_nodes("-", stdin=f"{NODE}---\n{NODE.replace('w1', 'w2')}")

    ran = collect_nodes("-", stdin=f"{NODE}spec:\n  unschedulable: true\n")

    assert "(1 changed, 1 deleted)" in ran.out
    assert [*files()] == ["clusters/waw-edge-1/node_w1.yaml"]


def test_what_others_wrote_stays(collect_nodes: Any, run: Any) -> None:
    collect_nodes("-", stdin=NODE)
    other = ("--cluster", "waw-edge-2", "--observed-at", "2026-08-01T10:00:00Z")
    assert run("nodes", *other, "--output", "fleet", "-", stdin=NODE).code == 0
    by_hand = {f"{CLUSTER}/node_w9.yaml": NODE, "README.md": "collect-nodes/waw-edge-1"}
    mixed = (FOLDER / "node_w1.yaml").read_text() + "---\n" + NODE
    own = (FOLDER / "node_w1.yaml").read_text().replace("\n", "\n    ")
    quoting = f"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\ndata:\n  b: |\n    {own}"
    by_hand |= {f"{CLUSTER}/mixed.yaml": mixed, f"{CLUSTER}/quoting.yaml": quoting}
    for path, text in by_hand.items():
        Path("fleet", path).write_text(text)
    before = files()

    collect_nodes("-", stdin=NODE.replace("w1", "w2"))

    gone, new = "clusters/waw-edge-1/node_w1.yaml", "clusters/waw-edge-1/node_w2.yaml"
    after = files()
    assert after.keys() == before.keys() - {gone} | {new}
    assert {path: after[path] for path in before if path != gone} == {
        path: content for path, content in before.items() if path != gone
    }


STAMPED = "krmfn.dev/owner: collect-nodes/waw-edge-1"


@pytest.mark.parametrize(
    "content", [NODE, "not: [YAML", "", "\xff", f"# {STAMPED}", f"--- text\n{STAMPED}"]
)
def test_a_file_in_the_way_is_refused_and_nothing_is_written(
    content: str, collect_nodes: Any
) -> None:
    FOLDER.mkdir(parents=True)
    (FOLDER / "node_w2.yaml").write_text(content, "latin-1")
    before = files()

    ran = collect_nodes("-", stdin=f"{NODE}---\n{NODE.replace('w1', 'w2')}")

    assert ran.code == 1
    assert 'node_w2.yaml": this command did not write it' in ran.err
    assert files() == before


def test_a_hub_tells_about_the_clusters_it_describes(collect_nodes: Any, written: Any) -> None:
    collect_nodes("-", stdin=NODE + "---" + HUB)

    described = written("clusters/krk-edge-1/managedcluster_krk-edge-1.yaml")
    assert described["metadata"]["annotations"]["krmfn.dev/cluster"] == "krk-edge-1"

    ran = collect_nodes("-", stdin=NODE)

    assert "(1 deleted)" in ran.out
    assert [*files()] == ["clusters/waw-edge-1/node_w1.yaml"]


def test_several_files_are_one_input(collect_nodes: Any, tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(NODE)
    (tmp_path / "b.yaml").write_text(NODE.replace("w1", "w2"))
    assert collect_nodes("a.yaml", "b.yaml").code == 0
    assert len(files()) == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("", "no facts of a cluster were found", id="nothing"),
        pytest.param("kind: Secret\n", "no facts of a cluster were found", id="other kinds"),
        pytest.param("a table", '"-" must hold Kubernetes objects', id="a table"),
        pytest.param(
            f"{NODE}---\n{NODE}spec:\n  unschedulable: true\n",
            'Node "w1" must be given once, but is there twice',
            id="two states of a node",
        ),
    ],
)
def test_an_input_without_sense_changes_nothing(
    text: str, message: str, collect_nodes: Any
) -> None:
    collect_nodes("-", stdin=NODE)
    before = files()

    ran = collect_nodes("-", stdin=text)

    assert ran.code == 1
    assert message in ran.err
    assert files() == before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param([], "either FILE or --kubeconfig must be given", id="no source"),
        pytest.param(["a", "--kubeconfig", "b"], "either FILE or --kubeconfig", id="two sources"),
        pytest.param(["a", "--context", "b"], "--context is of a --kubeconfig", id="no kubeconfig"),
        pytest.param(["a", "--observed-at", "today"], "must be an instant such as", id="a time"),
        pytest.param(["a", "--cluster", "../x"], "must be a name of lower-case", id="a cluster"),
        pytest.param(["a", "--timeout", "0"], "must be a number of seconds", id="no time"),
        pytest.param(["a", "--timeout", "1m"], "must be a number of seconds", id="a timeout"),
    ],
)
def test_wrong_usage_is_told(arguments: list[str], message: str, collect_nodes: Any) -> None:
    ran = collect_nodes(*arguments)
    assert (ran.code, ran.out) == (2, "")
    assert message in ran.err


def test_an_output_that_is_a_file_is_told(collect_nodes: Any) -> None:
    Path("fleet").write_text("a file")
    ran = collect_nodes("-", stdin=NODE)
    assert ran.code == 1
    assert '"fleet" must be a folder to write to' in ran.err


def test_a_missing_file_is_told(collect_nodes: Any) -> None:
    ran = collect_nodes("none.yaml")
    assert ran.code == 1
    assert '"none.yaml" must be a file that can be read' in ran.err


def heard(name: str, *beats: str) -> str:
    conditions = "".join(f"  - {{type: C, lastHeartbeatTime: {beat!r}}}\n" for beat in beats)
    return NODE.replace("w1", name) + f"status:\n  conditions:\n{conditions}"


def test_facts_of_a_file_are_as_old_as_the_last_heartbeat_in_it(run: Any, written: Any) -> None:
    beats = (
        "2024-01-01T09:00:00Z",
        "2024-01-01T12:30:00+02:00",
        "never",
        "9999-12-31T23:59:59-23:59",
    )
    silent = NODE.replace("w1", "w3")
    text = "---\n".join([heard("w1", *beats), heard("w2", "2024-01-01T10:00:00Z"), silent])

    assert run("nodes", "--cluster", "a", "--output", "fleet", "-", stdin=text).code == 0

    observed = {
        written(f"clusters/a/node_{name}.yaml")["metadata"]["annotations"]["krmfn.dev/observed-at"]
        for name in ("w1", "w2", "w3")
    }
    assert observed == {"2024-01-01T10:30:00Z"}


@pytest.mark.parametrize(
    "text",
    [NODE, HUB, heard("w1", "never"), NODE + "status: {conditions: {}}\n"],
    ids=["no conditions", "no node", "no instant", "no list"],
)
def test_a_file_that_does_not_tell_its_age_must_be_told_it(run: Any, text: str) -> None:
    ran = run("nodes", "--cluster", "a", "--output", "fleet", "-", stdin=text)
    assert (ran.code, ran.out, files()) == (1, "", {})
    assert "`--observed-at` must say when FILE was read" in ran.err


def test_what_is_said_of_the_time_holds_against_heartbeats(
    collect_nodes: Any, written: Any
) -> None:
    collect_nodes("-", stdin=heard("w1", "2024-01-01T09:00:00Z"))
    annotations = written(f"{CLUSTER}/node_w1.yaml")["metadata"]["annotations"]
    assert annotations["krmfn.dev/observed-at"] == "2026-08-01T10:00:00Z"
