"""Regular expressions, and the string matches that may have one.

Source: Istio's ``validateStringMatch`` and ``validateStringRegexp``; RE2's syntax as Go reads it.
"""

import re
from functools import lru_cache

from krmfn.mesh_intent_expander.analysis.validation.faults import Fault, Faults, Spec, refuse

_LONGEST = 1024
_SINGLE_BYTE = re.compile(r"(?<!\\)(?:\\\\)*\\C")


@lru_cache(maxsize=4096)
def regex(pattern: str) -> str:
    """Say what is wrong with a regular expression."""
    size = len(pattern.encode(errors="replace"))
    if size > _LONGEST:
        return f"must be a regular expression of at most {_LONGEST} characters, but has {size}"
    if not pattern:
        return "must be a regular expression, but is empty"
    return "" if compiles(pattern) else f'must be a regular expression of RE2, but is "{pattern}"'


def compiles(pattern: str) -> bool:
    """Say whether RE2 reads a regular expression."""
    import re2  # takes time, and few objects have a pattern

    options = re2.Options()
    options.log_errors = False
    try:
        re2.compile(pattern, options)
    except (re2.error, UnicodeError):
        return False
    return not _SINGLE_BYTE.search(pattern)


def string_match(path: str, match: Spec) -> Faults:
    """Check a match by a text, of which a prefix must not be empty."""
    if match.get("prefix") == "":
        yield Fault(f"{path}.prefix", "must not be empty")
    yield from regex_match(path, match)


def regex_match(path: str, match: Spec) -> Faults:
    """Check only the regular expression of a match."""
    if (pattern := match.get("regex")) is not None:
        yield from refuse(f"{path}.regex", regex(pattern))
