"""`krmfn chart vendor` on signed charts, with keys made for the test."""

import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from krmfn.helm_expand.archive import pack, read

helm = pytest.importorskip("helm_python", reason="the extra krm-fn[helm] is not installed")
pytestmark = pytest.mark.skipif(not shutil.which("gpg"), reason="gpg is not installed")

FILE = Path("helmchart_upf.yaml")
PLAIN = "--plain-http"
AUTHOR = "Chart Author <author@example.com>"


class Keys(NamedTuple):
    """Keyrings: the author's secret one, the public one, and that of somebody else."""

    secret: Path
    public: Path
    others: Path


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Keys]:
    # a socket's path has room for about 100 characters
    home = tmp_path_factory.mktemp("gpg")
    home.chmod(0o700)
    gpg = ["gpg", "--homedir", str(home), "--batch", "--quiet", "--passphrase", ""]

    def run(*arguments: str) -> bytes:
        command = [*gpg, "--pinentry-mode", "loopback", *arguments]
        return subprocess.run(command, check=True, capture_output=True).stdout

    made = Keys(home / "secret.gpg", home / "public.gpg", home / "others.gpg")
    for user in (AUTHOR, "Somebody Else <else@example.com>"):
        run("--quick-generate-key", user, "ed25519", "sign", "never")
    made.secret.write_bytes(run("--export-secret-keys", AUTHOR))
    made.public.write_bytes(run("--export", AUTHOR))
    made.others.write_bytes(run("--export", "else@example.com"))
    yield made
    subprocess.run(["gpgconf", "--homedir", home, "--kill", "all"], check=True)


@pytest.fixture
def signed(make_chart: Any, package: Any, keys: Keys, tmp_path: Path) -> Path:
    """A packed chart with its provenance file."""
    archive = package(make_chart(), tmp_path / "signed")
    helm.sign(archive, key=AUTHOR, keyring=keys.secret)
    return archive


def provenance_of(archive: Path) -> Path:
    return archive.with_name(f"{archive.name}.prov")


def test_a_signed_chart_is_verified_and_carries_its_provenance(
    signed: Path, keys: Keys, vendor: Any, chart_of: Any
) -> None:
    ran = vendor(signed, "--verify", "--keyring", keys.public)

    assert ran.code == 0, ran.err
    assert f"signed by {AUTHOR}\n" in ran.err
    assert chart_of(FILE)["provenance"] == provenance_of(signed).read_text()


def test_the_name_of_the_file_does_not_matter(signed: Path, keys: Keys, vendor: Any) -> None:
    renamed = signed.rename(signed.with_name("chart.tgz"))
    provenance_of(signed).rename(provenance_of(renamed))

    assert vendor(renamed, "--verify", "--keyring", keys.public).code == 0


def test_provenance_is_carried_without_being_verified(
    signed: Path, vendor: Any, chart_of: Any
) -> None:
    assert vendor(signed).code == 0
    assert chart_of(FILE)["provenance"] == provenance_of(signed).read_text()


def test_provenance_of_another_archive_is_left_out(
    signed: Path, vendor: Any, chart_of: Any
) -> None:
    spoil_archive(signed)

    ran = vendor(signed)

    assert ran.code == 0
    assert "left out the provenance, which is not of the archive" in ran.err
    assert "provenance" not in chart_of(FILE)


def spoil_archive(archive: Path) -> None:
    archive.write_bytes(pack({**read(archive.read_bytes()).files, "values.yaml": b"replicas: 2"}))


def spoil_provenance(archive: Path) -> None:
    file = provenance_of(archive)
    file.write_text(file.read_text().replace("name: upf", "name: UPF"))


def remove_provenance(archive: Path) -> None:
    provenance_of(archive).unlink()


def do_nothing(_: Path) -> None:
    pass


@pytest.mark.parametrize(
    ("spoil", "keyring", "message"),
    [
        (spoil_archive, "public", 'the provenance of "upf-1.0.0.tgz" does not hold: sha256 sum'),
        (spoil_provenance, "public", 'the provenance of "upf-1.0.0.tgz" does not hold: '),
        (remove_provenance, "public", "must have a .prov file to be verified, but has none"),
        (do_nothing, "others", 'the provenance of "upf-1.0.0.tgz" does not hold: '),
    ],
)
def test_a_chart_that_cannot_be_verified_is_refused(
    spoil: Callable[[Path], None], keyring: str, message: str, signed: Path, keys: Keys, vendor: Any
) -> None:
    spoil(signed)

    ran = vendor(signed, "--verify", "--keyring", getattr(keys, keyring))

    assert ran.code == 1
    assert message in ran.err
    assert not FILE.exists()


@pytest.mark.parametrize(
    ("keyring", "message"),
    [
        ("gone.gpg", '`--keyring` must be a file of public keys, but is "gone.gpg"'),
        ("text.gpg", "`--keyring` must be a file as `gpg --export` writes it, but is"),
    ],
)
def test_a_keyring_must_be_readable(keyring: str, message: str, signed: Path, vendor: Any) -> None:
    Path("text.gpg").write_text("-----BEGIN PGP PUBLIC KEY BLOCK-----\n")

    ran = vendor(signed, "--verify", "--keyring", keyring)

    assert ran.code == 1
    assert message in ran.err


def test_keys_are_looked_up_where_helm_does(
    signed: Path, keys: Keys, vendor: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("GNUPGHOME", str(tmp_path))
    assert f'but is "{tmp_path}/pubring.gpg"' in vendor(signed, "--verify").err

    shutil.copy(keys.public, tmp_path / "pubring.gpg")
    assert vendor(signed, "--verify").code == 0


def test_a_directory_has_no_provenance(make_chart: Any, keys: Keys, vendor: Any) -> None:
    ran = vendor(make_chart(), "--verify", "--keyring", keys.public)

    assert ran.code == 1
    assert "must have a .prov file to be verified, but has none" in ran.err


@pytest.mark.network
def test_servers_give_the_provenance_too(
    signed: Path, keys: Keys, serve: Any, registry: Any, vendor: Any, chart_of: Any
) -> None:
    helm.repo_index_generate(signed.parent)
    server, oci = serve(signed.parent), registry()
    helm.push(signed, f"{oci.url}/charts", plain_http=True)

    for source in (
        ["upf", "--repo", server.url],
        [f"{server.url}/upf-1.0.0.tgz"],
        [f"{oci.url}/charts/upf"],
    ):
        ran = vendor(*source, PLAIN, "--verify", "--keyring", keys.public)
        assert ran.code == 0, ran.err
        assert chart_of(FILE)["provenance"] == provenance_of(signed).read_text()
        FILE.unlink()


@pytest.mark.network
def test_a_page_in_place_of_provenance_is_none(
    signed: Path, keys: Keys, serve: Any, vendor: Any, chart_of: Any
) -> None:
    provenance_of(signed).write_text("<html>not found</html>")
    source = (f"{serve(signed.parent).url}/upf-1.0.0.tgz", PLAIN)

    assert vendor(*source).code == 0
    assert "provenance" not in chart_of(FILE)
    refused = vendor(*source, "--verify", "--keyring", keys.public)
    assert "must have a .prov file to be verified, but has none" in refused.err
