"""A ConfigMap as a functionConfig: its flat strings as the fields of a kind."""

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from krmfn.sdk import shapes
from krmfn.sdk.loader import YamlError, load
from krmfn.sdk.messages import Place, Problem, as_text, path_of, unknown_field, wrong_type
from krmfn.sdk.scalars import read_plain

if TYPE_CHECKING:
    from krmfn.sdk.model import Kind


def unflatten(kind: "type[Kind]", data: Any) -> tuple[dict[str, Any], list[Problem]]:
    """Give the fields of a kind that the data of a ConfigMap says, and what it says wrongly.

    A key is the name of a field of ``spec``, or of the kind itself where it has no ``spec``, with
    dots before the fields of fields and the keys of maps: ``options.hooks``, ``labels.app``.
    """
    body: dict[str, Any] = {step: {} for step in _root(kind)[0]}
    if not isinstance(data, Mapping):
        return body, [wrong_type("data", ["a map"], data)]
    problems = []
    for key, text in sorted(_entries(data).items()):
        if (way := _way(kind, key)) is None:
            owner, known = kind.kind_name, _keys(_root(kind)[1])
            problems.append(unknown_field(f"data.{key}", text, name=key, owner=owner, known=known))
        elif not isinstance(text, str):
            problems.append(wrong_type(f"data.{key}", ["a string"], text))
        else:
            try:
                _put(body, way[0], _value(text, way[1]))
            except YamlError as error:
                problems.append(Problem(f"data.{key}", f"must be YAML: {error}", as_text(text)))
    return body, problems


def relocated(problem: Problem, kind: "type[Kind]", data: Any) -> Problem:
    """Give a problem of a kind's field as one of the key that said the field."""
    for key in sorted(_entries(data), key=len, reverse=True):
        said = path_of((_way(kind, key) or ((),))[0])
        if said and (problem.field == said or problem.field.startswith((f"{said}.", f"{said}["))):
            return replace(problem, field=f"data.{key}")
    head = "".join(f"{step}." for step in _root(kind)[0])
    return replace(problem, field=f"data.{problem.field.removeprefix(head)}")


def _entries(data: Any) -> dict[str, Any]:
    return {str(key): text for key, text in data.items()} if isinstance(data, Mapping) else {}


def _root(kind: "type[Kind]") -> tuple[Place, Any]:
    spec = shapes.fields(kind).get("spec")
    return (("spec",), next(shapes.alternatives(spec))) if spec else ((), kind)


def _way(kind: "type[Kind]", key: str) -> tuple[Place, Any] | None:
    """Give the place in the kind that a key means, and the type of the value there."""
    head, root = _root(kind)
    if not head and key.partition(".")[0] == "metadata":
        return None
    way = _way_inside(root, key)
    return None if way is None else ((*head, *way[0]), way[1])


def _way_inside(shape: Any, key: str) -> tuple[Place, Any] | None:
    if (held := shapes.value(shape)) is not None:
        return (tuple(key.split(".")) if held is Any else (key,)), held
    name, _, rest = key.partition(".")
    annotation = shapes.fields(shape).get(name)
    if annotation is None or not rest:
        return None if annotation is None else ((name,), annotation)
    for inner in shapes.alternatives(annotation):
        if way := _way_inside(inner, rest):
            return (name, *way[0]), way[1]
    return None


def _keys(shape: Any, above: tuple[Any, ...] = ()) -> list[str]:
    """Give every key that says a field, with dots; a model inside itself counts once."""
    keys = []
    for name, annotation in shapes.fields(shape).items():
        inner = [each for each in shapes.alternatives(annotation) if each not in (*above, shape)]
        nested = [key for each in inner for key in _keys(each, (*above, shape))]
        keys += [name, *(f"{name}.{key}" for key in nested)]
    return keys


def _put(body: dict[str, Any], place: Place, value: Any) -> None:
    *parents, last = place
    for step in parents:
        body = body.setdefault(step, {})
        if not isinstance(body, dict):
            return  # its own type is the error that will be told
    body[last] = value


def _value(text: str, annotation: Any) -> Any:
    """Read a string as a field of this type means it.

    Raises:
        YamlError: a map, or a list in YAML's form, is no YAML.
    """
    options = [*shapes.alternatives(annotation)]
    lists = [inner for inner in map(shapes.element, options) if inner is not None]
    if lists and text.lstrip().startswith(("[", "- ")):
        return load(text)
    if any(map(shapes.is_text, options)):
        plain = read_plain(text)
        return plain if type(plain) in options else text
    if lists:
        return [_value(part.strip(), lists[0]) for part in text.split(",") if part.strip()]
    if any(option in {bool, int, float} for option in options):
        return read_plain(text.strip())
    return load(text)
