from collections.abc import Callable, Mapping

import pytest

from krmfn.helm_expand.archive import ChartArchive
from krmfn.helm_expand.edge import NativeEngine, RenderRequest
from krmfn.helm_expand.semver import is_range, matches, parse_version

INSIDE = [
    ("1.2.3", "1.2.3"),
    ("v1.2.3", "=1.2.3"),
    ("1.2.3+build", "1.2.3"),
    ("1.2.9", "1.2"),
    ("1.9.0", "1"),
    ("1.9.0", "1.x"),
    ("1.2.9", "1.2.*"),
    ("7.0.0", "*"),
    ("7.0.0", ""),
    ("1.2.9", "~1.2.3"),
    ("1.2.0", "~1.2"),
    ("1.9.0", "~1"),
    ("1.2.9", "~>1.2.3"),
    ("1.9.9", "^1.2.3"),
    ("0.2.9", "^0.2.3"),
    ("0.0.3", "^0.0.3"),
    ("0.0.9", "^0.0"),
    ("0.9.0", "^0"),
    ("1.2.4", ">1.2.3"),
    ("2.0.0", ">1"),
    ("1.3.0", ">1.2"),
    ("1.2.3", ">=1.2.3"),
    ("1.2.3", "=>1.2.3"),
    ("1.2.2", "<1.2.3"),
    ("1.2.9", "<=1.2"),
    ("1.9.9", "=<1"),
    ("1.2.4", "!=1.2.3"),
    ("2.0.0", "!=1.x"),
    ("1.5.0", ">=1.2, <2"),
    ("1.5.0", ">=1.2 <2"),
    ("1.5.0", "1.2 - 2"),
    ("2.9.0", "1.2 - 2"),
    ("4.0.0", ">=1.2, <2 || 4.*"),
    ("1.33.4", ">= 1.20.0-0"),
    ("1.33.4-gke.1", ">= 1.20.0-0"),
    ("1.2.3-beta.2", ">=1.2.3-beta.1"),
    ("1.2.3-beta.11", ">1.2.3-beta.2"),
    ("1.2.3-rc", ">1.2.3-beta"),
    ("1.2.3", ">1.2.3-rc"),
    ("1.2.3-alpha", "1.2.3-alpha"),
]
OUTSIDE = [
    ("1.2.4", "1.2.3"),
    ("1.3.0", "1.2"),
    ("2.0.0", "1.x"),
    ("1.3.0", "~1.2.3"),
    ("1.2.2", "~1.2.3"),
    ("2.0.0", "^1.2.3"),
    ("0.3.0", "^0.2.3"),
    ("0.0.4", "^0.0.3"),
    ("0.1.0", "^0.0"),
    ("1.9.0", ">1"),
    ("1.2.9", ">1.2"),
    ("1.3.0", "<=1.2"),
    ("1.2.3", "!=1.2.3"),
    ("1.9.0", "!=1.x"),
    ("2.0.0", ">=1.2, <2"),
    ("3.0.0", "1.2 - 2"),
    ("3.0.0", ">=1.2, <2 || 4.*"),
    ("1.33.4-gke.1", ">= 1.20.0"),
    ("1.3.0-beta", "^1.2"),
    ("1.2.3-beta.1", ">1.2.3-beta.1"),
    ("1.2.3-beta", "1.2.3"),
    ("2.0.0-alpha", "<2.0.0 || 3"),
]


@pytest.mark.parametrize(("version", "wanted"), INSIDE)
def test_a_version_lies_in_the_range(version: str, wanted: str) -> None:
    assert matches(version, wanted)


@pytest.mark.parametrize(("version", "wanted"), OUTSIDE)
def test_a_version_lies_outside_the_range(version: str, wanted: str) -> None:
    assert not matches(version, wanted)


def test_helm_itself_says_the_same(
    native: NativeEngine, make_chart: Callable[[Mapping[str, str]], ChartArchive]
) -> None:
    table = [*INSIDE, *OUTSIDE]
    lines = [
        f'- {{{{ semverCompare "{wanted or "*"}" "{version}" }}}}' for version, wanted in table
    ]
    chart = make_chart({"templates/list.yaml": "\n".join(lines)})
    rendered = native.render(RenderRequest(chart)).templates["demo/templates/list.yaml"]
    said = [line == "- true" for line in rendered.splitlines()]
    assert dict(zip(table, said, strict=True)) == {case: case in INSIDE for case in table}


@pytest.mark.parametrize(
    "text", ["latest", "1.2.3.4", ">>1", "1 ||| 2", "~", "1.2,,3", "1." + "9" * 600]
)
def test_what_is_no_range_holds_nothing(text: str) -> None:
    assert not is_range(text)
    assert not matches("1.2.3", text)


@pytest.mark.parametrize("text", ["", "latest", "1.2.x", "01.2.3", "1.2.3-", "-1"])
def test_what_is_no_version_lies_nowhere(text: str) -> None:
    assert parse_version(text) is None
    assert not matches(text, "*")
