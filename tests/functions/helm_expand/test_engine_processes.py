import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from krmfn.helm_expand.archive import ChartArchive
from krmfn.helm_expand.edge import (
    CliEngine,
    EngineError,
    Limits,
    NativeEngine,
    RenderRequest,
    choose,
)

MakeChart = Callable[[Mapping[str, str]], ChartArchive]


def children() -> set[int]:
    """Processes that this one has started and that are not gone, dead ones too."""
    tasks = Path("/proc/self/task").glob("*/children")
    return {int(child) for task in tasks for child in task.read_text().split()}


def test_a_process_serves_many_charts_and_leaves_nothing_behind(make_chart: MakeChart) -> None:
    before = children()
    native = NativeEngine()
    native.start()
    started = children() - before
    for _ in range(3):
        native.render(RenderRequest(make_chart({"templates/x.yaml": "a: 1"})))
    assert children() - before == started
    assert len(started) == 1
    native.close()
    assert children() == before
    native.render(RenderRequest(make_chart({})))
    native.close()
    assert children() == before


def test_a_trusted_chart_is_rendered_as_any_other(
    native: NativeEngine, make_chart: MakeChart
) -> None:
    chart = make_chart({"templates/x.yaml": "a: {{ .Values.b }}"})
    rendering = native.render(RenderRequest(chart, values="b: 1", trusted=True))
    assert rendering.templates == {"demo/templates/x.yaml": "a: 1"}
    with pytest.raises(EngineError, match="missing value for if"):
        native.render(RenderRequest(make_chart({"templates/x.yaml": "{{ if }}"}), trusted=True))


def test_another_memory_limit_starts_another_process(
    native: NativeEngine, make_chart: MakeChart
) -> None:
    native.start()
    first = children()
    native.render(RenderRequest(make_chart({}), limits=Limits(memory_bytes=200 * 2**20)))
    assert children() != first
    assert len(children()) == len(first)


def test_a_process_that_was_killed_is_replaced(native: NativeEngine, make_chart: MakeChart) -> None:
    before = children()
    chart = make_chart({"templates/x.yaml": "a: 1"})
    native.render(RenderRequest(chart))
    [worker] = children() - before
    os.kill(worker, signal.SIGKILL)
    os.waitid(os.P_PID, worker, os.WEXITED | os.WNOWAIT)
    assert native.render(RenderRequest(chart)).templates == {"demo/templates/x.yaml": "a: 1"}


def test_the_process_ends_when_its_parent_is_killed() -> None:
    program = (
        "from krmfn.helm_expand.edge import *\n"
        "from krmfn.helm_expand.archive import pack, read\n"
        "import pathlib\n"
        "text = b'{{ range until 90000 }}{{ range until 90000 }}{{ end }}{{ end }}'\n"
        "chart = read(pack({'Chart.yaml': b'{name: x, version: 1.0.0}', 'templates/x': text}))\n"
        "engine = NativeEngine(); engine.version\n"
        "tasks = pathlib.Path('/proc/self/task').glob('*/children')\n"
        "print(*(task.read_text() for task in tasks), flush=True)\n"
        "engine.render(RenderRequest(chart))\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert parent.stdout
    worker = Path("/proc", parent.stdout.readline().strip())
    time.sleep(0.2)
    assert worker.exists()
    parent.kill()
    parent.wait()
    parent.stdout.close()
    deadline = time.monotonic() + 5
    while worker.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not worker.exists()


def test_a_command_gets_none_of_our_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HELM_DEBUG", "leaked")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "leaked")
    command = tmp_path / "helm"
    command.write_text(f"#!/bin/sh\n{shutil.which('env')} >&2; exit 1\n")
    command.chmod(0o755)
    with pytest.raises(EngineError, match=r"must be Helm 3\.13 or later") as refused:
        _ = CliEngine(str(command)).version
    assert "leaked" not in str(refused.value)
    assert "KUBECONFIG=/dev/null" in str(refused.value)


@pytest.mark.parametrize(
    ("script", "kind", "words"),
    [
        ("echo 'fatal error: stack overflow' >&2; exit 2", "limit", "call a template from itself"),
        ("echo 'runtime: out of memory' >&2; exit 2", "limit", "take at most 256 MiB of memory"),
        ("kill -9 $$", "limit", "take at most 256 MiB of memory"),
        ("echo 'no idea' >&2; exit 2", "engine", "ended unexpectedly: no idea"),
        ("exit 2", "engine", "ended unexpectedly: exit code 2"),
        ("echo 'helm: v3.12.3'; echo 'apis: v1'", "engine", "must be Helm 3.13 or later"),
    ],
)
def test_a_command_that_breaks_is_an_error_with_its_reason(
    tmp_path: Path, script: str, kind: str, words: str
) -> None:
    command = tmp_path / "helm"
    command.write_text(f"#!/bin/sh\n{script}\n")
    command.chmod(0o755)
    with pytest.raises(EngineError) as refused:
        _ = CliEngine(str(command)).version
    assert refused.value.kind == kind
    assert words in str(refused.value)


def test_a_command_must_be_one(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="must be a command: Permission denied"):
        _ = CliEngine(str(tmp_path)).version


@pytest.mark.parametrize("trusted", [True, False])
def test_a_library_that_does_not_load_is_an_error(
    make_chart: MakeChart, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trusted: bool
) -> None:
    package = tmp_path / "helm_python"
    (package / "lib").mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "lib/libhelm_c.so").write_bytes(b"no library")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "helm_python", raising=False)
    engine = NativeEngine()
    try:
        with pytest.raises(EngineError, match=r"helm-python-sdk must be usable: .*libhelm_c") as no:
            engine.render(RenderRequest(make_chart({}), trusted=trusted))
    finally:
        engine.close()
    assert (no.value.kind, no.value.code) == ("engine", "engine-missing")


def test_a_command_leaves_no_files_behind(
    make_chart: MakeChart, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    command = tmp_path / "helm"
    command.write_text("#!/bin/sh\nexit 3\n")
    command.chmod(0o755)
    with pytest.raises(EngineError, match="ended unexpectedly: exit code 3"):
        CliEngine(str(command)).render(RenderRequest(make_chart({})))
    assert list(tmp_path.iterdir()) == [command]


@pytest.mark.parametrize(
    ("engine", "version", "chosen"),
    [("auto", "", "native"), ("native", ">=4, <5", "native"), ("auto", ">=4.0.0", "native")],
)
def test_an_engine_that_fits_is_chosen(engine: Any, version: str, chosen: str) -> None:
    found = choose(engine, version)
    found.close()
    assert found.name == chosen


@pytest.mark.parametrize(
    ("engine", "version", "words"),
    [
        ("native", "<4", 'there must be a Helm engine of version "<4", but the native engine is'),
        ("cli", "", "but `helm` must be on PATH"),
        ("auto", "<4", "and `helm` must be on PATH"),
        ("auto", "new", 'must be a range such as ">=4.2, <5", but is "new"'),
    ],
)
def test_no_engine_that_fits_is_an_error_with_all_reasons(
    engine: Any, version: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(EngineError) as refused:
        choose(engine, version)
    assert refused.value.kind == "engine"
    assert words in str(refused.value)
