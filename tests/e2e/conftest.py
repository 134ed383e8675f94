"""What the end-to-end tests need: a real kpt; a container runtime, and the functions' images."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
FOLDERS = sorted(path.parent for path in HERE.parents[1].glob("functions/krmfn/*/Dockerfile"))
KPTS = [*filter(None, [shutil.which("kpt")]), *HERE.parents[1].glob(".peers/bin/kpt-*")]


def printed(*command: str | Path) -> str:
    """What a command prints; its exit code 3 says that this machine lacks something."""
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode == 3:
        pytest.skip(done.stderr.strip())
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="session")
def container_runtime() -> str:
    """`podman` or `docker`, whichever answers."""
    return printed(HERE / "images/runtime").strip()


@pytest.fixture(scope="session")
def images(container_runtime: str) -> dict[str, str]:  # noqa: ARG001 - its reason to skip first
    """Name of the image, by name of the folder of the function; all are up to date."""
    table = printed(sys.executable, HERE / "images/build.py").splitlines()
    built = [line.split()[0] for line in table]
    return {Path(image.partition(":")[0]).name.replace("-", "_"): image for image in built}


@pytest.fixture(scope="session", params=[pytest.param(path, id=path.name) for path in FOLDERS])
def folder(request: pytest.FixtureRequest) -> Path:
    """The folder of a function that has an image: each of them in turn."""
    path: Path = request.param
    return path


@pytest.fixture(scope="session")
def image(images: dict[str, str], folder: Path) -> str:
    return images[folder.name]


@pytest.fixture(scope="session", params=KPTS or [None], ids=lambda path: path and Path(path).name)
def kpt(request: pytest.FixtureRequest) -> str:
    """A real kpt: each one that is found, in turn."""
    if request.param is None:
        pytest.skip("no kpt is on PATH or in .peers/bin")
    return str(request.param)
