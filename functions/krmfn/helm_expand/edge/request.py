"""What an engine is asked, what it answers, and how it refuses."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, Protocol

from krmfn.helm_expand.archive import ChartArchive
from krmfn.helm_expand.checks import problems

DEFAULT_KUBE_VERSION = "v1.34.0"

_MAX_RELEASE_NAME = 53
_LABEL = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_NAME = re.compile(rf"{_LABEL}(\.{_LABEL})*")

Kind = Literal["chart", "values", "schema", "template", "output", "limit", "engine"]


@dataclass(frozen=True)
class Limits:
    """What one rendering may take; running into one ends in an EngineError of kind `limit`.

    Attributes:
        cpu_seconds: processor time, over all threads.
        wall_seconds: time on the clock.
        memory_bytes: memory beyond what the idle engine holds.
        output_bytes: length of everything that is rendered.
    """

    cpu_seconds: float = 15.0
    wall_seconds: float = 30.0
    memory_bytes: int = 256 * 2**20
    output_bytes: int = 64 * 2**20


TRUSTED = Limits(3600.0, 3600.0, 64 * 2**30, 2**30)
"""What a trusted chart may take: more than any chart needs, since no process may hang for ever."""


@dataclass(frozen=True)
class RenderRequest:
    """A chart to render, with everything that the result depends on.

    Attributes:
        chart: the chart, as `archive.read` gives it.
        values: values that override the chart's own, as YAML; a null removes a value.
        set_json, set, set_string, set_literal: expressions in the syntax of Helm's flags of these
            names, applied onto `values` in this order.
        release_name, namespace: of the release.
        kube_version, api_versions: what `.Capabilities` says of the cluster; the API versions are
            in addition to those of the engine.
        is_upgrade: whether `.Release.IsUpgrade` holds instead of `.Release.IsInstall`.
        objects: what the template function `lookup` finds; None when it must find nothing.
        limits: bounds of the rendering.
        trusted: whether the native engine may render the chart in this process, without limits;
            its author can then crash us.
    """

    chart: ChartArchive
    values: str = ""
    set_json: tuple[str, ...] = ()
    set: tuple[str, ...] = ()
    set_string: tuple[str, ...] = ()
    set_literal: tuple[str, ...] = ()
    release_name: str = "release-name"
    namespace: str = "default"
    kube_version: str = DEFAULT_KUBE_VERSION
    api_versions: tuple[str, ...] = ()
    is_upgrade: bool = False
    objects: Sequence[Mapping[str, Any]] | None = None
    limits: Limits = field(default_factory=Limits)
    trusted: bool = False

    def check(self) -> None:
        """Raise EngineError when the chart must not be rendered, or not by this release name."""
        if len(self.release_name) > _MAX_RELEASE_NAME or not _NAME.fullmatch(self.release_name):
            rule = f"a DNS name of at most {_MAX_RELEASE_NAME} characters"
            message = f'the release name must be {rule}, but is "{self.release_name}"'
            raise EngineError(message, "release-name", "values")
        for problem in problems(self.chart, self.kube_version):
            raise EngineError(str(problem), problem.code, "chart")

    @property
    def looks_up(self) -> bool:
        """Whether a server of `objects` is needed: some text of the chart names `lookup`."""
        texts = self.chart.files.values()
        return self.objects is not None and (
            "lookup" in self.values or any(b"lookup" in text for text in texts)
        )


@dataclass(frozen=True)
class Rendering:
    """What Helm made of a chart.

    Attributes:
        templates: rendered text by template path, such as `upf/charts/db/templates/pvc.yaml`.
            The native engine gives whole files; the command gives the documents of a file in the
            order of its output and leaves out NOTES.txt, which it does not print.
        crds: path and text of the files in the `crds/` folders of the charts that are enabled.
        engine: `native` or `cli`.
        version: Helm's version, such as `v4.2.3`.
        warnings: what Helm had to remark, without times.
    """

    templates: Mapping[str, str]
    crds: tuple[tuple[str, str], ...]
    engine: str
    version: str
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, order=True)
class Violation:
    """One way in which values break a `values.schema.json`.

    Attributes:
        path: keys and indices from the top of the chart's values, such as ("db", "ports", "1").
        message: Helm's words.
    """

    path: tuple[str, ...]
    message: str


class Place(NamedTuple):
    """A place in a template; "" and 0 when unknown."""

    template: str = ""
    line: int = 0
    column: int = 0


_NOWHERE = Place()


class EngineError(Exception):
    """A rendering that failed.

    Attributes:
        code: stable name of the reason, such as `template-failed`.
        kind: `chart` (it must not or cannot be loaded), `values`, `schema`, `template`, `output`
            (no YAML came out), `limit`, or `engine` (there is none, or it crashed).
        template, line, column: where a template failed; "" and 0 when unknown.
        value_path: the value that was missing or wrong, dotted, from the top; "" when unknown.
        violations: with kind `schema`, everything that is wrong.
    """

    def __init__(
        self,
        message: str,
        code: str,
        kind: Kind,
        *,
        place: Place = _NOWHERE,
        value_path: str = "",
        violations: tuple[Violation, ...] = (),
    ) -> None:
        super().__init__(message)
        self.code, self.kind = code, kind
        self.template, self.line, self.column = place
        self.value_path, self.violations = value_path, violations


class HelmEngine(Protocol):
    """Something that renders charts as Helm does."""

    name: str

    @property
    def version(self) -> str:
        """Helm's version, such as `v4.2.3`; raises EngineError when the engine does not start."""

    def start(self) -> None:
        """Get ready in the background, so that the first rendering waits less."""

    def render(self, request: RenderRequest) -> Rendering:
        """Render a chart; raises EngineError."""

    def close(self) -> None:
        """End what runs in the background; the engine can be used again."""
