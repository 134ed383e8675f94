"""What the functions of these tests share: a ResourceList in, a ResourceList out, through PyYAML."""

import sys
from collections.abc import Callable
from typing import Any

import yaml

PATH = "internal.config.kubernetes.io/path"
INDEX = "internal.config.kubernetes.io/index"
INTERNAL = ("internal.config", "config.kubernetes.io/path", "config.kubernetes.io/index", "config.k8s")


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
    """Give the data of the functionConfig."""
    return (resources.get("functionConfig") or {}).get("data") or {}
