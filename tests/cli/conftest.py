"""Charts, and what serves and signs them: made for the test, on loopback only."""

import base64
import functools
import http.server
import io
import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from krmfn.cli import main
from krmfn.sdk import Resource, yaml_dump

USER, PASSWORD = "edge", "far-away"
# bcrypt of PASSWORD, as the registry wants it
HTPASSWD = f"{USER}:$2y$05$abcdefghijklmnopqrstuuQg.K5YYSdUI3xRl035oj9b4cAbGoZB2\n"

MakeChart = Callable[..., Path]


@dataclass(frozen=True)
class Ran:
    """How a `krmfn` command ended."""

    code: int
    out: str
    err: str


@dataclass(frozen=True)
class Server:
    """A chart server: its address, and who asked it for what."""

    url: str
    requests: list[tuple[str, str]] = field(default_factory=list)

    @property
    def host(self) -> str:
        return self.url.partition("://")[2]


@dataclass(frozen=True)
class Certificates:
    """A certificate authority, and a server's certificate from it for 127.0.0.1."""

    authority: Path
    certificate: Path
    key: Path


@pytest.fixture
def vendor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Callable[..., Ran]:
    """Run `krmfn chart vendor` in an empty folder, with a text on stdin."""
    folder = tmp_path / "package"
    folder.mkdir()
    monkeypatch.chdir(folder)

    def run(*arguments: str | Path, stdin: str = "") -> Ran:
        monkeypatch.setattr("sys.stdin", io.StringIO(stdin))
        try:
            code = main(["chart", "vendor", *map(str, arguments)])
        except SystemExit as ended:
            code = int(ended.code or 0)
        return Ran(code, *capfd.readouterr())

    return run


@pytest.fixture
def chart_of() -> Callable[[Path], dict[str, Any]]:
    """Read `spec.chart` of a HelmChart's file."""

    def read(file: Path) -> dict[str, Any]:
        return dict(Resource.parse(file.read_text()).body["spec"]["chart"])

    return read


@pytest.fixture(scope="session")
def make_chart(tmp_path_factory: pytest.TempPathFactory) -> MakeChart:
    """Write a chart's directory, `at` a place or in a new folder."""

    def make(
        name: str = "upf",
        version: str = "1.0.0",
        *,
        at: Path | None = None,
        files: dict[str, str] | None = None,
        **metadata: Any,
    ) -> Path:
        folder = at or tmp_path_factory.mktemp("chart") / name
        head = {"apiVersion": "v2", "name": name, "version": version, **metadata}
        content = {
            "Chart.yaml": yaml_dump(head),
            "values.yaml": "replicas: 1\n",
            "templates/config.yaml": "kind: ConfigMap\n",
            **(files or {}),
        }
        for path, text in content.items():
            file = folder / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        return folder

    return make


@pytest.fixture(scope="session")
def package() -> Callable[[Path, Path], Path]:
    """Pack a chart's directory with Helm."""
    helm = pytest.importorskip("helm_python", reason="the extra krm-fn[helm] is not installed")

    def pack(chart: Path, folder: Path) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        return Path(helm.package(chart, destination=folder))

    return pack


@pytest.fixture(scope="session")
def publish(
    package: Callable[[Path, Path], Path], tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., Path]:
    """Make a chart repository out of chart directories: archives and an index."""
    import helm_python

    def publish(*charts: Path) -> Path:
        folder = tmp_path_factory.mktemp("repository")
        for chart in charts:
            package(chart, folder)
        helm_python.repo_index_generate(folder)
        return folder

    return publish


@pytest.fixture
def serve() -> Iterator[Callable[..., Server]]:
    """Serve a folder over HTTP, if wanted to one user only, or over TLS."""
    with ExitStack() as running:

        def start(
            folder: Path, *, private: bool = False, tls: Certificates | None = None
        ) -> Server:
            requests: list[tuple[str, str]] = []
            handler = functools.partial(
                _Handler, directory=str(folder), requests=requests, private=private
            )
            server = running.enter_context(
                http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
            )
            if tls:
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                context.load_cert_chain(tls.certificate, tls.key)
                server.socket = context.wrap_socket(server.socket, server_side=True)
            threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
            running.callback(server.shutdown)
            scheme = "https" if tls else "http"
            return Server(f"{scheme}://127.0.0.1:{server.server_port}", requests)

        yield start


class _Handler(http.server.SimpleHTTPRequestHandler):
    def __init__(
        self, *arguments: Any, requests: list[tuple[str, str]], private: bool, **options: Any
    ) -> None:
        self.requests, self.private = requests, private
        super().__init__(*arguments, **options)

    def do_GET(self) -> None:
        authorization = self.headers.get("Authorization", "")
        self.requests.append((self.path, authorization))
        known = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        if self.private and authorization != f"Basic {known}":
            self.send_error(401)
        else:
            super().do_GET()

    def log_message(self, *_: Any) -> None:
        """Keep the test's output clean."""


@pytest.fixture(scope="session")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Server]]:
    """Start an OCI registry, if wanted for one user only, over TLS, or for known clients only."""
    program = shutil.which("docker-registry") or shutil.which("registry")
    if not program:
        pytest.skip("docker-registry is not installed")
    with ExitStack() as running:

        def start(
            *,
            private: bool = False,
            tls: Certificates | None = None,
            clients: Path | None = None,
        ) -> Server:
            folder, port = tmp_path_factory.mktemp("registry"), _free_port()
            options: dict[str, Any] = {"addr": f"127.0.0.1:{port}"}
            if tls:
                options["tls"] = {"certificate": str(tls.certificate), "key": str(tls.key)}
            if clients:
                options["tls"]["clientcas"] = [str(clients)]
            config: dict[str, Any] = {
                "version": "0.1",
                "log": {"level": "error", "accesslog": {"disabled": True}},
                "storage": {"filesystem": {"rootdirectory": str(folder)}},
                "http": options,
            }
            if private:
                (folder / "htpasswd").write_text(HTPASSWD)
                users = {"realm": "edge", "path": str(folder / "htpasswd")}
                config["auth"] = {"htpasswd": users}
            (folder / "config.yaml").write_text(yaml_dump(config))
            command = [program, "serve", str(folder / "config.yaml")]
            silent = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
            process = running.enter_context(subprocess.Popen(command, **silent))
            running.callback(process.terminate)
            _wait_for(port)
            return Server(f"oci://127.0.0.1:{port}")

        yield start


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    if not shutil.which("openssl"):
        pytest.skip("openssl is not installed")
    folder = tmp_path_factory.mktemp("certificates")
    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout")

    def openssl(*arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)

    openssl("req", "-x509", *key, "ca.key", "-out", "ca.crt", "-days", "2", "-subj", "/CN=test CA")
    openssl("req", *key, "key", "-out", "request", "-subj", "/CN=test")
    (folder / "names").write_text("subjectAltName=IP:127.0.0.1")
    signed_by = ("-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-extfile", "names")
    openssl("x509", "-req", "-in", "request", *signed_by, "-out", "crt", "-days", "2")
    return Certificates(folder / "ca.crt", folder / "crt", folder / "key")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.02)
        else:
            return
    pytest.fail("the registry did not start")
