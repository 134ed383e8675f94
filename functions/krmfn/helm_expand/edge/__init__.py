"""The engines that render charts, and the choice between them; nothing else runs Helm."""

from typing import Literal

from krmfn.helm_expand.edge.cli import CliEngine
from krmfn.helm_expand.edge.native import NativeEngine
from krmfn.helm_expand.edge.request import (
    DEFAULT_KUBE_VERSION,
    EngineError,
    HelmEngine,
    Limits,
    Rendering,
    RenderRequest,
    Violation,
)
from krmfn.helm_expand.semver import is_range, matches

__all__ = [
    "DEFAULT_KUBE_VERSION",
    "CliEngine",
    "EngineError",
    "HelmEngine",
    "Limits",
    "NativeEngine",
    "RenderRequest",
    "Rendering",
    "Violation",
    "choose",
]


def choose(engine: Literal["auto", "native", "cli"] = "auto", version: str = "") -> HelmEngine:
    """Give an engine, with its process started; `auto` prefers the native one.

    Args:
        engine: which engine.
        version: the range that Helm's version must lie in, such as `>=4.2, <5`; "" for any.

    Raises EngineError when there is no such engine. Without a range nothing is waited for, so that
    an engine that is installed but broken fails at the first rendering.
    """
    if version and not is_range(version):
        message = f'the engine version must be a range such as ">=4.2, <5", but is "{version}"'
        raise EngineError(message, "engine-version", "engine")
    candidates: tuple[NativeEngine | CliEngine, ...] = tuple(
        candidate
        for candidate in (NativeEngine(), CliEngine())
        if engine in ("auto", candidate.name)
    )
    problems = []
    for candidate in candidates:
        try:
            candidate.start()
            if not version or matches(candidate.version, version):
                return candidate
            problems.append(f'the {candidate.name} engine is Helm "{candidate.version}"')
        except EngineError as error:
            problems.append(str(error))
        candidate.close()
    wanted = f' of version "{version}"' if version else ""
    message = f"there must be a Helm engine{wanted}, but {' and '.join(problems)}"
    raise EngineError(message, "engine-missing", "engine")
