"""A chart's values: layers, each from a place in the package, merged as Helm merges `-f` files."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from krmfn.helm_expand.intents import HelmValues, Values, ValuesSource
from krmfn.sdk import FunctionError, Package, Resource, Result, YamlError, error, yaml_load

DEFAULT_KEY = "values.yaml"
_HEAD = ("apiVersion", "kind", "metadata")


@dataclass(frozen=True)
class Layer:
    """Values and where they were written.

    Attributes:
        values: the values; a key that is None takes the chart's default away.
        resource: the resource they stand in.
        field: path of the field that holds them; ends in "#" when that field is YAML in a string.
    """

    values: Mapping[str, Any]
    resource: Resource | None
    field: str


def layers_of(values: Values, at: Resource, field: str, package: Package) -> Iterator[Layer]:
    """Yield the layers of one `values` field, lowest first.

    Args:
        values: what was written.
        at: the resource it was written in; its package is where files are looked for.
        field: path of the field, such as ``spec.values``.
        package: where other resources are looked up.

    Raises:
        FunctionError: a source is not in the package, or is no YAML map.
    """
    inline = Layer(values.values_inline, at, f"{field}.valuesInline")
    if values.values_merge == "replace":
        yield inline
        return
    found = [*_from_resources(values.values_from, at, field, package)]
    found += _from_files(values.values_files, at, field, package)
    yield from [inline, *found] if values.values_merge == "merge" else [*found, inline]


def merged(layers: Iterable[Layer]) -> dict[str, Any]:
    """Merge layers as Helm merges values files: maps merge, everything else is replaced."""
    values: dict[str, Any] = {}
    for layer in layers:
        values = _merge(values, layer.values)
    return values


def origin(layers: Iterable[Layer], path: Iterable[str]) -> tuple[Resource | None, str] | None:
    """Find where a value was written: the resource and the field; None for a chart's default."""
    steps = list(path)
    for layer in reversed(list(layers)):
        depth = _depth(layer.values, steps)
        if depth == len(steps) or (depth and depth == len(steps) - 1):
            return layer.resource, ".".join([layer.field, *steps[:depth]]).replace("#.", ": ")
    return None


def _depth(values: Any, steps: list[str]) -> int:
    """Say how many steps of a path lead into the values."""
    for number, step in enumerate(steps):
        if isinstance(values, Mapping) and step in values:
            values = values[step]
        elif isinstance(values, list) and step.isdecimal() and int(step) < len(values):
            values = values[int(step)]
        else:
            return number
    return len(steps)


def _merge(low: Mapping[str, Any], high: Mapping[str, Any]) -> dict[str, Any]:
    result = dict(low)
    for key, value in high.items():
        both = isinstance(value, Mapping) and isinstance(result.get(key), Mapping)
        result[key] = _merge(result[key], value) if both else value
    return result


def _from_resources(
    sources: Iterable[ValuesSource], at: Resource, field: str, package: Package
) -> Iterator[Layer]:
    for number, source in enumerate(sources):
        where = f"{field}.valuesFrom[{number}]"
        resource = _find(source, at, where, package)
        if resource is None:
            continue
        layer = _layer(resource, source.key)
        if layer is None and not source.optional:
            raise FunctionError(_without_key(source, at, where, resource))
        if layer is not None:
            yield _targeted(layer, source.target_path)


def _from_files(
    files: Iterable[str], at: Resource, field: str, package: Package
) -> Iterator[Layer]:
    for number, path in enumerate(files):
        where = f"{field}.valuesFiles[{number}]"
        wanted = path.removeprefix("./")
        found = [item for item in _neighbours(at, package) if item.path == wanted]
        if not found:
            message = (
                f'must name a file of the package that holds a KRM resource, but "{path}" is none; '
                "a plain values file becomes one as `kind: HelmValues`"
            )
            raise FunctionError(_wrong(message, at, where, path))
        for resource in found:
            layer = _layer(resource, None)
            if layer is None:
                message = f'must hold values, but `{resource.id}` has no key "{DEFAULT_KEY}"'
                raise FunctionError(_wrong(message, at, where, path))
            yield layer


def _neighbours(at: Resource, package: Package) -> list[Resource]:
    """Give the resources of the package that a resource stands in; of the root where it has none."""
    home = at.package_path or (package.kptfile.package_path if package.kptfile else "")
    return [item for item in package if item.package_path == home]


def _find(source: ValuesSource, at: Resource, where: str, package: Package) -> Resource | None:
    named = [item for item in package.select(kind=source.kind) if item.name == source.name]
    if source.namespace is not None:
        named = [item for item in named if item.namespace == source.namespace]
    near = [item for item in named if item.package_path == at.package_path] or named
    if len(near) == 1:
        return near[0]
    if near:
        message = f"must choose one, but {len(near)} resources are `{source.kind} {source.name}`"
        raise FunctionError(_wrong(message, at, where, source.name))
    if source.optional:
        return None
    message = f"must be in the package, but there is no `{source.kind} {source.name}`"
    raise FunctionError(_wrong(message, at, where, source.name))


def _layer(resource: Resource, key: str | None) -> Layer | None:
    """Give the values that a resource holds; None when it has no such key."""
    body = resource.body
    if resource.kind in ("ConfigMap", "Secret") and resource.group == "":
        return _from_data(resource, key)
    if (resource.kind, resource.group) == (HelmValues.kind_name, HelmValues.group):
        values, field = body.get("values") or {}, "values"
    else:
        values, field = {name: body[name] for name in body if name not in _HEAD}, ""
    for step in key.split(".") if key else ():
        if not isinstance(values, Mapping) or step not in values:
            return None
        values, field = values[step], f"{field}.{step}".lstrip(".")
    return Layer(_mapping(values, resource, field or "the resource"), resource, field)


def _from_data(resource: Resource, key: str | None) -> Layer | None:
    """Read values from a ConfigMap's or a Secret's key: YAML in a string."""
    data = resource.body.get("data") or {}
    texts = resource.body.get("stringData") or {}
    only = next(iter({**data, **texts}), None) if len({**data, **texts}) == 1 else None
    name = key or (only if only and DEFAULT_KEY not in data else DEFAULT_KEY)
    if name in texts or resource.kind == "ConfigMap":
        field, text = ("stringData" if name in texts else "data"), {**data, **texts}.get(name)
    else:
        field, text = "data", _decoded(data.get(name), resource, name)
    if text is None:
        return None
    try:
        values = yaml_load(str(text))
    except YamlError as problem:
        message = f"must be YAML: {problem}"
        raise FunctionError(_wrong(message, resource, f"{field}.{name}", None)) from problem
    where = f"{field}.{name}"
    return Layer(_mapping(values, resource, where), resource, f"{where}#")


def _decoded(text: Any, resource: Resource, name: str) -> str | None:
    import base64

    if text is None:
        return None
    try:
        return base64.b64decode(str(text), validate=True).decode()
    except ValueError as problem:
        message = "must be base64 of UTF-8 text"
        raise FunctionError(_wrong(message, resource, f"data.{name}", None)) from problem


def _mapping(values: Any, resource: Resource, field: str) -> Mapping[str, Any]:
    if values is None:
        return {}
    if not isinstance(values, Mapping):
        raise FunctionError(_wrong("must be a map of values", resource, field, None))
    return values


def _targeted(layer: Layer, target: str | None) -> Layer:
    values = layer.values
    for step in reversed(target.split(".") if target else []):
        values = {step: values}
    return Layer(values, layer.resource, layer.field) if target else layer


def _without_key(source: ValuesSource, at: Resource, where: str, resource: Resource) -> Result:
    key = source.key or DEFAULT_KEY
    message = f'must name a key of `{resource.id}`, but "{key}" is none'
    return _wrong(message, at, f"{where}.key", key)


def _wrong(message: str, at: Resource, field: str, current: str | None) -> Result:
    return error(message, code="values-source", at=at, field=field, current=current)
