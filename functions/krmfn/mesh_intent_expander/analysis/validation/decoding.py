"""Reads specs as Istio does: protobuf's JSON, of which the shapes are written down in `shapes`.

What is read has only known fields of the right types: durations are `Duration`, enumerations are
names, and null and empty lists and maps count as absent, as Istio sees them. The checks of a
kind need no care for anything else.

Source: the JSON mapping of protobuf (``golang/protobuf/jsonpb``): numbers may be quoted,
enumerations may be numbers, names may be written with underscores, an item that is null is empty.
"""

import re
from collections.abc import Mapping
from functools import cache
from typing import Any, NamedTuple

from krmfn.mesh_intent_expander.analysis.validation.faults import (
    ADMISSION,
    UNKNOWN,
    Fault,
    Spec,
    quoted,
)
from krmfn.mesh_intent_expander.analysis.validation.scalars import SCALARS, Reader, wrong
from krmfn.mesh_intent_expander.analysis.validation.shapes import ENUMS, MESSAGES

TOKEN = re.compile(r"(\w+)(!?):([\[{]?)(?:uint32:)?(\w+)[\]}]?(\+?)(?:<=(\d+))?")
"""A field in the notation of `shapes`: name, "!", bracket, type, "+" and limit."""

_STORED = frozenset({"jwks_uri", "mirror_percent"})
"""Names with underscores that the schemas of the CustomResourceDefinitions have beside others."""


class _Shape(NamedTuple):
    readers: dict[str, Reader]
    required: tuple[str, ...]
    exclusive: tuple[tuple[str, ...], ...]


def read(message: str, value: Any, path: str) -> tuple[Spec, list[Fault]]:
    """Read a value as a message; what has a wrong type counts as absent, and is a fault."""
    faults: list[Fault] = []
    if value is None:
        value = {}
    return _message(message)(value, path, faults) or {}, faults


@cache
def _reader(kind: str) -> Reader:
    if kind in SCALARS:
        return SCALARS[kind]
    return _enumeration(ENUMS[kind]) if kind in ENUMS else _message(kind)


def _enumeration(names: tuple[str, ...]) -> Reader:
    known = frozenset(names)

    def reader(value: Any, path: str, faults: list[Fault]) -> str | None:
        if isinstance(value, str) and value in known:
            return value
        if isinstance(value, int) and not isinstance(value, bool):
            faults.append(Fault(path, wrong(quoted(names), value), ADMISSION))
            return names[value] if 0 <= value < len(names) else str(value)
        faults.append(Fault(path, wrong(quoted(names), value)))
        return None

    return reader


@cache
def _message(name: str) -> Reader:
    shape = _shape(MESSAGES[name])
    readers = shape.readers

    def reader(value: Any, path: str, faults: list[Fault]) -> dict[str, Any] | None:
        if not isinstance(value, Mapping):
            faults.append(Fault(path, wrong("a mapping", value)))
            return None
        message: dict[str, Any] = {}
        for key, given in value.items():
            field = key if key in readers else _field(key, path, readers, faults)
            if given is not None and field:
                here = f"{path}.{field}"
                if (part := readers[field](given, here, faults)) is not None:
                    message[field] = part
        _check_presence(shape, value, message, path, faults)
        return message

    return reader


def _shape(text: str) -> _Shape:
    readers: dict[str, Reader] = {}
    required: list[str] = []
    exclusive: list[tuple[str, ...]] = []
    for token in text.split():
        fields = [TOKEN.fullmatch(each) for each in token.split("|")]
        for field in filter(None, fields):
            name, must, bracket, kind, filled, limit = field.groups()
            reader = _collection(bracket, "uint32:" in token, kind)
            readers[name] = _sized(reader, 1 if filled else 0, limit)
            required += [name] if must else []
        if len(fields) > 1:
            exclusive.append(tuple(field[1] for field in fields if field))
    return _Shape(readers, tuple(required), tuple(exclusive))


def _collection(bracket: str, numbered: bool, kind: str) -> Reader:
    if bracket == "[":
        return _list(kind)
    return _map(kind, numbered) if bracket else _reader(kind)


def _empty(kind: str) -> Any:
    """Give what a null item of a list or map is read as."""
    return {} if kind in MESSAGES else "" if kind in ("str", "text") else 0


def _list(kind: str) -> Reader:
    item, empty = _reader(kind), _empty(kind)

    def reader(value: Any, path: str, faults: list[Fault]) -> list[Any] | None:
        if not isinstance(value, list):
            faults.append(Fault(path, wrong("a list", value)))
            return None
        items: list[Any] = []
        for number, each in enumerate(value):
            here = f"{path}[{number}]"
            if each is None:
                faults.append(Fault(here, "must not be null", ADMISSION))
            items.append(item(empty if each is None else each, here, faults))
        return items or None

    return reader


def _map(kind: str, numbered: bool) -> Reader:
    item, empty = _reader(kind), _empty(kind)

    def reader(value: Any, path: str, faults: list[Fault]) -> dict[Any, Any] | None:
        if not isinstance(value, Mapping):
            faults.append(Fault(path, wrong("a mapping", value)))
            return None
        entries: dict[Any, Any] = {}
        for key, each in value.items():
            name = _number(key, path, faults) if numbered else str(key)
            given = empty if each is None else each
            entries[name] = item(given, f'{path}["{name}"]', faults)
        return entries or None

    return reader


def _number(key: Any, path: str, faults: list[Fault]) -> int:
    if re.fullmatch(r"[0-9]{1,9}", str(key)):
        return int(key)
    faults.append(Fault(path, wrong("a mapping by numbers", key)))
    return 0


def _sized(reader: Reader, least: int, limit: str | None) -> Reader:
    if not least and limit is None:
        return reader
    most = float(limit or "inf")

    def sized(value: Any, path: str, faults: list[Fault]) -> Any:
        part = reader(value, path, faults)
        size = len(part or ())
        unit = "characters" if isinstance(part, str) else "entries"
        if size > most:
            said = f"must have at most {limit} {unit}, but has {size}"
            faults.append(Fault(path, said, ADMISSION))
        elif size < least:
            faults.append(Fault(path, "must not be empty", ADMISSION))
        return part

    return sized


def _field(key: Any, path: str, readers: dict[str, Reader], faults: list[Fault]) -> str:
    """Give the field that a name stands for which is none of its message; "" for none."""
    from difflib import get_close_matches

    field = re.sub(r"_([a-z0-9])", lambda part: part[1].upper(), key) if "_" in str(key) else ""
    if field not in readers:
        field = ""
    if key not in _STORED:
        close = [field] if field else get_close_matches(str(key), readers, 1)
        hint = f"; is `{close[0]}` meant?" if close else ""
        said = f"must be a field that Istio knows, others are dropped{hint}"
        faults.append(Fault(f"{path}.{key}", said, UNKNOWN))
    return field


def _check_presence(
    shape: _Shape,
    given: Mapping[Any, Any],
    message: dict[str, Any],
    path: str,
    faults: list[Fault],
) -> None:
    """Check what must be there; of fields that exclude each other Istio takes the last."""
    faults += [
        Fault(f"{path}.{name}", "must be given", ADMISSION)
        for name in shape.required
        if name not in message and given.get(name) is None
    ]
    for group in shape.exclusive:
        chosen = [name for name in group if name in message]
        if len(chosen) > 1:
            said = f"must have only one of `{'` and `'.join(chosen)}`"
            faults.append(Fault(path, said, ADMISSION))
            for name in chosen[:-1]:
                del message[name]
