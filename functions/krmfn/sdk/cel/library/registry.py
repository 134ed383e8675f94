"""How the functions of the library are declared, found and called.

A function's annotations are its overload: bool, int, float, str, list, dict and None are CEL's
bool, int, double, string, list, map and null; Any is each of them. Objects of Kubernetes' own
types (quantities, versions, addresses, URLs) are maps with one entry, the type's name and the
object in canonical form, since no engine carries foreign objects; equal objects are equal maps.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product
from types import NoneType, UnionType
from typing import Any, TypeVar, get_args, get_origin

Number = int | float
Items = list[Any]
Object = dict[str, Any]
_F = TypeVar("_F", bound=Callable[..., Any])

JSON_TYPES = (NoneType, bool, int, float, str, list, dict)


class Fault(ValueError):  # noqa: N818
    """An expression has no value; the message says why."""


NO_OVERLOAD = "no such overload"


@dataclass(frozen=True, slots=True)
class Overload:
    """One way to call a function.

    Attributes:
        name: as it is written: `split`, `sets.contains`.
        call: what computes it.
        is_member: whether it is written behind its first argument and a dot.
        types: of its arguments, each a tuple of the Python types that are taken.
        required: how many of them must be given.
        returns: the type of the result.
    """

    name: str
    call: Callable[..., Any]
    is_member: bool
    types: tuple[tuple[type, ...], ...]
    required: int
    returns: Any

    def signatures(self) -> Iterator[tuple[type, ...]]:
        """Give every list of argument types that this overload takes."""
        for count in range(self.required, len(self.types) + 1):
            yield from product(*self.types[:count])


LIBRARY: dict[str, list[Overload]] = {}


def function(name: str) -> Callable[[_F], _F]:
    """Declare a function that is written `name(a, b)`."""
    return lambda call: _declare(name, call, is_member=False)


def member(name: str) -> Callable[[_F], _F]:
    """Declare a function that is written `a.name(b)`."""
    return lambda call: _declare(name, call, is_member=True)


def find(name: str, arguments: tuple[Any, ...]) -> Overload | None:
    """Find the overload that takes these values."""
    for overload in LIBRARY.get(name, ()):
        if overload.required <= len(arguments) <= len(overload.types) and all(
            type(value) in types for value, types in zip(arguments, overload.types, strict=False)
        ):
            return overload
    return None


def text_of(value: Object, kind: str) -> str:
    """Give the canonical text of an object of a type of Kubernetes.

    Raises:
        Fault: the value is none of that type.
    """
    match list(value.items()):
        case [(name, str(text))] if name == kind:
            return text
    raise Fault(NO_OVERLOAD)


def _declare(name: str, call: _F, *, is_member: bool) -> _F:
    *parameters, returns = call.__annotations__.values()
    overload = Overload(
        name,
        call,
        is_member,
        types=tuple(_types(parameter) for parameter in parameters),
        required=len(parameters) - len(getattr(call, "__defaults__", None) or ()),
        returns=returns,
    )
    LIBRARY.setdefault(name, []).append(overload)
    return call


def _types(annotation: Any) -> tuple[type, ...]:
    if annotation is Any:
        return JSON_TYPES
    if isinstance(annotation, UnionType):
        return tuple(kind for each in get_args(annotation) for kind in _types(each))
    return (get_origin(annotation) or annotation,)
