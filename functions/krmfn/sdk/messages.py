"""What is wrong with a resource's fields, said so that its author can mend it."""

import difflib
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from krmfn.sdk import shapes
from krmfn.sdk.dumper import dump_flow

if TYPE_CHECKING:
    from krmfn.sdk.model import Kind

Error = Mapping[str, Any]
"""One error as pydantic gives it: type, loc, input, msg and ctx."""

Place = tuple[Any, ...]
"""The way to a field: keys of maps and numbers of list items."""

_LONGEST_TEXT = 80
_PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_TIME = "a time such as 2026-01-31T12:00:00Z"
_NOUNS = {
    "string_type": "a string",
    "string_sub_type": "a string",
    "bool_type": "true or false",
    "int_type": "an integer",
    "float_type": "a number",
    "list_type": "a list",
    "tuple_type": "a list",
    "set_type": "a list",
    "frozen_set_type": "a list",
    "sequence_str": "a list",
    "dict_type": "a map",
    "mapping_type": "a map",
    "model_type": "a map",
    "model_attributes_type": "a map",
    "datetime_type": _TIME,
    "datetime_parsing": _TIME,
    "datetime_from_date_parsing": _TIME,
    "timezone_aware": _TIME,
}
_LIMITS: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "greater_than": lambda limit: f"be more than {_number(limit['gt'])}",
    "greater_than_equal": lambda limit: f"be {_number(limit['ge'])} or more",
    "less_than": lambda limit: f"be less than {_number(limit['lt'])}",
    "less_than_equal": lambda limit: f"be {_number(limit['le'])} or less",
    "multiple_of": lambda limit: f"be a multiple of {limit['multiple_of']}",
    "finite_number": lambda _: "be a finite number",
    "string_too_short": lambda limit: _at_least(limit["min_length"], "character"),
    "string_too_long": lambda limit: f"have {limit['max_length']} characters or fewer",
    "too_short": lambda limit: _at_least(limit["min_length"], "item"),
    "too_long": lambda limit: f"have {limit['max_length']} items or fewer",
    "string_pattern_mismatch": lambda limit: f"match `{limit['pattern']}`",
    "pattern": lambda limit: f"be {limit['words']}",
}
_BOOLEANS = {"true": "true", "yes": "true", "on": "true"}
_BOOLEANS |= {"false": "false", "no": "false", "off": "false"}


@dataclass(frozen=True, slots=True)
class Problem:
    """One wrong field.

    Attributes:
        field: its path, as in ``spec.allowFrom[1]``; empty for the resource itself.
        message: what must be, to be read after the path: ``must be a string, but is a list``.
        current: the value as text; None when there is none.
        expected: the value that was probably meant, as text; None when that is not plain.
    """

    field: str
    message: str
    current: str | None = None
    expected: str | None = None


def problems_of(
    model: type[Any], owner: str, body: Mapping[str, Any], errors: Iterable[Error]
) -> list[Problem]:
    """Give pydantic's errors about a body, whose model belongs to `owner`, such as a kind."""
    by_place: dict[Place, list[Error]] = {}
    for found in _long_enough(_likely([_located(error, body) for error in errors])):
        by_place.setdefault(found.place, []).append(found.error)
    return [
        problem
        for place, group in by_place.items()
        for problem in _problems(model, owner, path_of(place), group)
    ]


def header_problems(kind: "type[Kind]", body: Mapping[str, Any]) -> list[Problem]:
    """Give what is wrong with the apiVersion and kind of a resource read as this kind."""
    allowed = {"apiVersion": (kind.api_version, *kind.aliases), "kind": (kind.kind_name,)}
    return [
        Problem(
            field,
            f"must be {_listed(choices, 'or')}{_but_is(body.get(field))}",
            _scalar(body.get(field)),
            choices[0],
        )
        for field, choices in allowed.items()
        if body.get(field) not in choices
    ]


def path_of(place: Iterable[Any]) -> str:
    """Give a path as Kubernetes writes it: ``spec.items[0].labels[example.org/zone]``."""
    path = ""
    for step in place:
        if isinstance(step, str) and _PLAIN_KEY.fullmatch(step):
            path += f".{step}" if path else step
        else:
            path += f"[{step}]"
    return path


def unquoted_string(field: str, value: Any) -> Problem:
    """Give the problem of a number or boolean where a string must be."""
    quoted = json.dumps(as_text(value), ensure_ascii=False)
    return Problem(field, f"must be a string: quote it: {quoted}", as_text(value), quoted)


def wrong_type(field: str, nouns: Sequence[str], value: Any) -> Problem:
    """Give the problem of a value that is of none of these types, said as ``a list``."""
    if "a string" in nouns and isinstance(value, bool | int | float):
        return unquoted_string(field, value)
    meant = _unquoted(nouns, value) if isinstance(value, str) else None
    return Problem(field, f"must be {_listed(nouns, 'or')}{_but_is(value)}", _scalar(value), meant)


def unknown_field(
    field: str, value: Any, *, name: str, owner: str, known: Iterable[str]
) -> Problem:
    """Give the problem of a field that its owner, a kind, does not have among the known ones."""
    names = sorted(known)
    meant = _nearest(name, names)
    here = _listed([f"`{each}`" for each in names if "." not in each] or ["none"], "and")
    advice = f"did you mean `{meant}`?" if meant else f"its fields here are {here}"
    return Problem(field, f"is not a field of {owner}; {advice}", as_text(value), meant)


def as_text(value: Any) -> str:
    """Give a value as one line of text as it was written, shortened where it is long."""
    text = str(value) if isinstance(value, str) else dump_flow(value)
    return text if len(text) <= _LONGEST_TEXT else f"{text[:_LONGEST_TEXT]}…"


class _Located(NamedTuple):
    """An error, the place of its field, and the branch it was found in of each union on the way."""

    error: Error
    place: Place
    branches: Mapping[Place, Any]


def _located(error: Error, body: Any) -> _Located:
    place: list[Any] = []
    branches: dict[Place, Any] = {}
    value = body
    steps = error["loc"][:-1] if error["type"] == "invalid_key" else error["loc"]
    for number, step in enumerate(steps, 1):
        if _has(value, step):
            value = value[step]
        elif error["type"] != "missing" or number < len(steps):
            branches.setdefault(tuple(place), step)
            continue
        place.append(step)
    return _Located(error, tuple(place), branches)


def _has(value: Any, step: Any) -> bool:
    if isinstance(value, list | tuple):
        return isinstance(step, int) and step < len(value)
    return isinstance(value, Mapping) and step in value


def _likely(found: list[_Located]) -> list[_Located]:
    """Keep, of the branches of a union, the one whose shape the value has and that fits best."""
    for union in sorted({place for each in found for place in each.branches}, key=len):
        depths: dict[Any, list[bool]] = {}
        for each in found:
            if union in each.branches:
                inside = len(each.place) > len(union)
                depths.setdefault(each.branches[union], []).append(inside)
        fitting = [branch for branch, inside in depths.items() if all(inside)]
        if fitting:
            best = min(fitting, key=lambda branch: len(depths[branch]))
            found = [each for each in found if each.branches.get(union, best) == best]
    return found


def _long_enough(found: list[_Located]) -> list[_Located]:
    """Leave out lists that are only short because pydantic does not count their wrong items."""
    return [
        each
        for each in found
        if each.error["type"] != "too_short"
        or not any(
            len(other.place) > len(each.place) and other.place[: len(each.place)] == each.place
            for other in found
        )
    ]


def _problems(model: Any, owner: str, path: str, errors: Sequence[Error]) -> Iterator[Problem]:
    """Give the problems of one field; the branches of a union say together what it may be."""
    if errors[0]["loc"][-1:] == ("[key]",):
        yield Problem(path, "must have a string as its key: quote the key", path)
        return
    nouns = [_NOUNS[error["type"]] for error in errors if error["type"] in _NOUNS]
    if nouns:
        yield wrong_type(path, [*dict.fromkeys(nouns)], errors[0]["input"])
        return
    for error in errors:
        if error["type"] == "invalid_key":
            key = as_text(error["input"])
            yield Problem(path, f"must have strings as its keys: quote `{key}`", key)
        else:
            yield from _problems_of_error(model, owner, path, error)


def _problems_of_error(model: Any, owner: str, path: str, error: Error) -> Iterator[Problem]:
    value, context = error["input"], error.get("ctx", {})
    match error["type"]:
        case "missing":
            yield Problem(path, "must be set")
        case "extra_forbidden":
            *parents, name = error["loc"]
            known = _known_fields(model, parents)
            yield unknown_field(path, value, name=str(name), owner=owner, known=known)
        case "rules":
            for rule in context["broken"]:
                yield Problem(".".join(filter(None, (path, rule.field))), rule.message)
        case "value_error" | "assertion_error":
            yield Problem(path, str(context["error"]), _scalar(value))
        case "literal_error" | "enum":
            yield _wrong_choice(path, value, _choices(context["expected"]))
        case "union_tag_invalid":
            place = f"{path}.{context['discriminator'].strip(chr(39))}"
            yield _wrong_choice(place, context["tag"], _choices(context["expected_tags"]))
        case "union_tag_not_found":
            yield Problem(f"{path}.{context['discriminator'].strip(chr(39))}", "must be set")
        case limit if limit in _LIMITS:
            yield Problem(path, f"must {_LIMITS[limit](context)}{_but(error)}", _scalar(value))
        case _:
            said, ours = str(error["msg"]), "Input should "
            message = f"must {said.removeprefix(ours)}{_but_is(value)}"
            yield Problem(path, message if said.startswith(ours) else said, _scalar(value))


def _wrong_choice(path: str, value: Any, choices: Sequence[str]) -> Problem:
    message = f"must be {_listed(choices, 'or')}{_but_is(value)}"
    return Problem(path, message, _scalar(value), _nearest(as_text(value), choices))


def _choices(expected: str) -> list[str]:
    found = re.findall(r"'([^']*)'|([^\s',]+)", expected)
    return [text or bare for text, bare in found if bare != "or"]


def _known_fields(model: Any, loc: Iterable[Any]) -> set[str]:
    found: list[Any] = [model]
    for step in loc:
        found = [inner for shape in found for inner in shapes.inside(shape, step)] or found
    return {name for shape in found for name in shapes.fields(shape)}


def _unquoted(nouns: Sequence[str], text: str) -> str | None:
    """Give what was meant by a string in the place of another scalar."""
    if "true or false" in nouns:
        return _BOOLEANS.get(text.lower())
    form = r"-?\d+(\.\d+)?" if "a number" in nouns else r"-?\d+"
    is_meant = {"an integer", "a number"} & {*nouns} and re.fullmatch(form, text)
    return str(text) if is_meant else None


def _nearest(word: str, known: Iterable[str]) -> str | None:
    by_letters = {re.sub(r"[\W_]", "", each).lower(): each for each in known}
    near = difflib.get_close_matches(re.sub(r"[\W_]", "", word).lower(), by_letters, n=1)
    return by_letters[near[0]] if near else None


def _but(error: Error) -> str:
    if error["type"] not in {"too_short", "too_long", "string_too_short", "string_too_long"}:
        return _but_is(error["input"])
    return f", but has {len(error['input'])}" if error["input"] else ""


def _but_is(value: Any) -> str:
    match value:
        case None:
            return ""
        case str():
            return f", but is {json.dumps(as_text(value), ensure_ascii=False)}"
        case Mapping():
            return ", but is a map"
        case list() | tuple():
            return ", but is a list"
        case _:
            return f", but is {as_text(value)}"


def _scalar(value: Any) -> str | None:
    return None if value is None or isinstance(value, Mapping | list | tuple) else as_text(value)


def _number(limit: float) -> str:
    return str(int(limit) if limit == int(limit) else limit)


def _at_least(count: int, noun: str) -> str:
    return f"have {count} {noun}s or more" if count > 1 else "not be empty"


def _listed(words: Sequence[str], conjunction: str) -> str:
    *most, last = words
    return f"{', '.join(most)} {conjunction} {last}" if most else last
