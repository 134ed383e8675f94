"""Kubernetes objects in what `kubectl get -o yaml` or `-o json` printed."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from krmfn.cli.errors import CliError
from krmfn.sdk.loader import YamlError, load_all

Body = Mapping[str, Any]


def objects_in(text: str, source: str) -> list[Body]:
    """Give the objects in a text: documents, and the items of lists among them.

    Args:
        text: YAML documents or JSON; a list may be of kind `List`, or typed as `NodeList` is.
        source: what messages call the text.

    Raises:
        CliError: the text is neither YAML nor JSON, or holds something else than objects.
    """
    try:
        documents = _documents(text)
    except (YamlError, RecursionError) as error:
        raise CliError(
            f'"{source}" must hold what `kubectl get -o yaml` prints: {error}'
        ) from error
    return [each for document in documents for each in _flattened(document, source)]


def mapping(value: Any) -> Mapping[str, Any]:
    """Give a value that is a map; one that is missing, or wrong, counts as an empty map."""
    return value if isinstance(value, Mapping) else {}


def _documents(text: str) -> list[Any]:
    """Read a text; JSON, of which every list of a cluster is a single value, is read faster."""
    if text.lstrip().startswith("{"):
        try:
            return [json.loads(text)]
        except json.JSONDecodeError:
            pass
    return [document for document in load_all(text) if document is not None]


def _flattened(document: Any, source: str) -> Iterator[Body]:
    if not isinstance(document, dict) or not isinstance(document.get("kind"), str):
        raise CliError(f'"{source}" must hold Kubernetes objects, each with apiVersion and kind')
    kind, items = document["kind"], document.get("items")
    if not kind.endswith("List") or not isinstance(items, list):
        yield document
        return
    typed = {"apiVersion": document.get("apiVersion"), "kind": kind.removesuffix("List")}
    for item in items:
        if not isinstance(item, dict):
            raise CliError(f'"{source}" must hold Kubernetes objects in its lists')
        yield {**typed, **item}
