"""What is called, as the proxies of the protected pods see it: their own ports, and HTTP or not."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from krmfn.kinds.authorization import Operation, Rule
from krmfn.mesh_intent_expander.plan.security import Called
from krmfn.mesh_intent_expander.security.asked import Asked
from krmfn.mesh_intent_expander.security.conditions import attribute_of
from krmfn.mesh_intent_expander.security.targets import Protected
from krmfn.mesh_intent_expander.security.words import in_clusters
from krmfn.mesh_intent_expander.view import L7
from krmfn.sdk import Result


@dataclass(frozen=True, slots=True)
class Wish:
    """Operations of an intent, and how they are meant.

    Attributes:
        field: path of the list inside of ``spec``.
        is_http: whether something else of the rule holds for HTTP only.
        widens: whether a proxy that does not understand HTTP at a port would take the rule for
            one about all of its connections, as it does for DENY and CUSTOM.
    """

    operations: Sequence[Operation]
    field: str
    is_http: bool = False
    widens: bool = False


def wish_of(rule: Rule, number: int, *, widens: bool) -> Wish:
    """Give the operations of a rule."""
    attributes = [attribute_of(condition.key) for condition in rule.when]
    is_http = any(caller.request_principals for caller in rule.from_) or any(
        attribute.is_http for attribute in attributes if attribute
    )
    return Wish(rule.to, f"rules[{number}].to", is_http, widens)


def called(wish: Wish, protected: Protected) -> tuple[Called, ...] | None:
    """Give operations at protected pods, none for anything, without those that cannot be there.

    Rules about HTTP that widen get the ports that speak HTTP, so that others are left in peace.

    Returns:
        the operations, or None when they cannot be there, not one of them (see `problems`).
    """
    if not wish.operations and not (wish.is_http and wish.widens and protected.ports):
        return ()
    if not wish.operations:
        ports = _http_ports(protected)
        return (Called(ports=ports),) if ports else None
    found = (_called(operation, wish, protected) for operation in wish.operations)
    return tuple(each for each in found if each is not None) or None


def problems(asked: Asked, wish: Wish, protected: Protected) -> Iterator[Result]:
    """Yield what is wrong with operations at protected pods."""
    if not protected.ports:
        return
    for index, operation in enumerate(wish.operations):
        field = f"{wish.field}[{index}]"
        unknown = [port for port in operation.ports if protected.targets(port) is None]
        for port in unknown:
            yield _unknown_port(asked, protected, port, f"{field}.ports")
        for port in operation.ports:
            if protected.targets(port) == ():
                yield _unresolved_port(asked, protected, port, f"{field}.ports")
        if _is_http(operation, wish) and not unknown:
            yield from _not_http(asked, operation.ports, protected, field)
    if not wish.operations and wish.is_http:
        yield from _not_http(asked, (), protected, wish.field.removesuffix(".to"))


def translated(wish: Wish, protected: Protected) -> dict[int, tuple[int, ...]]:
    """Give those ports of the Service that have other numbers at the proxies."""
    asked = {port for operation in wish.operations for port in operation.ports}
    found = {port: protected.targets(port) or () for port in sorted(asked)}
    return {port: targets for port, targets in found.items() if targets not in ((), (port,))}


def is_about_http(wish: Wish) -> bool:
    """Say whether operations hold for HTTP only."""
    return wish.is_http or any(_is_http(operation, wish) for operation in wish.operations)


def _called(operation: Operation, wish: Wish, protected: Protected) -> Called | None:
    """Give an operation at protected pods, None where none of its ports can be one of theirs."""
    confined = wish.widens and _is_http(operation, wish) and bool(protected.ports)
    ports = _ports(operation, protected)
    if confined:
        http = _http_ports(protected)
        ports = tuple(port for port in ports if port in http) if operation.ports else http
    if (operation.ports or confined) and not ports:
        return None
    return Called(
        methods=operation.methods,
        paths=operation.paths,
        ports=ports,
        hosts=tuple(dict.fromkeys(_hosts(operation, protected))),
    )


def _ports(operation: Operation, protected: Protected) -> tuple[int, ...]:
    """Give the numbers that an operation's ports have at the proxies, as far as they are known."""
    if not protected.ports:
        return tuple(sorted({*operation.ports}))
    found = (protected.targets(port) or () for port in operation.ports)
    return tuple(sorted({target for targets in found for target in targets}))


def _hosts(operation: Operation, protected: Protected) -> Iterator[str]:
    """Yield each host without port and with one: clients may send either."""
    for host in operation.hosts:
        yield host
        if host.startswith("*") and host != "*":
            yield from (f"{host}:{port.number}" for port in protected.ports)
        elif ":" not in host and not host.endswith("*"):
            yield f"{host}:*"


def _is_http(operation: Operation, wish: Wish) -> bool:
    return wish.is_http or bool(operation.methods or operation.paths or operation.hosts)


def _http_ports(protected: Protected) -> tuple[int, ...]:
    return tuple(
        sorted({t for port in protected.ports if port.protocol in L7 for t in port.targets})
    )


def _not_http(
    asked: Asked, wanted: Sequence[int], protected: Protected, field: str
) -> Iterator[Result]:
    """Yield an error where HTTP is spoken of, and a port speaks something else."""
    spoken = {port.number: port.protocol for port in protected.ports}
    http = {port.number for port in protected.ports if port.protocol in L7}
    wrong = [port for port in wanted if port not in http]
    if not wanted and not http:
        wrong = sorted(spoken)
    for port in wrong:
        where = (
            f'port {port} of {asked.wanted}{in_clusters(protected.clusters)} is "{spoken[port]}"'
        )
        message = f"must not speak of HTTP, since {where}: such a rule is never true there"
        yield asked.wrong(message, "http-rule-on-tcp", field, str(port))


def _unknown_port(asked: Asked, protected: Protected, port: int, field: str) -> Result:
    known = sorted({port.number for port in protected.ports})
    numbers = " or ".join(map(str, known))
    where = f"{asked.wanted}{in_clusters(protected.clusters)}"
    proposed = str(known[0]) if len(known) == 1 else None
    message = f"must be a port of {where}: {numbers}, but is {port}"
    return asked.wrong(message, "port-unknown", field, str(port), proposed)


def _unresolved_port(asked: Asked, protected: Protected, port: int, field: str) -> Result:
    where = f"{asked.wanted}{in_clusters(protected.clusters)}"
    message = (
        f"must lead to a port that the pods name, but no workload of the package has the name to "
        f"which port {port} of {where} leads; rules go by the pods' numbers"
    )
    return asked.wrong(message, "port-unresolved", field, str(port))
