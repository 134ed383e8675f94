"""Destinations: how clients choose among the endpoints of a host, and speak to them."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from krmfn.mesh_intent_expander.intents.treatment import SessionAffinity
from krmfn.mesh_intent_expander.plan.routes import Share
from krmfn.sdk import Resource

_LONGEST = 63
_HASH = 8


@dataclass(frozen=True, slots=True)
class TrafficPolicy:
    """How endpoints of a host are chosen, left out and spoken to.

    Attributes:
        balancer: Istio's word, such as ``RANDOM``; "" leaves Istio's choice.
        errors: after how many errors in a row an endpoint is left out, 0 for never.
        counts_answers: whether answers of the application (5xx) are such errors; they are not
            where an endpoint is a gateway, behind which a whole cluster stands.
        min_health_percent: below it all endpoints are used again, 0 for never.
        failover_priority: labels by which endpoints are preferred, ``key`` or ``key=value``.
        failover: by region of clients, the region that comes next.
        distribute: percent by locality, for each locality of clients.
        tls: Istio's mode, "" to leave it to the mesh.
        sans: who the server must be, as SPIFFE identities.
        affinity: what keeps a client at one endpoint.
    """

    balancer: str = ""
    errors: int = 0
    counts_answers: bool = True
    min_health_percent: int = 0
    failover_priority: tuple[str, ...] = ()
    failover: Mapping[str, str] = field(default_factory=dict)
    distribute: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    tls: Literal["", "ISTIO_MUTUAL", "DISABLE"] = ""
    sans: tuple[str, ...] = ()
    affinity: SessionAffinity | None = None


@dataclass(frozen=True, slots=True)
class Subset:
    """Some of a host's endpoints."""

    name: str
    labels: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Destination:
    """A host as clients treat it: one DestinationRule in each of the clusters.

    Attributes:
        namespace: the namespace of the DestinationRule, that of the service.
        clusters: client clusters, and server clusters whose gateways must know the subsets.
        export_to: namespaces that see it; all when empty.
    """

    host: str
    name: str
    namespace: str
    clusters: tuple[str, ...]
    by: Resource
    policy: TrafficPolicy = TrafficPolicy()
    subsets: tuple[Subset, ...] = ()
    export_to: tuple[str, ...] = ()


def subset_of(share: Share) -> str:
    """Give the name of the subset that takes a share, "" when all endpoints do.

    It is made of what people call the version, or else of its labels, and of the cluster; it is a
    DNS label, as Istio wants it.
    """
    version = share.version_name or "-".join(
        value if key == "version" else f"{key.rpartition('/')[2]}-{value}"
        for key, value in sorted(share.version.items())
    )
    return as_label("-".join(part for part in (version, share.cluster) if part))


def service_name(share: Share) -> str:
    """Give the name of the Service that takes a share in the Gateway API, which has no subsets."""
    return shortened("-".join(filter(None, (share.service.name, subset_of(share)))))


def as_label(text: str) -> str:
    """Give a text as DNS label: other characters become ``-``, and what is cut gets a hash."""
    label = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
    is_same = re.sub(r"[._]", "-", text) == label
    return shortened(label) if is_same else _hashed(label, text)


def shortened(name: str) -> str:
    """Give a name of at most 63 characters: what is cut is told apart by a hash of it all."""
    return name if len(name) <= _LONGEST else _hashed(name, name)


def _hashed(name: str, text: str) -> str:
    digest = hashlib.sha256(text.encode()).hexdigest()[:_HASH]
    kept = name[: _LONGEST - _HASH - 1].rstrip("-.")
    return f"{kept}-{digest}" if kept else f"x-{digest}"
