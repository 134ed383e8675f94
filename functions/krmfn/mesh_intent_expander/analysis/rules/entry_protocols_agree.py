"""ServiceEntries of one host and port have one protocol."""

from collections.abc import Iterable
from typing import NamedTuple

from krmfn.mesh_intent_expander.analysis.finding import Code, Finding, Level
from krmfn.mesh_intent_expander.analysis.hosts import EVERYWHERE, scopes_of
from krmfn.mesh_intent_expander.analysis.reading import quoted, text
from krmfn.mesh_intent_expander.view import (
    ISTIO_NETWORKING,
    ClusterView,
    Fleet,
    mappings,
    namespace_of,
    number,
    spec_of,
    strings,
)
from krmfn.sdk import Resource

CONFLICT = Code(
    "IST0177",
    Level.WARNING,
    "A host's port must have one protocol in all ServiceEntries.",
    "ConflictingServiceEntryProtocol",
)
CODES = (CONFLICT,)


class _Place(NamedTuple):
    scope: str
    host: str
    port: int


class _Claim(NamedTuple):
    protocol: str
    entry: Resource


def check(view: ClusterView, _fleet: Fleet) -> Iterable[Finding]:
    """Yield ServiceEntries that differ in the protocol of a port the same clients see."""
    claims = _claims(view)
    told: set[Resource] = set()
    for place, own in sorted(claims.items(), key=lambda claim: claim[0]):
        rivals = list(own)
        if place.scope != EVERYWHERE:
            rivals += claims.get(place._replace(scope=EVERYWHERE), [])
        protocols = sorted({each.protocol for each in rivals})
        if len(protocols) > 1:
            entries = dict.fromkeys(each.entry for each in rivals)
            for entry in entries:
                if entry not in told:
                    told.add(entry)
                    yield _finding(entry, place, protocols, tuple(entries))


def _claims(view: ClusterView) -> dict[_Place, list[_Claim]]:
    found: dict[_Place, list[_Claim]] = {}
    for entry in view.of("ServiceEntry", ISTIO_NETWORKING):
        spec = spec_of(entry)
        for port in mappings(spec.get("ports")):
            claim = _Claim(text(port.get("protocol")).upper(), entry)
            for scope in scopes_of(strings(spec.get("exportTo")), namespace_of(entry)):
                for host in strings(spec.get("hosts")):
                    place = _Place(scope, host, number(port.get("number")) or 0)
                    found.setdefault(place, []).append(claim)
    return found


def _finding(
    entry: Resource, place: _Place, protocols: list[str], entries: tuple[Resource, ...]
) -> Finding:
    others = tuple(each for each in entries if each is not entry)
    names = quoted(sorted(f"{namespace_of(each)}/{each.name}" for each in entries))
    message = (
        f'must have one protocol for port {place.port} of "{place.host}", but have '
        f"{quoted(protocols)} in ServiceEntry {names}"
    )
    return Finding(CONFLICT, entry, message, "spec.ports", others)
