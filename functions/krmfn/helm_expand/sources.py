"""Where a chart's values come from: resources, files and keys of the package."""

import base64
import posixpath
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from krmfn.helm_expand.intents import HelmValues, Values, ValuesSource
from krmfn.helm_expand.values import Expression, Layer, normal
from krmfn.sdk import FunctionError, Package, Resource, Result, YamlError, error, yaml_load
from krmfn.sdk.messages import path_of

DEFAULT_KEY = "values.yaml"
_HEAD = ("apiVersion", "kind", "metadata")
_FLAGS = {
    "set_json": "setJson",
    "set": "set",
    "set_string": "setString",
    "set_literal": "setLiteral",
}


@dataclass(frozen=True)
class Neighbourhood:
    """Where values are looked for.

    Attributes:
        at: the resource that asks; what stands in its own package comes first.
        package: all resources.
        cluster: the cluster that is rendered for, "" for none; what is another's is not seen.
        chart_files: files of the chart itself, by the paths under which they can be named.
    """

    at: Resource
    package: Package
    cluster: str = ""
    chart_files: Mapping[str, bytes] = field(default_factory=dict)

    def named(self, source: ValuesSource) -> list[Resource]:
        """Give the nearest resources that a source may mean."""
        found = [
            item
            for item in self.package.select(kind=source.kind)
            if item.name == source.name
            and source.namespace in (None, item.namespace)
            and item.cluster in ("", self.cluster)
        ]
        nearest = max(map(self._nearness, found), default=None)
        return [item for item in found if self._nearness(item) == nearest]

    def in_file(self, path: str) -> list[Resource]:
        """Give the resources of a file, in their order there."""
        own = package_of(self.at, self.package)
        # Most items of a large package can be ruled out by their text, without being parsed.
        near = [item for item in self.package if item.place or path in item.raw]
        found = [item for item in near if (item.path, item.package_path) == (path, own)]
        return sorted(found, key=lambda item: item.index or 0)

    def _nearness(self, item: Resource) -> tuple[bool, bool]:
        own = package_of(self.at, self.package)
        return item.cluster == self.cluster, item.package_path == own


def package_of(at: Resource, package: Package) -> str:
    """Give the package that a resource belongs to; a functionConfig of the Kptfile stands in it."""
    root = package.kptfile.package_path if package.kptfile else ""
    return at.package_path or root


def layers_of(values: Values, field: str, neighbourhood: Neighbourhood) -> Iterator[Layer | Result]:
    """Yield the layers of one `values` field, lowest first, and what is wrong with its sources.

    Args:
        values: what was written.
        field: path of the field, such as ``spec.values``.
        neighbourhood: where the sources are looked for.
    """
    at = neighbourhood.at
    inline = Layer(normal(values.values_inline), at, f"{field}.valuesInline")
    found: list[Layer | Result] = []
    if values.values_merge != "replace":
        for number, source in enumerate(values.values_from):
            found += _attempt(_of_resource, source, f"{field}.valuesFrom[{number}]", neighbourhood)
        for number, path in enumerate(values.values_files):
            found += _attempt(_of_file, path, f"{field}.valuesFiles[{number}]", neighbourhood)
    yield from [inline, *found] if values.values_merge == "merge" else [*found, inline]
    for flag, name in _FLAGS.items():
        for number, text in enumerate(getattr(values, flag)):
            blank = Expression({}, at, f"{field}.{name}[{number}]", flag=flag, text=text)
            yield from _attempt(_of_expression, blank)


def _attempt(read: Callable[..., Iterator[Layer]], *arguments: Any) -> Iterator[Layer | Result]:
    try:
        yield from read(*arguments)
    except FunctionError as given_up:
        yield from given_up.results


def _of_expression(blank: Expression) -> Iterator[Layer]:
    yield replace(blank, values=blank.over({}))


def _of_resource(source: ValuesSource, where: str, near: Neighbourhood) -> Iterator[Layer]:
    found = near.named(source)
    named = f"`{source.kind} {source.name}`"
    if len(found) > 1:
        places = " and ".join(sorted(item.path or str(item.id) for item in found))
        message = f"must choose one resource, but {named} stands in {places}; say its `namespace`"
        raise FunctionError(_wrong(message, near.at, where, source.name))
    held = _held(found[0], source.key) if found else None
    if held is not None:
        yield _layer(found[0], held, source.target_path)
    elif found and not source.optional:
        key = source.key or DEFAULT_KEY
        message = f'must name a key of {named}, but it has no "{key}"'
        raise FunctionError(_wrong(message, near.at, f"{where}.key", key))
    elif not source.optional:
        message = f"must be in the package, but there is no {named}"
        raise FunctionError(_wrong(message, near.at, where, source.name))


def _of_file(path: str, where: str, near: Neighbourhood) -> Iterator[Layer]:
    wanted = posixpath.normpath(path)
    found = near.in_file(wanted)
    if not found and wanted in near.chart_files:
        values = _parsed(near.chart_files[wanted], near.at, where)
        yield _layer(near.at, _Held(values, where, in_text=True))
    elif not found:
        message = (
            f'must name a file of the package that holds a resource, but "{path}" is none; '
            "a plain values file becomes one as `kind: HelmValues`"
        )
        raise FunctionError(_wrong(message, near.at, where, path))
    for resource in found:
        held = _held(resource, None)
        if held is None:
            message = f'must hold values, but `{resource.id}` has no key "{DEFAULT_KEY}"'
            raise FunctionError(_wrong(message, near.at, where, path))
        yield _layer(resource, held)


class _Held(NamedTuple):
    """Values that a resource holds, the field they stand in, and whether as YAML in a string."""

    values: Any
    field: str
    in_text: bool = False


def _layer(resource: Resource, held: _Held, target: str | None = None) -> Layer:
    values, steps = held.values, tuple(target.split(".")) if target else ()
    if not steps and not isinstance(values, Mapping | None):
        shape = "a list" if isinstance(values, list) else "a single value"
        message = f"must be a map of values, but is {shape}"
        raise FunctionError(_wrong(message, resource, held.field, None))
    for step in reversed(steps):
        values = {step: values}
    return Layer(normal(values or {}), resource, held.field, steps, held.in_text)


def _held(resource: Resource, key: str | None) -> _Held | None:
    """Give the values that a resource holds; None when it has no such key."""
    body = resource.body
    if resource.group == "" and resource.kind in ("ConfigMap", "Secret"):
        return _held_as_text(resource, key or DEFAULT_KEY)
    if (resource.kind, resource.group) == (HelmValues.kind_name, HelmValues.group):
        values, way = body.get("values"), ["values"]
    else:
        values, way = {name: body[name] for name in body if name not in _HEAD}, []
    for step in key.split(".") if key else ():
        if not isinstance(values, Mapping) or step not in values:
            return None
        values = values[step]
        way.append(step)
    return _Held(values, path_of(way))


def _held_as_text(resource: Resource, key: str) -> _Held | None:
    """Read the YAML in a key of a ConfigMap or a Secret."""
    for part in ("stringData", "data"):
        texts = resource.body.get(part) or {}
        if not isinstance(texts, Mapping):
            raise FunctionError(_wrong("must be a map of texts", resource, part, None))
        if texts.get(key) is not None:
            where = path_of([part, key])
            encoded = resource.kind == "Secret" and part == "data"
            text = _decoded(texts[key], resource, where) if encoded else str(texts[key])
            return _Held(_parsed(text, resource, where), where, in_text=True)
    return None


def _decoded(text: Any, resource: Resource, where: str) -> bytes:
    try:
        return base64.b64decode("".join(str(text).split()), validate=True)
    except ValueError as problem:
        raise FunctionError(_wrong("must be base64", resource, where, None)) from problem


def _parsed(text: str | bytes, resource: Resource, where: str) -> Any:
    try:
        return yaml_load(text if isinstance(text, str) else text.decode())
    except YamlError as problem:
        message = f"must be YAML: {problem}"
        raise FunctionError(_wrong(message, resource, where, None)) from problem
    except UnicodeDecodeError as problem:
        raise FunctionError(_wrong("must be UTF-8 text", resource, where, None)) from problem


def _wrong(message: str, at: Resource, field: str, current: str | None) -> Result:
    return error(message, code="values-source", at=at, field=field, current=current)
