"""The native engine: Helm's library in a process of its own, kept warm for several charts."""

import importlib.util
import json
import sys
from functools import cached_property
from pathlib import Path
from typing import Any

from krmfn.helm_expand.edge import strvals
from krmfn.helm_expand.edge.errors import read_error, read_warnings
from krmfn.helm_expand.edge.lookup import served
from krmfn.helm_expand.edge.process import Child
from krmfn.helm_expand.edge.request import EngineError, Limits, Rendering, RenderRequest
from krmfn.helm_expand.edge.worker import Helm, answer, frame


class NativeEngine:
    """Renders by helm-python-sdk.

    A process is started when it is first needed, serves any number of charts, and is replaced
    after it broke or ran into a limit. A trusted chart is rendered in this process instead.
    """

    name = "native"

    def __init__(self) -> None:
        self._child: Child | None = None
        self._hello: dict[str, Any] | None = None

    @staticmethod
    def is_installed() -> bool:
        """Say whether helm-python-sdk is there; it is not loaded for that."""
        return importlib.util.find_spec("helm_python") is not None

    @property
    def version(self) -> str:
        """Helm's version."""
        return self._greeted()

    def start(self, limits: Limits | None = None) -> None:
        """Start the process, unless one with these limits runs."""
        wanted = limits or Limits()
        if self._child and self._child.is_running:
            if self._child.limits.memory_bytes == wanted.memory_bytes:
                self._child.limits = wanted
                return
            self.close()
        spec = importlib.util.find_spec("helm_python")
        if spec is None or spec.origin is None:
            raise EngineError("helm-python-sdk must be installed", "engine-missing", "engine")
        worker = Path(__file__).with_name("worker.py")
        packages = str(Path(spec.origin).parents[1])
        arguments = ["-I", "-S", str(worker), packages, str(wanted.memory_bytes)]
        self._child = Child([sys.executable, *arguments], wanted)
        self._hello = None

    def render(self, request: RenderRequest) -> Rendering:
        """Render a chart; raises EngineError."""
        request.check()
        if request.trusted:
            version, warnings = self._here.version, ""
        else:
            self.start(request.limits)
            version = self._greeted()
        values = self._values(request)
        with served(request) as server:
            message = {"values": json.dumps(values), "options": _options(request), "server": server}
            rendered, warnings = self._ask(request, message, request.chart.packed)
        return Rendering(
            templates=rendered["templates"],
            crds=tuple(sorted((crd["filename"], crd["data"]) for crd in rendered["crds"] or ())),
            engine=self.name,
            version=version,
            warnings=read_warnings(warnings),
        )

    def close(self) -> None:
        """End the process."""
        if self._child:
            self._child.close()
            self._child = None

    def _values(self, request: RenderRequest) -> dict[str, Any]:
        values: dict[str, Any] = {}
        if request.values.strip():
            values, _ = self._ask(request, {"text": request.values})
        return strvals.applied(values or {}, request)

    @cached_property
    def _here(self) -> Helm:
        return Helm()

    def _greeted(self) -> str:
        """Give Helm's version, which the process says when it is ready."""
        self.start(self._child.limits if self._child else None)
        if self._hello is None:
            self._hello, _ = self._receive()
        if "error" in self._hello:
            problem = f"helm-python-sdk does not load: {self._hello['error']}"
            raise EngineError(problem, "engine-missing", "engine")
        return str(self._hello["version"])

    def _ask(
        self, request: RenderRequest, message: dict[str, Any], chart: bytes = b""
    ) -> tuple[dict[str, Any], str]:
        """Give the answer to a message, and what Helm remarked; raises EngineError."""
        if request.trusted:
            reply, remarks = json.loads(answer(self._here, message, chart)), ""
        else:
            assert self._child
            content = json.dumps(message | {"chart_bytes": len(chart)}).encode()
            self._child.send(frame(content) + chart)
            reply, remarks = self._receive()
        if "error" in reply:
            raise read_error(reply["error"], request.chart)
        return reply["answer"], remarks

    def _receive(self) -> tuple[Any, str]:
        assert self._child
        output, remarks = self._child.receive(_is_frame)
        if not _is_frame(output):
            raise self._child.ending(remarks)
        return json.loads(output[4:]), remarks


def _is_frame(output: bytes | bytearray) -> bool:
    return len(output) >= 4 and len(output) - 4 >= int.from_bytes(output[:4])


def _options(request: RenderRequest) -> dict[str, Any]:
    return {
        "name": request.release_name,
        "namespace": request.namespace,
        "is_upgrade": request.is_upgrade,
        "kube_version": request.kube_version,
        "api_versions": list(request.api_versions),
    }
