"""What plain scalars mean, and which strings no dialect of YAML takes for something else."""

import copy
import math
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml.resolver import implicit_resolvers

from krmfn.sdk.scalars import PlainStr, SpelledFloat, SpelledInt, is_ambiguous, read_plain

NUMBER_LIKE = st.text("0179_.-+:eExXoObBTZnyf~<=", min_size=1, max_size=8)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None),
        ("~", None),
        ("null", None),
        ("NULL", None),
        ("true", True),
        ("FALSE", False),
        ("0", 0),
        ("-12", -12),
        ("+12", 12),
        ("0644", 420),
        ("-0644", -420),
        ("0o17", 15),
        ("0x1F", 31),
        ("1.5", 1.5),
        ("1.10", 1.1),
        (".5", 0.5),
        ("1.", 1.0),
        ("1e3", 1000.0),
        ("089", 89.0),
        (".inf", math.inf),
        ("-.INF", -math.inf),
        ("nULL", "nULL"),
        ("0x", PlainStr("0x")),
        ("yes", PlainStr("yes")),
        ("N", PlainStr("N")),
        ("off", PlainStr("off")),
        ("=", PlainStr("=")),
        ("12:30", PlainStr("12:30")),
        ("190:20:30.15", PlainStr("190:20:30.15")),
        ("1_000", PlainStr("1_000")),
        ("0b11", PlainStr("0b11")),
        ("0X1F", PlainStr("0X1F")),
        ("2001-01-01", PlainStr("2001-01-01")),
        ("2001-01-01 00:00:00 +1", PlainStr("2001-01-01 00:00:00 +1")),
        ("2001-01-01, noon", "2001-01-01, noon"),
        ("<<", "<<"),
        ("100m", "100m"),
        ("1.2.3", "1.2.3"),
        ("10.0.0.0/8", "10.0.0.0/8"),
        ("_1", "_1"),
        (".", "."),
        ("e3", "e3"),
        ("١٢", "١٢"),
    ],
)
def test_a_plain_scalar_means_what_kubernetes_tools_read(text: str, value: Any) -> None:
    found = read_plain(text)
    assert found == value
    assert isinstance(found, type(value))
    assert isinstance(found, PlainStr) is isinstance(value, PlainStr)


def test_not_a_number_is_read() -> None:
    assert math.isnan(read_plain(".nan"))


@pytest.mark.parametrize("text", ["0644", "0x1F", "0o17", "+5", "-0", "007"])
def test_an_integer_remembers_an_unusual_spelling(text: str) -> None:
    found = read_plain(text)
    assert isinstance(found, SpelledInt)
    assert found.text == copy.deepcopy(found).text == text


@pytest.mark.parametrize("text", ["1.10", "1e3", ".5", "1.", "1E+2", "089", "9" * 5000])
def test_a_float_remembers_an_unusual_spelling(text: str) -> None:
    found = read_plain(text)
    assert isinstance(found, SpelledFloat)
    assert found.text == copy.deepcopy(found).text == text


@pytest.mark.parametrize("text", ["1", "-7", "0", "1.5", "-0.25", "9" * 100])
def test_a_number_of_usual_spelling_is_a_plain_one(text: str) -> None:
    assert type(read_plain(text)) in (int, float)


@settings(max_examples=500, deadline=None)
@given(NUMBER_LIKE)
def test_what_no_dialect_reads_otherwise_is_a_string(text: str) -> None:
    """Whatever is not ambiguous is a string in YAML 1.1 (PyYAML) and in 1.1 and 1.2 (ruamel)."""
    if is_ambiguous(text):
        return
    assert type(read_plain(text)) is str
    tag = yaml.SafeLoader("").resolve(yaml.ScalarNode, text, (True, False))
    assert tag == "tag:yaml.org,2002:str"
    for _, tag, pattern, first in implicit_resolvers:
        assert text[0] not in (first or text) or not pattern.match(text), tag


@pytest.mark.parametrize(
    "text",
    ["+_1", "0_x1F", "0o-1", "1e_-1", "0x_", "._1", "-_", "0B1", "1__0", "2001-1-1", "12e", "+1_"],
)
def test_what_only_one_dialect_reads_as_a_number_is_ambiguous(text: str) -> None:
    assert is_ambiguous(text)
