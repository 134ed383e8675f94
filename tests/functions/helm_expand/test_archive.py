import gzip
import io
import tarfile
from collections.abc import Iterable
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from krmfn.helm_expand.archive import (
    MAX_FILE_BYTES,
    ChartError,
    Dependency,
    pack,
    pack_directory,
    read,
    verify_digest,
)

CHART = b"apiVersion: v2\nname: demo\nversion: 1.0.0\n"
NAMES = st.text("abcxyz.-", min_size=1, max_size=8).filter(lambda name: name.strip("."))
PATHS = st.builds("/".join, st.lists(NAMES, min_size=1, max_size=3))


def entry(name: str, content: bytes = b"", **fields: object) -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.size = len(content)
    for field, value in fields.items():
        setattr(info, field, value)
    return info, content


def tgz(*entries: tuple[tarfile.TarInfo, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz", compresslevel=1) as archive:
        for info, content in entries:
            archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def with_chart(*entries: tuple[tarfile.TarInfo, bytes]) -> bytes:
    return tgz(entry("demo/Chart.yaml", CHART), *entries)


def metadata(text: str) -> bytes:
    return tgz(entry("demo/Chart.yaml", text.encode()))


def nested(times: int) -> bytes:
    packed = with_chart()
    for _ in range(times):
        packed = with_chart(entry("demo/charts/inner-1.0.0.tgz", packed))
    return packed


def does_not_clash(paths: Iterable[str]) -> bool:
    """No path is a directory of another, and none is special to Helm."""
    known = set(paths)
    return not any(
        path.startswith(("charts/", "Chart.yaml", "requirements.yaml"))
        or any(f"{path}/".startswith(f"{other}/") for other in known - {path})
        for path in known
    )


@given(st.dictionaries(PATHS, st.binary(max_size=40), max_size=5).filter(does_not_clash))
def test_what_is_packed_is_read_back(files: dict[str, bytes]) -> None:
    whole = {"Chart.yaml": CHART, **files}
    kept = {path: data.removeprefix(b"\xef\xbb\xbf") for path, data in whole.items()}
    assert read(pack(whole)).files == kept


def test_the_same_files_give_the_same_bytes_in_any_order() -> None:
    files = {"Chart.yaml": CHART, "values.yaml": b"a: 1\n", "templates/x.yaml": b"x"}
    assert pack(files) == pack(dict(reversed(files.items())))


def test_a_packed_chart_carries_no_time_and_begins_with_its_metadata() -> None:
    packed = pack({"values.yaml": b"", "Chart.yaml": CHART})
    assert packed[4:8] == bytes(4)
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        assert [(item.name, item.mtime, item.uid) for item in archive] == [
            ("demo/Chart.yaml", 0, 0),
            ("demo/values.yaml", 0, 0),
        ]


def test_long_and_foreign_names_survive_packing() -> None:
    path = f"files/{'long' * 60}/żółć.txt"
    assert read(pack({"Chart.yaml": CHART, path: b"x"})).files[path] == b"x"


def test_metadata_is_read_as_helm_reads_it() -> None:
    chart = read(
        metadata(
            "apiVersion: v2\nname: demo\nversion: 1.2\nappVersion: 1.10\nkubeVersion: '>=1.20'\n"
            "type: library\ndependencies:\n"
            "- {name: db, version: ~1.0, repository: https://x, alias: store,"
            " condition: db.on, tags: [back]}\n"
        )
    )
    assert (chart.name, chart.version, chart.app_version, chart.type, chart.kube_version) == (
        "demo",
        "1.2",
        "1.1",
        "library",
        ">=1.20",
    )
    assert chart.dependencies == (
        Dependency("db", "~1.0", "https://x", "store", "db.on", ("back",)),
    )


def test_an_old_requirements_file_declares_dependencies() -> None:
    data = with_chart(entry("demo/requirements.yaml", b"dependencies:\n- {name: db}\n"))
    assert read(data).dependencies == (Dependency("db"),)


def test_subcharts_are_found_packed_and_unpacked() -> None:
    inner = tgz(
        entry("inner/Chart.yaml", b"name: inner\nversion: 0.1.0\n"),
        entry("inner/values.schema.json", b"{}"),
    )
    chart = read(
        with_chart(
            entry("demo/charts/inner-0.1.0.tgz", inner),
            entry("demo/charts/other/Chart.yaml", b"name: other\nversion: 0.2.0\n"),
            entry("demo/charts/.hidden/Chart.yaml", b"no: chart\n"),
            entry("demo/charts/inner-0.1.0.tgz.prov", b"signed"),
            entry("demo/values.schema.json", b"{}"),
        )
    )
    assert [subchart.name for subchart in chart.subcharts] == ["inner", "other"]
    assert sorted(chart.schemas) == ["charts/inner-0.1.0/values.schema.json", "values.schema.json"]


def test_a_packed_subchart_must_not_lie_beside_its_own_directory() -> None:
    data = with_chart(
        entry("demo/charts/inner.tgz", with_chart()), entry("demo/charts/inner/Chart.yaml", CHART)
    )
    with pytest.raises(ChartError, match="must not lie beside"):
        read(data)


def test_windows_separators_are_read() -> None:
    assert "templates/a.yaml" in read(with_chart(entry("demo\\templates\\a.yaml"))).files


def test_links_and_devices_are_left_out_and_named() -> None:
    data = with_chart(
        entry("demo/templates/passwd", type=tarfile.SYMTYPE, linkname="/etc/passwd"),
        entry("demo/templates/hard", type=tarfile.LNKTYPE, linkname="demo/Chart.yaml"),
        entry("demo/pipe", type=tarfile.FIFOTYPE),
        entry("demo/templates/", type=tarfile.DIRTYPE),
    )
    chart = read(data)
    assert list(chart.files) == ["Chart.yaml"]
    assert chart.warnings == (
        "left out `templates/passwd`, which is a link",
        "left out `templates/hard`, which is a link",
        "left out `pipe`, which is a special file",
    )


@pytest.mark.parametrize(
    ("data", "code", "words"),
    [
        pytest.param(b"", "chart-unreadable", "must be a .tgz", id="nothing"),
        pytest.param(b"no gzip", "chart-unreadable", "must be a .tgz", id="no-gzip"),
        pytest.param(gzip.compress(b"no tar"), "chart-unreadable", "must be a .tgz", id="no-tar"),
        pytest.param(with_chart()[:-30], "chart-unreadable", "must be a .tgz", id="cut-off"),
        pytest.param(with_chart(entry("demo/../../x")), "chart-path", "inside", id="traversal"),
        pytest.param(with_chart(entry("demo//etc/x")), "chart-path", "inside", id="absolute"),
        pytest.param(with_chart(entry("demo/c:/x")), "chart-path", "inside", id="drive"),
        pytest.param(tgz(entry("Chart.yaml", CHART)), "chart-path", "directory", id="no-top"),
        pytest.param(
            with_chart(entry("demo/big", bytes(MAX_FILE_BYTES + 1))),
            "chart-too-large",
            "`big` must have at most 5 MiB",
            id="large-file",
        ),
        pytest.param(
            with_chart(*(entry(f"demo/{n}", bytes(MAX_FILE_BYTES)) for n in range(21))),
            "chart-too-large",
            "at most 100 MiB when unpacked",
            id="bomb",
        ),
        pytest.param(
            with_chart(*(entry(f"demo/{n}") for n in range(10_001))),
            "chart-too-large",
            "at most 10000 files",
            id="many-files",
        ),
        pytest.param(
            with_chart(*(entry("x", b"name", type=tarfile.GNUTYPE_LONGNAME) for _ in range(2000))),
            "chart-unreadable",
            "must be a .tgz",
            id="headers-of-headers",
        ),
        pytest.param(nested(17), "chart-too-large", "nested at most 16 deep", id="deep"),
        pytest.param(tgz(entry("demo/x")), "chart-metadata", "Chart.yaml` must be", id="no-chart"),
        pytest.param(metadata("a: ["), "chart-metadata", "must be YAML: line", id="bad-yaml"),
        pytest.param(metadata("- a"), "chart-metadata", "must be a mapping", id="list"),
        pytest.param(metadata("version: 1.0.0"), "chart-metadata", "`name` must", id="no-name"),
        pytest.param(metadata("name: a"), "chart-metadata", "`version` must", id="no-version"),
        pytest.param(
            metadata("{name: a/b, version: 1.0.0}"), "chart-metadata", 'is "a/b"', id="path-name"
        ),
        pytest.param(
            metadata("{name: a, version: latest}"),
            "chart-metadata",
            'a semantic version, but is "latest"',
            id="bad-version",
        ),
        pytest.param(
            metadata("{name: a, version: 1.0.0, type: plugin}"),
            "chart-metadata",
            'application or library, but is "plugin"',
            id="bad-type",
        ),
        pytest.param(
            metadata("{name: a, version: 1.0.0, dependencies: {b: 1}}"),
            "chart-metadata",
            "`dependencies` must be a list",
            id="bad-dependencies",
        ),
        pytest.param(
            with_chart(entry("demo/charts/b/values.yaml")),
            "chart-metadata",
            "`charts/b/Chart.yaml` must be in the chart",
            id="no-chart-below",
        ),
    ],
)
def test_a_broken_or_hostile_archive_is_refused(data: bytes, code: str, words: str) -> None:
    with pytest.raises(ChartError) as refused:
        read(data)
    assert refused.value.code == code
    assert words in str(refused.value)


WHOLE = gzip.decompress(
    with_chart(
        entry("demo/charts/inner.tgz", with_chart()),
        entry("demo/" + "long" * 30, b"x", pax_headers={"path": "demo/żółć"}),
    )
)


@given(
    st.lists(
        st.tuples(st.integers(0, len(WHOLE) - 1), st.integers(0, 255)), min_size=1, max_size=8
    ),
    st.integers(1, len(WHOLE)),
)
def test_a_damaged_archive_is_read_or_refused(damage: list[tuple[int, int]], length: int) -> None:
    damaged = bytearray(WHOLE)
    for place, value in damage:
        damaged[place] = value
    with suppress(ChartError):
        assert read(gzip.compress(damaged[:length], 1)).name


def test_packed_subcharts_share_one_limit() -> None:
    half = tgz(
        entry("inner/Chart.yaml", CHART),
        *(entry(f"inner/{n}", bytes(MAX_FILE_BYTES)) for n in range(11)),
    )
    data = with_chart(entry("demo/charts/a.tgz", half), entry("demo/charts/b.tgz", half))
    with pytest.raises(ChartError, match="at most 100 MiB"):
        read(data)


def test_a_digest_is_compared_in_any_case() -> None:
    digest = "2CF24DBA5FB0A30E26E83B2AC5B9E29E1B161E5C1FA7425E73043362938B9824"
    verify_digest(b"hello", digest)
    with pytest.raises(ChartError, match=f'must have the SHA-256 digest "{digest}", but has "'):
        verify_digest(b"hello!", digest)


@pytest.mark.parametrize(
    ("rules", "left_out"),
    [
        pytest.param("", {"templates/.swp"}, id="nothing-named"),
        pytest.param("# notes.md\n\n", {"templates/.swp"}, id="comments"),
        pytest.param("notes.md", {"notes.md", "docs/notes.md", "templates/.swp"}, id="base-name"),
        pytest.param("/notes.md", {"notes.md", "templates/.swp"}, id="rooted"),
        pytest.param("docs/", {"docs/notes.md", "docs/a.yaml", "templates/.swp"}, id="directory"),
        pytest.param("docs", {"docs/notes.md", "docs/a.yaml", "templates/.swp"}, id="any-kind"),
        pytest.param("docs/*.md", {"docs/notes.md", "templates/.swp"}, id="wildcard"),
        pytest.param("*.[a-l]d", {"templates/.swp"}, id="class-that-differs"),
        pytest.param("*.[^a-l]d", {"notes.md", "docs/notes.md", "templates/.swp"}, id="negated"),
        pytest.param("a.yaml/", {"templates/.swp"}, id="a-file-is-no-directory"),
    ],
)
def test_helmignore_leaves_files_out_as_helm_does(rules: str, left_out: set[str]) -> None:
    paths = {"notes.md", "docs/notes.md", "docs/a.yaml", "templates/.swp", "templates/a.yaml"}
    files = {"Chart.yaml": CHART, ".helmignore": rules.encode(), **dict.fromkeys(paths, b"")}
    packed = read(pack_directory(files))
    assert files.keys() - packed.files.keys() == left_out


def test_a_negated_rule_keeps_only_what_it_names() -> None:
    with pytest.raises(ChartError, match=r"Chart\.yaml"):
        pack_directory({"Chart.yaml": CHART, ".helmignore": b"!values.yaml"})


def test_a_rule_that_helm_refuses_is_an_error() -> None:
    with pytest.raises(ChartError, match=r'must not use `\*\*`, but has the rule "a/\*\*/b"'):
        pack_directory({"Chart.yaml": CHART, ".helmignore": b"a/**/b"})
