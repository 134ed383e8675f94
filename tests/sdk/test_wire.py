"""ResourceLists: what nobody reads passes byte for byte, and no text can hide an item."""

import shutil
import subprocess
import time
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from krmfn.sdk.dumper import dump_flow
from krmfn.sdk.edit import same
from krmfn.sdk.head import is_clean
from krmfn.sdk.loader import YamlError, load
from krmfn.sdk.resource import Place, Resource
from krmfn.sdk.wire import ResourceList, WireError, read, read_fully, write

from .strategies import Writer, mappings

SOME = settings(max_examples=80, deadline=None)
WRITTEN_BY_KPT = sorted(Path(__file__).parent.glob("resource_lists/*.yaml"))
HEAD = "apiVersion: config.kubernetes.io/v1\nkind: ResourceList\n"
ONE = "- apiVersion: v1\n  kind: A\n  metadata:\n    name: a\n"
TWO = "- apiVersion: v1\n  kind: B\n  metadata:\n    name: b\n    namespace: n\n"


def listed(items: str, rest: str = "") -> str:
    return f"{HEAD}items:\n{items}{rest}"


def identity(item: Resource) -> tuple[Any, ...]:
    place = (item.path, item.index, item.package_path)
    return (item.api_version, item.kind, item.name, item.namespace, *place)


def assert_same_lists(text: str) -> ResourceList:
    """Read a text both ways, which must not differ; give what the quick way found."""
    quick, full = read(text), read_fully(text)
    assert [identity(item) for item in quick.items] == [identity(item) for item in full.items]
    for left, right in zip(quick.items, full.items, strict=True):
        assert same(load(left.text), right.body)
        assert same(load(right.text), right.body)
        assert left.slot == right.slot
    configs = [each.function_config and each.function_config.body for each in (quick, full)]
    assert same(*configs)
    assert (quick.results, quick.api_version) == (full.results, full.api_version)
    metadata = [(load(each.metadata) or {}).get("metadata") for each in (quick, full)]
    assert same(*metadata)
    for each in (quick, full):
        assert same(load(write(each))["items"], [item.body for item in full.items])
    return quick


@pytest.mark.parametrize("file", WRITTEN_BY_KPT, ids=[file.stem for file in WRITTEN_BY_KPT])
def test_what_kpt_writes_passes_byte_for_byte(file: Path) -> None:
    text = file.read_text()
    assert_same_lists(text)
    assert write(read(text)) == text
    assert write(read_fully(text)) == text


@pytest.mark.kpt
@pytest.mark.skipif(not shutil.which("kpt"), reason="kpt is not installed")
def test_what_the_real_kpt_writes_passes_byte_for_byte(tmp_path: Path) -> None:
    package, seen = tmp_path / "package", tmp_path / "seen.yaml"
    package.mkdir()
    for number, resource in enumerate(read(WRITTEN_BY_KPT[0].read_text()).items):
        (package / f"{number}.yaml").write_text(resource.clone().text)
    tee = tmp_path / "tee.sh"
    tee.write_text(f"#!/bin/sh\nexec tee {seen}\n")
    tee.chmod(0o755)
    command = ["kpt", "fn", "eval", package, "--exec", tee, "--", "a=b", "time=12:30"]
    subprocess.run(command, check=True, capture_output=True)
    assert write(assert_same_lists(seen.read_text())) == seen.read_text()


@pytest.mark.parametrize(
    "text",
    [
        listed(ONE + TWO),
        listed("- # head\n  # of a\n  apiVersion: v1\n  kind: A # kind\n  # foot of a\n" + TWO),
        listed("# first\n" + ONE),
        listed(ONE + "# between, at the left\n" + TWO + "  # foot\n# last\n"),
        listed(ONE + "  data: 'two\n\n    lines'\n" + TWO),
        listed(ONE + '  data: "two\n- lines"\n' + TWO),
        listed(ONE + '  data: "\n# no comment\nkind: X\n"\n' + TWO),
        listed(ONE + "  data: |\n    - apiVersion: v1\n      kind: X\n" + TWO),
        listed(ONE + "  data: [\na, 'b'\n]\n" + TWO),
        listed(ONE + "  data: &x {a: 1}\n  again: *x\n" + TWO),
        listed(ONE + "  data: &x {a: 1}\n" + TWO + "  data: *x\n"),
        listed(ONE + "  ? data\n  : value\n" + TWO),
        listed('- {"kind": "A", "metadata": {"name": "a"}}\n' + TWO),
        listed("- {kind: A,\n  metadata: {name: a}}\n- {}\n" + TWO),
        listed("  - kind: A\n    data: x # c\n  # between\n  - kind: B\n"),
        listed("-   kind: A\n    metadata:\n      name: a\n" + TWO),
        listed("-\n  kind: A\n  metadata:\n    name: a\n" + TWO),
        listed("- !!map\n  kind: A\n" + TWO),
        listed(ONE, "functionConfig:\n  kind: X\n  data: |\n    items:\n    - kind: B\n"),
        listed(ONE, "functionConfig:\n  kind: X # x\n  # foot\n"),
        listed(ONE, "functionConfig:\n    kind: X\n"),
        listed(ONE, "functionConfig: {kind: X}\n"),
        listed(ONE, "functionConfig: null\nresults: null\nmetadata: null\n"),
        listed(ONE, "functionConfig:\nresults:\nmetadata:\n"),
        listed(ONE, "results: []\n"),
        listed(ONE, "results:\n- message: x\n  severity: info\n"),
        listed(ONE, "results: {items: [{message: x}]}\n"),
        listed(ONE, "results:\n  items: null\n"),
        listed(ONE, "metadata: # m\n  name: list\n"),
        f"{HEAD}items: []\n",
        f"{HEAD}items: [] # none\n",
        f"{HEAD}items:\n  []\n",
        f"items:\n{ONE}{HEAD}",
        f"functionConfig:\n  kind: X\nitems:\n{ONE}{HEAD}",
        f"# comment\n{listed(ONE)}",
        f"---\n{listed(ONE)}",
        f"{listed(ONE)}...\n",
        listed(ONE).removesuffix("\n"),
        listed(ONE + TWO).replace("\n", "\r\n"),
        "\ufeff" + listed(ONE + TWO),
        listed(ONE + "  data: a\u2028    b\n" + TWO),
        listed(ONE + "  data: 'a\x85\n    b'\n" + TWO),
        listed(ONE + "  data: a # c\r  more: b\n" + TWO),
        listed(ONE + TWO).replace("config.kubernetes.io/v1", '"config.kubernetes.io/v1"'),
        dump_flow(load(listed(ONE + TWO))),
        listed("- metadata:\n   labels:\n    name: evil\n   name: real\n  kind: A\n"),
        listed("- kind: A\n  metadata:\n    name: a\n  # a comment between\n    namespace: late\n"),
        listed("- kind: A\n    of many\n    lines\n  metadata:\n    name: a\n\n      b\n"),
        listed("- kind: A#b # c\n  metadata:\n    name: 0123\n    namespace: yes\n"),
        listed("- kind: True\n  apiVersion: null\n  metadata:\n    name: 1.10\n"),
        listed("- spec:\n    kind: X\n  'kind': A\n  metadata: {name: a}\n"),
        listed("- kind: A\n  metadata:\n    annotations:\n"
               "      internal.config.kubernetes.io/path: 'a.yaml'\n"
               '      internal.config.kubernetes.io/index: "1"\n'
               "      internal.config.kubernetes.io/package-path: /p\n"),
        listed("- kind: A\n  metadata:\n    annotations:\n"
               "      config.kubernetes.io/path: it's.yaml\n      config.kubernetes.io/index: 1\n"),
        listed("- kind: A\n  metadata:\n    labels:\n"
               "      internal.config.kubernetes.io/path: 'a.yaml'\n"),
        listed("- kind: A\n  metadata:\n    annotations:\n     a:\n"
               "      internal.config.kubernetes.io/path: 'evil'\n"
               "     internal.config.kubernetes.io/path: 'real'\n"),
    ],
)  # fmt: skip
def test_both_ways_of_reading_find_the_same(text: str) -> None:
    assert_same_lists(text)


@pytest.mark.parametrize(
    "opening",
    [
        '  data: "',
        "  data: '",
        '  data: ["',
        "  data: [",
        "  data: {",
        '  data: {a: "',
        '  - "',
        "  a - 'b: \"c'",
        "  a - \"b: 'c\"",
        "  a - 'b: 'c",
        '  a - "b: [c"',
        '  a - "b: {c"',
        "  a: [b', \"c']",
        "  a: ['b', \"c]",
        '  a: "b\\"',
        '  a: "b\\\\\\"',
        "  a: 'b''",
        '  ? "',
        '  !!str "',
        "  a: !!str '",
        '  a: &x "',
        "  'a b': \"",
        "  a b: '",
        '  é: "',
        '  a:  "',
        '  a:\t"',
        "  - - - '",
        '  - a: "',
        "  - ? '",
    ],
)  # fmt: skip
@pytest.mark.parametrize("closing", ['"', "'", "]", "}", '"]', '"}', "']", "x: '\"", "x: \"'"])
def test_an_open_line_cannot_swallow_an_item_unseen(opening: str, closing: str) -> None:
    """What a line opens and a later item closes is one item to YAML, and must be to us."""
    text = listed(f"- kind: A\n{opening}\n- kind: B\n  {closing}\n")
    try:
        full = read_fully(text)
    except ValueError:
        with pytest.raises(ValueError):
            _ = [item.body for item in read(text).items]
        return
    assert_same_lists(text)
    assert len(full.items) == len(read(text).items)


LINES = r"""
a: b
a: "b"
a: 'b'
a: "
a: '
"
'
b"
b'
a: [
[b
]
a: [b, "c"]
a: {}
{
}
a: {b: c}
# '
b # "
c#"
it's
x: say "x"
? a
: b
a: &x b
a: *x
<<: *x
---
...
- b
-
- - "c"
a: >-
kind: X
kind: X # y
kind: X#y
kind: True
kind: >
metadata:
metadata: # c
name: x
name: 0123
namespace: y
labels:
annotations:
internal.config.kubernetes.io/path: 'p'
config.kubernetes.io/path: q
internal.config.kubernetes.io/index: '2'
items:
functionConfig:
results: []
foo: bar
!!str a
# c
a: |
- |
- >

	a: b
""".split("\n")


@settings(max_examples=1500, deadline=None)
@given(st.integers(0, 2**32))
def test_soups_of_hostile_lines_are_read_alike(seed: int) -> None:
    random = Random(seed)
    soup = "".join(
        f"{' ' * random.choice([0, 1, 2, 2, 2, 3, 4, 4, 6])}{random.choice(LINES)}\n"
        if random.random() < 0.5
        else random.choice([ONE, TWO])
        for _ in range(random.randint(1, 6))
    )
    text = listed(random.choice([ONE, TWO]) + soup)
    try:
        read_fully(text)
    except ValueError:
        return
    assert_same_lists(text)


@st.composite
def lists(draw: st.DrawFn) -> str:
    """ResourceLists with items in all styles."""
    parts = []
    for body in draw(st.lists(mappings(5), max_size=4)):
        random = Random(draw(st.integers(0, 2**32)))
        annotations = {
            "internal.config.kubernetes.io/path": random.choice(["a.yaml", "ä/'b'.yaml"])
        }
        metadata = {"name": random.choice(["a", "a.b", "0123", "yes"]), "annotations": annotations}
        head = {"apiVersion": "apps/v1", "kind": random.choice(["A", "Y", "x y"])}
        namespace = {"namespace": "n"} if random.random() < 0.5 else {}
        item = {**head, **body, "metadata": metadata | namespace}
        writer = Writer(random)
        first, *rest = writer.collection(item, 2, ())
        lines = [f"- {first.text.removeprefix('  ')}", *(line.text for line in rest)]
        parts += [f"{line}\n" for line in lines]
    return listed("".join(parts)) if parts else f"{HEAD}items: []\n"


@SOME
@given(lists())
def test_items_in_any_style_pass_byte_for_byte(text: str) -> None:
    assert write(assert_same_lists(text)) == text
    assert write(read_fully(text)) == text


@SOME
@given(lists(), st.data())
def test_a_changed_item_leaves_the_others_byte_for_byte(text: str, data: Any) -> None:
    given_list = read(text)
    if not given_list.items:
        return
    number = data.draw(st.integers(0, len(given_list.items) - 1))
    items = list(given_list.items)
    items[number] = items[number].merged({"metadata": {"labels": {"new": "label"}}})
    again = read(write(replace(given_list, items=tuple(items))))
    for left, right in zip(again.items, items, strict=True):
        assert same(left.body, right.body)
        assert left.text == right.text or left.slot == number


def test_an_item_that_came_in_a_wide_list_stays_as_it_came_beside_new_ones() -> None:
    wide = "  - kind: A # c\n    data: |\n      x\n"
    given_list = read(listed(wide))
    assert write(given_list) == listed(wide)
    more = replace(given_list, items=(*given_list.items, Resource.parse("kind: B\ndata: |\n  x\n")))
    assert write(more) == listed(f"{wide}  - kind: B\n    data: |\n      x\n")
    changed = (given_list.items[0].merged({"a": 1}),)
    assert write(replace(given_list, items=changed)) == listed(
        "- kind: A # c\n  data: |\n    x\n  a: 1\n"
    )


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("kind: A # c\ndata: 1", "- kind: A # c\n  data: 1\n"),
        ("# head\n\nkind: A\n", "- # head\n\n  kind: A\n"),
        ("\n\nkind: A\n", "- kind: A\n"),
        ("---\n# head\nkind: A\n", "- # head\n  kind: A\n"),
        ("kind: A\ndata: |\n  x", "- kind: A\n  data: x\n"),
        ("kind: A\r\ndata: 1 # c\r\n", "- kind: A\r\n  data: 1 # c\r\n"),
        ("kind: A\rdata: 1\n", "- kind: A\n  data: 1\n"),
        ("kind: A\ndata: 'x\u2028y'\n", '- kind: A\n  data: "x\\u2028y"\n'),
        ("%YAML 1.1\n---\nkind: A\n", "- kind: A\n"),
        ("kind: A\n...\n", "- kind: A\n"),
        ("# c\n---\nkind: A\n", "- kind: A\n"),
        ('{"kind": "A",\n "data": 1}\n', '- {"kind": "A",\n   "data": 1}\n'),
    ],
)
def test_any_text_of_a_resource_can_be_an_item(text: str, written: str) -> None:
    resource = Resource.parse(text)
    found = write(ResourceList((resource, resource)))
    assert found == listed(written * 2)
    assert same(load(found)["items"][1], resource.body)


def test_the_place_of_a_resource_is_written_to_its_annotations() -> None:
    place = Place("a/b.yaml", 0, "/p")
    moved = read(listed(ONE)).items[0].at(place)
    again = read(write(ResourceList((moved,)))).items[0]
    assert (again.path, again.index, again.package_path) == ("a/b.yaml", 0, "/p")
    assert again.body["metadata"]["annotations"] == {
        "internal.config.kubernetes.io/path": "a/b.yaml",
        "internal.config.kubernetes.io/index": "0",
        "internal.config.kubernetes.io/package-path": "/p",
    }


def test_a_list_is_written_in_the_order_of_the_specification() -> None:
    metadata, items = "metadata:\n  a: b\n", f"items:\n{ONE}"
    config, results = "functionConfig:\n  kind: X # x\n", "results:\n- message: x\n"
    ordered = HEAD + metadata + items + config + results
    assert write(read(results + config + items + metadata + HEAD)) == ordered


def test_an_item_as_function_config_keeps_its_comments() -> None:
    item = read(listed("- kind: A # c\n  data: 1\n")).items[0]
    assert write(ResourceList((), item)) == (
        f"{HEAD}items: []\nfunctionConfig:\n  kind: A # c\n  data: 1\n"
    )


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "must be a ResourceList, but is missing or null"),
        ("garbage", "must be a ResourceList, but is a string"),
        ("- a\n", "must be a ResourceList, but is a list"),
        ("5", "must be a ResourceList, but is a int"),
        ("kind: Foo\n", "`kind` must be 'ResourceList', but is 'Foo'"),
        ("kind: ResourceList\nitems: []\n", "`apiVersion` must be 'config.kubernetes.io/v1'"),
        ("apiVersion: v1\nkind: ResourceList\nitems: []\n", "`apiVersion` must be"),
        (HEAD, "`items` must be a list, but is missing or null"),
        (f"{HEAD}items: null\n", "`items` must be a list, but is missing or null"),
        (f"{HEAD}items:\n", "`items` must be a list, but is missing or null"),
        (f"{HEAD}items: {{}}\n", "`items` must be a list, but is a mapping"),
        (listed("- a\n"), r"`items\[0\]` must be a mapping, but is a string"),
        (listed(f"{ONE}- \n{TWO}"), r"`items\[1\]` must be a mapping, but is missing or null"),
        (listed(f"{ONE}- - a\n"), r"`items\[1\]` must be a mapping, but is a list"),
        (listed(f"{ONE}- |\n  kind: A\n"), r"`items\[1\]` must be a mapping, but is a string"),
        (listed(f"{ONE}- >-\n  kind: A\n"), r"`items\[1\]` must be a mapping, but is a string"),
        (listed(ONE, "foo: 1\n"), "'foo' is not a field"),
        (listed(ONE, "foo-bar: 1\n"), "'foo-bar' is not a field"),
        (listed(ONE, f"items:\n{TWO}"), "duplicate key 'items'"),
        (listed(ONE, '"items": []\n'), "duplicate key 'items'"),
        (listed(ONE, f"results: []\n'items':\n{TWO}"), "duplicate key 'items'"),
        (listed(ONE, "functionConfig: x\n"), "`functionConfig` must be a mapping"),
        (listed(ONE, "results: x\n"), "`results` must be a list of mappings"),
        (listed(ONE, "results: [x]\n"), "`results` must be a list of mappings"),
        (listed(ONE, f"---\n{HEAD}items: []\n"), "another one begins here"),
        (listed(ONE, "...\n- kind: B\n"), "document start"),
        (listed(ONE, "  data: *x\n"), "undefined alias"),
        (listed(ONE, "  data: [\n"), "flow node"),
        (listed(ONE, "kind:foo\n"), "could not find"),
        (listed(ONE, "  data: \x01\n")[:-1], "printable"),
    ],
)  # fmt: skip
def test_what_is_no_resource_list_is_refused(text: str, problem: str) -> None:
    for way in (read, read_fully):
        with pytest.raises(ValueError, match=problem) as caught:
            way(text)
        assert isinstance(caught.value, YamlError | WireError)


@pytest.mark.parametrize(
    "text",
    [
        "kind: A\ndata:\n- a\n- b: |\n    text\n",
        "# c \"'[{\n\nkind: A # it's\n",
        "kind: \"A\" # '\nb: 'it''s'\nc: \"a \\\" b\"\n",
        "kind: A\nc: []\nd: {}\ne: [a, \"b, c\", 'd']\nf: [ a ]\n",
        "kind: A\nurl: https://a?b=c&d*e[0]{1}#f\nnote: it's\n",
    ],
)
def test_usual_text_is_clean(text: str) -> None:
    assert is_clean(text)


def test_a_large_list_is_read_without_parsing_it() -> None:
    annotation = "    annotations:\n      internal.config.kubernetes.io/path: 'a.yaml'\n"
    text = listed((TWO + annotation + "  spec:\n" + "    key: 'value'\n" * 50) * 5000)
    start = time.perf_counter()
    given_list = read(text)
    assert {identity(item) for item in given_list.items} == {
        ("v1", "B", "b", "n", "a.yaml", None, "")
    }
    assert write(given_list) == text
    assert time.perf_counter() - start < 2
    assert not any("body" in vars(item) for item in given_list.items)
