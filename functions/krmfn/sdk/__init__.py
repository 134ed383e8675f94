"""The SDK: what a function is written with.

Importing it costs nothing: every name is imported when it is first used, since a function starts
as a new process for every call, and pydantic alone takes longer than the rest.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from krmfn.sdk.config import FunctionConfig, FunctionSpec
    from krmfn.sdk.dumper import dump as yaml_dump
    from krmfn.sdk.entry import main
    from krmfn.sdk.loader import YamlError
    from krmfn.sdk.loader import load as yaml_load
    from krmfn.sdk.loader import load_all as yaml_load_all
    from krmfn.sdk.model import Kind, Metadata, Model
    from krmfn.sdk.ownership import Generated, Kept
    from krmfn.sdk.package import Package
    from krmfn.sdk.resource import Place, Resource, ResourceId
    from krmfn.sdk.result import FunctionError, Result, Severity, error, info, warning
    from krmfn.sdk.runner import Function, Outcome, function, run
    from krmfn.sdk.wire import ResourceList

_HOMES = {
    "Function": "runner",
    "FunctionConfig": "config",
    "FunctionError": "result",
    "FunctionSpec": "config",
    "Generated": "ownership",
    "Kept": "ownership",
    "Kind": "model",
    "Metadata": "model",
    "Model": "model",
    "Outcome": "runner",
    "Package": "package",
    "Place": "resource",
    "Resource": "resource",
    "ResourceId": "resource",
    "ResourceList": "wire",
    "Result": "result",
    "Severity": "result",
    "YamlError": "loader",
    "error": "result",
    "function": "runner",
    "info": "result",
    "main": "entry",
    "run": "runner",
    "warning": "result",
    "yaml_dump": "dumper.dump",
    "yaml_load": "loader.load",
    "yaml_load_all": "loader.load_all",
}

__all__ = [
    "Function",
    "FunctionConfig",
    "FunctionError",
    "FunctionSpec",
    "Generated",
    "Kept",
    "Kind",
    "Metadata",
    "Model",
    "Outcome",
    "Package",
    "Place",
    "Resource",
    "ResourceId",
    "ResourceList",
    "Result",
    "Severity",
    "YamlError",
    "error",
    "function",
    "info",
    "main",
    "run",
    "warning",
    "yaml_dump",
    "yaml_load",
    "yaml_load_all",
]


def __getattr__(name: str) -> Any:
    """Import a public name from its module."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, _, attribute = _HOMES[name].partition(".")
    return getattr(import_module(f"{__name__}.{module}"), attribute or name)
