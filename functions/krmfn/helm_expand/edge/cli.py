"""The command engine: `helm template`, a process for every rendering."""

import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path

from krmfn.helm_expand.archive import ChartArchive, pack
from krmfn.helm_expand.edge.errors import read_error, read_warnings
from krmfn.helm_expand.edge.lookup import served
from krmfn.helm_expand.edge.process import Child
from krmfn.helm_expand.edge.request import EngineError, Rendering, RenderRequest
from krmfn.helm_expand.semver import matches

_IDLE_BYTES = 160 * 2**20
_SUPPORTED = ">=3.13.0-0"
_ERROR = re.compile(r"^Error: (.*)", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"---\n# Source: (.*)\n")
_NEXT_HEADING = "\n---\n# Source: "
_CRD_PATH = re.compile(r"[^/]+(?:/charts/[^/]+)*/(crds/.+)")
_CRD_FILE = re.compile(r"(?:charts/[^/]+/)*(crds/.+\.(?i:yaml|yml|json))")
_UNKNOWN_TYPE = re.compile(r'no matches for kind "([^"]+)" in version "([^"]+)"')
_PROBE: Mapping[str, bytes] = {
    "Chart.yaml": b"apiVersion: v2\nname: probe\nversion: 1.0.0\n",
    "templates/probe.yaml": b"helm: {{ .Capabilities.HelmVersion.Version }}\n"
    b'apis: {{ join "," .Capabilities.APIVersions }}\n',
}


class CliEngine:
    """Renders by a `helm` command, version 3.13 or later.

    The command does not print NOTES.txt. With `lookup`, Helm 4 takes `.Capabilities` from the
    server, so that it names the kinds of the package's objects too.
    """

    name = "cli"

    def __init__(self, command: str = "") -> None:
        """Use the `helm` at this path, or the one on PATH."""
        self._command = command or shutil.which("helm") or ""

    @property
    def version(self) -> str:
        """Helm's version."""
        return self._capabilities[0]

    def start(self) -> None:
        """Check that there is a command; every rendering is a process of its own."""
        if not self._command:
            raise EngineError("`helm` must be on PATH", "engine-missing", "engine")

    def close(self) -> None:
        """Do nothing: no process outlives its rendering."""

    def render(self, request: RenderRequest) -> Rendering:
        """Render a chart; raises EngineError."""
        request.check()
        version, api_versions = self._capabilities
        asks_server_for_types = matches(version, ">=4.0.0-0")
        types = set(api_versions) if asks_server_for_types else set()
        while True:
            with served(request, types) as server:
                arguments = list(_arguments(request, server, asks_server_for_types))
                output, remarks, ok = self._run(request.chart.packed, request, arguments)
            # Helm 4 refuses to print objects whose types the server does not know.
            named = {f"{group}/{kind}" for kind, group in _UNKNOWN_TYPE.findall(remarks)}
            if named <= types:
                break
            types |= named
        if not ok:
            said = _ERROR.search(remarks)
            raise read_error(said[1] if said else remarks, request.chart)
        templates, crds = _split(output, request.chart)
        return Rendering(templates, crds, self.name, version, read_warnings(remarks))

    @cached_property
    def _capabilities(self) -> tuple[str, tuple[str, ...]]:
        """Give Helm's version, and the API versions it takes for granted."""
        self.start()
        probe = RenderRequest(ChartArchive("probe", "1.0.0"))
        output, remarks, ok = self._run(pack(_PROBE, level=0), probe, [])
        match = re.search(r"^helm: (\S+)\napis: (\S+)$", output, re.MULTILINE)
        if not ok or not match or not matches(match[1], _SUPPORTED):
            problem = f"`{self._command}` must be Helm 3.13 or later: {remarks.strip()}"
            raise EngineError(problem, "engine-version", "engine")
        return match[1], tuple(match[2].split(","))

    def _run(
        self, chart: bytes, request: RenderRequest, arguments: list[str]
    ) -> tuple[str, str, bool]:
        """Give stdout, stderr and success of `helm template` in a private directory."""
        with tempfile.TemporaryDirectory(prefix="krmfn-helm-") as home:
            archive, values = Path(home, "chart.tgz"), Path(home, "values.yaml")
            archive.write_bytes(chart)
            values.write_text(request.values, "utf-8")
            fixed = ["template", f"--values={values}", "--include-crds", *arguments]
            command = [self._command, *fixed, "--", request.release_name, str(archive)]
            child = Child(command, request.limits, {"HOME": home, **_homes(home)})
            child.task = f'rendering chart "{request.chart.name}"'
            try:
                child.bound(_IDLE_BYTES)
                output, remarks = child.receive(lambda _: False)
                code = child.wait()
                if code not in (0, 1):
                    raise child.ending(remarks)
            finally:
                child.close()
        return output.decode(errors="replace"), remarks.replace(f"{home}/", ""), code == 0


def _homes(home: str) -> dict[str, str]:
    kinds = ("CACHE", "CONFIG", "DATA")
    return {f"HELM_{kind}_HOME": f"{home}/{kind.lower()}" for kind in kinds}


def _arguments(request: RenderRequest, server: str, asks_server_for_types: bool) -> Iterator[str]:
    yield f"--namespace={request.namespace}"
    yield f"--kube-version={request.kube_version}"
    if request.api_versions:
        yield f"--api-versions={','.join(request.api_versions)}"
    if request.is_upgrade:
        yield "--is-upgrade"
    for flag, expressions in (
        ("set-json", request.set_json),
        ("set", request.set),
        ("set-string", request.set_string),
        ("set-literal", request.set_literal),
    ):
        yield from (f"--{flag}={expression}" for expression in expressions)
    if server:
        yield from ("--dry-run=server", f"--kube-apiserver={server}", "--qps=10000")
        if asks_server_for_types:
            yield from ("--disable-openapi-validation", "--take-ownership")


def _split(output: str, chart: ChartArchive) -> tuple[dict[str, str], tuple[tuple[str, str], ...]]:
    """Give rendered text by template, and the files of `crds/`.

    A document never holds a line that begins with `---`, but a file of CRDs does, and even Helm's
    own headings. So such a file is recognised by its whole text.
    """
    known = _crd_files(chart)
    templates: dict[str, str] = {}
    crds = []
    at = 0
    while at >= 0 and (heading := _HEADING.match(output, at)):
        path, at = heading[1], heading.end()
        place = _CRD_PATH.fullmatch(path)
        for text in known.get(place[1], ()) if place else ():
            if output.startswith(text.rstrip(), at):
                crds.append((path, text))
                at = output.find(_NEXT_HEADING, at + len(text.rstrip()))
                break
        else:
            end = output.find(_NEXT_HEADING, at - 1)
            document = output[at:end] if end >= 0 else output[at:-1]
            before = f"{templates[path]}\n---\n" if path in templates else ""
            templates[path] = before + document
            at = end
        at += at >= 0
    return templates, tuple(sorted(crds))


def _crd_files(chart: ChartArchive) -> dict[str, list[str]]:
    """Give the texts of all CRD files, by path in the chart that holds them."""
    texts: dict[str, list[str]] = {}
    for path, data in chart.files.items():
        if match := _CRD_FILE.fullmatch(path):
            texts.setdefault(match[1], []).append(data.decode(errors="replace"))
    return texts
