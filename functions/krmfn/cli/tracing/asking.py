"""What is asked: the client, the host and the request, found in the package."""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlsplit

from krmfn.cli.errors import CliError
from krmfn.cli.explain import unknown
from krmfn.cli.tracing.reading import read_package
from krmfn.mesh_intent_expander.semantics.outcome import Trace
from krmfn.mesh_intent_expander.semantics.request import Client, Request
from krmfn.mesh_intent_expander.semantics.trace import Tracer
from krmfn.mesh_intent_expander.view import ClusterView, Fleet, Workload

_FORM = "--from must be [CLUSTER/]NAMESPACE/NAME"
_HTTP_PORT = 80


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked.

    Attributes:
        clients: one for each cluster in which the client runs.
        names: the client's name by cluster, as people know it.
    """

    args: argparse.Namespace
    tracer: Tracer
    clients: tuple[Client, ...]
    names: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, args: argparse.Namespace) -> "Asked":
        """Read the package and find the client in it.

        Raises:
            CliError: the package or the question is wrong.
        """
        fleet, mesh = read_package(args.package)
        found = list(_clients(args.client, fleet, args.address))
        names = {client.cluster: name for client, name in found}
        return cls(args, Tracer(fleet, mesh), tuple(client for client, _ in found), names)

    def traces(self) -> list[Trace]:
        """Trace the request from every client.

        Raises:
            CliError: the question is wrong.
        """
        return [self.tracer.trace(self._request(client)) for client in self.clients]

    def _request(self, client: Client) -> Request:
        args = self.args
        host, port = self._host(client)
        url = urlsplit(args.path)
        given = (_split(each, "=", "--query") for each in args.query)
        headers = (_split(each, ":", "--header") for each in args.header)
        return Request(
            client=client,
            host=host,
            port=port,
            method=args.method.upper(),
            path=url.path or "/",
            headers={name.lower(): value for name, value in headers},
            query={**dict(parse_qsl(url.query, keep_blank_values=True)), **dict(given)},
            claims=_claims(args.claim),
        )

    def _host(self, client: Client) -> tuple[str, int]:
        """Give the called host and its port; the only one of the host when none is told."""
        host, colon, port = self.args.host.rpartition(":")
        if colon:
            if not host or not port.isdecimal():
                raise CliError(f'--to must be HOST[:PORT], but is "{self.args.host}"')
            return host, int(port)
        registry = self.tracer.world.plane(client.cluster).registry
        found = registry.find(registry.called(port, client.namespace))
        ports = sorted({each.number for host_ in found for each in host_.ports})
        if len(ports) > 1:
            listed = ", ".join(map(str, ports))
            raise CliError(f"--to must name a port of {port}: {listed}")
        return port, ports[0] if ports else _HTTP_PORT


def _clients(given: str, fleet: Fleet, address: str) -> Iterator[tuple[Client, str]]:
    """Yield the client in each cluster in which it is, with its name."""
    parts = given.split("/")
    if len(parts) not in (2, 3) or not all(parts):
        raise CliError(f'{_FORM}, but is "{given}"')
    *cluster, namespace, name = parts
    if cluster and cluster[0] not in fleet.views:
        raise CliError(unknown("--from", "in a cluster of the package", cluster[0], fleet.clusters))
    views = [fleet[each] for each in cluster] or list(fleet.views.values())
    found = [(view, each) for view in views if (each := _workload(view, namespace, name))]
    if not found:
        known = {f"{each.namespace}/{each.name}" for view in views for each in view.workloads}
        wanted = "a workload of the package, or the ServiceAccount of one"
        raise CliError(unknown("--from", wanted, f"{namespace}/{name}", known))
    for view, workload in found:
        client = Client.of(view, workload, address)
        yield client, f"{workload.namespace}/{workload.name}"


def _workload(view: ClusterView, namespace: str, name: str) -> Workload | None:
    """Give the workload of a name, or else the first one that runs as a ServiceAccount."""
    mine = [each for each in view.workloads if each.namespace == namespace]
    named = next((each for each in mine if each.name == name), None)
    return named or next((each for each in mine if each.service_account == name), None)


def _split(given: str, by: str, option: str) -> tuple[str, str]:
    name, found, value = given.partition(by)
    if not found or not name:
        raise CliError(f'{option} must be NAME{by}VALUE, but is "{given}"')
    return name.strip(), value.strip()


def _claims(given: list[str]) -> dict[str, object]:
    """Give the claims; of one name several times, all values as a list."""
    found: dict[str, list[str]] = {}
    for each in given:
        name, value = _split(each, "=", "--jwt-claim")
        found.setdefault(name, []).append(value)
    return {name: values if len(values) > 1 else values[0] for name, values in found.items()}
