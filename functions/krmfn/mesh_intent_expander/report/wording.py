"""The words in which a row of the report is told, wherever it is shown."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

from krmfn.mesh_intent_expander.intents.report import Reach, Totals

Style = Literal["open", "part", "asked", "closed", "lost"]
"""How open a way is: for all requests, for some, as somebody else says, not, or there is none."""

_TLS = {"mtls": "mTLS", "tls": "TLS", "plaintext": "plaintext", "": ""}


def style(row: Reach) -> Style:
    """Give how open the way of a row is."""
    if row.allows == "none":
        return "closed" if row.outcome in ("denied", "refused") else "lost"
    if row.asks:
        return "asked"
    return "open" if row.allows == "all" else "part"


def requests(row: Reach, most: int = 100) -> str:
    """Say which requests come there; of the operations, so many are listed."""
    if row.allows == "none":
        return row.outcome
    text = "all"
    if row.operations:
        listed = ", ".join(row.operations[:most])
        more = row.more_operations + max(0, len(row.operations) - most)
        listed += f" and {more} more" if more else ""
        text = f"all but {listed}" if row.excepting else listed
    return f"{text}; asks {', '.join(row.asks)}" if row.asks else text


def way(row: Reach) -> str:
    """Say which way requests take."""
    return row.path if row.via in ("", row.path) else f"{row.path} {row.via}"


def tls(row: Reach) -> str:
    """Say how both ends speak."""
    server = row.server_tls.lower()
    client = _TLS[row.client_tls]
    return f"{client}, {server}" if server else client


def ranks(rows: Sequence[Reach]) -> list[str]:
    """Say when the endpoints of each row are used; nothing where no row is for failover."""
    if not any(row.priority for row in rows):
        return [""] * len(rows)
    return [rank(row) for row in rows]


def rank(row: Reach) -> str:
    """Say when the endpoints of a row are used."""
    if row.priority is None:
        return ""
    return "first" if row.priority == 0 else f"failover {row.priority}"


def ways(totals: Totals) -> str:
    """Say how many ways are open, and how many are not."""
    verb = "way is" if totals.reached == 1 else "ways are"
    return (
        f"{totals.reached} {verb} open, {totals.closed} {'is' if totals.closed == 1 else 'are'} not"
    )


def journey(origin: str, row: Reach) -> str:
    """Say from where to where requests go; within one cluster, where that is."""
    if row.own or not row.clusters:
        return origin
    return f"{origin} → {named(row.clusters, row.more_clusters)}"


def named(names: Iterable[str], more: int = 0) -> str:
    """Give names in a line, and how many are left out."""
    listed = ", ".join(names)
    return f"{listed} and {more} more" if more else listed


def clients(row: Reach) -> list[tuple[str, str]]:
    """Give the clients as lines of names and clusters; equal names of several clusters are one."""
    found: dict[tuple[str, ...], list[str]] = {}
    for cluster, names in row.from_.items():
        found.setdefault(names, []).append(cluster)
    lines = [(", ".join(names), ", ".join(where)) for names, where in found.items()]
    return [*lines, (f"and {row.more_clients} more", "")] if row.more_clients else lines


def by_target(rows: Iterable[Reach]) -> Mapping[tuple[str, str, int], Sequence[Reach]]:
    """Give the rows of each service, host and port, in their order."""
    found: dict[tuple[str, str, int], list[Reach]] = {}
    for row in rows:
        found.setdefault((row.service, row.host, row.port), []).append(row)
    return found


def title(key: tuple[str, str, int]) -> str:
    """Name a service, and the host that is called where it is not the service's own."""
    service, host, port = key
    namespace, _, name = service.partition("/")
    is_own = host.startswith(f"{name}.{namespace}.svc.")
    return f"{service}:{port}" + ("" if is_own else f" as {host}")
