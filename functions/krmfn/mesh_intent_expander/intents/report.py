"""MeshReport: who reaches what, which rules never count, and what cannot be carried elsewhere."""

from typing import Literal

from pydantic import Field

from krmfn.kinds.fields import INTENT_VERSION
from krmfn.sdk.model import Kind, Model

Outcome = Literal["reached", "answered", "denied", "refused", "no-endpoint", "unroutable"]
Allows = Literal["all", "some", "none"]
DeadThing = Literal["route-rule", "denied-route", "subset", "weight-zero", "export", "allow-rule"]


class Reach(Model):
    """What becomes of requests from some clients to one service in some clusters."""

    service: str = Field(description="The service, as `namespace/name`.")
    host: str = Field(description="The name that is called.")
    port: int = Field(description="The port that is called.")
    from_: dict[str, tuple[str, ...]] = Field(
        description="The clients by their clusters: `namespace/account`; `anyone else` stands for "
        "a workload that nobody speaks of, `plaintext` for one without proxy."
    )
    more_clients: int = Field(0, description="How many clients are not listed.")
    clusters: tuple[str, ...] = Field((), description="The servers' clusters; none where none is.")
    more_clusters: int = Field(0, description="How many clusters are not listed.")
    own: bool = Field(
        False, description="Whether the servers are in the clients' own cluster, each in its own."
    )
    outcome: Outcome = Field(description="What becomes of the requests, at best.")
    allows: Allows = Field(description="Which of the requests that were tried come there.")
    operations: tuple[str, ...] = Field(
        (), description="Those that come there, or with `excepting` those that do not."
    )
    more_operations: int = Field(0, description="How many operations are not listed.")
    excepting: bool = Field(False, description="Whether all come there but for `operations`.")
    asks: tuple[str, ...] = Field((), description="External authorisers that have a say.")
    policies: tuple[str, ...] = Field((), description="What lets them in, or does not.")
    path: Literal["", "local", "direct", "gateway", "waypoint", "outside"] = Field(
        "", description="The way: `local` is in one cluster, `direct` from one to another."
    )
    via: str = Field("", description="The cluster whose gateway is on the way, or the waypoint.")
    client_tls: Literal["", "mtls", "tls", "plaintext"] = Field(
        "", description="How the clients speak."
    )
    server_tls: Literal["", "STRICT", "PERMISSIVE", "DISABLE"] = Field(
        "", description="How the servers listen; nothing is said of those without proxy."
    )
    priority: int | None = Field(
        None, description="0 is preferred; the next ones get requests when it fails."
    )
    reason: str = Field("", description="Why they do not come there, if none does.")


class Dead(Model):
    """What never counts."""

    what: DeadThing = Field(description="What it is.")
    at: str = Field(description="The object or intent that has it.")
    field: str = Field("", description="Its path there.")
    clusters: tuple[str, ...] = Field((), description="Some of the clusters in which it is so.")
    why: str = Field(description="Why it never counts.")
    witness: str = Field("", description="A request that shows it.")


class Conflict(Model):
    """Two statements that do not go together."""

    code: str = Field(description="What kind of conflict it is.")
    at: str = Field("", description="The intent that gives way; the message names the other one.")
    field: str = Field("", description="Its path there.")
    message: str = Field(description="What must be.")


class Proven(Model):
    """What was proven or is to be done next, of a move or of mutual TLS."""

    at: str = Field("", description="The intent.")
    message: str = Field(description="What holds.")


class NotPortable(Model):
    """A field of an intent that another flavour cannot say, or says otherwise."""

    at: str = Field(description="The intent.")
    field: str = Field(description="The field.")
    flavor: Literal["gateway-api", "mcs"] = Field(description="The flavour.")
    what: str = Field(description="What is lost there.")


class TooOld(Model):
    """A part of some objects that a cluster's version does not have."""

    cluster: str = Field(description="The cluster.")
    version: str = Field(description="What it has.")
    needs: str = Field(description="The first version that has it.")
    what: str = Field(description="What it is.")
    objects: int = Field(description="How many objects have it.")
    example: str = Field(description="One of them.")


class MoveStep(Model):
    """Something that is done as a whole in a move."""

    what: str = Field(description="What is done.")
    wave: str = Field("", description="The wave of objects that is applied, if any is.")
    clusters: tuple[str, ...] = Field((), description="Where; empty for waiting.")
    until: tuple[str, ...] = Field((), description="What must hold before the next step.")
    queries: tuple[str, ...] = Field((), description="The same in PromQL, where metrics tell.")


class Move(Model):
    """A service that moves, in the order in which things are to be done."""

    plan: str = Field(description="The RelocationPlan.")
    proved: bool = Field(description="Whether no client loses the service at any moment.")
    phases: dict[str, tuple[MoveStep, ...]] = Field(description="The steps of each phase.")


class ProxyGroup(Model):
    """Proxies that are told the same."""

    cluster: str = Field(description="Their cluster.")
    namespaces: tuple[str, ...] = Field((), description="Some of their namespaces.")
    workloads: int = Field(description="How many workloads they stand beside.")
    scope: str = Field("", description="The Sidecar that says what they see; all when empty.")
    hosts: int = Field(description="How many hosts each of them knows: its clusters, but subsets.")
    routes: int = Field(description="How many of them an object routes.")
    endpoints: int = Field(description="How many workloads stand behind the hosts.")


class Audience(Model):
    """Whose proxies a change of a host concerns."""

    host: str = Field(description="The host.")
    clusters: int = Field(description="In how many clusters proxies know it.")
    namespaces: int = Field(description="In how many namespaces, counted by cluster.")
    workloads: int = Field(description="How many workloads these proxies stand beside.")


class Totals(Model):
    """How much there is, and how much of it was looked at."""

    clusters: int = Field(0, description="The clusters.")
    services: int = Field(0, description="Ports of services that somebody may call.")
    traced: int = Field(0, description="How many of them were traced.")
    requests: int = Field(0, description="How many requests were traced.")
    reached: int = Field(0, description="Pairs of client and server cluster that are open.")
    closed: int = Field(0, description="Pairs that are not.")
    more: dict[str, int] = Field(
        {},
        description="How much is left out: entries of each list below, `clients`, `operations`, "
        "and services that run `elsewhere`, in clusters that a package of one cluster lacks.",
    )


class MeshReportStatus(Model):
    """What the mesh's objects mean together."""

    totals: Totals = Field(Totals(), description="How much there is.")
    reachability: tuple[Reach, ...] = Field((), description="Who reaches what.")
    dead: tuple[Dead, ...] = Field((), description="What never counts.")
    conflicts: tuple[Conflict, ...] = Field((), description="What does not go together.")
    proven: tuple[Proven, ...] = Field((), description="What holds of moves and migrations.")
    moves: tuple[Move, ...] = Field((), description="What is to be done for each move, in order.")
    not_portable: tuple[NotPortable, ...] = Field((), description="What flavours cannot say.")
    too_old: tuple[TooOld, ...] = Field((), description="What versions do not have.")
    proxies: tuple[ProxyGroup, ...] = Field((), description="What proxies are told.")
    audiences: tuple[Audience, ...] = Field((), description="Whose proxies hosts concern.")
    graph: str = Field("", description="Who reaches what, as a graph of Mermaid.")


class MeshReport(Kind, api_version=INTENT_VERSION):
    """Who reaches what in the mesh, and what of it is in vain."""

    status: MeshReportStatus = Field(description="What the objects mean together.")
