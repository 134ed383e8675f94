"""The charts that example packages carry: made from their sources below `examples/charts`."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from krmfn.cli.charts.directory import read_directory
from krmfn.cli.charts.write import as_base64
from krmfn.helm_expand.archive import pack
from krmfn.sdk import Resource
from krmfn.sdk.documents import read_file

SOURCES = "examples/charts/"


def files_with_charts(tree: Path) -> Iterator[tuple[Path, str]]:
    """Yield the files of example packages that carry a chart of ours, and their texts anew.

    A chart is one of ours when its `source` names a folder below `examples/charts`; everything
    but the chart's version, digest and archive stays as a person wrote it.
    """
    for file in sorted(tree.glob("examples/**/*.yaml")):
        text = file.read_text()
        if f"source: {SOURCES}" not in text or ".expected" in file.parts:
            continue
        source = read_file(file.name, text.encode())
        entries = [
            (number, _refreshed(tree, Resource(document)).text)
            for number, document in enumerate(source.documents)
        ]
        yield file, source.rewritten(entries).decode()


def _refreshed(tree: Path, resource: Resource) -> Resource:
    spec = resource.body.get("spec")
    chart = spec.get("chart") if isinstance(spec, dict) else None
    if not isinstance(chart, dict) or not str(chart.get("source", "")).startswith(SOURCES):
        return resource
    return resource.merged({"spec": {"chart": _packed(tree / chart["source"])}})


def _packed(folder: Path) -> dict[str, Any]:
    archive = pack(read_directory(folder))
    return {"sha256": hashlib.sha256(archive).hexdigest(), "archive": as_base64(archive)}
