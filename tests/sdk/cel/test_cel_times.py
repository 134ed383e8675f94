"""What JSON does not have: timestamps, durations, unsigned integers and bytes."""

from collections.abc import Callable
from typing import Any

import pytest

from krmfn.sdk.cel.library import Fault

TIMES = [
    ("duration('1h').getHours()", 1),
    ("duration('90m').getMinutes()", 90),
    ("duration('-1.5s').getSeconds()", -1),
    ("duration('1500ms').getMilliseconds()", 1500),
    ("duration('1h') == duration('60m')", True),
    ("duration('1h') > duration('59m')", True),
    ("string(duration('1500ms'))", "1.5s"),
    ("string(duration('90m'))", "5400s"),
    ("string(duration('-1.5s'))", "-1.5s"),
    ("timestamp('2024-02-29T12:34:56.789Z').getFullYear()", 2024),
    ("timestamp('2024-02-29T12:34:56.789Z').getMonth()", 1),
    ("timestamp('2024-02-29T12:34:56.789Z').getDate()", 29),
    ("timestamp('2024-02-29T12:34:56.789Z').getDayOfMonth()", 28),
    ("timestamp('2024-02-29T12:34:56.789Z').getDayOfWeek()", 4),
    ("timestamp('2024-02-29T12:34:56.789Z').getDayOfYear()", 59),
    ("timestamp('2024-02-29T12:34:56.789Z').getHours()", 12),
    ("timestamp('2024-02-29T12:34:56.789Z').getMinutes()", 34),
    ("timestamp('2024-02-29T12:34:56.789Z').getSeconds()", 56),
    ("timestamp('2024-02-29T12:34:56.789Z').getMilliseconds()", 789),
    ("timestamp('2024-02-29T12:34:56Z').getHours('+02:00')", 14),
    ("string(timestamp('2024-02-29T12:34:56+02:00'))", "2024-02-29T12:34:56+02:00"),
    ("string(timestamp('2024-02-29T12:34:56.120Z'))", "2024-02-29T12:34:56.12Z"),
    ("int(timestamp('2024-02-29T12:34:56Z'))", 1709210096),
    ("timestamp(100) == timestamp('1970-01-01T00:01:40Z')", True),
    ("timestamp('2024-01-01T00:00:00Z') - timestamp(1672531200) == duration('8760h')", True),
    (
        "timestamp('2024-01-01T00:00:00Z') + duration('1h') == timestamp('2024-01-01T01:00:00Z')",
        True,
    ),
    ("timestamp('2024-01-01T00:00:00Z') < timestamp('2024-01-02T00:00:00Z')", True),
    ("duration('x')", Fault('duration() takes the likes of "1h30m", but is given "x"')),
    ("duration('1d')", Fault('duration() takes the likes of "1h30m", but is given "1d"')),
    ("timestamp('junk')", Fault('timestamp() takes RFC 3339, but is given "junk"')),
    ("timestamp('2024-01-01')", Fault('timestamp() takes RFC 3339, but is given "2024-01-01"')),
]
UINTS = [
    ("1u + 2u == 3u", True),
    ("7u / 2u == 3u", True),
    ("7u % 2u == 1u", True),
    ("2u * 3u == 6u", True),
    ("1u == 1", True),
    ("1u < 2", True),
    ("1u in [1]", True),
    ("uint(5) == 5u", True),
    ("uint('7') == 7u", True),
    ("int(7u) == 7", True),
    ("double(7u) == 7.0", True),
    ("string(7u)", "7"),
    ("1u - 2u", Fault("value out of range")),
    ("1u + 1", Fault("no such overload")),
    ("uint(-1)", Fault("value out of range")),
]
BYTES = [
    ("b'abc' == b'abc'", True),
    ("b'abc' == 'abc'", False),
    ("size(b'abc')", 3),
    ("string(b'abc')", "abc"),
    ("bytes('abc') == b'abc'", True),
    ("b'a' < b'b'", True),
    ("b'a' + b'b' == b'ab'", True),
    ("[b'a'] == [b'a']", True),
    ("[1u] == [1]", True),
    ("{'a': b'x'}.a == b'x'", True),
    ("[duration('1s')].map(d, d.getSeconds())", [1]),
    ("string(b'\\xff')", Fault("value out of range")),
]


@pytest.mark.parametrize(("expression", "value"), [*TIMES, *UINTS, *BYTES])
def test_every_engine_gives_the_same(
    outcome: Callable[[str], Any], expression: str, value: Any
) -> None:
    assert repr(outcome(expression)) == repr(value)
