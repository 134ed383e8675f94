"""Values to YAML that every reader reads alike."""

import shutil
import subprocess
from collections.abc import Iterator
from enum import IntEnum, StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from ruamel.yaml import YAML

from krmfn.sdk.dumper import dump, dump_flow, dump_scalar
from krmfn.sdk.edit import same
from krmfn.sdk.loader import load

from .strategies import PHRASES, TEXTS, WORDS, values

SOME = settings(max_examples=200, deadline=None)


class Level(IntEnum):
    HIGH = 3


class Mode(StrEnum):
    YES = "yes"


def strings_of(value: Any) -> Iterator[Any]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from (key, *strings_of(item))
    elif isinstance(value, list):
        for item in value:
            yield from strings_of(item)


@SOME
@given(values())
def test_what_is_written_is_read_back(value: Any) -> None:
    assert same(load(dump(value)), value)
    assert same(load(dump_flow(value)), value)
    assert "\n" not in dump_flow(value)


@SOME
@given(values(6))
@pytest.mark.parametrize("write", [dump, dump_flow])
def test_strings_are_strings_to_yaml_1_1_and_1_2(write: Any, value: Any) -> None:
    text = write(value)
    expected = list(strings_of(value))
    assert list(strings_of(yaml.load(text, yaml.SafeLoader))) == expected
    assert list(strings_of(yaml.load(text, yaml.CSafeLoader))) == expected
    assert list(strings_of(YAML(typ="safe", pure=True).load(text))) == expected


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({}, "{}\n"),
        ([], "[]\n"),
        (None, "null\n"),
        ("", '""\n'),
        (
            {"a": [{"b": 1, "c": [1, [2]]}, [], {}]},
            "a:\n- b: 1\n  c:\n  - 1\n  - - 2\n- []\n- {}\n",
        ),
        ({"a": "x\ny\n", "b": "x\ny"}, "a: |\n  x\n  y\nb: |-\n  x\n  y\n"),
        ({"a": "  x\ny"}, "a: |2-\n    x\n  y\n"),
        (["x\ny"], "- |-\n  x\n  y\n"),
        ("x\ny", "|-\n  x\n  y\n"),
        ({"a": "x \ny", "b": "x\n\n"}, 'a: "x \\ny"\nb: "x\\n\\n"\n'),
        ({"a": "\tx\ny", "b": "x\n\ty"}, 'a: "\\tx\\ny"\nb: |-\n  x\n  \ty\n'),
        ({"a": "yes", "b": "12:30", "c": "0644"}, 'a: "yes"\nb: "12:30"\nc: "0644"\n'),
        ({"a": True, "b": 1.0, "c": 1e16, "d": 1e-7}, "a: true\nb: 1.0\nc: 1.0e+16\nd: 1.0e-07\n"),
        (
            {"a": float("inf"), "b": float("-inf"), "c": float("nan")},
            "a: .inf\nb: -.inf\nc: .nan\n",
        ),
        ({"a": 'say "x"', "b": "c:\\d", "c": "it's"}, 'a: say "x"\nb: c:\\d\nc: it\'s\n'),
        ({"a": '"x"', "b": "'\"", "c": "- a"}, 'a: \'"x"\'\nb: "\'\\""\nc: "- a"\n'),
        (
            {"a": "\U0001f600", "b": "é", "c": "\x7f\u2028"},
            'a: "\U0001f600"\nb: é\nc: "\\x7f\\u2028"\n',
        ),
        ({1: "a", None: "b", False: "c"}, "1: a\nnull: b\nfalse: c\n"),
        ({"k" * 1001: {"a": 1}}, f"? {'k' * 1001}\n:\n  a: 1\n"),
        ((1, MappingProxyType({"a": ()})), "- 1\n- a: []\n"),
        ([Level.HIGH, Mode.YES], '- 3\n- "yes"\n'),
    ],
)
def test_a_value_is_written_as_kyaml_writes_it(value: Any, text: str) -> None:
    assert dump(value) == text


@pytest.mark.parametrize(
    "text", ["0644", "0x1F", "+5", "1.10", "1e3", "1e+16", "yes", "12:30", "1_0"]
)
def test_a_scalar_that_was_read_keeps_its_spelling(text: str) -> None:
    assert dump({"a": load(text), "b": [load(text)]}) == f"a: {text}\nb:\n- {text}\n"
    assert dump_flow([load(text)]) == f"[{text}]"


def test_a_shared_object_is_written_twice() -> None:
    shared = {"a": [1]}
    assert dump({"p": shared, "q": shared}) == "p:\n  a:\n  - 1\nq:\n  a:\n  - 1\n"


def test_a_quoting_style_is_kept_where_it_can_be() -> None:
    assert dump_scalar("it's", style="'") == "'it''s'"
    assert dump_scalar("plain", style='"') == '"plain"'
    assert dump_scalar("a\nb", style="'") == '"a\\nb"'


@pytest.mark.parametrize("value", [b"x", {1, 2}, object(), {"a": [b"x"]}, {("a",): 1}])
def test_what_yaml_has_no_words_for_is_an_error(value: Any) -> None:
    with pytest.raises(TypeError, match="cannot be written as YAML"):
        dump(value)


@pytest.mark.kpt
@pytest.mark.skipif(not shutil.which("kpt"), reason="kpt is not installed")
def test_real_kpt_leaves_nasty_strings_as_they_are(tmp_path: Path) -> None:
    nasty = [text for text in [*WORDS, *PHRASES, *TEXTS] if "\0" not in text]
    data = {f"k{number}": text for number, text in enumerate(nasty)}
    config_map = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}, "data": data}
    (tmp_path / "x.yaml").write_text(dump(config_map))
    source = subprocess.run(["kpt", "fn", "source", tmp_path], check=True, capture_output=True)
    assert load(source.stdout.decode())["items"][0]["data"] == data
    run = ["kpt", "fn", "eval", tmp_path, "--exec", "cat"]
    subprocess.run(run, check=True, capture_output=True)
    assert load((tmp_path / "x.yaml").read_text())["data"] == data
