"""Charts built in a test, the engines that render them, and packages with both."""

import base64
import hashlib
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from krmfn.helm_expand import helm_expand
from krmfn.helm_expand.archive import ChartArchive, pack, read
from krmfn.helm_expand.edge import CliEngine, HelmEngine, NativeEngine
from krmfn.helm_expand.expand import expand_release
from krmfn.helm_expand.resolve import resolve
from krmfn.sdk import (
    Function,
    Generated,
    Package,
    Place,
    Resource,
    ResourceList,
    Result,
    run,
    yaml_load,
)
from krmfn.sdk.ownership import owner_of

ROOT = Path(__file__).parents[3]
COMMANDS = os.pathsep.join([str(ROOT / ".peers/bin"), os.environ["PATH"]])

MakeChart = Callable[[Mapping[str, str]], ChartArchive]


@pytest.fixture(scope="session")
def make_chart() -> MakeChart:
    """Make a chart of files; `Chart.yaml` of chart `demo` is added unless it is there."""

    def make(files: Mapping[str, str]) -> ChartArchive:
        whole = {"Chart.yaml": "apiVersion: v2\nname: demo\nversion: 1.0.0\n", **files}
        return read(pack({path: text.encode() for path, text in whole.items()}, level=0))

    return make


@pytest.fixture(scope="session", params=["native", "helm", "helm-3"])
def engine(request: pytest.FixtureRequest) -> Iterator[HelmEngine]:
    """Every engine in turn: the library, and Helm 4's and Helm 3's command."""
    if request.param == "native":
        chosen: HelmEngine = NativeEngine()
    else:
        command = shutil.which(request.param, path=COMMANDS)
        if not command:
            pytest.skip(f"`{request.param}` is not on PATH or in .peers/bin")
        chosen = CliEngine(command)
    yield chosen
    chosen.close()


@pytest.fixture
def native() -> Iterator[NativeEngine]:
    """The native engine, for what only it can do."""
    chosen = NativeEngine()
    yield chosen
    chosen.close()


def packed(files: Mapping[str, str]) -> dict[str, Any]:
    """Give `spec.chart` of a HelmChart; `Chart.yaml` of chart `demo` is added unless there."""
    head = {"Chart.yaml": "apiVersion: v2\nname: demo\nversion: 1.0.0\n"}
    content = pack({path: text.encode() for path, text in {**head, **files}.items()})
    chart = read(content)
    return {
        "name": chart.name,
        "version": chart.version,
        "archive": base64.b64encode(content).decode(),
        "sha256": hashlib.sha256(content).hexdigest(),
    }


@pytest.fixture(scope="session")
def helm_chart() -> Callable[..., Resource]:
    """Make a HelmChart of a chart's files and fields of its spec, at a path of the package."""

    def make(files: Mapping[str, str], name: str = "demo", path: str = "", **spec: Any) -> Resource:
        return Resource.new(
            "intent.krmfn.dev/v1alpha1",
            "HelmChart",
            name,
            annotations={"config.kubernetes.io/local-config": "true"},
            place=Place(path or f"{name}.yaml", 0),
            spec={**spec, "chart": packed(files)},
        )

    return make


@dataclass(frozen=True)
class Rendered:
    """What the function made of a package."""

    ok: bool
    items: tuple[Resource, ...]
    results: tuple[Result, ...]

    @property
    def files(self) -> dict[str, str]:
        """The text of what the function made, by path."""
        found: dict[str, list[str]] = {}
        for item in self.items:
            if owner_of(item):
                found.setdefault(item.path or "", []).append(item.text)
        return {path: "---\n".join(texts) for path, texts in found.items()}

    def __getitem__(self, path: str) -> Any:
        """Give the values of the one resource of a file."""
        return yaml_load(self.files[path])

    def said(self, *severities: str) -> list[str]:
        """Give the results as lines; of these severities only, when some are named."""
        return [
            each.line() for each in self.results if each.severity in (severities or each.severity)
        ]

    @property
    def texts(self) -> list[tuple[str, str]]:
        """All there is, to compare."""
        return [(item.path or "", item.raw) for item in self.items]


Render = Callable[..., Rendered]


@pytest.fixture(scope="session")
def render() -> Iterator[Render]:
    """Run the function on resources, in process and with one engine for all tests."""
    engine = NativeEngine()

    def body(config: Any, package: Package) -> Iterable[Resource | Generated | Result]:
        releases, said = resolve(config, package)
        yield from said
        for release in releases:
            yield from expand_release(engine, release, package)

    body.__module__ = helm_expand.module
    declared = Function(helm_expand.name, body, helm_expand.config, helm_expand.reads)

    def render(*resources: Resource | Rendered, config: Resource | None = None) -> Rendered:
        given = [
            item
            for each in resources
            for item in (each.items if isinstance(each, Rendered) else (each,))
        ]
        items = tuple(replace(item, slot=number) for number, item in enumerate(given))
        outcome = run(declared, ResourceList(items=items, function_config=config))
        return Rendered(outcome.ok, outcome.resource_list.items, outcome.results)

    yield render
    engine.close()
