"""The calls of Helm's own code that reach servers or check signatures.

Helm's Python package leaves out some options that its library knows, so these calls go to the
library: TLS files for every download, and for a registry as part of the login.
"""

import json
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from queue import Empty, Queue
from types import ModuleType
from typing import Any, NamedTuple, TypeVar
from urllib.parse import urlsplit

from krmfn.cli.charts.explain import failed
from krmfn.cli.errors import CliError

_T = TypeVar("_T")
_SIGNED = "-----BEGIN PGP SIGNED MESSAGE-----"


@dataclass(frozen=True)
class Access:
    """How servers are reached.

    Attributes:
        origin: the `host[:port]` that the credentials are for; no other server gets them.
        timeout: seconds that one request may take.
    """

    username: str = ""
    password: str = field(default="", repr=False)
    origin: str = ""
    ca_file: str = ""
    cert_file: str = ""
    key_file: str = ""
    insecure_skip_tls_verify: bool = False
    plain_http: bool = False
    timeout: float = 120

    def options(self, url: str) -> dict[str, Any]:
        """Give Helm's options for a request to an address: only those that are set."""
        known = self.username and origin_of(url) == self.origin
        options = {
            "username": self.username if known else "",
            "password": self.password if known else "",
            "ca_file": self.ca_file,
            "cert_file": self.cert_file,
            "key_file": self.key_file,
            "insecure_skip_tls_verify": self.insecure_skip_tls_verify,
        }
        return {name: value for name, value in options.items() if value}


class Download(NamedTuple):
    """A chart archive as a server gave it, and its provenance file, "" when there is none."""

    archive: bytes
    provenance: str


def origin_of(url: str) -> str:
    """Give the `host[:port]` of an address."""
    return urlsplit(url).netloc


def read_index(url: str, access: Access) -> dict[str, list[dict[str, Any]]]:
    """Give the versions of every chart in the repository at an address, the newest first.

    Raises:
        CliError: the server cannot be reached, refuses, or has no index.
    """

    def read(native: Any) -> str:
        options = json.dumps(access.options(url))
        return str(native.call_string("helm_repo_index_download", url, options))

    return json.loads(_request(read, url, access)).get("entries") or {}


def read_tags(url: str, access: Access) -> list[str]:
    """Give the versions that the OCI repository of a chart has, the newest first.

    Raises:
        CliError: the registry cannot be reached, refuses, or has no such repository.
    """

    def read(native: Any) -> str:
        with _registry(native, url, access) as registry:
            return str(native.call_string("helm_registry_tags", registry, url))

    return list(json.loads(_request(read, url, access)))


def download(url: str, access: Access, *, version: str = "") -> Download:
    """Fetch the chart archive at an `https://`, `http://` or `oci://` address.

    Args:
        url: the address; of an OCI repository, with a version or a digest.
        access: how servers are reached.
        version: the version to take from an OCI repository.

    Raises:
        CliError: the server cannot be reached, refuses, or has no such chart.
    """

    def fetch(native: Any) -> Download:
        with tempfile.TemporaryDirectory() as folder, _registry(native, url, access) as registry:
            options = {"dest_dir": folder, "verify_later": True, "plain_http": access.plain_http}
            options |= {"version": version, **access.options(url)}
            native.call_string("helm_pull", registry, url, json.dumps(options))
            return _downloaded(Path(folder))

    return _request(fetch, url, access)


def _downloaded(folder: Path) -> Download:
    archive, provenance = b"", ""
    for file in folder.iterdir():
        if file.suffix == ".prov":
            provenance = file.read_text("utf-8", errors="replace")
        else:
            archive = file.read_bytes()
    return Download(archive, provenance if provenance.startswith(_SIGNED) else "")


def verify(archive: Path, provenance: Path, keyring: Path) -> list[str]:
    """Check a chart archive against its provenance file; give the identities that signed it.

    Raises:
        CliError: the signature does not hold, or is of a key that the keyring does not have.
    """
    helm = _helm()
    try:
        return list(helm.verify(archive, keyring, provenance_file=provenance)["signed_by"])
    except helm.HelmError as error:
        if "keyring" in str(error):
            rule = "must be a file as `gpg --export` writes it"
            raise CliError(f'`--keyring` {rule}, but is "{keyring}": {error}') from error
        raise CliError(f'the provenance of "{archive.name}" does not hold: {error}') from error


@contextmanager
def _registry(native: Any, url: str, access: Access) -> Iterator[Any]:
    """Give a client of OCI registries, logged in to the address's one where that is needed.

    Without credentials and TLS files it uses what `helm registry login` has stored; with them it
    stores what it needs in a folder of its own.
    """
    login = access.options(url) if url.startswith("oci:") else {}
    with tempfile.TemporaryDirectory() as folder:
        options: dict[str, Any] = {"plain_http": access.plain_http}
        if login:
            options["credentials_file"] = str(Path(folder, "credentials.json"))
        client = native.HANDLE(native.call_handle("helm_registry_client_new", json.dumps(options)))
        try:
            if login:
                _log_in(native, client, origin_of(url), login, access)
            yield client
        finally:
            native.call_status("helm_registry_client_free", client)


def _log_in(native: Any, client: Any, host: str, login: dict[str, Any], access: Access) -> None:
    """Log in, which is also what makes the client use the TLS files."""
    user, password = login.pop("username", ""), login.pop("password", "")
    login["insecure"] = login.pop("insecure_skip_tls_verify", False)
    login["plain_http"] = access.plain_http
    try:
        native.call_status("helm_registry_login", client, host, user, password, json.dumps(login))
    except _helm().HelmError:
        if user:
            raise


def _request(make: Callable[[Any], _T], url: str, access: Access) -> _T:
    """Call Helm's library in a thread that is left behind when it takes too long."""
    if urlsplit(url).scheme == "http" and not access.plain_http:
        raise CliError(f'"{url}" must begin with https://, or be allowed with --plain-http')
    helm = _helm()
    native = import_module("helm_python._native")
    outcome: Queue[_T | Exception] = Queue()

    def run() -> None:
        try:
            outcome.put(make(native))
        except Exception as error:  # noqa: BLE001 - the caller's thread raises it
            outcome.put(error)

    threading.Thread(target=run, daemon=True).start()
    try:
        result = outcome.get(timeout=access.timeout)
    except Empty:
        raise CliError(f'"{url}" must answer within {access.timeout:g} s') from None
    if isinstance(result, helm.HelmError):
        raise failed(url, origin_of(url), str(result)) from result
    if isinstance(result, Exception):
        raise result
    return result


def _helm() -> ModuleType:
    try:
        return import_module("helm_python")
    except ImportError as error:
        raise CliError(
            "fetching and verifying charts needs Helm's library: pip install 'krm-fn[helm]'"
        ) from error
