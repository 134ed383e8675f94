"""A chart's values: layers, each from a place in the package, laid over each other as by Helm."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from krmfn.helm_expand.archive import ChartArchive
from krmfn.helm_expand.edge import strvals
from krmfn.helm_expand.edge.request import EngineError, RenderRequest
from krmfn.sdk import FunctionError, Resource, error
from krmfn.sdk.messages import as_text, path_of


@dataclass(frozen=True)
class Layer:
    """Values, and where they were written.

    Attributes:
        values: the values; a key that is None takes the chart's default away.
        resource: the resource they stand in.
        field: path of the field that holds them.
        target: the keys below which they were put; not part of the field.
        in_text: whether the field is a string that holds them as YAML.
    """

    values: Mapping[str, Any]
    resource: Resource
    field: str
    target: tuple[str, ...] = ()
    in_text: bool = False

    def over(self, below: Mapping[str, Any]) -> dict[str, Any]:
        """Give the values with these laid over them: maps merge, everything else is replaced."""
        return _merge(below, self.values)

    def place(self, steps: tuple[str | int, ...]) -> str:
        """Give the path of the field in which the value at these steps was written."""
        inside = path_of(steps[len(self.target) :])
        joint = ": " if self.in_text else "" if inside.startswith("[") else "."
        return f"{self.field}{joint}{inside}" if inside else self.field


@dataclass(frozen=True)
class Expression(Layer):
    """A layer that was written as in Helm's `--set`, one expression in a field of its own."""

    flag: str = ""
    text: str = ""

    def over(self, below: Mapping[str, Any]) -> dict[str, Any]:
        """Give the values with the expression applied; raises FunctionError if it does not fit."""
        expression: dict[str, Any] = {self.flag: (self.text,)}
        try:
            return strvals.applied(below, RenderRequest(ChartArchive("", ""), **expression))
        except EngineError as problem:
            wrong = {"code": problem.code, "field": self.field, "current": self.text}
            raise FunctionError(error(str(problem), at=self.resource, **wrong)) from problem

    def place(self, steps: tuple[str | int, ...]) -> str:  # noqa: ARG002 - it is one field
        """Give the path of the expression."""
        return self.field


class Origin(NamedTuple):
    """Where a value was written: resource, path of the field, and the value if it may be shown."""

    resource: Resource
    field: str
    current: str | None


def laid(layers: Iterable[Layer]) -> dict[str, Any]:
    """Lay layers over each other, as Helm does values files and flags; raises FunctionError."""
    values: dict[str, Any] = {}
    for layer in layers:
        values = layer.over(values)
    return values


def origin(layers: Iterable[Layer], path: Iterable[str]) -> Origin | None:
    """Find where a value was written, or the nearest thing around it; None for chart's defaults."""
    way, found, depth = tuple(path), None, 1
    for layer in layers:
        steps, value = _walk(layer.values, way)
        if len(steps) >= depth:
            is_whole = len(steps) == len(way) and not isinstance(value, Mapping | list)
            current = as_text(value) if is_whole and layer.resource.kind != "Secret" else None
            found, depth = Origin(layer.resource, layer.place(steps), current), len(steps)
    return found


def _walk(value: Any, path: tuple[str, ...]) -> tuple[tuple[str | int, ...], Any]:
    """Give the steps of a path that lead into a value, and what lies at their end."""
    steps: list[str | int] = []
    for step in path:
        if isinstance(value, Mapping) and step in value:
            steps.append(step)
            value = value[step]
        elif isinstance(value, list) and step.isdecimal() and int(step) < len(value):
            steps.append(int(step))
            value = value[int(step)]
        else:
            break
    return tuple(steps), value


def _merge(low: Mapping[str, Any], high: Mapping[str, Any]) -> dict[str, Any]:
    result = dict(low)
    for key, value in high.items():
        both = isinstance(value, Mapping) and isinstance(result.get(key), Mapping)
        result[key] = _merge(result[key], value) if both else value
    return result


def normal(value: Any) -> Any:
    """Give values with text for keys, as JSON has them, so that `80` and `"80"` are one key."""
    if isinstance(value, Mapping):
        return {
            key if isinstance(key, str) else json.dumps(key): normal(item)
            for key, item in value.items()
        }
    return [normal(item) for item in value] if isinstance(value, list) else value
