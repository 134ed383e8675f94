"""kpt and the built images, within the limits of a strict cluster, do what `krmfn render` does."""

import base64
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from krmfn.helm_expand.archive import pack
from krmfn.sdk import yaml_dump, yaml_load, yaml_load_all

pytestmark = [pytest.mark.container, pytest.mark.kpt]

ROOT = Path(__file__).parents[2]
EXAMPLES = [
    *sorted(path.parent for path in ROOT.glob("examples/helm-expand/*/Kptfile")),
    ROOT / "examples/edge-app",
]
LIMITS = ("--read-only", "--tmpfs=/tmp", "--memory=512m", "--memory-swap=512m")
KRMFN = (sys.executable, "-m", "krmfn.cli", "render")
KPT_OPTIONS = ("fn", "render", "--image-pull-policy=never")

BREAK_OUT = """
import os, socket
for folder in ("/", "/etc", "/home", "/usr", "/var/tmp"):
    try:
        open(os.path.join(folder, "trace"), "w")
    except OSError:
        continue
    print("wrote to", folder)
try:
    socket.create_connection(("192.0.2.1", 80), timeout=1)
except OSError as problem:
    print(problem.strerror)
"""
TAKE_600_MIB = "print(len(b'x' * (600 << 20)))"
CHART = "apiVersion: v2\nname: hoard\nversion: 1.0.0\n"
HOARD = '{{ $text := "x" }}{{ range until 40 }}{{ $text = cat $text $text }}{{ end }}'


@pytest.fixture(scope="session")
def limits(container_runtime: str) -> tuple[str, ...]:
    """Flags of the runtime: nothing but /tmp can be written, and 512 MiB must do."""
    return (*LIMITS, *(("--read-only-tmpfs=false",) if container_runtime == "podman" else ()))


@pytest.fixture(scope="session")
def environment(
    container_runtime: str, limits: tuple[str, ...], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, str]:
    """Environment in which the containers that kpt starts get `limits`; kpt cannot set them."""
    real, flags = shutil.which(container_runtime), " ".join(limits)
    wrapper = tmp_path_factory.mktemp("runtime") / container_runtime
    wrapper.write_text(
        f'#!/bin/sh\n[ "$1" = run ] || exec {real} "$@"\nshift\nexec {real} run {flags} "$@"\n'
    )
    wrapper.chmod(0o755)
    return {
        **os.environ,
        "PATH": f"{wrapper.parent}{os.pathsep}{os.environ['PATH']}",
        "KPT_FN_RUNTIME": container_runtime,  # read by kpt up to 1.0.0-beta.58
        "KRM_FN_RUNTIME": container_runtime,
    }


def render(
    command: tuple[str, ...], package: Path, environment: Mapping[str, str] | None = None
) -> list[dict[str, Any]]:
    """Render a package in place; for each function that ran, its exit code and results."""
    folder = package.with_name(f"{package.name}-results")
    arguments = [*command, str(package), f"--results-dir={folder}"]
    done = subprocess.run(arguments, check=False, capture_output=True, text=True, env=environment)
    if not (folder / "results.yaml").exists():
        pytest.fail(done.stderr)
    listed = yaml_load((folder / "results.yaml").read_text())
    assert done.returncode == listed["exitCode"]
    return [{key: item.get(key) for key in ("exitCode", "results")} for item in listed["items"]]


def content(package: Path) -> dict[str, Any]:
    """Give what the files of a package mean; kpt's own notes on the rendering are left out."""
    meaning: dict[str, Any] = {}
    for path in package.rglob("*"):
        if path.is_file():
            is_yaml = path.name == "Kptfile" or path.suffix in {".yaml", ".yml"}
            value = yaml_load_all(path.read_text()) if is_yaml else path.read_bytes()
            meaning[path.relative_to(package).as_posix()] = value
    meaning["Kptfile"][0].pop("status", None)
    return meaning


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name)
@pytest.mark.usefixtures("images")
def test_an_example_renders_in_containers_as_in_one_process(
    kpt: str, example: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    ours, theirs = (tmp_path / side / example.name for side in ("krmfn", "kpt"))
    for copy in (ours, theirs):
        shutil.copytree(example, copy)
    assert render((kpt, *KPT_OPTIONS), theirs, environment) == render(KRMFN, ours)
    assert content(theirs) == content(ours)


def test_the_limits_hold(
    container_runtime: str, images: dict[str, str], limits: tuple[str, ...], tmp_path: Path
) -> None:
    options = (*limits, "--network=none", "--user=nobody", "--entrypoint=/usr/bin/python3")
    python = [container_runtime, "run", "--rm", *options, images["helm_expand"], "-c"]
    broken_out = subprocess.run([*python, BREAK_OUT], check=True, capture_output=True, text=True)
    assert broken_out.stdout == "Network is unreachable\n"
    # The runtime notes what was killed in the working directory.
    hoarded = subprocess.run([*python, TAKE_600_MIB], check=False, cwd=tmp_path)
    assert hoarded.returncode == 137


@pytest.mark.usefixtures("images")
def test_a_chart_that_hoards_memory_is_refused_and_the_package_stays(
    kpt: str, environment: dict[str, str], tmp_path: Path
) -> None:
    package = tmp_path / "package"
    shutil.copytree(ROOT / "examples/helm-expand/render-a-chart", package)
    archive = pack({"Chart.yaml": CHART.encode(), "templates/hoard.yaml": HOARD.encode()})
    chart = {"archive": base64.b64encode(archive).decode(), "name": "hoard", "version": "1.0.0"}
    chart["sha256"] = hashlib.sha256(archive).hexdigest()
    head = {"apiVersion": "intent.krmfn.dev/v1alpha1", "kind": "HelmChart"}
    intent = {**head, "metadata": {"name": "hoard"}, "spec": {"chart": chart}}
    (package / "hoard.yaml").write_text(yaml_dump(intent))
    before = content(package)
    (ran,) = render((kpt, *KPT_OPTIONS), package, environment)
    assert ran["exitCode"] == 1
    assert "MiB of memory" in ran["results"][0]["message"]
    assert content(package) == before
