"""How plaintext comes to an end without anybody's requests being refused on the way.

Servers accept both before clients are told to use TLS, and refuse plaintext when none is left.
Source: Istio's task "Mutual TLS Migration".
"""

from collections.abc import Iterator
from dataclasses import dataclass

from krmfn.mesh_intent_expander.intents.mutual_tls import Mode, MutualTLS, MutualTLSSpec
from krmfn.mesh_intent_expander.plan.security import PeerMode
from krmfn.mesh_intent_expander.security.inventory import Inventory
from krmfn.mesh_intent_expander.security.membership import outside
from krmfn.mesh_intent_expander.security.words import listed, resource_of
from krmfn.mesh_intent_expander.view import (
    ISTIO_NETWORKING,
    ClusterView,
    mapping,
    namespace_of,
    spec_of,
)
from krmfn.sdk import Result, info

_MODES: dict[Mode, PeerMode] = {
    "Strict": "STRICT",
    "Permissive": "PERMISSIVE",
    "Disable": "DISABLE",
}
_EARLY = ("permissive", "clients")
_PLAIN = frozenset(("DISABLE", "SIMPLE"))


@dataclass(frozen=True, slots=True)
class _Step:
    """The step from one wave to the next."""

    to: str
    changes: str
    gate: str


_REJECTS = "(sum(increase(pilot_total_xds_rejects[10m])) or vector(0)) == 0"
_PLAINTEXT = (
    "(sum(increase(istio_requests_total{{{labels}}}[24h])) or vector(0)) + "
    "(sum(increase(istio_tcp_connections_opened_total{{{labels}}}[24h])) or vector(0)) == 0"
)
_LABELS = 'reporter="destination",connection_security_policy="none"'
_STEPS = {
    "permissive": _Step("clients", "takes back `exceptions` whose servers have proxies", _REJECTS),
    "clients": _Step("strict", "makes servers refuse plaintext", _PLAINTEXT),
    "strict": _Step("mesh", "puts one object for the mesh in the place of those of namespaces", ""),
}


def rendered(mode: Mode, spec: MutualTLSSpec) -> PeerMode:
    """Give the mode that is written for a wanted one, in the intent's wave."""
    early = spec.migration is not None and spec.migration.wave in _EARLY
    return "PERMISSIVE" if early and mode == "Strict" else _MODES[mode]


def is_by_namespace(spec: MutualTLSSpec) -> bool:
    """Say whether an intent for the mesh writes an object for each namespace in its wave."""
    return spec.scope == "mesh" and spec.migration is not None and spec.migration.wave == "strict"


def is_left_to_the_mesh(spec: MutualTLSSpec) -> bool:
    """Say whether an intent for a namespace writes nothing, since the mesh is strict by now."""
    migration = spec.migration
    return spec.scope == "namespace" and migration is not None and migration.wave == "mesh"


def next_wave(inventory: Inventory, intent: MutualTLS) -> Iterator[Result]:
    """Yield what the next wave changes, what must hold before it, and what it would break."""
    migration = intent.spec.migration
    step = _STEPS.get(migration.wave) if migration else None
    if migration is None or step is None:
        return
    namespace = "" if intent.spec.scope == "mesh" else _namespace(intent)
    labels = _LABELS + (f',destination_workload_namespace="{namespace}"' if namespace else "")
    if step.to == "mesh":
        labels = _LABELS
    gate = (step.gate or _PLAINTEXT).format(labels=labels)
    broken = [] if step.to == "clients" else [*_breaks(inventory, namespace)]
    breaks = f"it would break {listed(broken)}" if broken else "the package knows of nothing"
    breaks += "" if broken else " that it would break"
    yield info(
        f'stands at wave "{migration.wave}"; the next one, "{step.to}", {step.changes}. '
        f"Before it, this must hold: {gate}; {breaks}",
        code="next-wave",
        at=resource_of(intent),
        field="spec.migration.wave",
        current=migration.wave,
        proposed=step.to,
    )


def _namespace(intent: MutualTLS) -> str:
    return intent.spec.namespace or intent.metadata.namespace or "default"


def _breaks(inventory: Inventory, namespace: str) -> Iterator[str]:
    """Yield what sends plaintext: pods without proxy, and rules by which clients must send it."""
    for _, workload, _ in outside(inventory, namespace):
        yield f"{workload.kind} {workload.namespace}/{workload.name}"
    for view in inventory.fleet.views.values():
        yield from _plain_rules(view, namespace)


def _plain_rules(view: ClusterView, namespace: str) -> Iterator[str]:
    for rule in view.of("DestinationRule", ISTIO_NETWORKING):
        spec = spec_of(rule)
        mode = mapping(mapping(spec.get("trafficPolicy")).get("tls")).get("mode")
        host = str(spec.get("host"))
        in_it = not namespace or f".{namespace}." in host or namespace_of(rule) == namespace
        if isinstance(mode, str) and mode in _PLAIN and in_it:
            yield f"DestinationRule {namespace_of(rule)}/{rule.name}"
