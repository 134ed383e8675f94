"""RequestAuthentication: whose tokens count."""

from collections.abc import Iterable, Iterator
from typing import Any

from krmfn.kinds.authorization import JwtProvider
from krmfn.mesh_intent_expander.emit.authorization_policy import attachment
from krmfn.mesh_intent_expander.plan.common import Emitted
from krmfn.mesh_intent_expander.plan.security import TokenPolicy


def request_authentications(policies: Iterable[TokenPolicy]) -> Iterator[Emitted]:
    """Yield a RequestAuthentication for each intent that tells of issuers."""
    for policy in policies:
        spec = attachment(policy.target) | {"jwtRules": [_rule(each) for each in policy.issuers]}
        body = {
            "apiVersion": "security.istio.io/v1",
            "kind": "RequestAuthentication",
            "metadata": {"name": policy.name, "namespace": policy.target.namespace},
            "spec": spec,
        }
        yield Emitted(body, policy.clusters, "security", policy.by)


def _rule(issuer: JwtProvider) -> dict[str, Any]:
    fields = {
        "issuer": issuer.issuer,
        "audiences": list(issuer.audiences),
        "jwksUri": issuer.jwks_uri,
        "jwks": issuer.jwks,
        "forwardOriginalToken": issuer.forward_original_token,
    }
    return {name: value for name, value in fields.items() if value}
