"""What the type of a field says of its YAML: a model, a list, a map or a scalar."""

import types
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from enum import Enum
from typing import Annotated, Any, Literal, Union, get_args, get_origin


def alternatives(annotation: Any) -> Iterator[Any]:
    """Give the types a value may have: unions taken apart, constraints and None left out."""
    origin = get_origin(annotation)
    if origin is Annotated:
        yield from alternatives(get_args(annotation)[0])
    elif origin in {Union, types.UnionType}:
        for argument in get_args(annotation):
            yield from alternatives(argument)
    elif annotation is not types.NoneType:
        yield annotation


def fields(shape: Any) -> dict[str, Any]:
    """Give the types of a model's fields by their names in YAML; empty for anything else."""
    known = getattr(shape, "model_fields", {})
    return {field.alias or name: field.annotation for name, field in known.items()}


def element(shape: Any) -> Any:
    """Give the type of a list's elements; None when it is no list."""
    origin = get_origin(shape) or shape
    if not isinstance(origin, type) or not issubclass(origin, (Sequence, AbstractSet)):
        return None
    return None if issubclass(origin, str) else (get_args(shape) or (Any,))[0]


def value(shape: Any) -> Any:
    """Give the type of a map's values; None when it is no map."""
    origin = get_origin(shape) or shape
    if not isinstance(origin, type) or not issubclass(origin, Mapping):
        return None
    return (get_args(shape) or (Any, Any))[1]


def inside(shape: Any, step: Any) -> list[Any]:
    """Give the types that a value may have at a key or an index of a value of this type."""
    inner = fields(shape).get(step) or element(shape) or value(shape)
    return [] if inner is None else [*alternatives(inner)]


def is_text(shape: Any) -> bool:
    """Say whether values of this type are strings: str, a Literal or an Enum of strings."""
    if get_origin(shape) is Literal:
        return all(isinstance(choice, str) for choice in get_args(shape))
    if not isinstance(shape, type):
        return False
    is_enum = issubclass(shape, Enum) and all(isinstance(each.value, str) for each in shape)
    return is_enum or issubclass(shape, str)
