"""What the examples render to is what Istio, the Gateway API and MCS take."""

import functools
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from krmfn.sdk import yaml_load_all
from krmfn.sdk.testing import Example, find_examples

ROOT = Path(__file__).parents[3]
CRDS = {
    "istio.io/api@v1.31.0": ["kubernetes/customresourcedefinitions.gen.yaml"],
    "sigs.k8s.io/gateway-api@v1.5.1": ["config/crd/standard"],
    "sigs.k8s.io/mcs-api@v0.4.1": ["config/crd"],
}
EXPLAINED = {
    "IST0173": "istioctl does not know which cluster a pod is in, so that no subset of a cluster "
    "selects any for it",
}
"""Warnings of istioctl that are none: the code, and why."""

GATEWAY = {"name": "istio-eastwestgateway", "namespace": "istio-system"}
INSTALLED: list[dict[str, Any]] = [
    {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {**GATEWAY, "labels": {"istio": "eastwestgateway"}},
        "spec": {"containers": [{"name": "istio-proxy", "image": "proxyv2"}]},
    },
    {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": GATEWAY,
        "spec": {
            "selector": {"istio": "eastwestgateway"},
            "ports": [{"name": "tls", "port": 15443, "targetPort": 15443, "protocol": "TCP"}],
        },
    },
]
"""What every cluster has beside the package, as its MeshTopology says."""

PROXY = {"name": "istio-proxy", "image": "proxyv2"}
TEMPLATES = ("Deployment", "StatefulSet", "DaemonSet", "Job")

pytestmark = pytest.mark.conformance


def mesh_examples() -> list[Example]:
    found = [
        example
        for example in find_examples(ROOT / "examples")
        if "mesh-intent-expander" in (example.folder / "Kptfile").read_text()
        and any(example.folder.glob(".expected/**/mesh/*.yaml"))
    ]
    assert found
    return found


EXAMPLES = mesh_examples()


def rendered(example: Example, folder: Path) -> Path:
    """Give the package as it is after the render."""
    shutil.copytree(example.folder, folder, dirs_exist_ok=True)
    shutil.copytree(folder / ".expected", folder, dirs_exist_ok=True)
    shutil.rmtree(folder / ".expected")
    return folder


def objects(folder: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the objects that reach a cluster, each with its cluster, "" for all of them."""
    for path in sorted(folder.rglob("*.yaml")):
        parts = path.relative_to(folder).parts
        for body in yaml_load_all(path.read_text()):
            annotations = body.get("metadata", {}).get("annotations") or {}
            if "config.kubernetes.io/local-config" not in annotations:
                yield parts[1] if parts[0] == "clusters" else "", body


def tool(name: str) -> str:
    commands = os.pathsep.join([str(ROOT / ".peers/bin"), os.environ["PATH"]])
    if not (command := shutil.which(name, path=commands)):
        pytest.skip(f"`make peers` must have built {name}")
    return command


@functools.cache
def crds() -> dict[tuple[str, str], dict[str, Any]]:
    """The CRDs by group and kind, from the Go modules of those who define them."""
    found = {}
    for module, paths in CRDS.items():
        done = subprocess.run(
            ["go", "mod", "download", "-json", module],
            capture_output=True,
            text=True,
            cwd="/",
            check=False,
        )
        if done.returncode:
            pytest.skip(f"{module} must be at hand: {done.stdout.strip()}")
        home = Path(json.loads(done.stdout)["Dir"])
        for path in paths:
            files = (
                [home / path] if (home / path).is_file() else sorted((home / path).glob("*.yaml"))
            )
            for body in (body for file in files for body in yaml_load_all(file.read_text())):
                if body and body["kind"] == "CustomResourceDefinition":
                    found[body["spec"]["group"], body["spec"]["names"]["kind"]] = body
    return found


def serving(crd: dict[str, Any], version: str) -> dict[str, Any]:
    """Give a CRD with the one version that an object is of."""
    versions = [each for each in crd["spec"]["versions"] if each["name"] == version]
    assert versions, f"{crd['metadata']['name']} has no {version}"
    return {**crd, "spec": {**crd["spec"], "versions": [{**versions[0], "storage": True}]}}


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_the_api_server_takes_every_object(example: Example, tmp_path: Path) -> None:
    checker = tool("crdcheck")
    questions: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
    for _, body in objects(rendered(example, tmp_path)):
        group, _, version = body["apiVersion"].rpartition("/")
        if (group, body["kind"]) in crds():
            questions.setdefault((group, body["kind"], version), []).append(body)
    assert questions
    asked = [
        {"crd": serving(crds()[group, kind], version), "objects": bodies}
        for (group, kind, version), bodies in questions.items()
    ]
    done = subprocess.run(
        checker, input=json.dumps(asked), capture_output=True, text=True, check=True
    )
    for key, answer in zip(questions, json.loads(done.stdout), strict=True):
        assert not any(answer["objects"]), (key, answer["objects"])


def pods_of(bodies: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield the Pods that a cluster makes of templates, with a sidecar where they get one."""
    labels = {
        body["metadata"]["name"]: body["metadata"].get("labels") or {}
        for body in bodies
        if body["kind"] == "Namespace"
    }
    for body in bodies:
        if body["kind"] in TEMPLATES:
            namespace, template = body["metadata"]["namespace"], body["spec"]["template"]
            said = template["metadata"]["labels"].get("sidecar.istio.io/inject")
            injected = said or labels.get(namespace, {}).get("istio-injection")
            sidecar = [PROXY] if injected in ("true", "enabled") else []
            yield {
                "apiVersion": "v1",
                "kind": "Pod",
                "metadata": {
                    "name": f"{body['metadata']['name']}-0",
                    "namespace": namespace,
                    "labels": template["metadata"]["labels"],
                },
                "spec": {
                    **template["spec"],
                    "containers": [*template["spec"]["containers"], *sidecar],
                },
            }


def said_of(bodies: list[dict[str, Any]], folder: Path) -> Iterator[dict[str, str]]:
    """Yield what istioctl, and all of Istio's analyzers, say of the objects of one cluster.

    Without a cluster istioctl passes over those that read Pods and Services.
    """
    file = folder / "cluster.yaml"
    file.write_text(
        "\n---\n".join(json.dumps(body) for body in [*bodies, *pods_of(bodies), *INSTALLED])
    )
    istioctl = [tool("istioctl"), "analyze", "--use-kube=false", "-A", "-o", "json"]
    for command in (istioctl, [tool("istio-analyzers")]):
        done = subprocess.run([*command, str(file)], capture_output=True, text=True, check=False)
        yield from json.loads(done.stdout[done.stdout.index("[") :])


def is_explained(message: dict[str, str], found: list[tuple[str, dict[str, Any]]]) -> bool:
    """Say whether a warning is none; one about ambient's policies is none, since istioctl passes
    over `targetRefs`, by which they name what they guard.
    """
    if message["code"] != "IST0127":
        return message["code"] in EXPLAINED
    names = (
        f"{body['kind']} {body['metadata'].get('namespace')}/{body['metadata']['name']}"
        for _, body in found
        if "targetRefs" in body.get("spec", {})
    )
    return message["origin"] in names


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_istio_has_nothing_against_a_cluster(example: Example, tmp_path: Path) -> None:
    found = list(objects(rendered(example, tmp_path / "package")))
    clusters = {cluster for cluster, _ in found if cluster} or {""}
    unexplained = [
        (cluster, message["code"], message["origin"], message["message"])
        for cluster in sorted(clusters)
        for message in said_of([body for home, body in found if home in ("", cluster)], tmp_path)
        if message["level"] != "Info" and not is_explained(message, found)
    ]
    assert not unexplained
