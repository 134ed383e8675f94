"""What happens to a request, as frozen values."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from krmfn.mesh_intent_expander.semantics.authorization import Verdict
from krmfn.mesh_intent_expander.semantics.endpoints import Endpoint
from krmfn.mesh_intent_expander.semantics.request import Request
from krmfn.mesh_intent_expander.semantics.routes import Rule
from krmfn.sdk import Resource

Outcome = Literal["reached", "denied", "refused", "no-endpoint", "unroutable", "answered"]
"""What becomes of a request: it reaches a server; a policy denies it; the server does not take the
connection, or its token; there is no server; nothing knows where it goes; the proxy answers it."""

OUTCOMES: tuple[Outcome, ...] = (
    "reached",
    "answered",
    "denied",
    "refused",
    "no-endpoint",
    "unroutable",
)
"""The best outcome first."""

Path = Literal["direct", "gateway", "waypoint", "outside"]
ClientMode = Literal["mtls", "tls", "plaintext"]


@dataclass(frozen=True, slots=True)
class Step:
    """Something that was decided on the way.

    Attributes:
        what: `name`, `visibility`, `route` or `waypoint`.
        resource, field: what decides it, None where it is how Istio is.
    """

    what: Literal["name", "visibility", "route", "waypoint"]
    text: str
    resource: Resource | None = None
    field: str = ""


@dataclass(frozen=True, slots=True)
class Leg:
    """The way to one endpoint, as far as it does not depend on the request.

    Attributes:
        priority: 0 is preferred; None for an endpoint that gets nothing.
        via: the cluster whose east-west gateway is on the way, or the waypoint.
        client_mode, server_mode: how the client speaks, and how the server listens: the mode of
            PeerAuthentication, "" without a proxy.
        problem: why it does not get there, "" when it does.
        resource, field: what decides that, or else how the server listens.
    """

    endpoint: Endpoint
    priority: int | None = 0
    path: Path = "direct"
    via: str = ""
    client_mode: ClientMode = "plaintext"
    server_mode: str = ""
    outcome: Outcome = "reached"
    problem: str = ""
    resource: Resource | None = None
    field: str = ""


@dataclass(frozen=True, slots=True)
class Arrival:
    """What happens at one endpoint.

    Attributes:
        authorization: None where no proxy looks at the request.
        reason: in words.
        resource, field: what decides it.
    """

    leg: Leg
    outcome: Outcome
    reason: str
    authorization: Verdict | None = None
    resource: Resource | None = None
    field: str = ""

    @property
    def cluster(self) -> str:
        """Where the endpoint is."""
        return self.leg.endpoint.cluster


@dataclass(frozen=True, slots=True)
class Backend:
    """What happens to a share of the requests.

    Attributes:
        host: in full.
        percent: of the requests that the rule is about.
        rule: the DestinationRule that holds, None when there is none.
        arrivals: what happens at each endpoint, the preferred ones first.
    """

    host: str
    port: int
    subset: str
    percent: float
    outcome: Outcome
    reason: str
    arrivals: tuple[Arrival, ...] = ()
    rule: Resource | None = None
    resource: Resource | None = None
    field: str = ""

    @property
    def served(self) -> tuple[Arrival, ...]:
        """What happens at the endpoints that get requests while all are well."""
        ranked = [each for each in self.arrivals if each.leg.priority is not None]
        first = min((each.leg.priority or 0 for each in ranked), default=0)
        return tuple(each for each in ranked if (each.leg.priority or 0) == first)


@dataclass(frozen=True, slots=True)
class Trace:
    """What happens to a request, and why.

    Attributes:
        host: the called host in full.
        steps: what was decided on the way to the backends.
        rule: the rule that routes it, None when none does.
        backends: where its shares go; empty when it goes nowhere.
        outcome: the best of all backends.
    """

    request: Request
    host: str
    steps: tuple[Step, ...]
    outcome: Outcome
    reason: str
    rule: Rule | None = None
    backends: tuple[Backend, ...] = ()

    @property
    def is_reached(self) -> bool:
        """Whether at least one backend is reached."""
        return self.outcome == "reached"

    def arrivals(self) -> Iterator[tuple[Backend, Arrival]]:
        """Yield what happens at each endpoint of each backend."""
        for backend in self.backends:
            for arrival in backend.arrivals:
                yield backend, arrival


def best(outcomes: "Iterator[Outcome] | tuple[Outcome, ...]") -> Outcome:
    """Give the best of some outcomes; of none, that there is no endpoint."""
    return min(outcomes, key=OUTCOMES.index, default="no-endpoint")
