"""Every chart under examples/charts is a good chart in the eyes of the real Helm."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[3]
CHARTS = ROOT / "examples" / "charts"
REFUSED = {"without-its-dependency": "missing in charts/ directory: bus"}
OLDEST_AND_NEWEST = ("v1.27.0", "v1.36.0")
HELM = shutil.which("helm", path=os.pathsep.join([str(ROOT / ".peers/bin"), os.environ["PATH"]]))

pytestmark = pytest.mark.skipif(HELM is None, reason="needs `helm` on PATH or in .peers/bin")


def cases() -> list[tuple[str, Path | None]]:
    """Charts and the values to try them with: each of `ci/*-values.yaml`, else the chart's own."""
    charts = sorted(file.parent for file in CHARTS.glob("*/Chart.yaml"))
    return [
        (chart.name, values)
        for chart in charts
        if chart.name not in REFUSED
        for values in (*sorted(chart.glob("ci/*-values.yaml")),) or (None,)
    ]


def helm(*arguments: str, values: Path | None = None) -> subprocess.CompletedProcess[str]:
    command = [str(HELM), *arguments, *(["--values", str(values)] if values else [])]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)


def identity(resource: dict[str, Any]) -> tuple[str, ...]:
    metadata = resource["metadata"]
    return (
        resource["apiVersion"],
        resource["kind"],
        metadata.get("namespace", ""),
        metadata["name"],
    )


each_chart = pytest.mark.parametrize(
    ("chart", "values"), cases(), ids=lambda value: getattr(value, "stem", value)
)


@each_chart
def test_a_chart_lints_strictly(chart: str, values: Path | None) -> None:
    answer = helm("lint", "--strict", str(CHARTS / chart), values=values)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert "missing required values" not in answer.stderr


@pytest.mark.parametrize("kube_version", OLDEST_AND_NEWEST)
@each_chart
def test_a_chart_renders_resources_of_different_names(
    chart: str, values: Path | None, kube_version: str
) -> None:
    answer = helm(
        *("template", "release", str(CHARTS / chart), "--include-crds"),
        *("--kube-version", kube_version, "--api-versions", "monitoring.coreos.com/v1"),
        values=values,
    )
    assert answer.returncode == 0, answer.stderr
    found = [identity(resource) for resource in yaml.safe_load_all(answer.stdout) if resource]
    assert found
    assert len(found) == len(set(found))


@pytest.mark.parametrize(("chart", "reason"), REFUSED.items(), ids=REFUSED)
def test_helm_refuses_the_chart_that_must_not_render(chart: str, reason: str) -> None:
    answer = helm("template", "release", str(CHARTS / chart))
    assert answer.returncode != 0
    assert reason in answer.stderr
