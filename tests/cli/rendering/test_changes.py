"""From rendered resources to files, and to other places."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from krmfn.cli.errors import CliError
from krmfn.cli.rendering.changes import changes_to, rendered_files
from krmfn.cli.rendering.commit import Change
from krmfn.cli.rendering.output import differences, unwrapped, wrapped, write_folder
from krmfn.cli.rendering.tree import PackageTree, read_tree
from krmfn.sdk import Place, Resource, yaml_load

Write = Callable[[Mapping[str, str]], Path]

ONE, TWO = ("kind: X\nmetadata:\n  name: one # kept\n", "kind: X\nmetadata: {name: two}\n")
FILES = {
    "Kptfile": "",
    "all.yaml": f"# head\n---\n{ONE}---\n{TWO}",
    "one.json": '{"kind": "X", "metadata": {"name": "json"}}',
    "notes.yaml": "# nothing\n",
    "README.md": "read me",
    "sub/Kptfile": "",
    "sub/x.yaml": ONE,
}


@pytest.fixture
def tree(package: Write) -> PackageTree:
    return read_tree(package(FILES))


def items(tree: PackageTree) -> dict[str, Resource]:
    return {
        f"{package.path}:{item.path}:{item.index}": item
        for package in tree.walk()
        for item in package.resources()
    }


def changed(tree: PackageTree, *resources: Resource, gone: tuple[str, ...] = ()) -> list[Change]:
    found = items(tree)
    kept = [item for key, item in found.items() if key not in gone]
    return changes_to(tree, [*kept, *resources])


def test_a_package_that_did_not_change_has_no_changes(tree: PackageTree) -> None:
    assert changed(tree) == []


def test_only_the_changed_document_of_a_file_changes(tree: PackageTree) -> None:
    found = items(tree)
    two = found[":all.yaml:1"].merged({"metadata": {"labels": {"a": "b"}}})
    change = changed(tree, two, gone=(":all.yaml:1",))
    assert [each.path for each in change] == ["all.yaml"]
    assert change[0].after is not None
    assert change[0].after.decode().startswith(f"# head\n---\n{ONE}---\nkind: X\n")


def test_a_file_without_resources_goes_and_one_that_never_had_any_stays(tree: PackageTree) -> None:
    gone = changed(tree, gone=(":all.yaml:0", ":all.yaml:1", "sub:x.yaml:0"))
    assert [(each.path, each.verb) for each in gone] == [
        ("all.yaml", "deleted"),
        ("sub/x.yaml", "deleted"),
    ]


def test_a_new_resource_stands_in_its_package(tree: PackageTree) -> None:
    new = Resource(raw=TWO, place=Place("y.yaml", 0, str(tree.folder / "sub")))
    assert changed(tree, new) == [Change("sub/y.yaml", None, TWO.encode())]


def test_a_resource_behind_the_others_of_a_file_is_added_to_it(tree: PackageTree) -> None:
    new = Resource(raw=TWO, place=Place("x.yaml", 7, str(tree.folder / "sub")))
    assert changed(tree, new) == [Change("sub/x.yaml", ONE.encode(), f"{ONE}---\n{TWO}".encode())]


def test_two_resources_with_one_index_both_stay(tree: PackageTree) -> None:
    new = Resource(raw=TWO, place=Place("x.yaml", 0, str(tree.folder / "sub")))
    assert changed(tree, new)[0].after == f"{ONE}---\n{TWO}".encode()


def test_json_that_changes_is_written_as_by_kpt(tree: PackageTree) -> None:
    new = items(tree)[":one.json:0"].merged({"a": "<b>"})
    after = changed(tree, new, gone=(":one.json:0",))[0].after
    lines = ["{", '  "a": "\\u003cb\\u003e",', '  "kind": "X",', '  "metadata": {']
    lines += ['    "name": "json"', "  }", "}", ""]
    assert after == "\n".join(lines).encode()


def test_a_file_in_the_way_is_named_with_its_content(tree: PackageTree) -> None:
    new = Resource(raw=TWO, place=Place("README.md", 0, str(tree.folder)))
    assert changed(tree, new) == [Change("README.md", b"read me", TWO.encode())]


def test_a_resource_outside_of_the_package_is_refused(tree: PackageTree) -> None:
    with pytest.raises(CliError, match="must be written under package"):
        changed(tree, Resource(raw=TWO, place=Place("x..y", 0, str(tree.folder))))


def test_a_resource_list_names_the_files_from_the_root(tree: PackageTree) -> None:
    item = items(tree)["sub:x.yaml:0"]
    value = yaml_load(wrapped([replace(item, slot=4)], tree.folder))
    assert value["items"][0]["metadata"]["annotations"] == {
        "config.kubernetes.io/index": "0",
        "config.kubernetes.io/path": "sub/x.yaml",
        "internal.config.kubernetes.io/index": "0",
        "internal.config.kubernetes.io/path": "sub/x.yaml",
    }


def test_bare_resources_are_documents() -> None:
    assert unwrapped([Resource(raw=ONE.rstrip()), Resource(raw=TWO)]) == f"{ONE}---\n{TWO}"


def test_a_folder_gets_the_files_that_hold_resources(tree: PackageTree, tmp_path: Path) -> None:
    write_folder(tmp_path / "deep/out", rendered_files(tree, items(tree).values()))
    out = tmp_path / "deep/out"
    written = {str(path.relative_to(out)) for path in out.rglob("*") if path.is_file()}
    assert written == {"Kptfile", "all.yaml", "one.json", "sub/Kptfile", "sub/x.yaml"}
    assert (out / "all.yaml").read_text() == FILES["all.yaml"]
    assert list((tmp_path / "deep").iterdir()) == [out]


def test_a_folder_that_exists_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CliError, match=re.escape("must not exist yet")):
        write_folder(tmp_path, {})


def test_a_folder_that_cannot_be_filled_is_not_left_behind(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="x"):
        write_folder(tmp_path / "out", {"x": b"", "x/y": b""})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("shortened", "length", "last"),
    [pytest.param(False, 3 + 50, "+49", id="whole"), pytest.param(True, 15, "…", id="shortened")],
)
def test_differences_are_whole_unless_they_are_to_be_short(
    shortened: bool, length: int, last: str
) -> None:
    many = "".join(f"{number}\n" for number in range(50)).encode()
    changes = [Change("a", b"x\n", b"y\n"), Change("b", None, many)]
    lines = list(differences(changes, shortened=shortened))
    assert lines[:5] == ["--- a/a", "+++ b/a", "@@ -1 +1 @@", "-x", "+y"]
    assert lines[-1] == last
    assert len(lines) == 5 + length
