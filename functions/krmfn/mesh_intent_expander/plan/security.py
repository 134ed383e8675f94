"""Security: who must use mutual TLS, who may call whom, and whose tokens count."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from krmfn.kinds.authorization import JwtProvider
from krmfn.mesh_intent_expander.plan.common import ServiceKey
from krmfn.sdk import Resource

PeerMode = Literal["STRICT", "PERMISSIVE", "DISABLE"]


@dataclass(frozen=True, slots=True)
class PeerPolicy:
    """Whether the pods of a scope refuse plaintext.

    Attributes:
        namespace: theirs; the mesh's root namespace stands for the whole mesh.
        selector: labels of the pods; all pods of the namespace when empty.
        ports: modes of single ports of the pods.
        clusters: where it is written.
    """

    name: str
    namespace: str
    mode: PeerMode
    clusters: tuple[str, ...]
    by: Resource
    selector: Mapping[str, str] = field(default_factory=dict)
    ports: Mapping[int, PeerMode] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Guarded:
    """What a policy is attached to.

    Attributes:
        selector: labels of the pods, in the order of their keys.
        waypoint_of: a Service whose waypoint applies the policy, "" where the pods' proxies do.
        parts: further Services, made for versions of that one.
    """

    namespace: str
    selector: tuple[tuple[str, str], ...] = ()
    waypoint_of: str = ""
    parts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Source:
    """Who calls; all that is given must hold, one value of each."""

    principals: tuple[str, ...] = ()
    request_principals: tuple[str, ...] = ()
    namespaces: tuple[str, ...] = ()
    ip_blocks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Called:
    """What is called; all that is given must hold, one value of each.

    Attributes:
        ports: of the pods, or of the Service where its waypoint decides.
    """

    methods: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    ports: tuple[int, ...] = ()
    hosts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class When:
    """A condition in Istio's terms."""

    key: str
    values: tuple[str, ...] = ()
    not_values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AccessRule:
    """Requests; those from one of the sources to one of the operations, if all conditions hold.

    Attributes:
        field: path of the rule in its intent.
    """

    sources: tuple[Source, ...] = ()
    operations: tuple[Called, ...] = ()
    conditions: tuple[When, ...] = ()
    field: str = ""


@dataclass(frozen=True, slots=True)
class AccessPolicy:
    """What happens to requests that a rule is about.

    Attributes:
        rules: an ALLOW without rules refuses everything.
        dry_run: whether it only counts what it would do.
        provider: for CUSTOM, the extension provider that is asked.
        clusters: where it is written.
    """

    name: str
    target: Guarded
    action: Literal["ALLOW", "DENY", "CUSTOM"]
    rules: tuple[AccessRule, ...]
    clusters: tuple[str, ...]
    by: Resource
    dry_run: bool = False
    provider: str = ""


@dataclass(frozen=True, slots=True)
class TokenPolicy:
    """Whose tokens count at some pods."""

    name: str
    target: Guarded
    issuers: tuple[JwtProvider, ...]
    clusters: tuple[str, ...]
    by: Resource


@dataclass(frozen=True, slots=True)
class Plaintext:
    """A service that clients must reach without TLS, and the intent that says so."""

    service: ServiceKey
    by: Resource


@dataclass(frozen=True, slots=True)
class SecurityPlan:
    """All that was decided about security.

    Attributes:
        plaintext: by host.
    """

    peers: tuple[PeerPolicy, ...] = ()
    accesses: tuple[AccessPolicy, ...] = ()
    tokens: tuple[TokenPolicy, ...] = ()
    plaintext: Mapping[str, Plaintext] = field(default_factory=dict)
