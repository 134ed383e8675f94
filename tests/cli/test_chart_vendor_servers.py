"""`krmfn chart vendor` against chart repositories and OCI registries on loopback."""

import json
import re
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("helm_python", reason="the extra krm-fn[helm] is not installed")
pytestmark = pytest.mark.network

FILE = Path("helmchart_upf.yaml")
PLAIN = "--plain-http"
AS_USER = ("--username", "edge", "--password-stdin")
PASSWORD = "far-away\n"


@pytest.fixture(scope="module")
def published(make_chart: Any, publish: Any) -> Path:
    """A repository with three versions of `upf`, the newest a prerelease, and `amf`."""
    versions = ("1.0.0", "1.2.0", "2.0.0-rc.1")
    charts = [make_chart("upf", version) for version in versions]
    return publish(*charts, make_chart("amf", "0.1.0"))


@pytest.fixture
def repository(published: Path, tmp_path: Path) -> Path:
    """The repository, for this test to change."""
    return shutil.copytree(published, tmp_path / "repository")


@pytest.fixture(scope="module")
def charts(published: Path, registry: Any) -> str:
    """The address of these charts in a registry without TLS that asks for no password."""
    import helm_python

    address = f"{registry().url}/charts"
    for archive in published.glob("*.tgz"):
        helm_python.push(archive, address, plain_http=True)
    return address


@pytest.fixture(scope="module")
def private(published: Path, registry: Any, certificates: Any, push_privately: Any) -> str:
    """The address of `upf` in a registry that asks for a password, over TLS."""
    server = registry(private=True, tls=certificates)
    push_privately(published / "upf-1.0.0.tgz", server)
    return f"{server.url}/charts/upf"


@pytest.fixture(scope="module")
def push_privately(
    certificates: Any, tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., None]:
    """Push an archive to a private registry, below `charts/`."""
    from helm_python import _native

    def push(archive: Path, server: Any) -> None:
        stored = {"credentials_file": str(tmp_path_factory.mktemp("login") / "login.json")}
        client = _native.HANDLE(_native.call_handle("helm_registry_client_new", json.dumps(stored)))
        options = json.dumps({"ca_file": str(certificates.authority)})
        user, password = AS_USER[1], PASSWORD.strip()
        call = ("helm_registry_login", client, server.host, user, password, options)
        _native.call_status(*call)
        _native.call_string("helm_push", client, str(archive), f"{server.url}/charts", None)
        _native.call_status("helm_registry_client_free", client)

    return push


@pytest.fixture
def silent() -> Iterator[str]:
    """The address of a server that never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"127.0.0.1:{server.getsockname()[1]}"


VERSIONS = pytest.mark.parametrize(
    ("wanted", "version"),
    [
        ("", "1.2.0"),
        ("1.0.0", "1.0.0"),
        ("1.0", "1.0.0"),
        ("^1", "1.2.0"),
        ("<1.2", "1.0.0"),
        (">1-0", "2.0.0-rc.1"),
        ("2.0.0-rc.1", "2.0.0-rc.1"),
    ],
)


@VERSIONS
def test_a_repository_gives_the_newest_version_in_the_range(
    wanted: str, version: str, published: Path, serve: Any, vendor: Any, chart_of: Any
) -> None:
    server = serve(published)

    ran = vendor("upf", "--repo", server.url, "--version", wanted, PLAIN)

    assert ran.code == 0, ran.err
    chart = chart_of(FILE)
    archive = (published / f"upf-{version}.tgz").read_bytes()
    assert (chart["version"], chart["sha256"]) == (version, sha256(archive).hexdigest())
    assert chart["source"] == server.url


@VERSIONS
def test_a_registry_gives_the_newest_version_in_the_range(
    wanted: str, version: str, published: Path, charts: str, vendor: Any, chart_of: Any
) -> None:
    ran = vendor(f"{charts}/upf", "--version", wanted, PLAIN)

    assert ran.code == 0, ran.err
    chart = chart_of(FILE)
    archive = (published / f"upf-{version}.tgz").read_bytes()
    assert (chart["version"], chart["sha256"]) == (version, sha256(archive).hexdigest())
    assert chart["source"] == f"{charts}/upf:{version}"


def test_a_registry_gives_the_version_that_is_tagged(
    charts: str, vendor: Any, chart_of: Any
) -> None:
    address = f"{charts}/upf:1.0.0"

    vendor(address, PLAIN)

    assert (chart_of(FILE)["version"], chart_of(FILE)["source"]) == ("1.0.0", address)


def test_a_version_with_build_metadata_is_found_under_its_tag(
    make_chart: Any, publish: Any, charts: str, vendor: Any, chart_of: Any
) -> None:
    import helm_python

    folder = publish(make_chart("smf", "1.0.0+edge.1"))
    helm_python.push(next(folder.glob("*.tgz")), charts, plain_http=True)

    ran = vendor(f"{charts}/smf", "--dest", FILE, PLAIN)

    assert ran.code == 0, ran.err
    assert chart_of(FILE)["version"] == "1.0.0+edge.1"
    assert chart_of(FILE)["source"] == f"{charts}/smf:1.0.0_edge.1"
    assert vendor(chart_of(FILE)["source"], "--dest", "again", PLAIN).code == 0


def test_an_address_gives_the_archive_that_lies_there(
    repository: Path, serve: Any, vendor: Any, chart_of: Any
) -> None:
    server = serve(repository)

    ran = vendor(f"{server.url}/upf-1.0.0.tgz?token=secret", PLAIN)

    assert ran.code == 0, ran.err
    assert chart_of(FILE)["source"] == f"{server.url}/upf-1.0.0.tgz"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["upf", "--repo", "{http}", "--version", ">2"],
            'has no version in the range ">2"; it has',
        ),
        (["upf", "--repo", "{http}", "--version", "9.9.9"], "it has 2.0.0-rc.1, 1.2.0, 1.0.0"),
        (["uqf", "--repo", "{http}"], 'has no chart "uqf"; it has upf'),
        (["nothing", "--repo", "{http}"], 'has no chart "nothing"; it has amf, upf'),
        (["upf", "--repo", "{http}/gone"], "does not have it (failed to fetch"),
        (["upf", "--repo", "http://127.0.0.1:1"], "127.0.0.1:1 cannot be reached"),
        (["upf", "--repo", "{http}/text"], "what is there is no index of charts"),
        (["{http}/gone.tgz"], "does not have it (failed to fetch"),
        (["{http}/index.yaml"], "must be a chart: the chart archive must be a .tgz"),
        (["{oci}/upf:9.0.0"], '/charts/upf" has no tag "9.0.0"; it has 2.0.0-rc.1, 1.2.0,'),
        (["{oci}/upf", "--version", ">2"], 'has no version in the range ">2"; it has 2.0.0-'),
        (["{oci}/upf:latest"], 'the tag of a chart must be a version, but is "latest"'),
        (["{oci}/gone"], "does not have it"),
        (["{oci}/upf@sha256:" + "0" * 64], "does not have it"),
        (["oci://127.0.0.1:1/upf"], "127.0.0.1:1 cannot be reached"),
    ],
)
def test_what_a_server_does_not_have_is_said(
    arguments: list[str], message: str, repository: Path, charts: str, serve: Any, vendor: Any
) -> None:
    (repository / "text").mkdir()
    (repository / "text/index.yaml").write_text("<html>")
    places = {"http": serve(repository).url, "oci": charts}

    ran = vendor(*(argument.format(**places) for argument in arguments), PLAIN)

    assert ran.code == 1
    assert message in ran.err
    assert ran.err.startswith("error: ")
    assert not FILE.exists()


def test_an_archive_must_have_the_digest_of_the_index(
    repository: Path, serve: Any, vendor: Any
) -> None:
    index = repository / "index.yaml"
    index.write_text(re.sub("digest: .*", f"digest: {'f' * 64}", index.read_text()))

    ran = vendor("upf", "--repo", serve(repository).url, PLAIN)

    assert ran.code == 1
    assert 'the digest of "upf" 1.2.0 in the index of "http://' in ran.err
    assert f"is {'f' * 64}, but what it leads to has" in ran.err


def test_a_repository_must_give_the_chart_that_was_asked_for(
    repository: Path, serve: Any, vendor: Any
) -> None:
    shutil.copy(repository / "amf-0.1.0.tgz", repository / "upf-1.2.0.tgz")
    index = repository / "index.yaml"
    index.write_text(re.sub(" *digest: .*\n", "", index.read_text()))

    ran = vendor("upf", "--repo", serve(repository).url, PLAIN)

    assert ran.code == 1
    assert 'gave the chart "amf" for "upf"' in ran.err


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("file:///etc/hostname", "an address must begin with https:// or oci://, but is"),
        ("https://me:secret@127.0.0.1/upf.tgz", "an address must not hold credentials"),
    ],
)
def test_an_index_may_not_lead_elsewhere(
    place: str, message: str, repository: Path, serve: Any, vendor: Any
) -> None:
    index = repository / "index.yaml"
    index.write_text(index.read_text().replace("- upf-1.2.0.tgz", f"- {place}"))

    ran = vendor("upf", "--repo", serve(repository).url, PLAIN)

    assert ran.code == 1
    assert message in ran.err


def test_an_index_must_lead_somewhere(repository: Path, serve: Any, vendor: Any) -> None:
    index = repository / "index.yaml"
    index.write_text(re.sub("urls:\n *- upf-1.2.0.tgz", "urls: []", index.read_text()))

    ran = vendor("upf", "--repo", serve(repository).url, PLAIN)

    assert ran.code == 1
    assert 'has no address for "upf" 1.2.0' in ran.err


def test_an_index_may_lead_to_a_registry(
    repository: Path, serve: Any, charts: str, vendor: Any, chart_of: Any
) -> None:
    index = repository / "index.yaml"
    leads = index.read_text().replace("- upf-1.2.0.tgz", f"- {charts}/upf:1.2.0")
    index.write_text(leads)

    ran = vendor("upf", "--repo", serve(repository).url, PLAIN)

    assert ran.code == 0, ran.err
    assert chart_of(FILE)["version"] == "1.2.0"


def test_plain_http_must_be_allowed(charts: str, vendor: Any) -> None:
    ran = vendor(f"{charts}/upf")

    assert ran.code == 1
    assert "speaks plain HTTP; allow that with --plain-http" in ran.err


def test_a_repository_may_want_a_password(repository: Path, serve: Any, vendor: Any) -> None:
    server = serve(repository, private=True)
    arguments = ("upf", "--repo", server.url, PLAIN)

    for options, password in (((), ""), (AS_USER, "wrong\n")):
        refused = vendor(*arguments, *options, stdin=password)
        assert refused.code == 1
        assert "wants a user it knows: --username and --password-stdin" in refused.err
    assert vendor(*arguments, *AS_USER, stdin=PASSWORD).code == 0
    assert "far-away" not in FILE.read_text()


def test_no_other_server_gets_the_password(repository: Path, serve: Any, vendor: Any) -> None:
    archives, index = serve(repository), repository.with_name("index")
    index.mkdir()
    leads = (repository / "index.yaml").read_text().replace("- upf-", f"- {archives.url}/upf-")
    (index / "index.yaml").write_text(leads)
    server = serve(index, private=True)

    ran = vendor("upf", "--repo", server.url, PLAIN, *AS_USER, stdin=PASSWORD)

    assert ran.code == 0, ran.err
    assert all(authorization for _, authorization in server.requests)
    assert archives.requests
    assert not any(authorization for _, authorization in archives.requests)


def test_a_server_is_believed_by_its_authority_only(
    repository: Path, serve: Any, certificates: Any, vendor: Any, tmp_path: Path
) -> None:
    arguments = ("upf", "--repo", serve(repository, tls=certificates).url)

    refused = vendor(*arguments)
    assert refused.code == 1
    assert "cannot be trusted; name its authority with --ca-file" in refused.err
    assert vendor(*arguments, "--ca-file", certificates.authority).code == 0
    assert vendor(*arguments, "--insecure-skip-tls-verify", "--dest", tmp_path).code == 0


@pytest.mark.parametrize("believed", ["--ca-file", "--insecure-skip-tls-verify"])
def test_a_registry_may_want_a_password_over_tls(
    believed: str, private: str, certificates: Any, vendor: Any
) -> None:
    believing = (believed, certificates.authority)[: 2 if believed == "--ca-file" else 1]

    assert "cannot be trusted; name its authority" in vendor(private).err
    assert "wants a user it knows" in vendor(private, *believing).err
    assert "wants a user it knows" in vendor(private, *believing, *AS_USER, stdin="wrong").err
    ran = vendor(private, *believing, *AS_USER, stdin=PASSWORD)
    assert ran.code == 0, ran.err
    missing = vendor(f"{private}:9.0.0", *believing, *AS_USER, stdin=PASSWORD)
    assert 'has no tag "9.0.0"; it has 1.0.0' in missing.err


def test_a_certificate_is_shown_to_a_registry_that_wants_one(
    registry: Any, certificates: Any, vendor: Any
) -> None:
    server = registry(tls=certificates, clients=certificates.authority)
    shown = ("--cert-file", certificates.certificate, "--key-file", certificates.key)
    believing = ("--ca-file", certificates.authority)

    refused = vendor(f"{server.url}/charts/upf", *believing)
    assert "may want a certificate that it knows: --cert-file and --key-file" in refused.err
    missing = vendor(f"{server.url}/charts/upf", *believing, *shown)
    assert "does not have it" in missing.err


@pytest.mark.parametrize("source", [["upf", "--repo", "http://{}"], ["oci://{}/charts/upf"]])
def test_a_server_that_does_not_answer_is_given_up(
    source: list[str], silent: str, vendor: Any
) -> None:
    arguments = [argument.format(silent) for argument in source]

    ran = vendor(*arguments, PLAIN, "--timeout", "0.2")

    assert ran.code == 1
    assert "must answer within 0.2 s" in ran.err


def test_helm_says_nothing_by_itself(repository: Path, tmp_path: Path) -> None:
    """Messages of the library behind our back would show in a process of its own."""
    command = ("krmfn", "chart", "vendor", repository / "upf-1.0.0.tgz", "--dest", tmp_path)

    ran = subprocess.run(command, check=True, capture_output=True, text=True)

    assert ran.stdout.startswith(f'written {tmp_path}/helmchart_upf.yaml: chart "upf" 1.0.0, ')
    assert ran.stdout.count("\n") == 1
