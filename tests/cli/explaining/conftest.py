"""A fleet of four clusters with four workloads, as a package on disk."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from krmfn.cli import main

KPTFILE = """\
apiVersion: kpt.dev/v1
kind: Kptfile
metadata:
  name: fleet
pipeline:
  mutators:
  - image: ghcr.io/krm-fn/placement-resolver
"""
TOPOLOGY = """\
apiVersion: intent.krmfn.dev/v1alpha1
kind: ClusterTopology
metadata:
  name: links
spec:
  links:
  - {from: waw, to: waw-edge-1, latencyMs: 4}
  - {from: waw, to: waw-edge-2, latencyMs: 5}
  - {from: waw, to: krk-edge-1, latencyMs: 9}
  - {from: waw, to: central-1, latencyMs: 22}
"""


def cluster(name: str, cost: str, cpu: int, *, dpdk: str = "False", group: str = "g0") -> str:
    """A cluster of two nodes."""
    return f"""\
apiVersion: multicluster.x-k8s.io/v1alpha1
kind: ClusterProfile
metadata:
  name: {name}
spec:
  clusterManager: {{name: m}}
status:
  properties:
  - {{name: cost.krmfn.dev/cpu-hour, value: "{cost}", lastObservedTime: "2026-08-01T10:00:00Z"}}
---
apiVersion: intent.krmfn.dev/v1alpha1
kind: ClusterCapacity
metadata:
  name: {name}
spec:
  observedAt: "2026-08-01T10:00:00Z"
  nodeGroups:
  - name: {group}
    count: 2
    allocatable: {{cpu: "{cpu}", memory: 128Gi}}
    available: {{cpu: "{cpu}", memory: 128Gi}}
    devices:
    - {{class: sriov-vf, resourceName: intel.com/{group}_n3, network: n3, speedGbps: 25,
       allocatable: {8 if dpdk == "True" else 0}, available: {8 if dpdk == "True" else 0}}}
  capabilities:
  - {{name: dpdk, status: "{dpdk}", nodeGroups: [{group}], evidence: ["node w1"],
     missing: ["NodeFeature of w2"]}}
"""


def workload(name: str, cpu: int, spec: str, replicas: int = 1) -> str:
    """A Deployment, and an intent that places it."""
    wanted = "".join(f"  {line}\n" for line in spec.strip().splitlines())
    return f"""\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {name}
spec:
  replicas: {replicas}
  template:
    spec:
      containers:
      - name: main
        resources:
          requests: {{cpu: "{cpu}", memory: 1Gi}}
---
apiVersion: intent.krmfn.dev/v1alpha1
kind: PlacementIntent
metadata:
  name: {name}
spec:
  resourceSelectors: [{{kind: Deployment, name: {name}}}]
{wanted}"""


FILES = {
    "Kptfile": KPTFILE,
    "topology.yaml": TOPOLOGY,
    "clusters/waw-edge-1/facts.yaml": cluster("waw-edge-1", "0.06", 16, dpdk="True", group="cnf"),
    "clusters/waw-edge-2/facts.yaml": cluster("waw-edge-2", "0.05", 16),
    "clusters/krk-edge-1/facts.yaml": cluster("krk-edge-1", "0.04", 16, dpdk="Unknown"),
    "clusters/central-1/facts.yaml": cluster("central-1", "0.02", 64),
    "upf.yaml": workload(
        "upf",
        12,
        """
priority: 100
requirements:
  capabilities: [{name: dpdk}]
  devices: [{class: sriov-vf, network: n3, count: 2}]
""",
        2,
    ),
    "api.yaml": workload(
        "api",
        12,
        """
placementType: PickN
numberOfClusters: 1
requirements: {latency: {maxMilliseconds: 10, from: [{area: waw, users: 100}]}}
""",
    ),
    "portal.yaml": workload("portal", 2, "placementType: PickN\nnumberOfClusters: 2\n", 2),
    "simulator.yaml": workload(
        "simulator",
        200,
        "placementType: PickN\nnumberOfClusters: 1\n",
    ),
    "policy.yaml": """\
apiVersion: intent.krmfn.dev/v1alpha1
kind: PlacementPolicy
metadata:
  name: fleet
spec:
  whenUnplaced: Warn
""",
}


@dataclass
class Fleet:
    """The package, and the command run on it.

    Attributes:
        out, err: what the last command wrote.
    """

    root: Path
    capsys: pytest.CaptureFixture[str]
    out: str = ""
    err: str = ""

    def write(self, files: Mapping[str, str]) -> None:
        """Write files of the package."""
        for path, text in files.items():
            file = self.root / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)

    def run(self, command: str, *arguments: object) -> int:
        """Run a command on the package."""
        self.capsys.readouterr()
        code = main([command, str(self.root), *map(str, arguments)])
        self.out, self.err = self.capsys.readouterr()
        return code

    def render(self) -> None:
        """Render the package."""
        assert main(["render", str(self.root)]) == 0

    def files(self) -> dict[str, str]:
        """The texts of the package by path."""
        found = (path for path in self.root.rglob("*") if path.is_file())
        return {str(path.relative_to(self.root)): path.read_text() for path in found}


@pytest.fixture
def make_cluster() -> Callable[..., str]:
    """Give the facts of a cluster."""
    return cluster


@pytest.fixture
def make_workload() -> Callable[..., str]:
    """Give a Deployment and its intent."""
    return workload


@pytest.fixture
def fleet(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Fleet:
    """Four clusters and four workloads, one of which fits nowhere."""
    monkeypatch.delenv("COLUMNS", raising=False)
    made = Fleet(tmp_path / "fleet", capsys)
    made.write(FILES)
    return made
