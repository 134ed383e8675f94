"""What in a chart's text may render differently every time: found without rendering."""

import re
from collections.abc import Iterable

_ACTION = re.compile(rb"\{\{.*?\}\}", re.DOTALL)
_WORD = rb"(?<![\w.$\"`-])(?:%s)(?![\w\"`-])"
_CHANGING = re.compile(
    _WORD % rb"rand[A-Za-z]+|shuffle|uuidv4|gen[A-Z][A-Za-z]+|buildCustomCert\w*|htpasswd|bcrypt"
    rb"|encryptAES|keys|values|ago|now|date\w*|htmlDate\w*|mustDate\w*"
)
_NOW = re.compile(rb'"(?:\\.|[^"\\])*"|`[^`]*`|(' + _WORD % rb"now" + rb")")
_LONG_AGO = rb"(toDate `2006-01-02 15:04:05` `2001-02-03 16:17:18`)"


def may_change(texts: Iterable[bytes]) -> bool:
    """Say whether an action of a template calls a function that is not constant."""
    return any(
        _CHANGING.search(action[0])
        for text in texts
        if b"{{" in text
        for action in _ACTION.finditer(text)
    )


def at_another_time(text: bytes) -> bytes:
    """Give a template for which `now` is a time of long ago; the same text if it never asks."""
    if b"now" not in text:
        return text
    return _ACTION.sub(lambda action: _NOW.sub(_then, action[0]), text)


def _then(found: re.Match[bytes]) -> bytes:
    return _LONG_AGO if found[1] else found[0]
