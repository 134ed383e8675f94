"""What the tests of `krmfn collect` share."""

import http.server
import io
import json
import ssl
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from krmfn.cli import main
from krmfn.sdk import yaml_load

AT = "2026-08-01T10:00:00Z"


class Ran(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str


Answer = tuple[int, Mapping[str, str], bytes | Iterable[bytes]]


@dataclass(frozen=True)
class FakeServer:
    """A server that answers as the test says, and keeps paths and lower-case headers."""

    url: str
    requests: list[tuple[str, Mapping[str, str]]] = field(default_factory=list)
    answers: dict[str, Answer] = field(default_factory=dict)

    def gives(
        self, body: Any, status: int = 200, path: str = "", headers: Mapping[str, str] | None = None
    ) -> None:
        """Set what is answered, at one path or at all others: bytes, chunks, or a JSON value."""
        is_raw = isinstance(body, bytes | Iterator)
        raw = body if is_raw else json.dumps(body).encode()
        kind = {"Content-Type": "text/html" if is_raw else "application/json"}
        self.answers[path] = (status, {**kind, **(headers or {})}, raw)


@pytest.fixture
def facts_file() -> Path:
    """What kubectl printed of a cluster."""
    return Path(__file__).parent / "facts.yaml"


@pytest.fixture
def run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Callable[..., Ran]:
    """Run `krmfn collect` in an empty folder, with a text on stdin."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")

    def run(*arguments: object, stdin: str = "") -> Ran:
        monkeypatch.setattr("sys.stdin", io.StringIO(stdin))
        try:
            code = main(["collect", *map(str, arguments)])
        except SystemExit as ended:
            code = int(ended.code or 0)
        return Ran(code, *capfd.readouterr())

    return run


@pytest.fixture
def collect_nodes(run: Callable[..., Ran]) -> Callable[..., Ran]:
    """Run `krmfn collect nodes` for the cluster `waw-edge-1`, at a known time, into `fleet`."""

    def collect(*arguments: object, stdin: str = "") -> Ran:
        known = ("--cluster", "waw-edge-1", "--observed-at", AT, "--output", "fleet")
        return run("nodes", *known, *arguments, stdin=stdin)

    return collect


@pytest.fixture
def written(tmp_path: Path) -> Callable[[str], Any]:
    """Read a file below `fleet`."""

    def read(path: str) -> Any:
        return yaml_load((tmp_path / "fleet" / path).read_text())

    return read


@pytest.fixture
def fake() -> Iterator[Callable[..., FakeServer]]:
    """Start a server on loopback, if wanted over TLS."""
    with ExitStack() as running:

        def start(tls: Any = None) -> FakeServer:
            server = running.enter_context(http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Fake))
            if tls:
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                context.load_cert_chain(tls.certificate, tls.key)
                server.socket = context.wrap_socket(server.socket, server_side=True)
            scheme = "https" if tls else "http"
            found = FakeServer(f"{scheme}://127.0.0.1:{server.server_port}")
            server.fake = found  # type: ignore[attr-defined]
            threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
            running.callback(server.shutdown)
            return found

        yield start


class _Fake(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        fake: FakeServer = self.server.fake  # type: ignore[attr-defined]
        headers_sent = {name.lower(): value for name, value in self.headers.items()}
        fake.requests.append((self.path, headers_sent))
        path = self.path.partition("?")[0]
        status, headers, body = fake.answers.get(path) or fake.answers[""]
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        try:
            for chunk in (body,) if isinstance(body, bytes) else body:
                self.wfile.write(chunk)
        except OSError:
            pass  # the client has left

    def log_message(self, *_: Any) -> None:
        """Keep the test's output clean."""
