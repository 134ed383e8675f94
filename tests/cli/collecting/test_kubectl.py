"""A cluster is read with a real kubectl, from an API server on loopback that serves a few lists."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = [
    pytest.mark.network,
    pytest.mark.skipif(not shutil.which("kubectl"), reason="kubectl is not installed"),
]

DISCOVERY = {
    "/api": {"kind": "APIVersions", "versions": ["v1"]},
    "/api/v1": {"kind": "APIResourceList", "groupVersion": "v1", "resources": []},
    "/apis": {"kind": "APIGroupList", "apiVersion": "v1", "groups": []},
}
OBJECTS = {
    ("v1", "nodes", "Node"): {
        "metadata": {"name": "w1"},
        "status": {"addresses": [{"address": "10.0.0.7"}], "allocatable": {"cpu": "4"}},
    },
    ("v1", "pods", "Pod"): {
        "metadata": {"name": "p", "namespace": "core"},
        "spec": {
            "nodeName": "w1",
            "containers": [{"name": "c", "resources": {"requests": {"cpu": "1"}}}],
        },
        "status": {"phase": "Running"},
    },
    ("nfd.k8s-sigs.io/v1alpha1", "nodefeatures", "NodeFeature"): {
        "metadata": {"name": "w1", "namespace": "nfd"},
        "spec": {"labels": {"feature.node.kubernetes.io/a": "b"}},
    },
    ("v1", "secrets", "Secret"): {"metadata": {"name": "s", "namespace": "core"}},
}


def answers() -> dict[str, Any]:
    """What an API server says, by path."""
    found: dict[str, Any] = json.loads(json.dumps(DISCOVERY))
    for (version, resource, kind), body in OBJECTS.items():
        group, _, short = version.rpartition("/")
        home = f"/apis/{version}" if group else "/api/v1"
        versions = [{"groupVersion": version, "version": short}]
        if group:
            found["/apis"]["groups"].append(
                {"name": group, "versions": versions, "preferredVersion": versions[0]}
            )
        listed = found.setdefault(
            home, {"kind": "APIResourceList", "groupVersion": version, "resources": []}
        )
        namespaced = "namespace" in body["metadata"]
        named = {"name": resource, "kind": kind, "namespaced": namespaced, "verbs": ["get", "list"]}
        listed["resources"].append(named)
        items = [{"apiVersion": version, "kind": kind, **body}]
        found[f"{home}/{resource}"] = {
            "apiVersion": version,
            "kind": f"{kind}List",
            "metadata": {"resourceVersion": "1"},
            "items": items,
        }
    return found


def failure(code: int, reason: str) -> dict[str, Any]:
    return {
        "kind": "Status",
        "apiVersion": "v1",
        "status": "Failure",
        "message": f"it is {reason}",
        "reason": reason,
        "code": code,
    }


@pytest.fixture
def api(fake: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., Any]:
    """Start an API server that gives these answers, and write the kubeconfig `kubeconfig`."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))

    def start(replies: dict[str, Any]) -> Any:
        server = fake()
        server.gives(failure(404, "NotFound"), 404)
        for path, reply in replies.items():
            server.gives(reply, reply.get("code", 200), path)
        kubeconfig = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "edge", "cluster": {"server": server.url}}],
            "users": [{"name": "reader", "user": {"token": "far-away"}}],
            "contexts": [{"name": "edge", "context": {"cluster": "edge", "user": "reader"}}],
            "current-context": "edge",
        }
        (tmp_path / "kubeconfig").write_text(json.dumps(kubeconfig))
        return server

    return start


def test_a_cluster_is_read_as_its_saved_output_is(
    api: Any, collect_nodes: Any, written: Any
) -> None:
    server = api(answers())

    ran = collect_nodes("--kubeconfig", "kubeconfig")

    assert (ran.code, ran.err) == (0, "")
    assert ran.out == "fleet: 1 Node, 1 NodeFeature, 1 NodeUsage (3 added)\n"
    node = written("clusters/waw-edge-1/node_w1.yaml")
    assert node["status"] == {"allocatable": {"cpu": "4"}}
    usage = written("clusters/waw-edge-1/nodeusage_waw-edge-1.yaml")
    assert usage["spec"]["nodes"][0]["requested"] == {"cpu": "1"}
    assert not any("secrets" in path for path, _ in server.requests)


def test_what_the_cluster_does_not_show_is_told_and_left_out(api: Any, collect_nodes: Any) -> None:
    api(answers() | {"/api/v1/pods": failure(403, "Forbidden")})

    ran = collect_nodes("--kubeconfig", "kubeconfig", "--context", "edge")

    assert ran.code == 0
    assert ran.out == "fleet: 1 Node, 1 NodeFeature (2 added)\n"
    assert "warning: pods are left out: " in ran.err
    assert "warning: no pods were found" in ran.err


@pytest.mark.parametrize(
    ("replies", "message"),
    [
        pytest.param(
            {"/api/v1/nodes": failure(500, "InternalError")},
            "error: cannot list nodes: ",
            id="a list that fails",
        ),
        pytest.param(
            {"/apis/nfd.k8s-sigs.io/v1alpha1": failure(503, "ServiceUnavailable")},
            "error: cannot ask the cluster what it serves: ",
            id="an API of facts that is down",
        ),
    ],
)
def test_a_cluster_that_is_half_there_is_an_error_and_nothing_is_written(
    replies: dict[str, Any], message: str, api: Any, collect_nodes: Any, tmp_path: Path
) -> None:
    api(answers() | replies)

    ran = collect_nodes("--kubeconfig", "kubeconfig", "--timeout", "5")

    assert (ran.code, ran.out) == (1, "")
    assert message in ran.err
    assert "far-away" not in ran.err
    assert not (tmp_path / "fleet").exists()


def test_an_api_of_others_may_be_down(api: Any, collect_nodes: Any) -> None:
    metrics = {"groupVersion": "metrics.k8s.io/v1beta1", "version": "v1beta1"}
    replies = answers()
    replies["/apis"]["groups"].append(
        {"name": "metrics.k8s.io", "versions": [metrics], "preferredVersion": metrics}
    )
    replies["/apis/metrics.k8s.io/v1beta1"] = failure(503, "ServiceUnavailable")
    api(replies)

    assert collect_nodes("--kubeconfig", "kubeconfig").code == 0


@pytest.mark.parametrize("arguments", [("--kubeconfig", "none"), ("--kubeconfig", "kubeconfig")])
def test_a_cluster_that_cannot_be_reached_is_an_error(
    arguments: tuple[str, str], collect_nodes: Any, tmp_path: Path
) -> None:
    (tmp_path / "kubeconfig").write_text("{}")
    ran = collect_nodes(*arguments)
    assert ran.code == 1
    assert "error: cannot ask the cluster what it serves: " in ran.err


def test_a_missing_kubectl_is_told_with_the_way_around_it(
    collect_nodes: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    ran = collect_nodes("--kubeconfig", "kubeconfig")
    assert ran.code == 1
    assert "`kubectl` must be on PATH to read a cluster; or give FILEs" in ran.err


def test_a_kubectl_that_waits_for_ever_is_given_up(
    collect_nodes: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    program = tmp_path / "bin/kubectl"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\nexec sleep 60\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent), prepend=":")

    ran = collect_nodes("--kubeconfig", "kubeconfig", "--timeout", "0.1")

    assert ran.code == 1
    assert "the cluster must answer within 0.1 s" in ran.err
