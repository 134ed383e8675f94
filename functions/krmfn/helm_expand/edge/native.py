"""The native engine: Helm's library in a process of its own, kept warm for several charts."""

import importlib.util
import json
import os
import sys
from functools import cached_property
from pathlib import Path
from typing import Any

from krmfn.helm_expand.edge.errors import read_error, read_warnings
from krmfn.helm_expand.edge.lookup import served
from krmfn.helm_expand.edge.process import Child
from krmfn.helm_expand.edge.request import (
    TRUSTED,
    EngineError,
    Limits,
    Rendering,
    RenderRequest,
)
from krmfn.helm_expand.edge.strvals import applied
from krmfn.helm_expand.edge.worker import packed


class NativeEngine:
    """Renders by helm-python-sdk.

    A process is started when it is first needed, serves any number of charts, and is replaced
    after it broke or ran into a limit. A trusted chart is rendered in this process instead.
    """

    name = "native"

    def __init__(self) -> None:
        self._worker: _Worker | None = None

    @property
    def version(self) -> str:
        """Helm's version; waits until the process is ready."""
        return (self._worker or self._running(Limits())).version

    def start(self) -> None:
        """Start the process and do not wait for it."""
        self._running(Limits())

    def render(self, request: RenderRequest) -> Rendering:
        """Render a chart; raises EngineError."""
        request.check()
        helm = self._running(TRUSTED if request.trusted else request.limits)
        version = helm.version
        values: dict[str, Any] = {}
        if request.values.strip():
            text, _ = _ask(helm, request, request.values.encode())
            values = json.loads(text) or {}
        merged = json.dumps(applied(values, request)).encode()
        with served(request) as server:
            fields = (request.chart.packed, merged, _options(request), _settings(server))
            answered, remarks = _ask(helm, request, *fields)
        rendered = json.loads(answered)
        return Rendering(
            templates=rendered["templates"],
            crds=tuple(sorted((crd["filename"], crd["data"]) for crd in rendered["crds"])),
            engine=self.name,
            version=version,
            warnings=read_warnings(remarks),
        )

    def close(self) -> None:
        """End the process."""
        if self._worker:
            self._worker.child.close()
            self._worker = None

    def _running(self, limits: Limits) -> "_Worker":
        """Give a running process with these limits."""
        worker = self._worker
        if worker and not worker.takes(limits):
            self.close()
        if not self._worker:
            self._worker = _Worker(limits)
        self._worker.child.limits = limits
        return self._worker


class _Worker:
    """Helm's library in a process of its own."""

    def __init__(self, limits: Limits) -> None:
        script = str(Path(__file__).with_name("worker.py"))
        arguments = (script, _library(), str(limits.memory_bytes))
        self.child = Child((sys.executable, "-I", "-S", *arguments), limits)

    def takes(self, limits: Limits) -> bool:
        """Say whether the process runs and has the memory that the limits say."""
        return self.child.is_running and self.child.limits.memory_bytes == limits.memory_bytes

    @cached_property
    def version(self) -> str:
        greeting, _ = self._receive()
        text = greeting[1:].decode()
        if greeting[:1] != b"+":
            raise _unusable(text)
        return text

    def ask(self, request: list[bytes], task: str) -> tuple[bytes, str]:
        self.child.task = task
        self.child.send(packed(request))
        return self._receive()

    def _receive(self) -> tuple[bytes, str]:
        output, remarks = self.child.receive(_is_answer)
        if not _is_answer(output):
            raise self.child.ending(remarks)
        return output[4:], remarks


def _ask(helm: _Worker, request: RenderRequest, *fields: bytes) -> tuple[bytes, str]:
    """Give the answer to some fields, and what Helm remarked; raises EngineError."""
    reply, remarks = helm.ask(list(fields), f'rendering chart "{request.chart.name}"')
    if reply[:1] != b"+":
        raise read_error(reply[1:].decode(), request.chart)
    return reply[1:], remarks


def _is_answer(output: bytes | bytearray) -> bool:
    return len(output) >= 4 and len(output) - 4 >= int.from_bytes(output[:4])


def _options(request: RenderRequest) -> bytes:
    options = {
        "name": request.release_name,
        "namespace": request.namespace,
        "is_upgrade": request.is_upgrade,
        "kube_version": request.kube_version,
        "api_versions": request.api_versions,
    }
    return json.dumps(options).encode()


def _settings(server: str) -> bytes:
    settings = {
        "kube_apiserver": server,
        "kubeconfig_path": os.devnull,
        "storage_driver": "memory",
        "qps": 10_000,
    }
    return json.dumps(settings).encode() if server else b""


def _library() -> str:
    """Give the path of the library in helm-python-sdk, which is not imported for that."""
    spec = importlib.util.find_spec("helm_python")
    if not spec or not spec.origin:
        raise _unusable("it is not installed")
    return str(Path(spec.origin).parent / "lib" / "libhelm_c.so")


def _unusable(reason: str) -> EngineError:
    return EngineError(f"helm-python-sdk must be usable: {reason}", "engine-missing", "engine")
