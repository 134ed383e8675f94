"""Provenance: the `.prov` file that says who packed a chart archive."""

import tempfile
from hashlib import sha256
from pathlib import Path

from krmfn.cli.charts.helm import verify
from krmfn.cli.charts.sources import Fetched
from krmfn.cli.errors import CliError
from krmfn.helm_expand.archive import ChartArchive


def verify_provenance(found: Fetched, chart: ChartArchive, keyring: Path) -> list[str]:
    """Check the archive that was found against its .prov file; give who signed it.

    Raises:
        CliError: there is no .prov file, it does not hold, or the keyring lacks its key.
    """
    if not found.provenance:
        raise CliError(f'"{found.source}" must have a .prov file to be verified, but has none')
    if not keyring.is_file():
        raise CliError(f'`--keyring` must be a file of public keys, but is "{keyring}"')
    with tempfile.TemporaryDirectory() as folder:
        archive = Path(folder, _file_name(chart))
        provenance = Path(folder, f"{archive.name}.prov")
        archive.write_bytes(found.archive)
        provenance.write_text(found.provenance, "utf-8")
        return verify(archive, provenance, keyring)


def is_of(provenance: str, archive: bytes, chart: ChartArchive) -> bool:
    """Say whether a .prov file states the digest of this archive; its signature is not checked."""
    return f"{_file_name(chart)}: sha256:{sha256(archive).hexdigest()}" in provenance


def _file_name(chart: ChartArchive) -> str:
    """Give the name that Helm packs the chart under, which is the one that is signed."""
    return f"{chart.name}-{chart.version}.tgz"
