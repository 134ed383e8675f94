"""What a `values.schema.json` demands, said as what a value must be."""

import re
from collections.abc import Mapping

_TYPES: Mapping[str, str] = {
    "string": "a string",
    "integer": "an integer",
    "number": "a number",
    "boolean": "true or false",
    "object": "a map",
    "array": "a list",
}
_SENTENCES = [
    (re.compile(pattern), sentence)
    for pattern, sentence in (
        (r"value must be (.+)", r"must be \1"),
        (r"missing propert(?:y|ies) (.+)", r"must have \1"),
        (r"additional properties (.+) not allowed", r"must not have \1"),
        (r"minimum: got (\S+), want (\S+)", r"must be \2 or more, but is \1"),
        (r"maximum: got (\S+), want (\S+)", r"must be \2 or less, but is \1"),
        (r"exclusiveMinimum: got (\S+), want (\S+)", r"must be more than \2, but is \1"),
        (r"exclusiveMaximum: got (\S+), want (\S+)", r"must be less than \2, but is \1"),
        (r"multipleOf: got (\S+), want (\S+)", r"must be a multiple of \2, but is \1"),
        (r"minLength: got (\S+), want (\S+)", r"must have \2 characters or more, but has \1"),
        (r"maxLength: got (\S+), want (\S+)", r"must have \2 characters or fewer, but has \1"),
        (
            r"min(?:Items|Properties): got (\S+), want (\S+)",
            r"must have \2 items or more, but has \1",
        ),
        (
            r"max(?:Items|Properties): got (\S+), want (\S+)",
            r"must have \2 items or fewer, but has \1",
        ),
        (r"('.*') does not match pattern ('.*')", r"must match \2, but is \1"),
        (r"items at (\d+) and (\d+) are equal", r"must not have an item twice, as \1 and \2"),
    )
]


def demand(words: str) -> str:
    """Give Helm's words about a value as a sentence that begins with "must"."""
    if found := re.fullmatch(r"got (.+), want (.+)", words):
        got, wanted = (_types(each) for each in found.groups())
        return f"must be {wanted}, but is {got}"
    for pattern, sentence in _SENTENCES:
        if found := pattern.fullmatch(words):
            return found.expand(sentence)
    return f"must fit the schema: {words}"


def _types(names: str) -> str:
    return " or ".join(_TYPES.get(name, name) for name in names.split(" or "))
