"""The webhooks of an external control plane are reached by a host name."""

import re
from collections.abc import Iterable, Iterator, Mapping
from ipaddress import ip_address
from typing import Any

from krmfn.mesh_intent_expander.analysis.finding import Code, Finding, Level
from krmfn.mesh_intent_expander.analysis.reading import items, text
from krmfn.mesh_intent_expander.view import ClusterView, Fleet, mapping
from krmfn.sdk import Resource

INVALID = Code(
    "IST0163",
    Level.WARNING,
    "A webhook of Istio must have the URL of an external control plane, or a Service.",
    "InvalidExternalControlPlaneConfig",
)
ADDRESS = Code(
    "IST0164",
    Level.INFO,
    "The URL of an external control plane should have a host name rather than an address.",
    "ExternalControlPlaneAddressIsNotAHostname",
)
CODES = (INVALID, ADDRESS)

_ISTIOS = {
    "ValidatingWebhookConfiguration": re.compile(r"istio-validator.*|istiod-default-validator"),
    "MutatingWebhookConfiguration": re.compile(r"istio-sidecar-injector.*"),
}
"""The names that an installation of Istio gives its own, by kind."""

_URL = re.compile(
    r"""
    (?![^\x00-\x1f\x7f]*[\x00-\x1f\x7f])
    (?:[A-Za-z][A-Za-z0-9+.-]*: | (?![^/?#]*:))                     # scheme, or no colon first
    (?://(?:[^@/?#\s]*@)?
        (?P<host>\[(?=[^\]]*:)[0-9A-Fa-f:.]+(?:%25[^\]\s]+)?\] | [^\s%:/?#@\[\]{}|\\^`]*)
        (?::[0-9]*)?(?=[/?#]|$)
      | (?!//))
    (?:[^%?#]|%[0-9A-Fa-f]{2})* (?:\?[^#]*)? (?:\#(?:[^%]|%[0-9A-Fa-f]{2})*)?
    """,
    re.VERBOSE,
)
"""A URL, or a reference to one (RFC 3986)."""


def check(view: ClusterView, _fleet: Fleet) -> Iterable[Finding]:
    """Yield Istio's webhooks that lead nowhere, or to an address."""
    for kind, names in _ISTIOS.items():
        for resource in view.of(kind, "admissionregistration.k8s.io"):
            if names.fullmatch(resource.name):
                for field, webhook in items(resource.body.get("webhooks"), "webhooks"):
                    client = mapping(webhook.get("clientConfig"))
                    yield from _wrong(resource, f"{field}.clientConfig", client)


def _wrong(resource: Resource, field: str, client: Mapping[str, Any]) -> Iterator[Finding]:
    url = client.get("url")
    if url is None:
        if client.get("service") is None:
            yield Finding(INVALID, resource, "must have a `url` or a `service`", field)
        return
    match = _URL.fullmatch(text(url))
    if match is None:
        yield Finding(INVALID, resource, f'must be a URL, but is "{url}"', f"{field}.url")
    elif _is_address(host := match["host"] or ""):
        message = f'should have a host name, but has the address "{host}"'
        yield Finding(ADDRESS, resource, message, f"{field}.url")


def _is_address(host: str) -> bool:
    try:
        return "%" not in host and bool(ip_address(host.strip("[]")))
    except ValueError:
        return False
