"""The service that an intent routes: its port, and what that port speaks."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from pydantic.alias_generators import to_camel

from krmfn.mesh_intent_expander.intents.traffic_route import (
    Consumer,
    Rule,
    TrafficRoute,
    TrafficRouteSpec,
)
from krmfn.mesh_intent_expander.plan.common import ServiceKey
from krmfn.mesh_intent_expander.plan.routes import Protocol
from krmfn.mesh_intent_expander.routing.directory import Directory, Entry, listed, nearest
from krmfn.mesh_intent_expander.view import Port
from krmfn.sdk import Resource, Result, error, warning

PROTOCOLS: dict[str, Protocol] = {
    "": "http",
    "http": "http",
    "http2": "http",
    "grpc": "grpc",
    "grpc-web": "grpc",
    "https": "tls",
    "tls": "tls",
}
"""How requests of a port's protocol are told apart; those of all others are not."""

L7: tuple[Protocol, ...] = ("http", "grpc")


@dataclass(frozen=True, slots=True)
class Parent:
    """An intent and the service that it routes."""

    intent: TrafficRoute
    entry: Entry
    port: int
    protocol: Protocol
    flavor: Literal["istio", "gateway-api"]

    @property
    def spec(self) -> TrafficRouteSpec:
        """What the intent says."""
        return self.intent.spec

    @property
    def by(self) -> Resource:
        """The intent as the owner of what is made for it."""
        return self.intent.resource or Resource.of(self.intent.to_body())

    @property
    def key(self) -> tuple[str, str]:
        """What intents are put in order by."""
        return key_of(self.intent)

    @property
    def label(self) -> str:
        """The intent's name for messages."""
        return "/".join(self.key)


def key_of(intent: TrafficRoute) -> tuple[str, str]:
    """Give namespace and name of an intent."""
    return intent.metadata.namespace or "default", intent.metadata.name


def find_parent(
    intent: TrafficRoute, directory: Directory, flavor: Literal["istio", "gateway-api"]
) -> tuple[Parent | None, list[Result]]:
    """Find the service that an intent routes.

    Args:
        intent: the intent.
        directory: the services of the mesh.
        flavor: what is written where the intent does not say it.

    Returns:
        the service, None when it cannot be told, and what is wrong.
    """
    at, reference = intent.resource, intent.spec.parent_ref
    namespace = reference.namespace or key_of(intent)[0]
    entry = directory.find(ServiceKey(namespace, reference.service))
    if entry is None:
        key = ServiceKey(namespace, reference.service)
        return None, [directory.unknown(key, at, "spec.parentRef")]
    number, problems = pick_port(entry, reference.port, at, "spec.parentRef.port")
    problems += _consumer_problems(intent, directory)
    if number is None:
        return None, problems
    port = entry.port(number)
    protocol, wrong = _protocol(intent, entry, number, port)
    problems += wrong
    if protocol is None:
        return None, problems
    parent = Parent(intent, entry, number, protocol, intent.spec.flavor or flavor)
    if protocol not in L7 and (unseen := [*_unseen(parent, port)]):
        return None, problems + unseen
    return parent, [*problems, *_server_names(parent)]


def _server_names(parent: Parent) -> Iterator[Result]:
    """Yield a warning for TLS connections, of which a route takes only those to its hosts.

    Source: `buildSidecarOutboundTLSFilterChainOpts` of Istio, and its validation, by which a
    server name must be within the hosts of its VirtualService.
    """
    if parent.protocol == "tls" and parent.spec.rules:
        yield warning(
            f'must be relied on by clients that send the server name "{parent.entry.host}": with '
            "a route, connections with another one, even a short name of the Service, go nowhere",
            code="server-name-only",
            at=parent.intent.resource,
            field="spec.parentRef",
        )


def pick_port(
    entry: Entry, wanted: int | None, at: Resource | None, field: str
) -> tuple[int | None, list[Result]]:
    """Give the port of a service that is meant: the wanted one, or the only one."""
    ports = [port.number for port in entry.ports]
    if wanted is None and len(ports) == 1:
        return ports[0], []
    if wanted is None:
        known = f"{entry} has {listed(ports, 'and')}" if ports else f"no port of {entry} is known"
        message = f"must be given: {known}"
        return None, [error(message, code="port-ambiguous", at=at, field=field)]
    if not ports or wanted in ports:
        return wanted, []
    message = f"must be a port of {entry}: {listed(ports)}, but is {wanted}"
    near = str(ports[0]) if len(ports) == 1 else nearest(str(wanted), map(str, ports))
    return None, [
        error(message, code="port-unknown", at=at, field=field, current=wanted, proposed=near)
    ]


def _protocol(
    intent: TrafficRoute, entry: Entry, number: int, port: Port | None
) -> tuple[Protocol | None, list[Result]]:
    """Give how the requests of a port are told apart: Istio goes by the port, if it says it."""
    said, known = intent.spec.protocol, port.protocol if port else ""
    calls_grpc = any(match.grpc for rule in intent.spec.rules for match in rule.matches)
    wanted = said or ("grpc" if calls_grpc else None)
    if not known:
        return wanted or "http", []
    actual = PROTOCOLS.get(known, "tcp")
    fits = wanted in (None, actual) or (wanted in L7 and actual in L7)
    if fits and known != "udp" and not (wanted == "grpc" and known == "http"):
        return wanted or actual, []
    needed = wanted or "http"
    return None, [
        error(
            f'must fit what port {number} of {entry} speaks, "{known}"; for {needed}, it must have '
            f"`appProtocol: {needed}`",
            code="protocol-mismatch",
            at=intent.resource,
            field="spec.protocol",
            current=said,
            proposed=None if known == "udp" else actual,
        )
    ]


def _unseen(parent: Parent, port: Port | None) -> Iterator[Result]:
    """Yield what an intent asks of requests that a proxy cannot look into."""
    protocol = port.protocol if port and port.protocol else parent.protocol
    service = f"port {parent.port} of {parent.entry}"
    fields = [
        f"spec.rules[{index}].{to_camel(name)}"
        for index, rule in enumerate(parent.spec.rules)
        for name in Rule.model_fields
        if name not in ("name", "backends") and getattr(rule, name)
    ]
    if parent.spec.session_affinity and not parent.spec.session_affinity.source_ip:
        fields.append("spec.sessionAffinity")
    for field in fields:
        yield error(
            f'must be absent: {service} speaks "{protocol}", whose requests are not looked into; '
            "`appProtocol: http` of the port changes that",
            code="protocol-mismatch",
            at=parent.intent.resource,
            field=field,
        )


def _consumer_problems(intent: TrafficRoute, directory: Directory) -> Iterator[Result]:
    for index, consumer in enumerate(intent.spec.from_):
        field = f"spec.from[{index}]"
        yield from _unseen_clients(consumer, directory, intent.resource, field)
        for place, name in enumerate(consumer.clusters):
            if name not in directory.mesh.clusters:
                here = f"{field}.clusters[{place}]"
                yield cluster_unknown(name, directory, intent.resource, here)


def _unseen_clients(
    consumer: Consumer, directory: Directory, at: Resource | None, field: str
) -> Iterator[Result]:
    """Yield a warning for clients of whom the package shows nothing."""
    namespace = consumer.namespace
    if namespace and not directory.has_namespace(namespace):
        yield warning(
            f'must be a namespace of the package to be checked, but is "{namespace}"',
            code="namespace-unknown",
            at=at,
            field=f"{field}.namespace",
            current=namespace,
        )
    elif consumer.labels and not _has_pods(consumer, directory):
        yield warning(
            "must be labels of some pods of the package to be checked, but no pod has all of them",
            code="labels-unknown",
            at=at,
            field=f"{field}.labels",
        )


def _has_pods(consumer: Consumer, directory: Directory) -> bool:
    """Say whether some pods are the clients, as far as pods are known at all."""
    views = directory.fleet.views
    spaces = {each.namespace for view in views.values() for each in view.workloads}
    if consumer.namespace:
        spaces &= {consumer.namespace}
    return not spaces or any(
        view.selected(space, consumer.labels)
        for cluster, view in views.items()
        if not consumer.clusters or cluster in consumer.clusters
        for space in spaces
    )


def cluster_unknown(name: str, directory: Directory, at: Resource | None, field: str) -> Result:
    """Give the error of a cluster that the mesh does not have."""
    known = [each for each in directory.mesh.clusters if each]
    there = f"{listed(known)}," if known else "which names none,"
    return error(
        f'must be a cluster of the mesh, {there} but is "{name}"',
        code="cluster-unknown",
        at=at,
        field=field,
        current=name,
        proposed=nearest(name, known),
    )
