"""Runs all rules over a fleet, and gives what they find in a stable order."""

from collections.abc import Iterator
from datetime import datetime

from krmfn.mesh_intent_expander.analysis.finding import Finding, Level
from krmfn.mesh_intent_expander.analysis.rules import RULES, credentials_are_valid
from krmfn.mesh_intent_expander.view import Fleet

SUPPRESS = "galley.istio.io/analyze-suppress"
"""The annotation by which an object forbids codes on itself: ``IST0107,IST0101``, or ``*``."""

_UNMESHED = frozenset(("kube-system", "kube-public", "kube-node-lease", "local-path-storage"))
"""Namespaces in which Istio never injects, and about whose objects nothing is said."""

_LEVELS = {level: number for number, level in enumerate(Level)}


def analyze(fleet: Fleet, now: datetime | None = None) -> list[Finding]:
    """Check all objects of a fleet, as ``istioctl analyze`` does in each of its clusters.

    Args:
        fleet: the clusters with their objects.
        now: the time at which certificates must hold; None to leave that out.

    Returns:
        The findings: cluster by cluster, the worst first, then by code and object; none twice, and
        none that its object suppresses.
    """
    found: dict[tuple[object, ...], Finding] = {}
    for cluster in fleet.clusters:
        for finding in sorted(_findings(fleet, cluster, now), key=_rank):
            found.setdefault(_identity(finding), finding)
    return list(found.values())


def _findings(fleet: Fleet, cluster: str, now: datetime | None) -> Iterator[Finding]:
    for rule in RULES:
        yield from filter(_is_told, rule.check(fleet[cluster], fleet))
    if now is not None:
        yield from filter(_is_told, credentials_are_valid.expired(fleet[cluster], now))


def _is_told(finding: Finding) -> bool:
    resource = finding.resource
    namespace = resource.name if resource.kind == "Namespace" else resource.namespace
    if namespace in _UNMESHED:
        return False
    suppressed = resource.annotations.get(SUPPRESS, "").split(",")
    return "*" not in suppressed and finding.code.id not in suppressed


def _rank(finding: Finding) -> tuple[object, ...]:
    resource = finding.resource
    named = (resource.kind, resource.name, resource.namespace)
    return (_LEVELS[finding.code.level], finding.code.id, named, finding.message, finding.field)


def _identity(finding: Finding) -> tuple[object, ...]:
    return (finding.code.id, id(finding.resource), finding.message, finding.field)


def reaches(level: Level, threshold: Level) -> bool:
    """Say whether a level is as bad as a threshold, or worse."""
    return _LEVELS[level] <= _LEVELS[threshold]
