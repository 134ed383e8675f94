"""The process in which Helm's library renders charts, and the only place that calls the library.

Started by path as a bare script, so that it loads nothing but the standard library and Helm; it
reads requests from stdin and writes answers to stdout, each a length (4 bytes, big endian) and
JSON. The bytes of a chart follow their request.

`python worker.py SITE_PACKAGES MEMORY_BYTES`
"""

import json
import os
import resource
import select
import sys
import threading
from collections.abc import Mapping
from typing import Any, BinaryIO


class Helm:
    """Helm's library, by the C interface of helm-python-sdk.

    Its Python classes leave out options that the interface documents: `kube_version`,
    `api_versions`, and rendering against a server. It refuses options that it does not know.
    """

    def __init__(self) -> None:
        import helm_python
        from helm_python import _native

        self._sdk, self._native = helm_python, _native
        self.version = _native.helm_sdk_version()

    def values(self, text: str) -> str:
        """Give the JSON of a values file."""
        return str(self._native.call_string("helm_values_from_yaml", text))

    def render(self, chart: bytes, values: str, options: Mapping[str, Any], server: str) -> str:
        """Give the JSON of rendered templates and CRDs.

        Args:
            chart: a packed chart.
            values: JSON.
            options: as `helm_render` takes them.
            server: URL of the API server that `lookup` asks; "" for none.
        """
        with self._sdk.Chart.load_archive(chart) as loaded:
            handle = loaded._raw()  # noqa: SLF001
            arguments = (handle, values, json.dumps(options))
            if server:
                settings = {"kubeconfig_path": os.devnull, "storage_driver": "memory"}
                with self._sdk.Config(kube_apiserver=server, qps=1e4, **settings) as config:
                    templates = self._native.call_string(
                        "helm_render_with_config",
                        config._raw(),  # noqa: SLF001
                        *arguments,
                    )
            else:
                templates = self._native.call_string("helm_render", *arguments)
            # Rendering has removed the subcharts that conditions and tags turn off.
            crds = self._native.call_string("helm_chart_crds", handle)
        return f'{{"templates":{templates},"crds":{crds or "[]"}}}'


def read_frame(stream: BinaryIO) -> bytes | None:
    """Read a length and that many bytes; None at the end of the stream."""
    head = stream.read(4)
    return stream.read(int.from_bytes(head)) if len(head) == 4 else None


def frame(content: bytes) -> bytes:
    """Put the length before some bytes."""
    return len(content).to_bytes(4) + content


def answer(helm: Helm, request: dict[str, Any], chart: bytes) -> str:
    """Give the JSON of the answer to one request, or of the error."""
    try:
        if "text" in request:
            answered = helm.values(request["text"])
        else:
            wanted = (request["values"], request["options"], request["server"])
            answered = helm.render(chart, *wanted)
    except Exception as error:  # noqa: BLE001 - all that Helm says goes to the one who asked
        return json.dumps({"error": str(error)})
    return f'{{"answer":{answered}}}'


def _limit(memory_bytes: int) -> None:
    """Allow this much memory beyond what is held now, and no writing of files."""
    with open("/proc/self/status", encoding="ascii") as status:  # noqa: PTH123
        held = next(int(line.split()[1]) for line in status if line.startswith("VmData:"))
    most = held * 1024 + memory_bytes
    resource.setrlimit(resource.RLIMIT_DATA, (most, most))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _end_with_parent() -> None:
    """End at once when the other end of stdin is closed, even while Helm is busy."""
    poll = select.poll()
    poll.register(0, 0)
    poll.poll()
    os._exit(0)


def main() -> None:
    """Answer requests until stdin ends."""
    sys.path.append(sys.argv[1])
    threading.Thread(target=_end_with_parent, daemon=True).start()
    stdin, stdout = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    try:
        helm = Helm()
        hello = {"version": helm.version}
    except Exception as error:  # noqa: BLE001 - the parent says it
        hello = {"error": str(error)}
    _limit(int(sys.argv[2]))
    stdout.write(frame(json.dumps(hello).encode()))
    stdout.flush()
    while (content := read_frame(stdin)) is not None:
        request = json.loads(content)
        chart = stdin.read(request.get("chart_bytes", 0))
        stdout.write(frame(answer(helm, request, chart).encode()))
        stdout.flush()


if __name__ == "__main__":
    main()
