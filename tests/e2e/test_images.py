"""Each function's image is small, starts as nobody anywhere, and holds no more than it needs."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

pytestmark = pytest.mark.container

MEGABYTE = 1_000_000
LARGEST = {"": 120, "helm": 220, "placement": 140}
"""Size in MB by the extra that a function needs: Helm's library, or numpy and HiGHS."""
NOBODY = 65534
ENTRYPOINT_START = ["/usr/bin/python3", "-I", "-B", "-m"]

LIST_UNREADABLE = """
import os
for folder, folders, files in os.walk("/usr", onerror=print):
    for name in files:
        if not os.path.islink(path := os.path.join(folder, name)) and not os.access(path, os.R_OK):
            print(path)
"""
LIST_UNCOMPILED = """
from importlib.util import cache_from_source
from pathlib import Path
for path in Path("/usr/lib").rglob("*.py"):
    if not {"test", "tests", "lib2to3"}.intersection(path.parts):
        if not Path(cache_from_source(path)).exists():
            print(path)
"""


def run(*command: str, stdin: str = "") -> str:
    done = subprocess.run(command, check=False, capture_output=True, text=True, input=stdin)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def described(container_runtime: str, image: str) -> dict[str, Any]:
    description: dict[str, Any] = json.loads(run(container_runtime, "image", "inspect", image))[0]
    return description


@pytest.fixture
def python(container_runtime: str, image: str) -> tuple[str, ...]:
    """Command that runs Python code as kpt would run the function."""
    options = ("--rm", "--network=none", "--user=nobody", "--entrypoint=/usr/bin/python3")
    return (container_runtime, "run", *options, image, "-I", "-c")


def test_the_image_is_small(described: dict[str, Any], folder: Path) -> None:
    extra = re.search(r'"krm-fn\[(\w+)\]"', (folder / "Dockerfile").read_text())
    assert described["Size"] <= MEGABYTE * LARGEST[extra[1] if extra else ""]


def test_the_image_starts_the_function_and_nothing_else(
    described: dict[str, Any], folder: Path
) -> None:
    config = described["Config"]
    assert config["Entrypoint"] == [*ENTRYPOINT_START, f"krmfn.{folder.name}"]
    assert not config.get("Cmd")
    assert config["WorkingDir"] == "/"


def test_the_image_runs_as_nobody_by_number_and_knows_the_name(
    described: dict[str, Any], python: tuple[str, ...]
) -> None:
    assert described["Config"]["User"] == str(NOBODY)
    assert run(*python, "import pwd; print(pwd.getpwnam('nobody').pw_uid)") == f"{NOBODY}\n"


def test_the_image_says_what_it_is(described: dict[str, Any], image: str, folder: Path) -> None:
    labels = described["Config"]["Labels"]
    assert labels["org.opencontainers.image.title"] == folder.name.replace("_", "-")
    assert labels["org.opencontainers.image.version"] == image.rpartition(":v")[2]
    assert labels["org.opencontainers.image.licenses"] == "Apache-2.0"
    assert labels["org.opencontainers.image.description"]


def test_every_file_can_be_read_by_nobody(python: tuple[str, ...]) -> None:
    assert run(*python, LIST_UNREADABLE) == ""


def test_every_module_is_compiled(python: tuple[str, ...]) -> None:
    assert run(*python, LIST_UNCOMPILED) == ""


def test_help_goes_to_stdout_with_exit_code_0(
    container_runtime: str, image: str, folder: Path
) -> None:
    text = run(container_runtime, "run", "--rm", "-i", "--network=none", image, "--help")
    assert folder.name.replace("_", "-") in text


def test_a_run_leaves_no_file_behind_even_where_it_could(
    container_runtime: str, image: str
) -> None:
    name = f"krm-fn-{uuid4().hex}"
    empty = "apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems: []\n"
    options = (f"--name={name}", "-i", "--network=none", "--user=0")
    try:
        run(container_runtime, "run", *options, image, stdin=empty)
        changed = run(container_runtime, "diff", name).splitlines()
    finally:
        run(container_runtime, "rm", "--force", name)
    ours = ("A /root/", "A /tmp/", "A /usr/", "A /var/")
    assert [line for line in changed if line.startswith(ours)] == []
