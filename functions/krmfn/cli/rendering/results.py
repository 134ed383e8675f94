"""What the functions said, for machines: kpt's FunctionResultList, and a JSON document."""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from krmfn.cli.rendering.commit import Change
from krmfn.cli.rendering.execute import Rendering, Run
from krmfn.sdk.dumper import dump

RESULTS_FILE = "results.yaml"
_RANK = {"error": 0, "warning": 1, "info": 2}
_FIELDS = {
    "message": (),
    "severity": (),
    "resourceRef": ("apiVersion", "kind", "name", "namespace"),
    "field": ("path", "currentValue", "proposedValue"),
    "file": ("path", "index"),
    "tags": (),
}


def worst_first(results: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Give results in the order error, warning, info, anything else."""
    return sorted(results, key=lambda result: _RANK.get(str(result.get("severity")), len(_RANK)))


def result_list(rendering: Rendering) -> str:
    """Give the FunctionResultList that kpt writes to a results folder."""
    exit_code = 0 if rendering.ok else 1
    head = {
        "apiVersion": "kpt.dev/v1",
        "kind": "FunctionResultList",
        "metadata": {"name": "fnresults"},
        "exitCode": exit_code,
    }
    items = [_item(run) for run in rendering.runs]
    return dump(head) + (f"items:\n{_wide(items)}" if items else "")


def document(rendering: Rendering, root: Path, changes: Sequence[Change]) -> str:
    """Give a JSON document of what happened, ending in a newline."""
    value = {
        "ok": rendering.ok,
        "package": str(root),
        "problem": rendering.problem,
        "upToDate": rendering.ok and not changes,
        "functions": [_function(run) for run in rendering.runs],
        "files": [{"path": change.path, "change": change.verb} for change in changes],
    }
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def _item(run: Run) -> str:
    answer = run.answer
    value: dict[str, Any] = {"image" if run.step.image else "exec": run.step.name}
    if answer.stderr:
        value["stderr"] = answer.stderr
    value["exitCode"] = _exit_code(run)
    results = [dump(_as_kpt(result)) for result in answer.results]
    return dump(value) + (f"results:\n{_wide(results)}" if results else "")


def _wide(items: Iterable[str]) -> str:
    """Give texts as the items of a list that is indented below its key."""
    lines = (
        f"  {'  ' if number else '- '}{line}\n"
        for item in items
        for number, line in enumerate(item.splitlines())
    )
    return "".join(f"{line.rstrip()}\n" for line in lines)


def _as_kpt(result: Mapping[str, Any]) -> dict[str, Any]:
    """Give the fields of a result that kpt knows, in its order, without empty ones."""
    found: dict[str, Any] = {}
    for name, children in _FIELDS.items():
        value = result.get(name)
        if isinstance(value, Mapping):
            names = children or sorted(value)
            value = {child: value[child] for child in names if value.get(child)}
        if value:
            found[name] = value
    return found


def _function(run: Run) -> dict[str, Any]:
    return {
        "package": run.package or ".",
        "function": run.step.name,
        "field": run.step.field,
        "exitCode": _exit_code(run),
        "seconds": round(run.seconds, 3),
        "results": [dict(result) for result in worst_first(run.answer.results)],
        "stderr": run.answer.stderr,
        "problem": run.answer.problem,
    }


def _exit_code(run: Run) -> int:
    return run.answer.exit_code or (0 if run.answer.ok else 1)
