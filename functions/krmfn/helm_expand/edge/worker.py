"""The process in which Helm's library renders charts, and the only place that calls the library.

Started by path as a bare script that imports next to nothing, because a package that renders one
chart waits for it. It reads requests from stdin: the number of fields (1 byte), then each field as
length (4 bytes, big endian) and bytes. One field is a values file; four are chart, values, options
and settings as `Helm.render` takes them. It writes answers to stdout: the length (4 bytes), then
`+` and what was asked for, or `-` and what is wrong. The first answer gives the version.

`python worker.py LIBRARY MEMORY_BYTES`
"""

from __future__ import annotations

import _thread
import ctypes
import os
import resource
import select
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, BinaryIO


class HelmError(Exception):
    """What Helm said when it refused something."""


class Helm:
    """Helm's library, by the C interface of helm-python-sdk, whose symbols and options are frozen.

    The classes of helm-python-sdk lack the options `kube_version` and `api_versions`, and loading
    them takes as long as loading the library. It refuses options that it does not know.
    """

    def __init__(self, library: str) -> None:
        """Load the library at a path; raises OSError or AttributeError."""
        self._c = ctypes.CDLL(library)
        self._c.helm_sdk_version.restype = ctypes.c_void_p
        self.version = self._taken(ctypes.c_void_p(self._c.helm_sdk_version())).decode()

    def values(self, text: bytes) -> bytes:
        """Give the JSON of a values file; raises HelmError."""
        return self._text("helm_values_from_yaml", text)

    def render(self, chart: bytes, values: bytes, options: bytes, settings: bytes) -> bytes:
        """Give the JSON of `templates` and `crds`; raises HelmError.

        Args:
            chart: a packed chart.
            values: JSON.
            options: JSON, as `helm_render` takes it.
            settings: JSON, as `helm_config_new` takes it to reach the API server that `lookup`
                asks; empty for none.
        """
        handles: list[ctypes.c_uint64] = []
        try:
            handles.append(self._handle("helm_chart_load_archive", chart, _size(chart)))
            if settings:
                handles.append(self._handle("helm_config_new", settings))
                name = "helm_render_with_config"
                templates = self._text(name, handles[1], handles[0], values, options)
            else:
                templates = self._text("helm_render", handles[0], values, options)
            # Rendering has removed the subcharts that conditions and tags turn off.
            crds = self._text("helm_chart_crds", handles[0])
        finally:
            for handle in handles:
                self._call("helm_handle_free", handle)
        return b'{"templates":%b,"crds":%b}' % (templates, crds)

    def _handle(self, function: str, *arguments: Any) -> ctypes.c_uint64:
        """Call a function that makes an object, which must be freed."""
        handle = ctypes.c_uint64()
        self._call(function, *arguments, ctypes.byref(handle))
        return handle

    def _text(self, function: str, *arguments: Any) -> bytes:
        """Call a function that gives a text."""
        text = ctypes.c_void_p()
        self._call(function, *arguments, ctypes.byref(text))
        return self._taken(text)

    def _call(self, function: str, *arguments: Any) -> None:
        problem = ctypes.c_void_p()
        code = getattr(self._c, function)(*arguments, ctypes.byref(problem))
        said = self._taken(problem)
        if code:
            raise HelmError(said.decode() or f"{function} failed with code {code}")

    def _taken(self, text: ctypes.c_void_p) -> bytes:
        """Copy a text of the library and free it."""
        if not text.value:
            return b""
        try:
            return ctypes.string_at(text.value)
        finally:
            self._c.helm_free_string(text)


def answer(helm: Helm, request: list[bytes]) -> bytes:
    """Give the answer to one request."""
    try:
        return b"+" + (helm.render(*request) if len(request) > 1 else helm.values(*request))
    except HelmError as error:
        return b"-" + str(error).encode()


def packed(request: list[bytes]) -> bytes:
    """Write a request as bytes."""
    fields = (len(field).to_bytes(4, "big") + field for field in request)
    return len(request).to_bytes(1, "big") + b"".join(fields)


def _read(stream: BinaryIO) -> list[bytes]:
    """Read a request; empty at the end of the stream."""
    count = int.from_bytes(stream.read(1), "big")
    return [stream.read(int.from_bytes(stream.read(4), "big")) for _ in range(count)]


def _write(stream: BinaryIO, content: bytes) -> None:
    stream.write(len(content).to_bytes(4, "big") + content)
    stream.flush()


def _size(content: bytes) -> ctypes.c_uint64:
    return ctypes.c_uint64(len(content))


def _limit(memory_bytes: int) -> None:
    """Allow this much memory beyond what is held now, and no writing of files."""
    with open("/proc/self/status", "rb") as status:  # noqa: PTH123 - pathlib takes long to load
        held = next(int(line.split()[1]) for line in status if line.startswith(b"VmData:"))
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
    _thread.start_new_thread(_end_with_parent, ())
    stdin, stdout = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    try:
        helm = Helm(sys.argv[1])
    except (OSError, AttributeError) as error:
        _write(stdout, b"-" + str(error).encode())
        return
    _limit(int(sys.argv[2]))
    _write(stdout, b"+" + helm.version.encode())
    while request := _read(stdin):
        _write(stdout, answer(helm, request))


if __name__ == "__main__":
    main()
