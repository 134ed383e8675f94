"""Clients that open TLS verify the server's certificate."""

from collections.abc import Iterable, Mapping
from typing import Any

from krmfn.mesh_intent_expander.analysis.finding import Code, Finding, Level
from krmfn.mesh_intent_expander.analysis.reading import items
from krmfn.mesh_intent_expander.view import ISTIO_NETWORKING, ClusterView, Fleet, mapping, spec_of

UNVERIFIED = Code(
    "IST0128",
    Level.WARNING,
    "A DestinationRule with TLS must say whose certificates are trusted.",
    "NoServerCertificateVerificationDestinationLevel",
)
UNVERIFIED_PORT = Code(
    "IST0129",
    Level.WARNING,
    "A DestinationRule with TLS for a port must say whose certificates are trusted.",
    "NoServerCertificateVerificationPortLevel",
)
CODES = (UNVERIFIED, UNVERIFIED_PORT)


def check(view: ClusterView, _fleet: Fleet) -> Iterable[Finding]:
    """Yield DestinationRules that open TLS without ``caCertificates``."""
    for rule in view.of("DestinationRule", ISTIO_NETWORKING):
        spec = spec_of(rule)
        policy, field = mapping(spec.get("trafficPolicy")), "spec.trafficPolicy"
        if mode := _unverified(policy, spec):
            yield Finding(UNVERIFIED, rule, _message(mode), f"{field}.tls.caCertificates")
        for path, settings in items(policy.get("portLevelSettings"), f"{field}.portLevelSettings"):
            if mode := _unverified(settings, spec):
                yield Finding(UNVERIFIED_PORT, rule, _message(mode), f"{path}.tls.caCertificates")


def _unverified(policy: Mapping[str, Any], spec: Mapping[str, Any]) -> str:
    """Give the mode of TLS in which a policy verifies nobody, or "".

    A credential brings certificates along, but only for the pods of a workload selector.
    """
    tls = mapping(policy.get("tls"))
    has_credential = tls.get("credentialName") and spec.get("workloadSelector") is not None
    if tls.get("mode") not in ("SIMPLE", "MUTUAL") or tls.get("caCertificates") or has_credential:
        return ""
    return str(tls["mode"])


def _message(mode: str) -> str:
    return f"must be set, since TLS of mode {mode} verifies no server without it"
