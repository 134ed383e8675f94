"""Resources as other processes are given them and give them back."""

import re

import pytest

from krmfn.cli.rendering.calls import Answer, Call
from krmfn.cli.rendering.exchange import annotated, answer, ended, request
from krmfn.cli.rendering.kptfile import Step
from krmfn.cli.rendering.placing import UNNUMBERED
from krmfn.sdk import Place, Resource, yaml_load

STEP = Step("pipeline.mutators[0]", command="cat")
TEXT = """\
# What it is for.
apiVersion: v1
kind: ConfigMap
metadata:
  name: a # its name
data:
  z: 'last'
  # about a
  a: first
list:
  - one
"""


def call(*texts: str, config: Resource | None = None) -> Call:
    places = (Place("a.yaml", number, "/pkg") for number in range(len(texts)))
    items = zip(texts, places, strict=True)
    given = (Resource(raw=text, place=place, slot=place.index) for text, place in items)
    return Call(STEP, tuple(given), config)


def answered(given: Call, pattern: str = "", replacement: str = "") -> Answer:
    """What a function that replaces a pattern in its whole input answers."""
    text = request(given)
    assert not pattern or re.search(pattern, text)
    return answer(given, re.sub(pattern, replacement, text) if pattern else text, 0, "")


def lossy(given: Call, **data: str) -> Answer:
    """What a function answers that writes everything anew, without comments and sorted."""
    items = []
    for item in yaml_load(request(given))["items"]:
        item["data"] = {key: item["data"][key] for key in sorted(item["data"])} | data
        items.append(Resource.of(dict(sorted(item.items()))).text)
    listed = "".join(f"- {item.rstrip()}\n".replace("\n", "\n  ").rstrip(" ") for item in items)
    return answer(
        given, f"apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems:\n{listed}", 0, ""
    )


def test_a_function_is_given_the_annotations_of_kpt() -> None:
    item = yaml_load(request(call(TEXT)))["items"][0]
    assert item["metadata"]["annotations"] == {
        "config.kubernetes.io/index": "0",
        "config.kubernetes.io/path": "a.yaml",
        "internal.config.kubernetes.io/index": "0",
        "internal.config.kubernetes.io/path": "a.yaml",
        "internal.config.kubernetes.io/package-path": "/pkg",
        "internal.config.kubernetes.io/id": "1",
        "config.k8s.io/id": "1",
    }


def test_a_function_is_given_its_configuration() -> None:
    config = Resource.new("v1", "ConfigMap", "function-input", data={"a": "yes"})
    assert yaml_load(request(call(config=config)))["functionConfig"] == config.body
    assert "functionConfig" not in request(call())


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(TEXT, id="block style"),
        pytest.param('{"apiVersion": "v1", "kind": "X", "metadata": {"name": "a"}}', id="JSON"),
        pytest.param("apiVersion: v1\nkind: X\nmetadata: {name: a}\n", id="flow style"),
        pytest.param("resources:\n- a.yaml\n", id="no metadata"),
        pytest.param("apiVersion: v1\nkind: X\nmetadata:\n  name: a\n  annotations:\n", id="null"),
        pytest.param("kind: X\nmetadata:\n  name: a\ndata:\n  a: |\n    x\n\n\n", id="blank lines"),
        pytest.param("kind: X\nmetadata:\n  name: a", id="no line end"),
    ],
)
def test_what_comes_back_as_it_was_given_is_the_same(text: str) -> None:
    given = call(text, TEXT)
    assert answered(given).items == given.items


def test_only_what_a_function_changes_changes() -> None:
    changed = answered(call(TEXT), "first", "second").items[0]
    assert changed.text == TEXT.replace("first", "second")
    assert changed.place == Place("a.yaml", 0, "/pkg")
    assert changed.slot == 0


def test_annotations_that_only_kpt_needs_are_taken_out_again() -> None:
    bare = "resources:\n- a.yaml\n"
    assert answered(call(bare), "a.yaml\n", "b.yaml\n").items[0].text == "resources:\n- b.yaml\n"
    kept = "kind: X\nmetadata:\n  name: a\n  annotations:\n    by: hand\n"
    assert answered(call(kept), "hand", "foot").items[0].text == kept.replace("hand", "foot")


def test_a_function_that_loses_comments_and_order_loses_none() -> None:
    given = call(TEXT)
    assert lossy(given).items[0].text == TEXT
    assert lossy(given, a="second").items[0].text == TEXT.replace("first", "second")


def test_a_function_that_adds_a_comment_keeps_its_text() -> None:
    changed = answered(call(TEXT), "'last'", "last # new").items[0]
    assert changed.text == TEXT.replace("'last'", "last # new")


def test_a_function_that_changes_the_quotes_keeps_its_text() -> None:
    changed = answered(call(TEXT), "'last'", "last").items[0]
    assert changed.text == TEXT.replace("'last'", "last")


def test_lists_keep_their_indentation() -> None:
    changed = answered(call(TEXT), "  - one", "- two").items[0]
    assert changed.text == TEXT.replace("one", "two")


def test_json_that_means_the_same_is_the_same() -> None:
    text = '{"apiVersion": "v1", "kind": "X", "metadata": {"name": "a"}}'
    assert answered(call(text), '"kind"', "kind").items[0].text == text


@pytest.mark.parametrize(
    ("pattern", "replacement", "place"),
    [
        pytest.param(r"(internal\S+/path): a", r"\1: b", Place("b.yaml", 0, "/pkg"), id="path"),
        pytest.param(r" (config\S+/path): a", r" \1: b", Place("b.yaml", 0, "/pkg"), id="old path"),
        pytest.param(
            r'(internal\S+/index): "0"', r'\1: "7"', Place("a.yaml", 7, "/pkg"), id="index"
        ),
        pytest.param(r"\S+/index: .*", "x: y", Place("a.yaml", UNNUMBERED, "/pkg"), id="no index"),
        pytest.param(r"\S+/path: .*", "x: y", Place("", 0, "/pkg"), id="no path"),
        pytest.param(
            r"(package-path): .*", r"\1: /pkg/sub", Place("a.yaml", 0, "/pkg/sub"), id="package"
        ),
    ],
)
def test_a_function_may_move_a_resource(pattern: str, replacement: str, place: Place) -> None:
    text = "kind: X\nmetadata:\n  name: a\n"
    given = re.sub(pattern, replacement, request(call(text)))
    if replacement == "x: y":
        given = re.sub(r"( +x: y\n)+", "", given)
    assert answer(call(text), given, 0, "").items[0].place == place


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        (
            {
                "internal.config.kubernetes.io/path: a": "internal.config.kubernetes.io/path: b",
                " config.kubernetes.io/path: a": " config.kubernetes.io/path: c",
            },
            "must not differ",
        ),
        ({'/index: "0"': "/index: last"}, 'must be a number, but is "last"'),
    ],
)
def test_a_place_that_makes_no_sense_is_a_problem(changes: dict[str, str], problem: str) -> None:
    text = request(call("kind: X\nmetadata:\n  name: a\n"))
    for old, new in changes.items():
        text = text.replace(old, new)
    assert problem in answer(call("kind: X\nmetadata:\n  name: a\n"), text, 0, "").problem


def test_a_copy_that_keeps_its_id_is_a_new_resource() -> None:
    given = call("kind: X\nmetadata:\n  name: a\n")
    item = request(given).partition("items:\n")[2]
    text = request(given) + item.replace("name: a", "name: b").replace("path: a", "path: b")
    assert [each.slot for each in answer(given, text, 0, "").items] == [0, None]


def test_bare_resources_are_taken_as_by_kpt() -> None:
    text = "---\nkind: X\nmetadata:\n  name: a\n---\nkind: Y\nmetadata:\n  name: b\n"
    assert [item.kind for item in answer(call(), text, 0, "").items] == ["X", "Y"]


@pytest.mark.parametrize(
    ("stdout", "problem"),
    [
        pytest.param("", "it is empty", id="nothing"),
        pytest.param("oops\n", "must be a ResourceList, but is a string", id="words"),
        pytest.param("a: [\n", "line ", id="no YAML"),
        pytest.param(
            "apiVersion: config.kubernetes.io/v1\nkind: ResourceList\n", "`items`", id="no items"
        ),
    ],
)
def test_an_answer_that_cannot_be_read_is_a_problem(stdout: str, problem: str) -> None:
    found = answer(call(TEXT), stdout, 0, "said").problem
    assert found.startswith("stdout must hold a ResourceList: ")
    assert problem in found


def test_a_failed_function_may_answer_anything() -> None:
    assert answer(call(TEXT), "oops", 3, "said") == Answer(exit_code=3, stderr="said")


def test_a_failed_function_may_have_results() -> None:
    text = request(call()) + "results:\n- message: no\n"
    assert answer(call(), text, 1, "") == Answer(results=({"message": "no"},), exit_code=1)


def test_a_validator_need_not_answer() -> None:
    assert answer(Call(STEP, (), None, validates=True), "", 0, "") == Answer()


@pytest.mark.parametrize(
    ("text", "same"),
    [
        pytest.param("a: 1\n", "a: 1\n", id="it is there"),
        pytest.param("a: 1", "a: 1\n", id="a plain scalar"),
        pytest.param("a: {b: c}", "a: {b: c}\n", id="flow style"),
        pytest.param("a:\n- |\n  x\n  y", "a:\n- |-\n  x\n  y\n", id="a literal"),
        pytest.param("a: >+2 # b\n   x", "a: >2- # b\n   x\n", id="a folded one, kept"),
        pytest.param("a: |2-\n   x", "a: |2-\n   x\n", id="a stripped one"),
        pytest.param("# nothing", "# nothing\n", id="no value"),
    ],
)
def test_a_text_gets_a_line_end_without_another_meaning(text: str, same: str) -> None:
    assert ended(text) == same
    assert yaml_load(ended(text)) == yaml_load(text)


def test_a_resource_without_a_place_is_given_as_it_is() -> None:
    bare = Resource(raw=TEXT)
    assert annotated(bare) is bare
