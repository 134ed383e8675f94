"""How a server takes connections, and which tokens it accepts.

Source: Istio's API reference, "PeerAuthentication" and "RequestAuthentication", and
``pilot/pkg/security/authn``: the oldest object of a scope holds alone; what is unset comes from the
next wider scope; ports are those of the workload.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from krmfn.mesh_intent_expander.semantics.ordering import age
from krmfn.mesh_intent_expander.semantics.selecting import Selecting, is_selected, selecting
from krmfn.mesh_intent_expander.view import (
    ISTIO_SECURITY,
    ClusterView,
    labels_in,
    mapping,
    mappings,
    namespace_of,
    selects,
    spec_of,
    strings,
)
from krmfn.sdk import Resource

Mode = Literal["STRICT", "PERMISSIVE", "DISABLE"]
_MODES: tuple[Mode, ...] = ("STRICT", "PERMISSIVE", "DISABLE")


@dataclass(frozen=True, slots=True)
class ServerMode:
    """How a server takes connections.

    Attributes:
        resource: the PeerAuthentication that says so, None for the default.
    """

    mode: Mode = "PERMISSIVE"
    resource: Resource | None = None
    field: str = ""


_DEFAULT = ServerMode()


class PeerAuthentications:
    """The PeerAuthentications of a control plane."""

    def __init__(self, config: ClusterView) -> None:
        self._root = config.root_namespace
        self._wide: dict[str, Resource] = {}
        self._narrow: dict[str, list[tuple[Mapping[str, str], Resource]]] = {}
        for resource in sorted(config.of("PeerAuthentication", ISTIO_SECURITY), key=age):
            namespace = namespace_of(resource)
            selector = labels_in(mapping(spec_of(resource).get("selector")).get("matchLabels"))
            if not selector:
                self._wide.setdefault(namespace, resource)
            elif namespace != self._root:
                self._narrow.setdefault(namespace, []).append((selector, resource))

    def of_namespace(self, namespace: str) -> ServerMode:
        """Give what a namespace's workloads do unless they have their own: what clients assume."""
        mode = _DEFAULT
        for place in (self._root, namespace):
            if (wide := self._wide.get(place)) is not None:
                mode = _over(mode, wide, spec_of(wide).get("mtls"), "spec.mtls.mode")
        return mode

    def of_workload(
        self, namespace: str, labels: Mapping[str, str], port: int | None
    ) -> ServerMode:
        """Give how pods take connections on a port of theirs."""
        mode = self.of_namespace(namespace)
        narrow = self._narrow.get(namespace, ())
        own = next((each for selector, each in narrow if selects(selector, labels)), None)
        if own is None:
            return mode
        spec = spec_of(own)
        mode = _over(mode, own, spec.get("mtls"), "spec.mtls.mode")
        ports = {str(key): value for key, value in mapping(spec.get("portLevelMtls")).items()}
        return _over(mode, own, ports.get(str(port)), f"spec.portLevelMtls.{port}.mode")


def _over(wider: ServerMode, resource: Resource, mtls: Any, path: str) -> ServerMode:
    """Give what an object says, or else what holds around it."""
    said = mapping(mtls).get("mode")
    known = next((mode for mode in _MODES if mode == said), None)
    return wider if known is None else ServerMode(known, resource, path)


@dataclass(frozen=True, slots=True)
class Tokens:
    """Whether a request's token is accepted.

    Attributes:
        claims: those of an accepted token; none when there is none.
        problem: why the request is refused, "" when it is not.
    """

    claims: Mapping[str, object]
    problem: str = ""
    resource: Resource | None = None


class RequestAuthentications:
    """The RequestAuthentications of a control plane."""

    def __init__(self, config: ClusterView) -> None:
        self._root = config.root_namespace
        self._by_namespace: dict[str, list[Selecting]] = {}
        for resource in sorted(config.of("RequestAuthentication", ISTIO_SECURITY), key=age):
            self._by_namespace.setdefault(namespace_of(resource), []).append(selecting(resource))

    def of(self, namespace: str, labels: Mapping[str, str]) -> tuple[Resource, ...]:
        """Give the objects that hold for pods."""
        places = dict.fromkeys((namespace, self._root))
        found = (each for place in places for each in self._by_namespace.get(place, ()))
        return tuple(each.resource for each in found if is_selected(each, labels))


def checked(claims: Mapping[str, object], objects: Iterable[Resource]) -> Tokens:
    """Say whether a token with these claims is accepted; nobody looks at it without any object."""
    rules = [
        (rule, resource)
        for resource in objects
        for rule in mappings(spec_of(resource).get("jwtRules"))
    ]
    if not claims or not rules:
        return Tokens({})
    for rule, resource in rules:
        if rule.get("issuer") == claims.get("iss"):
            wanted = strings(rule.get("audiences"))
            if wanted and not set(wanted) & set(_listed(claims.get("aud"))):
                return Tokens(
                    {}, "403: the token's audience must be one that is accepted", resource
                )
            return Tokens(claims)
    return Tokens({}, "401: the token's issuer must be one that is accepted", rules[0][1])


def _listed(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []
