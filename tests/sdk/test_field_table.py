"""The table of a kind's fields says all that the kind says, in words."""

from typing import Annotated, Any, ClassVar, Literal

import pytest
from pydantic import Field

from krmfn.sdk.model import CelRule, Kind, Model, Pattern
from krmfn.sdk.schema import field_rows, field_table, markdown_table, undescribed

Letter = Annotated[str, Pattern("^[a-z]$", "one letter")]


class Port(Model):
    name: str = Field(description="Name.")
    number: int = Field(80, ge=1, le=65535, description="Number.")


class Pair(Model):
    first: str | None = Field(None, description="First.")
    second: str | None = Field(None, description="Second.")

    cel_rules: ClassVar = [
        CelRule("has(self.first)", "`first` must be set", lambda pair: pair.first is not None),
        CelRule("!has(self.second)", "must not be set", lambda pair: not pair.second, "second"),
    ]


class SampleSpec(Model):
    text: str = Field(description="Text | with a bar\nand a line.")
    count: int = Field(3, ge=0, lt=9, description="Count.")
    mode: Literal["Keep", "Drop"] = Field("Keep", description="Mode.")
    short: str = Field("abc", min_length=1, max_length=3, description="Short.")
    code: str = Field("", pattern="^(a|b)$", description="Code.")
    names: tuple[Letter, ...] = Field((), max_length=2, description="Names.")
    by_name: dict[str, list[Port]] = Field({}, description="Ports by name.")
    values: dict[str, Any] = Field({}, description="Values.")
    anything: Any = Field(None, description="Anything.")
    port: int | str = Field(80, description="Port.")
    pair: Pair = Field(Pair(first="a"), description="Pair.")


class Sample(Kind, api_version="test.krmfn.dev/v1alpha1"):
    """A sample."""

    spec: SampleSpec = Field(description="The fields.")


def test_each_field_is_followed_by_the_fields_inside_it() -> None:
    assert [row.path for row in field_rows(Sample)] == [
        "spec",
        "spec.text",
        "spec.count",
        "spec.mode",
        "spec.short",
        "spec.code",
        "spec.names",
        "spec.byName",
        "spec.byName.*[].name",
        "spec.byName.*[].number",
        "spec.values",
        "spec.anything",
        "spec.port",
        "spec.pair",
        "spec.pair.first",
        "spec.pair.second",
    ]


@pytest.mark.parametrize(
    "line",
    [
        "| Field | Type | Default | Constraint | Description |",
        "| `spec` | object |   | required | The fields. |",
        r"| `spec.text` | string |   | required | Text \| with a bar and a line. |",
        "| `spec.count` | integer | `3` | 0 or more; less than 9 | Count. |",
        "| `spec.mode` | string | `Keep` | one of `Keep`, `Drop` | Mode. |",
        "| `spec.short` | string | `abc` | not empty; 3 characters or fewer | Short. |",
        r"| `spec.code` | string |   | matches `^(a\|b)$` | Code. |",
        "| `spec.names` | []string |   | 2 items or fewer; each one letter | Names. |",
        "| `spec.byName` | map[string][]object |   |   | Ports by name. |",
        "| `spec.byName.*[].name` | string |   | required | Name. |",
        "| `spec.values` | map[string]any |   |   | Values. |",
        "| `spec.anything` | any |   |   | Anything. |",
        "| `spec.port` | integer or string | `80` |   | Port. |",
        "| `spec.pair` | object |   | `first` must be set; `second`: must not be set | Pair. |",
    ],
)
def test_a_field_is_a_line_of_the_table(line: str) -> None:
    assert line in field_table(Sample).splitlines()


def test_a_cell_of_a_table_is_one_line() -> None:
    assert markdown_table(["A", "B"], [["x\ny", "p|q"]]) == (
        "| A | B |\n| --- | --- |\n| x y | p\\|q |\n"
    )


def test_a_field_without_a_description_is_found_wherever_it_is() -> None:
    class Part(Model):
        described: str = Field("", description="Described.")
        bare: str = ""

    class Whole(Kind, api_version="test.krmfn.dev/v1"):
        """A kind."""

        parts: list[Part] = Field([], description="Parts.")
        by_name: dict[str, Part | None] = Field({}, description="Parts by name.")
        loose: int = 0

    assert undescribed(Whole) == ["parts.bare", "byName.bare", "loose"]
    assert undescribed(Sample) == []
