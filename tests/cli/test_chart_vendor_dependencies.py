"""`krmfn chart vendor` on charts that depend on others."""

import base64
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from krmfn.cli.charts.lock import locked_versions
from krmfn.cli.errors import CliError
from krmfn.helm_expand.archive import ChartArchive, pack, read
from krmfn.sdk import yaml_dump, yaml_load

helm = pytest.importorskip("helm_python", reason="the extra krm-fn[helm] is not installed")

FILE = Path("helmchart_upf.yaml")
PLAIN = "--plain-http"
AS_USER = ("--username", "edge", "--password-stdin")
PASSWORD = "far-away\n"


@pytest.fixture
def carried(chart_of: Any) -> Callable[[], ChartArchive]:
    """The chart in the file that was written."""
    return lambda: read(base64.b64decode(chart_of(FILE)["archive"]))


@pytest.fixture(scope="module")
def published(make_chart: Any, publish: Any) -> Path:
    """A repository with `dns` in three versions and `log`."""
    charts = [make_chart("dns", version) for version in ("1.0.0", "1.3.0", "2.0.0")]
    return publish(*charts, make_chart("log", "0.1.0"))


@pytest.fixture
def repository(published: Path, tmp_path: Path) -> Path:
    """The repository, for this test to change."""
    return shutil.copytree(published, tmp_path / "repository")


def on(url: str, name: str = "dns", version: str = "^1", **more: Any) -> dict[str, Any]:
    return {"name": name, "version": version, "repository": url, **more}


def versions(chart: ChartArchive) -> list[tuple[str, str]]:
    return sorted((subchart.name, subchart.version) for subchart in chart.subcharts)


@pytest.mark.network
def test_dependencies_come_from_repositories_and_registries(
    published: Path, serve: Any, registry: Any, make_chart: Any, vendor: Any, carried: Any
) -> None:
    server, oci = serve(published), registry()
    helm.push(published / "log-0.1.0.tgz", f"{oci.url}/charts", plain_http=True)
    dependencies = [
        on(server.url),
        on(server.url, alias="second", condition="second.enabled"),
        on(server.url, version="2.x", alias="next"),
        on(f"{oci.url}/charts", "log", "*"),
    ]

    ran = vendor(make_chart(dependencies=dependencies), PLAIN)

    assert ran.code == 0, ran.err
    assert versions(carried()) == [("dns", "1.3.0"), ("dns", "2.0.0"), ("log", "0.1.0")]
    assert f'added "log" 0.1.0 from {oci.url}/charts/log:0.1.0\n' in ran.err


@pytest.mark.network
def test_a_lock_decides_the_version_and_is_carried(
    published: Path, serve: Any, make_chart: Any, vendor: Any, carried: Any
) -> None:
    server = serve(published)
    chart = make_chart(dependencies=[on(server.url, version="1.0.0")])
    helm.dependency_update(chart)
    held = yaml_load((chart / "Chart.lock").read_text())
    newest = make_chart(dependencies=[on(server.url)])
    helm.dependency_update(newest)
    lock = (newest / "Chart.lock").read_text()
    assert (held["dependencies"][0]["version"], "1.3.0" in lock) == ("1.0.0", True)

    # its charts/ is that of an older lock, as in a working copy after `git pull`
    shutil.rmtree(newest / "charts")
    shutil.copytree(chart / "charts", newest / "charts")
    ran = vendor(newest, PLAIN)

    assert ran.code == 0, ran.err
    assert versions(carried()) == [("dns", "1.3.0")]
    assert carried().files["Chart.lock"].decode() == lock


@pytest.mark.network
def test_vendoring_again_gives_the_same_bytes(
    published: Path, serve: Any, make_chart: Any, vendor: Any
) -> None:
    chart = make_chart(dependencies=[on(serve(published).url)])

    vendor(chart, PLAIN)
    again = vendor(chart, PLAIN)

    assert again.out.startswith("unchanged ")
    assert not (chart / "charts").exists()
    assert not (chart / "Chart.lock").exists()


def test_a_lock_of_other_dependencies_is_refused(make_chart: Any, vendor: Any) -> None:
    dependency = {"name": "dns", "version": "1.0.0", "repository": "file://../dns"}
    chart = make_chart(at=Path("upf"), dependencies=[dependency])
    make_chart("dns", at=Path("dns"))
    helm.dependency_update(chart)
    assert vendor(chart).code == 0
    make_chart(at=chart, dependencies=[{**dependency, "version": ">=1.0.0"}])

    ran = vendor(chart)

    assert ran.code == 1
    assert "`Chart.lock` must be of the dependencies in `Chart.yaml`, which have changed" in ran.err


def test_what_is_held_already_needs_no_server(
    make_chart: Any, package: Any, vendor: Any, carried: Any
) -> None:
    dependencies = [on("https://charts.invalid"), on("", "log", "0.1.0")]
    chart = make_chart(dependencies=dependencies)
    package(make_chart("dns", "1.3.0"), chart / "charts")
    make_chart("log", "0.1.0", at=chart / "charts/log")

    ran = vendor(chart)

    assert ran.code == 0, ran.err
    assert versions(carried()) == [("dns", "1.3.0"), ("log", "0.1.0")]


def test_charts_beside_the_chart_are_taken_with_what_they_depend_on(
    make_chart: Any, vendor: Any, carried: Any
) -> None:
    make_chart("site", at=Path("all/site"), files={".helmignore": "*.md\n", "a.md": ""})
    below = {"name": "site", "version": "1.x", "repository": "file://../site"}
    make_chart("dns", "1.3.0", at=Path("all/dns"), dependencies=[below])
    chart = make_chart(at=Path("all/upf"), dependencies=[on("file://../dns")])

    ran = vendor(chart)

    assert ran.code == 0, ran.err
    (dns,) = carried().subcharts
    assert [(site.name, "a.md" in site.files) for site in dns.subcharts] == [("site", False)]
    assert 'added "site" 1.0.0 from all/site\nadded "dns" 1.3.0 from all/dns\n' in ran.err


@pytest.mark.parametrize(
    ("dependency", "message"),
    [
        (on(""), "it names no repository, so it must lie in the chart's `charts/`"),
        (on("@bitnami"), 'its repository must be an address, but is the alias "@bitnami"'),
        (on("alias:bitnami"), 'its repository must be an address, but is the alias "alias:bit'),
        (on("file://../gone"), '"gone" is no directory and no file'),
        (on("file://../dns", version="^2"), 'what is there is "dns" 1.0.0'),
        (on("file://../dns", "log", "1.0.0"), 'what is there is "dns" 1.0.0'),
        (on("file://../upf", "upf", "1.0.0"), '"upf" 1.0.0 must not depend on itself'),
        (on("http://127.0.0.1:1"), "must begin with https://, or be allowed with --plain-http"),
        (on("ftp://127.0.0.1"), 'an address must begin with https:// or oci://, but is "ftp://'),
        (on("https://host", version="one"), 'a version must be like "1.2.3" or "^1.2", but is "on'),
    ],
)
def test_a_dependency_that_cannot_be_had_is_named(
    dependency: dict[str, Any], message: str, make_chart: Any, vendor: Any
) -> None:
    make_chart("dns", at=Path("dns"))
    chart = make_chart(at=Path("upf"), dependencies=[dependency])

    ran = vendor(chart)

    assert ran.code == 1
    named = f'dependency "{dependency["name"]}" {dependency["version"]} of "upf" 1.0.0: '
    assert ran.err.startswith(f"error: {named}")
    assert message in ran.err
    assert not FILE.exists()


@pytest.mark.network
def test_an_incomplete_archive_is_completed_and_loses_its_provenance(
    published: Path, serve: Any, make_chart: Any, vendor: Any, carried: Any, chart_of: Any
) -> None:
    chart = make_chart(dependencies=[on(serve(published).url)])
    files = {path: (chart / path).read_bytes() for path in ("Chart.yaml", "values.yaml")}
    Path("upf-1.0.0.tgz").write_bytes(pack(files))
    Path("upf-1.0.0.tgz.prov").write_text("-----BEGIN PGP SIGNED MESSAGE-----\n")

    ran = vendor("upf-1.0.0.tgz", PLAIN)

    assert ran.code == 0, ran.err
    assert versions(carried()) == [("dns", "1.3.0")]
    assert "provenance" not in chart_of(FILE)
    assert "left out the provenance" in ran.err


def test_a_packed_chart_cannot_lead_to_this_machine(vendor: Any) -> None:
    """Whoever published the archive must not have files of this machine put into the package."""
    metadata = {"apiVersion": "v2", "name": "upf", "version": "1.0.0"}
    head = yaml_dump({**metadata, "dependencies": [on("file:///etc")]})
    Path("upf.tgz").write_bytes(pack({"Chart.yaml": head.encode()}))

    ran = vendor("upf.tgz")

    assert ran.code == 1
    assert '"file:///etc" can be found only beside a chart in a directory' in ran.err


def test_a_published_chart_is_not_changed_for_its_lock(vendor: Any, carried: Any) -> None:
    metadata = {"apiVersion": "v2", "name": "upf", "version": "1.0.0"}
    head = yaml_dump({**metadata, "dependencies": [on("https://charts.invalid")]})
    archive = pack(
        {
            "Chart.yaml": head.encode(),
            "Chart.lock": b"dependencies: []\ndigest: sha256:0\n",
            "charts/dns/Chart.yaml": b"name: dns\nversion: 0.9.0\n",
        }
    )
    Path("upf.tgz").write_bytes(archive)

    assert vendor("upf.tgz").code == 0
    assert carried().packed == read(archive).packed


@pytest.mark.network
def test_the_password_goes_to_the_one_server_of_the_dependencies(
    published: Path, serve: Any, make_chart: Any, vendor: Any
) -> None:
    server = serve(published, private=True)
    chart = make_chart(dependencies=[on(server.url), on(server.url, "log", "*")])

    assert "wants a user it knows" in vendor(chart, PLAIN).err
    assert vendor(chart, PLAIN, *AS_USER, stdin=PASSWORD).code == 0

    other = make_chart(dependencies=[on(server.url), on("https://other", "log", "*")])
    ran = vendor(other, PLAIN, *AS_USER, stdin=PASSWORD)
    assert ran.code == 1
    assert "credentials must be for one server, but the dependencies are on 127.0.0.1:" in ran.err


@pytest.mark.network
def test_no_dependency_gets_the_password_of_the_source(
    repository: Path, serve: Any, make_chart: Any, publish: Any, vendor: Any, carried: Any
) -> None:
    others = serve(repository)
    chart = make_chart(dependencies=[on(others.url)])
    files = {path: (chart / path).read_bytes() for path in ("Chart.yaml", "values.yaml")}
    source = publish()
    (source / "upf.tgz").write_bytes(pack(files))
    server = serve(source, private=True)

    ran = vendor(f"{server.url}/upf.tgz", PLAIN, *AS_USER, stdin=PASSWORD)

    assert ran.code == 0, ran.err
    assert versions(carried()) == [("dns", "1.3.0")]
    assert others.requests
    assert not any(authorization for _, authorization in others.requests)


TEXT = st.text("ab<>&é\"'\\ .*^~|", max_size=6)
IMPORTS = st.lists(st.one_of(TEXT, st.fixed_dictionaries({"parent": TEXT, "child": TEXT})))
DEPENDENCY = st.fixed_dictionaries(
    {"version": st.sampled_from(["1.0.0", ">=1 <2", "^1.0", "*", "1.x || >3"])},
    optional={
        "condition": TEXT,
        "tags": st.lists(TEXT, max_size=2),
        "enabled": st.booleans(),
        "import-values": IMPORTS,
    },
)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(dependencies=st.lists(DEPENDENCY, min_size=1, max_size=3))
def test_the_digest_of_a_lock_is_the_one_that_helm_takes(
    dependencies: list[dict[str, Any]], make_chart: Any
) -> None:
    common = {"name": "dns", "repository": "file://../dns"}
    named = [
        {**common, **each} | ({"alias": f"dns{number}"} if number else {})
        for number, each in enumerate(dependencies)
    ]
    chart = make_chart(dependencies=named)
    make_chart("dns", at=chart.parent / "dns")
    helm.dependency_update(chart)
    files = {path.name: path.read_bytes() for path in chart.glob("Chart.*")}

    assert locked_versions(files) == ["1.0.0"] * len(named)

    changed = [{**each, "condition": f"{each.get('condition', '')}x"} for each in named]
    files["Chart.yaml"] = yaml_dump({"dependencies": changed}).encode()
    with pytest.raises(CliError, match="which have changed since"):
        locked_versions(files)


def test_a_lock_of_helm_2_is_understood(make_chart: Any, vendor: Any, carried: Any) -> None:
    """Helm 4 reads this file: a chart of its first API, with the digest that Helm 2 wrote."""
    chart = make_chart(
        at=Path("upf"),
        apiVersion="v1",
        files={
            "requirements.yaml": "dependencies:\n- {name: dns, version: 1.0.0, "
            "repository: 'file://../dns'}\n",
            "requirements.lock": "dependencies:\n- {name: dns, version: 1.0.0, "
            "repository: 'file://../dns'}\n"
            "digest: sha256:9c334a9c0c2848663e95fa74dbb3fbd8335e2e6e3531f26ead36c683ff5636b6\n"
            'generated: "2018-01-01T00:00:00Z"\n',
        },
    )
    make_chart("dns", at=Path("dns"))

    ran = vendor(chart)

    assert ran.code == 0, ran.err
    assert versions(carried()) == [("dns", "1.0.0")]
    helm.dependency_build(chart)
    shutil.rmtree(chart / "charts")


@pytest.mark.parametrize(
    "lock", ["- a\n", "dependencies: [a]\n", "dependencies: 1\n", "a: [\n", ""]
)
def test_a_lock_that_is_none_is_refused(lock: str, make_chart: Any, vendor: Any) -> None:
    ran = vendor(make_chart(files={"Chart.lock": lock}))

    assert ran.code == 1
    assert "`Chart.lock` must " in ran.err
