"""`krmfn render --container` does in a container what it does in its own process."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from krmfn.cli import main

SOURCE = Path(__file__).parents[2] / "examples/helm-expand/render-a-chart"
OTHERS = "localhost/of-others:v1"

pytestmark = pytest.mark.container


@pytest.fixture
def _image_of_others(
    container_runtime: str, images: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """An image of ours under a name that says that it is not."""
    monkeypatch.setenv("KRM_FN_RUNTIME", container_runtime)
    subprocess.run([container_runtime, "tag", images["helm_expand"], OTHERS], check=True)
    yield
    subprocess.run([container_runtime, "rmi", OTHERS], check=True, capture_output=True)


def rendered(folder: Path, image: str) -> dict[str, str]:
    for name in ("Kptfile", "site-probe.yaml"):
        folder.mkdir(exist_ok=True)
        (folder / name).write_text((SOURCE / name).read_text())
    kptfile = folder / "Kptfile"
    kptfile.write_text(kptfile.read_text().replace("ghcr.io/krm-fn/helm-expand:v0.1.0", image))
    assert main(["render", str(folder), "--container"]) == 0
    kptfile.unlink()
    found = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_text() for path in found}


@pytest.mark.usefixtures("_image_of_others")
def test_an_image_of_others_is_run_in_a_container(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    there = rendered(tmp_path / "there", OTHERS)
    assert OTHERS in capsys.readouterr().err
    assert len(there) > 1
    assert there == rendered(tmp_path / "here", "helm-expand")
