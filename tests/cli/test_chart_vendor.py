"""`krmfn chart vendor` on charts of this machine."""

import base64
import os
import re
import shutil
import sys
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from krmfn.helm_expand.archive import pack, read


def archive_in(chart: dict[str, Any]) -> bytes:
    return base64.b64decode(chart["archive"])


def test_a_directory_becomes_a_pinned_resource(vendor: Any, make_chart: Any, chart_of: Any) -> None:
    folder = make_chart(at=Path("../upf"), files={"crds/a.yaml": "kind: A\n"})

    ran = vendor(folder)

    assert ran.code == 0
    assert re.fullmatch(r'written helmchart_upf\.yaml: chart "upf" 1\.0\.0, 0\.\d KiB\n', ran.out)
    chart = chart_of(Path("helmchart_upf.yaml"))
    assert {key: chart[key] for key in ("name", "version", "source")} == {
        "name": "upf",
        "version": "1.0.0",
        "source": "../upf",
    }
    assert chart["sha256"] == sha256(archive_in(chart)).hexdigest()
    files = read(archive_in(chart)).files
    assert set(files) == {"Chart.yaml", "values.yaml", "templates/config.yaml", "crds/a.yaml"}


def test_the_same_directory_gives_the_same_bytes(vendor: Any, make_chart: Any) -> None:
    chart = make_chart(at=Path("../upf"))
    vendor(chart)
    first = Path("helmchart_upf.yaml").read_bytes()
    moved = shutil.move(chart, chart.with_name("later"))
    make_chart(at=chart)
    shutil.rmtree(moved)
    os.utime(chart / "values.yaml", (1, 1))
    (chart / "values.yaml").chmod(0o600)

    ran = vendor(chart, "--dest", "again")

    assert ran.code == 0
    assert Path("again/helmchart_upf.yaml").read_bytes() == first.replace(
        b"source: ../upf", b"source: ../../upf"
    )


def test_a_directory_is_packed_with_the_files_that_helm_packs(
    vendor: Any, make_chart: Any, chart_of: Any, package: Any, tmp_path: Path
) -> None:
    chart = make_chart(
        files={
            ".helmignore": "*.bak\n/docs/\nsecret.*\n",
            "values.bak": "old",
            "docs/a.md": "",
            "more/docs/b.md": "kept",
            "secret.txt": "",
            "templates/.swp": "",
            "templates/_helpers.tpl": "{{/* */}}",
        }
    )
    vendor(chart)

    ours = read(archive_in(chart_of(Path("helmchart_upf.yaml")))).files
    helms = read(package(chart, tmp_path / "packed").read_bytes()).files
    assert set(ours) == set(helms)
    assert {"more/docs/b.md", "templates/_helpers.tpl"} < set(ours)


def test_links_are_followed_inside_the_chart(vendor: Any, make_chart: Any, chart_of: Any) -> None:
    chart = make_chart(files={"shared/note.txt": "hello"})
    (chart / "note.txt").symlink_to("shared/note.txt")
    (chart / "again").symlink_to("shared")

    assert vendor(chart).code == 0

    files = read(archive_in(chart_of(Path("helmchart_upf.yaml")))).files
    assert files["note.txt"] == files["again/note.txt"] == b"hello"


def link_out(chart: Path) -> None:
    (chart / "templates/hosts.yaml").symlink_to("/etc/hostname")


def link_out_with_its_folder(chart: Path) -> None:
    (chart / "shared").symlink_to(chart.parent)


def link_nowhere(chart: Path) -> None:
    (chart / "gone").symlink_to("nothing")


def link_to_itself(chart: Path) -> None:
    (chart / "self").symlink_to("self")


def link_in_a_circle(chart: Path) -> None:
    (chart / "templates/again").symlink_to("..")


def a_pipe(chart: Path) -> None:
    os.mkfifo(chart / "pipe")


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (link_out, 'must not be a link that leaves the chart, but leads to "/etc/hostname"'),
        (
            link_out_with_its_folder,
            '"shared" of the chart "{chart}" must not be a link that leaves',
        ),
        (link_nowhere, '"gone" of the chart "{chart}" must be a file, or a link to one'),
        (link_in_a_circle, '"templates/again" of the chart "{chart}" must be a file, or a link'),
        (link_to_itself, '"self" of the chart "{chart}" must be a file, or a link to one'),
        (a_pipe, '"pipe" of the chart "{chart}" must be a file, or a link to one'),
    ],
)
def test_what_cannot_be_carried_is_refused(
    spoil: Callable[[Path], None], message: str, vendor: Any, make_chart: Any
) -> None:
    chart = make_chart()
    spoil(chart)

    ran = vendor(chart)

    assert ran.code == 1
    assert message.format(chart=chart) in ran.err
    assert not list(Path().iterdir())


def test_an_ignored_link_may_lead_anywhere(vendor: Any, make_chart: Any) -> None:
    chart = make_chart(files={".helmignore": "hosts\n"})
    (chart / "hosts").symlink_to("/etc/hosts")

    assert vendor(chart).code == 0


def test_a_complete_archive_is_carried_byte_for_byte(
    vendor: Any, make_chart: Any, chart_of: Any, package: Any, tmp_path: Path
) -> None:
    archive = package(make_chart(), tmp_path)

    vendor(archive)

    chart = chart_of(Path("helmchart_upf.yaml"))
    assert archive_in(chart) == archive.read_bytes()
    assert chart["source"] == "../upf-1.0.0.tgz"


@pytest.mark.parametrize(
    ("source", "options", "message"),
    [
        ("nothing", [], '"nothing" is no directory and no file; a chart\'s name needs --repo'),
        (".", [], '"." must be a chart, but has no Chart.yaml'),
        ("text.tgz", [], '"text.tgz" must be a chart: the chart archive must be a .tgz'),
        (
            "upf",
            ["--version", "1"],
            'a version can be chosen in a repository or registry, not in "',
        ),
        ("ftp://host/upf.tgz", [], 'an address must begin with https:// or oci://, but is "ftp:'),
        ("oci:///upf", [], 'an address must begin with https:// or oci://, but is "oci:///upf"'),
        ("oci://me:secret@host/upf", [], "an address must not hold credentials"),
        (
            "http://127.0.0.1/upf.tgz",
            [],
            "must begin with https://, or be allowed with --plain-http",
        ),
        ("a/upf", ["--repo", "https://host"], "with `--repo` the source must be a chart's name"),
        (
            "upf",
            ["--repo", "https://h", "--version", "new"],
            'a version must be like "1.2.3" or "^1',
        ),
        ("oci://host/upf:1.0.0", ["--version", "1"], "must not be given when the source has a tag"),
        ("upf", ["--ca-file", "gone"], '`--ca-file` must be a file, but is "gone"'),
        ("/proc/self/mem", [], 'cannot read "/proc/self/mem": '),
        ("/proc/self/task", [], '"/proc/self/task" must be a chart, but has no Chart.yaml'),
        ("bad", [], '"bad" must be a chart: `Chart.yaml`: `version` must be a semantic version'),
        ("stars", [], '`.helmignore` of the chart "stars" must not use `**`'),
        ("lib", [], '"lib" is a library: it renders nothing, but for other charts'),
        ("upf", ["--name", "Upf"], "`spec.releaseName` must be a release name: lower-case"),
        ("upf", ["--namespace", "a.b"], "`spec.namespace` must be a DNS label"),
        ("upf", ["--dest", "text.yaml"], 'cannot use "text.yaml": must be UTF-8'),
        ("upf", ["--dest", "list.yaml"], '"list.yaml" must hold resources: '),
        ("upf", ["--dest", "text.yaml/upf"], 'cannot write "text.yaml/upf/helmchart_upf.yaml"'),
    ],
)
def test_what_is_wrong_is_said_in_one_line(
    source: str, options: list[str], message: str, vendor: Any, make_chart: Any
) -> None:
    Path("text.tgz").write_text("no archive")
    Path("text.yaml").write_bytes(b"\xff")
    Path("list.yaml").write_text("- a\n")
    make_chart(at=Path("upf"))
    make_chart("lib", at=Path("lib"), type="library")
    make_chart("bad", "new", at=Path("bad"))
    make_chart(at=Path("stars"), files={".helmignore": "**/a\n"})
    before = sorted(Path().rglob("*"))

    ran = vendor(source, *options)

    assert (ran.code, ran.out) == (1, "")
    assert ran.err.startswith("error: ")
    assert message in ran.err
    assert ran.err.count("\n") == 1
    assert sorted(Path().rglob("*")) == before


def test_charts_of_this_machine_need_no_helm(
    vendor: Any, make_chart: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "helm_python", None)

    assert vendor(make_chart()).code == 0
    ran = vendor("oci://127.0.0.1/upf")
    assert ran.code == 1
    assert "needs Helm's library: pip install 'krm-fn[helm]'" in ran.err


@pytest.mark.parametrize("options", [["--username", "me"], ["--password-stdin"]])
def test_a_user_needs_a_password(options: list[str], vendor: Any) -> None:
    ran = vendor("upf", *options)

    assert ran.code == 2
    assert "--username and --password-stdin must be given together" in ran.err


def test_an_archive_may_not_hold_another_chart_than_it_says(
    vendor: Any, chart_of: Any, tmp_path: Path
) -> None:
    """The file's name says nothing: name and version are those in Chart.yaml."""
    chart = {"Chart.yaml": b"apiVersion: v2\nname: upf\nversion: 2.0.0\n"}
    (tmp_path / "amf-1.0.0.tgz").write_bytes(pack(chart))

    vendor(tmp_path / "amf-1.0.0.tgz")

    assert chart_of(Path("helmchart_upf.yaml"))["version"] == "2.0.0"
