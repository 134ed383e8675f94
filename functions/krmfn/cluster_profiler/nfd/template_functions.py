"""Functions for templates: text/template's own and the ones of Sprig that labels need."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from krmfn.cluster_profiler.nfd.expressions import RuleError

_SCALARS = (str, bool, int)
_VERB = re.compile("%.?", re.DOTALL)
_VERBS: Mapping[str, type] = {"%s": str, "%d": int, "%v": object}


def printed(value: Any) -> str:
    """Write a value as Go prints it: `true`, `[a b]`, `map[key:value]`."""
    if value is None:
        return "<no value>"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping):
        return f"map[{' '.join(f'{key}:{printed(value[key])}' for key in sorted(value))}]"
    if isinstance(value, tuple):
        return f"[{' '.join(map(printed, value))}]"
    return str(value)


def field(value: Any, name: str) -> Any:
    """Give a field of a mapping.

    Raises:
        RuleError: the value is no mapping, or has no such field.
    """
    if not isinstance(value, Mapping):
        raise RuleError(f"a template must ask for `.{name}` of a mapping, not {printed(value)}")
    if name not in value:
        raise RuleError(f"a template must use matched features, and `.{name}` is not among them")
    return value[name]


def _index(value: Any, *keys: Any) -> Any:
    for key in keys:
        if isinstance(value, Mapping) and isinstance(key, str):
            value = value.get(key, _zero(value))
        elif isinstance(value, tuple) and type(key) is int and 0 <= key < len(value):
            value = value[key]
        else:
            raise RuleError(
                f"a template must index within bounds, but has {printed(key)} for {printed(value)}"
            )
    return value


def _zero(mapping: Mapping[str, Any]) -> Any:
    """Give what Go has for a missing key: an empty value of the mapping's type."""
    kind = type(next(iter(mapping.values()), ""))
    return () if kind is tuple else {} if issubclass(kind, Mapping) else ""


def _equal(value: Any, *others: Any) -> bool:
    if not others:
        raise RuleError("a template must compare with `eq` at least two values")
    return any(_compare(value, other, "eq") == 0 for other in others)


def _compare(one: Any, two: Any, function: str) -> int:
    """Compare scalars of one type: negative, 0 or positive."""
    comparable = type(one) is type(two) and isinstance(one, _SCALARS)
    if not comparable or (isinstance(one, bool) and function not in ("eq", "ne")):
        raise RuleError(
            f"a template must compare like with like, but has `{function}` of {printed(one)} and "
            f"{printed(two)}"
        )
    return int(one > two) - int(one < two)


def _end(value: Any, position: int) -> Any:
    if not isinstance(value, tuple):
        raise RuleError(f"a template must take an end of a list, not of {printed(value)}")
    return value[position] if value else None


def _length(value: Any) -> int:
    if not isinstance(value, str | tuple | Mapping):
        raise RuleError(f"a template must take `len` of text or a list, not of {printed(value)}")
    return len(value.encode()) if isinstance(value, str) else len(value)


def _substr(start: int, end: int, text: str) -> str:
    if start < 0:
        return text[:end]
    if end < 0 or end > len(text):
        return text[start:]
    return text[start:end]


def _trunc(count: int, text: str) -> str:
    if count < 0:
        return text[count:]
    return text[:count]


def _printf(form: Any, *values: Any) -> str:
    """Fill in `%s` for text, `%d` for integers and `%v` for anything."""
    verbs = _VERB.findall(form) if isinstance(form, str) else []
    taken = [verb for verb in verbs if verb != "%%"]
    fits = len(taken) == len(values) and all(
        _VERBS.get(verb) in (object, type(value)) for verb, value in zip(taken, values, strict=True)
    )
    if not isinstance(form, str) or not fits:
        raise RuleError(
            f"a template must give `printf` values for %s, %d or %v, but has {printed(form)}"
        )
    texts = iter(values)
    return _VERB.sub(lambda verb: "%" if verb[0] == "%%" else printed(next(texts)), form)


def _atoi(text: str) -> int:
    try:
        return int(text) if text.isascii() and "_" not in text and text == text.strip() else 0
    except ValueError:
        return 0


def _typed(function: Callable[..., Any], *types: type) -> Callable[..., Any]:
    """Check the number and the types of a function's arguments."""

    def checked(*arguments: Any) -> Any:
        given = [type(argument) for argument in arguments]
        if len(given) != len(types) or any(
            expected is not object and kind is not expected
            for kind, expected in zip(given, types, strict=True)
        ):
            shown = ", ".join(map(printed, arguments))
            raise RuleError(f"a template must give a function what it takes, not ({shown})")
        return function(*arguments)

    return checked


FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "index": _index,
    "len": _typed(_length, object),
    "not": _typed(lambda value: not value, object),
    "eq": _equal,
    "ne": _typed(lambda one, two: _compare(one, two, "ne") != 0, object, object),
    "lt": _typed(lambda one, two: _compare(one, two, "lt") < 0, object, object),
    "le": _typed(lambda one, two: _compare(one, two, "le") <= 0, object, object),
    "gt": _typed(lambda one, two: _compare(one, two, "gt") > 0, object, object),
    "ge": _typed(lambda one, two: _compare(one, two, "ge") >= 0, object, object),
    "printf": _printf,
    "first": _typed(lambda value: _end(value, 0), object),
    "last": _typed(lambda value: _end(value, -1), object),
    "default": _typed(lambda fallback, value: value or fallback, object, object),
    "atoi": _typed(_atoi, str),
    "lower": _typed(str.lower, str),
    "upper": _typed(str.upper, str),
    "trim": _typed(str.strip, str),
    "trimPrefix": _typed(lambda prefix, text: text.removeprefix(prefix), str, str),
    "trimSuffix": _typed(lambda suffix, text: text.removesuffix(suffix), str, str),
    "hasPrefix": _typed(lambda prefix, text: text.startswith(prefix), str, str),
    "hasSuffix": _typed(lambda suffix, text: text.endswith(suffix), str, str),
    "contains": _typed(lambda part, text: part in text, str, str),
    "replace": _typed(lambda old, new, text: text.replace(old, new), str, str, str),
    "substr": _typed(_substr, int, int, str),
    "trunc": _typed(_trunc, int, str),
}
