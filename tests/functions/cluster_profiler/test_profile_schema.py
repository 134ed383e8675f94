"""What is written is what its API takes."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from krmfn.kinds.fleet import ClusterCapacity
from krmfn.sdk import yaml_load

ROOT = Path(__file__).parents[3]
INVENTORY_API = "sigs.k8s.io/cluster-inventory-api@v0.1.0"
CRD = "config/crd/bases/multicluster.x-k8s.io_clusterprofiles.yaml"


def promised(file: str) -> list[dict[str, Any]]:
    found = sorted((ROOT / "examples/cluster-profiler").glob(f"*/.expected/**/{file}"))
    assert found
    return [yaml_load(path.read_text()) for path in found]


def test_every_capacity_of_the_examples_is_one_that_others_can_read() -> None:
    for body in promised("cluster-capacity.yaml"):
        assert ClusterCapacity.parse(body)[1] == []


@pytest.mark.conformance
def test_the_api_server_takes_every_profile_of_the_examples() -> None:
    commands = os.pathsep.join([str(ROOT / ".peers/bin"), os.environ["PATH"]])
    if not (crdcheck := shutil.which("crdcheck", path=commands)) or not shutil.which("go"):
        pytest.skip("`make peers` must have built crdcheck, with Go")
    fetched = subprocess.run(
        ["go", "mod", "download", "-json", INVENTORY_API],
        capture_output=True,
        text=True,
        cwd="/",
        check=False,
    )
    if fetched.returncode:
        pytest.skip(f"{INVENTORY_API} must be at hand: {fetched.stdout.strip()}")
    crd = yaml_load((Path(json.loads(fetched.stdout)["Dir"]) / CRD).read_text())
    question = json.dumps([{"crd": crd, "objects": promised("cluster-profile.yaml")}])
    done = subprocess.run(crdcheck, input=question, capture_output=True, text=True, check=True)
    (answer,) = json.loads(done.stdout)
    assert answer["crd"] == []
    assert not any(answer["objects"])
