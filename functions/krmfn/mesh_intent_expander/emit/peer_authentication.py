"""PeerAuthentication: which pods refuse plaintext."""

from collections.abc import Iterable, Iterator
from typing import Any

from krmfn.mesh_intent_expander.plan.common import Emitted
from krmfn.mesh_intent_expander.plan.security import PeerPolicy


def peer_authentications(policies: Iterable[PeerPolicy]) -> Iterator[Emitted]:
    """Yield a PeerAuthentication for each scope.

    What refuses plaintext anywhere comes in the last wave, when no client sends it any longer.
    """
    for policy in policies:
        spec: dict[str, Any] = {"mtls": {"mode": policy.mode}}
        if policy.selector:
            spec = {"selector": {"matchLabels": dict(policy.selector)}} | spec
        if policy.ports:
            spec["portLevelMtls"] = {
                str(port): {"mode": mode} for port, mode in sorted(policy.ports.items())
            }
        is_strict = "STRICT" in (policy.mode, *policy.ports.values())
        body = {
            "apiVersion": "security.istio.io/v1",
            "kind": "PeerAuthentication",
            "metadata": {"name": policy.name, "namespace": policy.namespace},
            "spec": spec,
        }
        yield Emitted(body, policy.clusters, "strict" if is_strict else "security", policy.by)
