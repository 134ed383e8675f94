"""What a `.krmignore` leaves out; every row was compared with kpt."""

import pytest

from krmfn.cli.rendering.ignore import ignored_by

FILES = ("a.yaml", "ab.yaml", "b.yml", "#h.yaml", "[x].yaml", "dir/a.yaml", "o/dir/a.yaml")


@pytest.mark.parametrize(
    ("patterns", "ignored"),
    [
        pytest.param("a.yaml", "a.yaml dir/a.yaml o/dir/a.yaml", id="a name anywhere"),
        pytest.param("/a.yaml", "a.yaml", id="a name at the root"),
        pytest.param("dir/a.yaml", "dir/a.yaml o/dir/a.yaml", id="the last two parts"),
        pytest.param("**/a.yaml", "dir/a.yaml o/dir/a.yaml", id="two stars are one"),
        pytest.param("/dir/*", "dir/a.yaml", id="all in a folder at the root"),
        pytest.param("a?.yaml", "ab.yaml", id="any character"),
        pytest.param("[^a].y*ml", "b.yml", id="a negated class"),
        pytest.param("[a-c].y*ml", "a.yaml b.yml dir/a.yaml o/dir/a.yaml", id="a range"),
        pytest.param("[[]x].yaml", "[x].yaml", id="a bracket in a class"),
        pytest.param("[\\[]x].yaml", "[x].yaml", id="an escape in a class"),
        pytest.param("[a", "", id="an open class matches nothing"),
        pytest.param("[c-a]*", "", id="a backward range matches nothing"),
        pytest.param("[a-]*", "", id="a range without an end matches nothing"),
        pytest.param("\\#h.yaml", "#h.yaml", id="an escaped hash"),
        pytest.param("#h.yaml", "", id="a comment"),
        pytest.param("  b.yml  ", "b.yml", id="spaces around"),
        pytest.param("!a.yaml\n*.yaml\n", "ab.yaml #h.yaml [x].yaml", id="an exception first"),
        pytest.param("*.yaml\n!a.yaml\n", "ab.yaml #h.yaml [x].yaml", id="an exception last"),
        pytest.param("a.yaml/", "", id="a folder's pattern"),
        pytest.param("/\n!\n\n", "", id="what makes kpt panic"),
    ],
)
def test_a_pattern_ignores_files_as_in_kpt(patterns: str, ignored: str) -> None:
    is_ignored = ignored_by(patterns)
    assert [path for path in FILES if is_ignored(path, False)] == ignored.split()


@pytest.mark.parametrize(
    ("pattern", "folder", "ignored"),
    [
        pytest.param("dir", "dir", True, id="a name"),
        pytest.param("dir", "other/dir", True, id="a name further down"),
        pytest.param("dir/", "other/dir", True, id="a folder further down"),
        pytest.param("/dir/", "dir", True, id="a folder at the root"),
        pytest.param("/dir", "other/dir", False, id="not at the root"),
        pytest.param("other/dir", "other/dir", True, id="a path"),
        pytest.param("dir/*", "dir/dir", True, id="anything below"),
    ],
)
def test_a_pattern_ignores_folders_as_in_kpt(pattern: str, folder: str, ignored: bool) -> None:
    assert ignored_by(pattern)(folder, True) is ignored
