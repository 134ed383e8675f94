"""What the functions of these tests share: a ResourceList in, a ResourceList out, by PyYAML."""

import sys
from collections.abc import Callable
from typing import Any

import yaml

PATH = "internal.config.kubernetes.io/path"
INDEX = "internal.config.kubernetes.io/index"


def filter_list(change: Callable[[dict[str, Any]], int | None]) -> None:
    """Let `change` work on the ResourceList in place; it may give an exit code."""
    resources = yaml.safe_load(sys.stdin)
    code = change(resources)
    yaml.safe_dump(resources, sys.stdout, sort_keys=False)
    sys.exit(code or 0)


def config_map(name: str, data: dict[str, str], **metadata: Any) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, **metadata},
        "data": data,
    }


def data_of(resources: dict[str, Any]) -> dict[str, str]:
    """Give the data of the functionConfig, sorted: kpt gives a `configMap` in any order."""
    config = resources.get("functionConfig") or {}
    return dict(sorted((config.get("data") or {}).items()))
