"""Routes as frozen values, whichever kind of object they were written as."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from krmfn.mesh_intent_expander.semantics.hosts import covers
from krmfn.mesh_intent_expander.semantics.request import Client, Request
from krmfn.mesh_intent_expander.semantics.strings import Text
from krmfn.mesh_intent_expander.view import selects
from krmfn.sdk import Resource

MESH = "mesh"
"""The gateway that stands for all sidecars."""

Layer = Literal["http", "tls", "tcp"]
Texts = tuple[tuple[str, Text], ...]


@dataclass(frozen=True, slots=True)
class Match:
    """What a request must be; all that is given must hold.

    Attributes:
        without: headers that must not be as told.
        claims: claims of a JWT; only gateways can tell them.
        port, labels, namespace, gateways: what the client must be and which port it calls.
        server_names: for TLS.
        is_undecidable: whether it asks for what cannot be known without packets.
    """

    uri: Text | None = None
    ignore_case: bool = False
    method: Text | None = None
    scheme: Text | None = None
    authority: Text | None = None
    headers: Texts = ()
    without: Texts = ()
    query: Texts = ()
    port: int | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    namespace: str = ""
    gateways: tuple[str, ...] = ()
    server_names: tuple[str, ...] = ()
    is_undecidable: bool = False

    def holds_for(self, client: Client, port: int) -> bool:
        """Say whether it is there at all for the proxy of a client.

        Naming gateways switches the conditions on the client off, as in Istio.
        """
        if self.port is not None and self.port != port:
            return False
        if self.gateways:
            return MESH in self.gateways
        return selects(self.labels, client.labels) and self.namespace in ("", client.namespace)

    def fits(self, request: Request) -> bool:
        """Say whether a request is as it must be."""
        return self._fits_line(request) and self._fits_fields(request)

    def _fits_line(self, request: Request) -> bool:
        if self.uri and not self.uri.fits(request.path, ignore_case=self.ignore_case):
            return False
        line = ((self.method, request.method), (self.scheme, "http"))
        if not all(text is None or text.fits(value) for text, value in line):
            return False
        return self.authority is None or self.authority.fits(request.authority)

    def _fits_fields(self, request: Request) -> bool:
        headers = request.headers
        if not all(text.fits(headers.get(name.lower())) for name, text in self.headers):
            return False
        if not all(text.fits(request.query.get(name)) for name, text in self.query):
            return False
        return not any(
            text.fits(headers.get(name.lower(), None if text.tests_presence else ""))
            for name, text in self.without
        )

    def fits_name(self, server_name: str) -> bool:
        """Say whether a TLS connection to this name is as it must be."""
        return any(covers(name, server_name) for name in self.server_names)


@dataclass(frozen=True, slots=True)
class Target:
    """Where a share of the requests goes.

    Attributes:
        port: None for the port that the client called.
        is_known: False for a backend that Istio cannot resolve; its share is answered with 500.
    """

    host: str
    port: int | None = None
    subset: str = ""
    weight: int = 1
    field: str = ""
    is_known: bool = True


@dataclass(frozen=True, slots=True)
class Extras:
    """What else happens to the requests of a rule, in words for people."""

    fault: str = ""
    mirrors: tuple[str, ...] = ()
    rewrite: str = ""
    timeout: str = ""
    retries: str = ""


@dataclass(frozen=True, slots=True)
class Rule:
    """Requests that are treated alike.

    Attributes:
        field: its path in the object.
        matches: a request must be as one of them says; any request when empty.
        answer: what the proxy itself answers, "" when it does not.
        percent_aborted: how many of the requests an injected fault answers.
    """

    resource: Resource
    field: str
    name: str = ""
    matches: tuple[Match, ...] = ()
    targets: tuple[Target, ...] = ()
    answer: str = ""
    extras: Extras = Extras()
    percent_aborted: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class RouteObject:
    """An object that routes.

    Attributes:
        namespace: that of the object.
        hosts: in full, in lower case.
        gateways: gateways for which it holds; `mesh` stands for all sidecars.
        consumers: the namespace whose clients it is for, "" for all clients.
        port: the port that it is attached to, None for all ports.
    """

    resource: Resource
    namespace: str
    hosts: tuple[str, ...]
    rules: Mapping[Layer, tuple[Rule, ...]]
    export_to: tuple[str, ...] = ()
    gateways: tuple[str, ...] = (MESH,)
    is_gateway_api: bool = False
    consumers: str = ""
    port: int | None = None
