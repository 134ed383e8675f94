"""Rego by the `opa` command: one process for all workloads.

Builtins that look at the clock, the network, the process or at chance are left out of the
capabilities that `opa` compiles with, so that calling one is an error of the module.
"""

import json
import shutil
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from krmfn.placement_resolver.edge.process import LimitError, Limits, run
from krmfn.placement_resolver.judges.engine import ENTRYPOINT, RegoError, RegoFault, RegoQuery
from krmfn.placement_resolver.judges.sources import RESERVED

_QUERY = f"data.{RESERVED}.render.decisions"
# A list of none or one for each workload, so that an undefined decision keeps its place.
_WRAPPER = f"""package {RESERVED}.render

decisions := [decision |
	clusters := data.{RESERVED}.given.clusters
	some workload in data.{RESERVED}.given.workloads
	decision := [each |
		each := {ENTRYPOINT} with input as {{"workload": workload, "clusters": clusters}}
	]
]
"""
_CHANGING = frozenset(
    (
        "crypto.x509.parse_and_verify_certificates",
        "crypto.x509.parse_and_verify_certificates_with_options",
        "http.send",
        "io.jwt.decode_verify",
        "io.jwt.encode_sign",
        "io.jwt.encode_sign_raw",
        "json.match_schema",
        "json.verify_schema",
        "net.lookup_ip_addr",
        "opa.runtime",
        "rand.intn",
        "time.now_ns",
        "trace",
        "uuid.rfc4122",
    )
)
"""Builtins whose value is not the same everywhere and every time, or that no value comes of."""

_MODULES, _MOST_FAULTS = "modules", 10
_SECONDS, _PAIRS_A_SECOND = 60, 5_000


def evaluate(query: RegoQuery, limits: Limits | None = None) -> list[Any]:
    """Give the decision on every workload, None where it is undefined.

    Args:
        query: the question.
        limits: what `opa` may take; by default 60 s and 1 s more for 5,000 pairs of workload and
            cluster, 1 GiB of memory and 256 MiB of output.

    Raises:
        RegoError: there is no `opa` 1.0 or later, the modules are wrong, or take too much.
    """
    command = shutil.which("opa")
    if command is None:
        message = "must be evaluated by `opa`, but there is none on PATH: install OPA 1.0 or later"
        raise RegoError(RegoFault(message, "rego-engine-missing"))
    pairs = len(query.workloads) * len(query.clusters)
    with TemporaryDirectory(prefix="krmfn-opa-") as name:
        home = Path(name)
        _write(home, query, _capabilities(command, home))
        answer = _asked(
            [
                *(command, "eval", "--format=json", "--capabilities=capabilities.json"),
                *(f"--data={_MODULES}", "--data=wrapper.rego", "--data=data.json", _QUERY),
            ],
            home,
            limits or Limits(_SECONDS + pairs // _PAIRS_A_SECOND),
        )
    if faults := answer.get("errors"):
        raise RegoError(*_faults(faults))
    try:
        decisions = answer["result"][0]["expressions"][0]["value"]
        return [each[0] if each else None for each in decisions]
    except (IndexError, KeyError, TypeError):
        message = f"`{command}` must give the decisions, but gave something else"
        raise RegoError(RegoFault(message, "rego-engine")) from None


def _write(home: Path, query: RegoQuery, capabilities: Mapping[str, Any]) -> None:
    modules = home / _MODULES
    modules.mkdir()
    for key, text in query.modules.items():
        (modules / key).write_bytes(text.encode("utf-8", "surrogatepass"))
    given = {"clusters": query.clusters, "workloads": query.workloads}
    documents = {
        "capabilities.json": capabilities,
        "data.json": {**query.data, RESERVED: {"given": given}},
    }
    for name, document in documents.items():
        (home / name).write_text(json.dumps(document, sort_keys=True), "utf-8")
    (home / "wrapper.rego").write_text(_WRAPPER, "utf-8")


def _capabilities(command: str, home: Path) -> dict[str, Any]:
    """Give what `opa` can do, less what would make the answer change from time to time."""
    whole = _asked([command, "capabilities", "--current"], home, Limits(_SECONDS))
    if "rego_v1" not in whole.get("features", ()):
        message = f"must be evaluated by OPA 1.0 or later, but `{command}` is older"
        raise RegoError(RegoFault(message, "rego-engine-missing"))
    kept = [
        each
        for each in whole["builtins"]
        if each["name"] not in _CHANGING and not each.get("nondeterministic")
    ]
    return {**whole, "builtins": kept, "allow_net": []}


def _asked(command: list[str], home: Path, limits: Limits) -> dict[str, Any]:
    """Give the JSON object that a command prints; its exit code says nothing more."""
    try:
        output, remarks = run(command, home, limits)
    except LimitError as problem:
        raise RegoError(RegoFault(f"must {problem} to be evaluated", "rego-limit")) from None
    except OSError as problem:
        message = f"`{command[0]}` must be a command: {problem.strerror}"
        raise RegoError(RegoFault(message, "rego-engine-missing")) from None
    try:
        answer = json.loads(output)
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        said = remarks.strip().partition("\n")[0] or "no JSON"
        raise RegoError(RegoFault(f"`{command[0]}` must give JSON, but: {said}", "rego-engine"))
    return answer


def _faults(errors: Iterable[Mapping[str, Any]]) -> Iterator[RegoFault]:
    for _, each in zip(range(_MOST_FAULTS), errors, strict=False):
        place = each.get("location") or {}
        folder, _, module = str(place.get("file", "")).rpartition("/")
        code = str(each.get("code", ""))
        message = " ".join(str(each.get("message", "")).replace(f"{_MODULES}/", "").split())
        name = message.removeprefix("undefined function ")
        if name in _CHANGING:
            message = f"must not call `{name}`: what it gives is not the same every time"
        kind = "rego-failed" if code.startswith("eval_") else "rego-invalid"
        if folder != _MODULES:
            yield RegoFault(f"must be Rego that can be evaluated: {message}", kind)
        else:
            row, column = int(place.get("row", 0)), int(place.get("col", 0))
            yield RegoFault(message, kind, module, row, column + (column == 0))
