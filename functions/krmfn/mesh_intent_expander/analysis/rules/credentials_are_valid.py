"""Gateways name Secrets that exist where their pods run, and that hold a certificate with its key.

Source: ``credentialName`` of Istio's Gateway: a Secret with ``tls.crt`` and ``tls.key``, or with
``cert`` and ``key``.
"""

from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import NamedTuple

from krmfn.mesh_intent_expander.analysis.certificates import validity
from krmfn.mesh_intent_expander.analysis.finding import Code, Finding, Level
from krmfn.mesh_intent_expander.analysis.pods import gateways, pods, selector_of
from krmfn.mesh_intent_expander.analysis.reading import items, text
from krmfn.mesh_intent_expander.analysis.references import NOT_FOUND
from krmfn.mesh_intent_expander.view import (
    ClusterView,
    Fleet,
    Workload,
    mapping,
    namespace_of,
    selects,
    spec_of,
)
from krmfn.sdk import Resource

INVALID = Code(
    "IST0161",
    Level.ERROR,
    "A Gateway's credential must be a certificate with its key.",
    "InvalidGatewayCredential",
)
CODES = (NOT_FOUND, INVALID)

_KEY_PAIRS = (("cert", "key"), ("tls.crt", "tls.key"))
_MAKERS = {
    ("cert-manager.io", "Certificate"): "secretName",
    ("external-secrets.io", "ExternalSecret"): "target",
    ("bitnami.com", "SealedSecret"): "template",
}
"""Kinds that make a Secret in the cluster, and the field that may name it."""


class _Use(NamedTuple):
    """A credential that a Gateway names, and the Secret it means, if there is one."""

    gateway: Resource
    field: str
    name: str
    namespaces: tuple[str, ...]
    secret: Resource | None


def check(view: ClusterView, _fleet: Fleet) -> Iterable[Finding]:
    """Yield credentials without Secret, and those whose Secret holds no certificate."""
    for use in _uses(view):
        if use.secret is None:
            message = (
                f"must be a Secret of namespace {' or '.join(use.namespaces)}, where the Gateway's "
                f'pods run, but is "{use.name}"'
            )
            yield Finding(NOT_FOUND, use.gateway, message, use.field)
        elif reason := _fault(use.secret, None):
            yield _invalid(use, reason)


def expired(view: ClusterView, now: datetime) -> Iterable[Finding]:
    """Yield credentials whose certificate does not hold at a time."""
    for use in _uses(view):
        if use.secret is None or _fault(use.secret, None):
            continue
        if reason := _fault(use.secret, now):
            yield _invalid(use, reason)


def _invalid(use: _Use, reason: str) -> Finding:
    message = f'must be a Secret with a certificate and its key, but "{use.name}" {reason}'
    others = () if use.secret is None else (use.secret,)
    return Finding(INVALID, use.gateway, message, use.field, others)


def _uses(view: ClusterView) -> Iterator[_Use]:
    all_pods, secrets = pods(view), _secrets(view)
    for gateway in gateways(view):
        namespaces = _namespaces(gateway, all_pods)
        for path, server in items(spec_of(gateway).get("servers"), "spec.servers"):
            name = text(mapping(server.get("tls")).get("credentialName"))
            own, slash, short = name.partition("/")
            places = [(own, short)] if slash else [(each, name) for each in namespaces]
            secret = next((secrets[place] for place in places if place in secrets), None)
            if name and namespaces:
                field = f"{path}.tls.credentialName"
                yield _Use(gateway, field, name, namespaces, secret)


def _namespaces(gateway: Resource, all_pods: Iterable[Workload]) -> tuple[str, ...]:
    """Give the namespaces of a Gateway's pods."""
    selector = selector_of(gateway)
    return tuple(dict.fromkeys(pod.namespace for pod in all_pods if selects(selector, pod.labels)))


def _secrets(view: ClusterView) -> dict[tuple[str, str], Resource]:
    """Give what is or makes a Secret, by namespace and name."""
    found = {}
    for (group, kind), field in _MAKERS.items():
        for maker in view.of(kind, group):
            said = spec_of(maker).get(field)
            name = text(said) or text(mapping(said).get("name")) or maker.name
            found[namespace_of(maker), name] = maker
    secrets = {(namespace_of(each), each.name): each for each in view.of("Secret", "")}
    return found | secrets


def _fault(secret: Resource, now: datetime | None) -> str:
    """Say what is wrong with a Secret, or ""; an encrypted one is taken for good."""
    if secret.kind != "Secret" or "sops" in secret.body:
        return ""
    try:
        data = _data(secret)
    except NotBase64:
        return "does not hold base64"
    for certificate, key in _KEY_PAIRS:
        if data.get(certificate) and data.get(key):
            return _certificate_fault(data[certificate], certificate, now)
    return "has no keys `tls.crt` and `tls.key`"


def _data(secret: Resource) -> Mapping[str, bytes]:
    coded = mapping(secret.body.get("data")).items()
    plain = mapping(secret.body.get("stringData")).items()
    return {key: b64decode("".join(text(value).split()), validate=True) for key, value in coded} | {
        key: text(value).encode() for key, value in plain
    }


def _certificate_fault(content: bytes, key: str, now: datetime | None) -> str:
    try:
        begin, end = validity(content)
    except ValueError:
        return f"has none in `{key}`"
    if now is None or begin <= now <= end:
        return ""
    return f"holds from {begin:%Y-%m-%d} to {end:%Y-%m-%d}, and not at {now:%Y-%m-%d}"
