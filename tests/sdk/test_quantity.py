"""Kubernetes quantities are read exactly and written in their canonical form."""

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from krmfn.sdk import quantity
from krmfn.sdk.loader import load

NANO = Fraction(1, 10**9)
EXACT = st.integers(-(10**30), 10**30) | st.integers(-(10**24), 10**24).map(lambda n: n * NANO)
SUFFIXES = ["n", "u", "m", "", "k", "M", "G", "T", "P", "E", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"]
FAMILIES = st.sampled_from(["", "Mi", "e3"])


@pytest.mark.parametrize(
    ("given_value", "exact"),
    [
        ("2", 2),
        ("0", 0),
        ("-0", 0),
        ("+3", 3),
        ("-3", -3),
        ("5.", 5),
        (".5", Fraction(1, 2)),
        ("1.5", Fraction(3, 2)),
        ("100m", Fraction(1, 10)),
        ("-1500m", Fraction(-3, 2)),
        ("7u", 7 * Fraction(1, 10**6)),
        ("7n", 7 * NANO),
        ("3k", 3_000),
        ("3M", 3 * 10**6),
        ("3G", 3 * 10**9),
        ("3T", 3 * 10**12),
        ("3P", 3 * 10**15),
        ("3E", 3 * 10**18),
        ("1Ki", 2**10),
        ("0.5Mi", 2**19),
        ("4Gi", 2**32),
        ("4Ti", 2**42),
        ("4Pi", 2**52),
        ("4Ei", 2**62),
        ("3000Ei", 3000 * 2**60),
        ("1e3", 1_000),
        ("12E2", 1_200),
        ("5e-1", Fraction(1, 2)),
        ("1e+003", 1_000),
        ("0.1n", NANO),
        ("-0.1n", -NANO),
        ("1.0000000001", 1 + NANO),
        (4, 4),
        (1.5, Fraction(3, 2)),
        (0.1, Fraction(1, 10)),
        (1e22, 10**22),
        (10**40, 10**40),
    ],
)
def test_a_quantity_is_an_exact_number(given_value: Any, exact: Any) -> None:
    assert quantity.parse(given_value) == exact


@pytest.mark.parametrize(
    ("yaml", "exact"), [("0644", 420), ("1.10", Fraction(11, 10)), ("2e3", 2000), ("+5", 5)]
)
def test_a_yaml_number_counts_by_its_value(yaml: str, exact: Any) -> None:
    assert quantity.parse(load(yaml)) == exact


def test_a_whole_quantity_is_an_int() -> None:
    assert [type(quantity.parse(text)) for text in ("1000m", "2", "1.5Ki", "1e9")] == [int] * 4


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("", '""'),
        ("NaN", '"NaN"'),
        ("inf", '"inf"'),
        ("four", '"four"'),
        ("4 Gi", '"4 Gi"'),
        ("4GiB", '"4GiB"'),
        ("4K", '"4K"'),
        ("4ki", '"4ki"'),
        ("m", '"m"'),
        (".", '"."'),
        ("--4", '"--4"'),
        ("1e", '"1e"'),
        ("1e100", '"1e100"'),
        ("1e-100", '"1e-100"'),
        ("1e1.5", '"1e1.5"'),
        ("1_000", '"1_000"'),
        ("0x10", '"0x10"'),
        ("٣", '"٣"'),
        ("4\n", '"4\n"'),
        ("9" * 65, f'"{"9" * 64}"'),
        (float("nan"), '"nan"'),
        (float("inf"), '"inf"'),
        (True, "True"),
        (None, "None"),
        (["4"], "['4']"),
    ],
)
def test_what_is_no_quantity_is_refused(value: Any, shown: str) -> None:
    with pytest.raises(ValueError) as caught:
        quantity.parse(value)
    assert str(caught.value) == (f'must be a quantity such as "500m", "2" or "4Gi", but is {shown}')
    assert not quantity.is_quantity(value)


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("43.281", "43281m"),
        ("3225600Ki", "3150Mi"),
        ("0.5Gi", "512Mi"),
        ("48Gi", "48Gi"),
        ("1000Ki", "1000Ki"),
        ("1023Ki", "1023Ki"),
        ("0.75Ki", "768"),
        ("0.0001Ki", "102400u"),
        ("1.0001Ki", "1024102400u"),
        ("1025", "1025"),
        ("100000", "100k"),
        ("2.0", "2"),
        ("0Gi", "0"),
        ("1000E", "1000E"),
        ("12e6", "12e6"),
        ("5e5", "500e3"),
        ("1e-4", "100e-6"),
        ("1000000e0", "1e6"),
        ("1.5e0", "1500e-3"),
        ("-1024Mi", "-1Gi"),
    ],
)
def test_the_canonical_form_keeps_the_family_of_the_suffix(text: str, canonical: str) -> None:
    assert quantity.to_text(quantity.parse(text), like=text) == canonical


@pytest.mark.parametrize(
    ("like", "text"), [("", "2147483648"), ("m", "2147483648"), ("Mi", "2Gi"), ("1Ki", "2Gi")]
)
def test_a_suffix_alone_names_its_family(like: str, text: str) -> None:
    assert quantity.to_text(2**31, like=like) == text


@given(EXACT, FAMILIES)
def test_what_is_written_is_read_as_the_same_number(value: Any, like: str) -> None:
    text = quantity.to_text(value, like)
    assert quantity.parse(text) == value


@given(EXACT, FAMILIES)
def test_equal_numbers_have_one_text(value: Any, like: str) -> None:
    text = quantity.to_text(value, like)
    assert quantity.to_text(quantity.parse(text), like) == text
    assert quantity.to_text(Fraction(value), like) == text


@given(st.integers(-(10**12), 10**12), st.integers(0, 9), st.sampled_from(SUFFIXES))
def test_a_suffix_multiplies(digits: int, decimals: int, suffix: str) -> None:
    number = Fraction(digits, 10**decimals)
    whole, part = divmod(abs(digits), 10**decimals)
    text = f"{'-' if digits < 0 else ''}{whole}.{part:0{decimals}}{suffix}"
    exact = number * quantity.parse(f"1{suffix}")
    assert 0 <= abs(quantity.parse(text)) - abs(exact) < NANO


@given(EXACT)
def test_a_float_is_the_nearest_one(value: Any) -> None:
    text = quantity.to_text(value)
    assert quantity.as_float(text) == float(Fraction(value))


@given(st.text(max_size=80))
def test_any_text_is_a_quantity_or_a_value_error(text: str) -> None:
    if quantity.is_quantity(text):
        assert quantity.parse(text) == quantity.parse(quantity.to_text(quantity.parse(text), text))
