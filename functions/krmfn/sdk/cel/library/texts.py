"""Functions of strings: CEL's strings extension and Kubernetes' regular expressions."""

import re
from functools import lru_cache
from typing import Any

from krmfn.sdk.cel.library.conversions import to_string
from krmfn.sdk.cel.library.registry import Fault, Items, function, member

_VERB = re.compile(r"%(?:\.([0-9]{1,2}))?([sdfbxXo%])|%")
_SPACE = " \t\n\v\f\r\x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(
    map(chr, range(0x2000, 0x200B))
)


@member("charAt")
def _char_at(text: str, index: int) -> str:
    return _between(text, index, min(index + 1, len(text)))


@member("indexOf")
def _index_of(text: str, part: str, start: int = 0) -> int:
    _between(text, min(start, len(text)), len(text))
    return text.find(part, start)


@member("lastIndexOf")
def _last_index_of(text: str, part: str) -> int:
    return text.rfind(part)


@member("lastIndexOf")
def _last_index_of_before(text: str, part: str, last: int) -> int:
    _between(text, min(last, len(text)), len(text))
    return text.rfind(part, 0, last + len(part)) if last <= len(text) else -1


@member("lowerAscii")
def _lower_ascii(text: str) -> str:
    return text.translate(_LOWER)


@member("upperAscii")
def _upper_ascii(text: str) -> str:
    return text.translate(_UPPER)


@member("replace")
def _replace(text: str, old: str, new: str, count: int = -1) -> str:
    return text.replace(old, new, max(count, -1))


@member("split")
def _split(text: str, separator: str, count: int = -1) -> list[str]:
    if count in {0, 1}:
        return [text] * count
    most = count - 1 if count > 0 else -1
    if separator:
        return text.split(separator, most)
    return [*text] if most < 0 else [*text[:most], *([text[most:]] if text[most:] else [])]


@member("substring")
def _substring(text: str, start: int) -> str:
    return _between(text, start, len(text))


@member("substring")
def _substring_between(text: str, start: int, end: int) -> str:
    return _between(text, start, end)


@member("trim")
def _trim(text: str) -> str:
    return text.strip(_SPACE)


@member("join")
def _join(items: Items, separator: str = "") -> str:
    if not all(isinstance(item, str) for item in items):
        raise Fault("join() takes a list of strings")
    return separator.join(items)


@function("strings.quote")
def _quote(text: str) -> str:
    return f'"{text.translate(_QUOTED)}"'


@member("format")
def _format(template: str, values: Items) -> str:
    """Fill in `%s %d %f %b %x %X %o`; `%f` takes a precision, as in `%.2f`."""
    left = iter(values)

    def filled(found: re.Match[str]) -> str:
        precision, verb = found.groups()
        if verb == "%":
            return "%"
        if verb is None:
            raise Fault(f"format() has no verb at {template[found.start() :][:4]!r}")
        try:
            value = next(left)
        except StopIteration:
            raise Fault("format() has fewer values than verbs") from None
        return _formatted(value, verb, int(precision or 6))

    return _VERB.sub(filled, template)


@member("find")
def _find(text: str, pattern: str) -> str:
    found = _pattern(pattern).search(text)
    return found[0] if found else ""


@member("findAll")
def _find_all(text: str, pattern: str, count: int = -1) -> list[str]:
    found = [each[0] for each in _pattern(pattern).finditer(text)]
    return found if count < 0 else found[:count]


def matches(text: str, pattern: str) -> bool:
    """Say whether a part of the text matches an RE2 expression."""
    return _pattern(pattern).search(text) is not None


@lru_cache(maxsize=256)
def _pattern(pattern: str) -> Any:
    import re2  # takes time, and few expressions need it

    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(pattern, options)
    except re2.error:
        raise Fault("invalid regular expression") from None


def _between(text: str, start: int, end: int) -> str:
    if not 0 <= start <= end <= len(text):
        raise Fault(f"index out of range: {start if not 0 <= start <= len(text) else end}")
    return text[start:end]


def _formatted(value: Any, verb: str, precision: int) -> str:
    kind = type(value)
    if verb == "s":
        return value if kind is str else _shown(value)
    if verb == "f" and kind is float:
        return f"{value:.{precision}f}"
    if (kind is int and verb != "f") or (kind is bool and verb == "b"):
        return f"{value:{verb}}"
    if verb in "xX" and kind is str:
        digits = value.encode().hex()
        return str(digits.upper() if verb == "X" else digits)
    raise Fault(f"format() cannot write this value as %{verb}")


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_shown, value))}]"
    if isinstance(value, dict):
        entries = sorted((_shown(key), _shown(item)) for key, item in value.items())
        return f"{{{', '.join(f'{key}:{item}' for key, item in entries)}}}"
    if isinstance(value, str):
        return str(_quote(value))
    return "null" if value is None else to_string(value)


_LOWER = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}
_UPPER = {code: code - 32 for code in range(ord("a"), ord("z") + 1)}
_QUOTED = str.maketrans(
    {
        "\a": r"\a",
        "\b": r"\b",
        "\f": r"\f",
        "\n": r"\n",
        "\r": r"\r",
        "\t": r"\t",
        "\v": r"\v",
        "\\": r"\\",
        '"': r"\"",
    }
)
