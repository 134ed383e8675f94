"""CEL's own functions of strings, lists and maps."""

from krmfn.sdk.cel.library import texts
from krmfn.sdk.cel.library.registry import Items, Object, function, member


@function("size")
@member("size")
def _size(value: str | Items | Object) -> int:
    return len(value)


@member("contains")
def _contains(text: str, part: str) -> bool:
    return part in text


@member("startsWith")
def _starts_with(text: str, start: str) -> bool:
    return text.startswith(start)


@member("endsWith")
def _ends_with(text: str, end: str) -> bool:
    return text.endswith(end)


@function("matches")
@member("matches")
def _matches(text: str, pattern: str) -> bool:
    return texts.matches(text, pattern)
