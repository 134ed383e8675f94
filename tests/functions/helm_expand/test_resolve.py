"""Which charts are rendered, how, for whom, and what must not be rendered."""

import base64
import hashlib
import io
import tarfile
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from krmfn.helm_expand.archive import MAX_CHART_BYTES
from krmfn.helm_expand.intents import HelmExpand
from krmfn.helm_expand.release import Release
from krmfn.helm_expand.resolve import resolve
from krmfn.sdk import Package, Place, Resource

Make = Callable[..., Resource]
KPTFILE = "apiVersion: kpt.dev/v1\nkind: Kptfile\nmetadata: {name: p}\n"


def resolved(
    *items: Resource, options: Mapping[str, Any] | None = None
) -> tuple[list[Release], list[str]]:
    config, wrong = HelmExpand.from_config_map({})
    if options:
        config, wrong = HelmExpand.parse(
            {
                "apiVersion": "fn.krmfn.dev/v1alpha1",
                "kind": "HelmExpand",
                "metadata": {"name": "c"},
                "spec": options,
            }
        )
    assert not wrong
    releases, said = resolve(config, Package(items))
    return releases, [result.line() for result in said]


def archived(content: bytes, **chart: str) -> Resource:
    """Give a HelmChart whose archive is these bytes."""
    pinned = {
        "name": "demo",
        "version": "1.0.0",
        "archive": base64.b64encode(content).decode(),
        "sha256": hashlib.sha256(content).hexdigest(),
    }
    return Resource.new(
        "intent.krmfn.dev/v1alpha1",
        "HelmChart",
        "demo",
        place=Place("demo.yaml", 0),
        spec={"chart": {**pinned, **chart}},
    )


def tgz(**files: bytes) -> bytes:
    """Give a `.tgz` whose entries have exactly these names, with `|` for a slash."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as archive:
        for name, data in files.items():
            entry = tarfile.TarInfo(name.replace("|", "/"))
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return content.getvalue()


HEAD = b"apiVersion: v2\nname: demo\nversion: 1.0.0\n"


def test_a_chart_is_released_under_its_own_name(helm_chart: Make) -> None:
    [release], said = resolved(helm_chart({}))
    assert said == []
    assert (release.name, release.namespace, release.folder, release.cluster) == (
        "demo",
        "default",
        "demo",
        "",
    )


@pytest.mark.parametrize(
    ("common", "spec", "cluster", "version"),
    [
        ({}, {}, {}, "v1.34.0"),
        ({"kubeVersion": "v1.30"}, {}, {}, "v1.30"),
        ({"kubeVersion": "v1.30"}, {"kubeVersion": "v1.31"}, {}, "v1.31"),
        ({"kubeVersion": "v1.30"}, {"kubeVersion": "v1.31"}, {"kubeVersion": "v1.32"}, "v1.32"),
    ],
)
def test_the_nearest_option_wins(
    helm_chart: Make,
    common: dict[str, str],
    spec: dict[str, str],
    cluster: dict[str, str],
    version: str,
) -> None:
    chart = helm_chart({}, clusters=[{"name": "waw", **cluster}], **spec)
    [release], _ = resolved(chart, options=common)
    assert release.options.kube_version == version


def test_every_option_can_be_set_for_all_charts(helm_chart: Make) -> None:
    options = {
        "apiVersions": ["a/v1"],
        "crds": "Skip",
        "tests": "Keep",
        "hooks": "Keep",
        "ordering": "Flux",
        "flux": {"sourceName": "edge"},
        "resourcePolicy": "Leave",
        "namespaces": "Override",
        "lookup": "Empty",
        "nondeterminism": "Error",
        "trusted": True,
    }
    [release], _ = resolved(helm_chart({}), options=options)
    chosen = release.options
    assert chosen.api_versions == ("a/v1",)
    assert chosen.flux
    assert chosen.flux.source_name == "edge"
    assert [chosen.crds, chosen.tests, chosen.hooks, chosen.ordering] == [
        "Skip",
        "Keep",
        "Keep",
        "Flux",
    ]
    assert [chosen.resource_policy, chosen.namespaces, chosen.lookup, chosen.nondeterminism] == [
        "Leave",
        "Override",
        "Empty",
        "Error",
    ]
    assert chosen.trusted


def test_every_cluster_gets_a_release_of_its_own(helm_chart: Make) -> None:
    clusters = [
        {"name": "waw", "namespace": "edge", "apiVersions": ["a/v1"]},
        {"name": "krk", "values": {"valuesInline": {"replicas": 3}}},
    ]
    values = {"valuesInline": {"replicas": 1, "site": "all"}}
    releases, _ = resolved(helm_chart({}, clusters=clusters, values=values, namespace="ran"))
    assert [(each.cluster, each.namespace, each.folder, each.values) for each in releases] == [
        ("waw", "edge", "clusters/waw/demo", {"replicas": 1, "site": "all"}),
        ("krk", "ran", "clusters/krk/demo", {"replicas": 3, "site": "all"}),
    ]
    assert releases[0].options.api_versions == ("a/v1",)


@pytest.mark.parametrize(
    ("place", "path", "folder", "cluster"),
    [
        ("demo.yaml", None, "demo", ""),
        ("apps/demo.yaml", None, "demo", ""),
        ("demo.yaml", "./apps/demo/", "apps/demo", ""),
        ("demo.yaml", ".", "", ""),
        ("demo.yaml", "clusters/waw/demo", "clusters/waw/demo", "waw"),
        ("clusters/waw/demo.yaml", None, "clusters/waw/demo", "waw"),
        ("clusters/waw/demo.yaml", "apps", "clusters/waw/apps", "waw"),
    ],
)
def test_output_goes_to_a_folder_and_may_be_a_clusters(
    helm_chart: Make, place: str, path: str | None, folder: str, cluster: str
) -> None:
    [release], _ = resolved(helm_chart({}, path=place).merged({"spec": {"path": path}}))
    assert (release.folder, release.cluster) == (folder, cluster)


@pytest.mark.parametrize(
    ("package_path", "home"), [("/pkg", ""), ("/pkg/db", "db"), ("/pkg/a/b", "a/b")]
)
def test_a_release_knows_its_package(helm_chart: Make, package_path: str, home: str) -> None:
    root = Resource.parse(KPTFILE, place=Place("Kptfile", 0, "/pkg"))
    [release], _ = resolved(root, helm_chart({}).at(Place("demo.yaml", 0, package_path)))
    assert release.home == home


@pytest.mark.parametrize(
    ("name", "spec", "field"),
    [
        ("a" * 54, {}, "spec.releaseName: must be a release name"),
        ("demo", {"kubeVersion": "v1.20.0"}, "spec.kubeVersion: chart"),
    ],
)
def test_a_release_that_helm_would_refuse_is_refused(
    helm_chart: Make, name: str, spec: dict[str, str], field: str
) -> None:
    head = {"Chart.yaml": "name: demo\nversion: 1.0.0\nkubeVersion: '>=1.25'\n"}
    releases, [line] = resolved(helm_chart(head, name, **spec))
    assert line.startswith(f"[error] HelmChart/{name} {field}")
    assert releases == []


@pytest.mark.parametrize(
    ("chart", "field", "words"),
    [
        (archived(tgz(), sha256="0" * 64), "sha256", "must have the SHA-256 digest"),
        (archived(b"no archive"), "archive", "the chart archive must be a .tgz"),
        (archived(tgz(**{"demo|Chart.yaml": HEAD})[:80]), "archive", "must be a .tgz"),
        (archived(tgz(**{"demo|x": b""})), "archive", "`Chart.yaml` must be in the chart"),
        (
            archived(tgz(**{"demo|Chart.yaml": HEAD, "demo|..|..|up": b""})),
            "archive",
            '"demo/../../up" must be a path inside the chart',
        ),
        (
            archived(tgz(**{"demo|Chart.yaml": b"name: [\n"})),
            "archive",
            "`Chart.yaml` must be YAML",
        ),
        (
            archived(tgz(**{"demo|Chart.yaml": b"a: &a [x]\nb: [*a" + b", *a" * 200_000 + b"]"})),
            "archive",
            "aliases must expand to at most",
        ),
        (
            archived(tgz(**{"demo|Chart.yaml": HEAD}), name="other"),
            "name",
            'must be the chart\'s own name, "demo", but is "other"',
        ),
        (
            archived(tgz(**{"demo|Chart.yaml": HEAD}), version="1.0"),
            "version",
            'must be the chart\'s own version, "1.0.0", but is "1.0"',
        ),
    ],
    ids=[
        "another digest",
        "no archive",
        "a truncated archive",
        "no Chart.yaml",
        "a path that leads outside",
        "a broken Chart.yaml",
        "an alias bomb",
        "another name",
        "another version",
    ],
)
def test_a_broken_or_hostile_archive_is_refused(chart: Resource, field: str, words: str) -> None:
    releases, [line] = resolved(chart)
    assert line.startswith(f"[error] HelmChart/demo spec.chart.{field}: ")
    assert words in line
    assert "(demo.yaml)" in line
    assert releases == []


def test_a_zip_bomb_is_refused() -> None:
    zeros = {f"demo|{number}": bytes(2**22) for number in range(MAX_CHART_BYTES // 2**22 + 1)}
    releases, [line] = resolved(archived(tgz(**{"demo|Chart.yaml": HEAD}, **zeros)))
    assert "the chart archive must have at most 100 MiB when unpacked" in line
    assert releases == []


@pytest.mark.parametrize(
    ("files", "words"),
    [
        (
            {
                "Chart.yaml": HEAD.decode() + "dependencies: [{name: db, version: 1.x}]\n",
            },
            'chart "demo" must hold its dependencies in `charts/`, but lacks "db" 1.x',
        ),
        (
            {"Chart.yaml": HEAD.decode() + "type: library\n"},
            'chart "demo" must be an application, but is a library',
        ),
        (
            {"values.schema.json": '{"$ref": "file:///etc/passwd"}'},
            '`values.schema.json`: `$ref` at "" must begin with `#`, but is "file:///etc/passwd"',
        ),
    ],
    ids=["a missing dependency", "a library", "a schema elsewhere"],
)
def test_a_chart_that_must_not_be_rendered_is_refused(
    helm_chart: Make, files: dict[str, str], words: str
) -> None:
    releases, [line] = resolved(helm_chart(files))
    assert line.startswith(f"[error] HelmChart/demo spec.chart: {words}")
    assert releases == []


def test_a_dependency_of_another_version_is_told(helm_chart: Make) -> None:
    files = {
        "Chart.yaml": HEAD.decode() + "dependencies: [{name: db, version: ^2, alias: sql}]\n",
        "charts/db/Chart.yaml": "name: db\nversion: 1.9.0\n",
    }
    releases, [line] = resolved(helm_chart(files))
    assert line.startswith(
        '[warning] HelmChart/demo spec.chart.archive: dependency "db" of chart "demo" must have '
        'version "^2", but `charts/` holds "1.9.0"'
    )
    assert len(releases) == 1


def test_what_was_left_out_of_an_archive_is_told() -> None:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as archive:
        entry = tarfile.TarInfo("demo/Chart.yaml")
        entry.size = len(HEAD)
        archive.addfile(entry, io.BytesIO(HEAD))
        link = tarfile.TarInfo("demo/templates/hosts")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/hosts"
        archive.addfile(link)
    releases, [line] = resolved(archived(content.getvalue()))
    assert "[warning] HelmChart/demo spec.chart.archive: left out `templates/hosts`" in line
    assert len(releases) == 1


def test_the_problems_of_all_charts_are_told_together(helm_chart: Make) -> None:
    values = {"valuesFrom": [{"name": "none"}], "set": ["x"]}
    releases, said = resolved(
        helm_chart({}, "one", values=values), helm_chart({}, "two", values=values), helm_chart({})
    )
    assert len(said) == 4
    assert [release.name for release in releases] == ["demo"]
