"""Callers whose pods have no proxy: they send plaintext, and cannot say who they are."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from krmfn.kinds.authorization import Caller
from krmfn.mesh_intent_expander.plan.common import ServiceKey
from krmfn.mesh_intent_expander.plan.discovery import Discovered
from krmfn.mesh_intent_expander.security.asked import CONSUMERS, Asked, consuming_accounts
from krmfn.mesh_intent_expander.security.inventory import Inventory
from krmfn.mesh_intent_expander.security.membership import named, outside, plaintext_reason
from krmfn.mesh_intent_expander.security.modes import Modes
from krmfn.mesh_intent_expander.security.targets import Missing, Protected, Wanted, find
from krmfn.mesh_intent_expander.security.words import split
from krmfn.mesh_intent_expander.view import Workload
from krmfn.sdk import Resource, Result
from krmfn.sdk.result import graded

_NAMESPACES = "spec.consumers.namespaces"


@dataclass(frozen=True, slots=True)
class Unmeshed:
    """Pods of one cluster that have no proxy.

    Attributes:
        reason: why they have none.
    """

    cluster: str
    workload: Workload
    reason: str


@dataclass(frozen=True, slots=True)
class Group:
    """Those whom one name stands for and who have no proxy.

    Attributes:
        is_all: whether the name stands for nobody else.
    """

    pods: tuple[Unmeshed, ...]
    is_all: bool


@dataclass(frozen=True, slots=True)
class _Refused:
    """Those who are refused, and why; "" where they are only not told from others."""

    group: Group
    why: str = ""


class Bare:
    """Pods without proxy, by what callers are named by."""

    def __init__(self, inventory: Inventory) -> None:
        self._inventory = inventory
        self._by_namespace: dict[str, list[Unmeshed]] = {}
        for found in outside(inventory, ""):
            self._by_namespace.setdefault(found[1].namespace, []).append(Unmeshed(*found))

    def callers(self, asked: Asked, caller: Caller) -> Iterator[Group]:
        """Yield those whom a caller of a rule names."""
        clusters = caller.clusters or self._inventory.fleet.clusters
        if caller.service is not None:
            yield self._of_service(ServiceKey(*split(caller.service, asked.namespace)), clusters)
        for name in caller.service_accounts:
            yield self.of(*split(name, asked.namespace), clusters)
        if not (caller.service or caller.service_accounts or caller.principals):
            for namespace in caller.namespaces:
                yield self.of(namespace, None, clusters)

    def of(self, namespace: str, account: str | None, clusters: Collection[str]) -> Group:
        """Give those of a namespace, or of one of its accounts, in some clusters."""
        found = tuple(
            each
            for each in self._by_namespace.get(namespace, ())
            if each.cluster in clusters and account in (None, each.workload.service_account)
        )
        return Group(found, bool(found) and not self._has_member(namespace, account, clusters))

    def _of_service(self, key: ServiceKey, clusters: Collection[str]) -> Group:
        found = self._by_namespace.get(key.namespace, [])
        serving = {
            id(pod)
            for cluster in {each.cluster for each in found} & {*clusters}
            for pod in self._inventory.workloads(cluster, key)
        }
        return Group(tuple(each for each in found if id(each.workload) in serving), is_all=True)

    def _has_member(self, namespace: str, account: str | None, clusters: Collection[str]) -> bool:
        """Say whether some pods of a namespace, or of an account, have a proxy."""
        return any(
            account in (None, pod.service_account) and not plaintext_reason(view, pod)
            for cluster, view in self._inventory.fleet.views.items()
            if cluster in clusters
            for pod in self._inventory.pods(cluster, namespace)
        )


def without_certificate(
    inventory: Inventory, bare: Bare, modes: Modes, asked: Asked, found: Sequence[Protected]
) -> Iterator[Result]:
    """Yield what becomes of allowed callers without proxy: nothing at a server that is Strict."""
    for number, rule in enumerate(asked.spec.rules):
        for index, caller in enumerate(rule.from_ if rule.action == "Allow" else ()):
            for group in bare.callers(asked, caller):
                field = asked.field(f"rules[{number}].from[{index}]")
                if refused := _refused(inventory, modes, found, group):
                    yield _told(asked.wanted, refused, asked.by, field)
                elif group.pods:
                    yield _told(asked.wanted, _Refused(group), asked.by, field)


def consumers_without_certificate(
    inventory: Inventory, bare: Bare, modes: Modes, use: Discovered, *, is_derived: bool
) -> Iterator[Result]:
    """Yield what is wrong with declared consumers without proxy, where plaintext is refused.

    Args:
        inventory: the fleet.
        bare: its pods without proxy.
        modes: what servers take.
        use: who uses which service.
        is_derived: whether its accounts are judged already, as callers of rules made of them.
    """
    accounts = () if is_derived else consuming_accounts(use)
    own = use.by.namespace or "default"
    groups = [(_NAMESPACES, bare.of(each, None, use.clients)) for each in use.namespaces]
    groups += [(CONSUMERS, bare.of(*split(each, own), use.clients)) for each in accounts]
    groups = [(field, group) for field, group in groups if group.pods]
    wanted = Wanted(*use.service)
    found = find(inventory, wanted) if groups else ()
    pods = () if isinstance(found, Missing) else found
    for field, group in groups:
        if refused := _refused(inventory, modes, pods, group):
            yield _told(wanted, refused, use.by, field)


def _refused(
    inventory: Inventory, modes: Modes, found: Sequence[Protected], group: Group
) -> _Refused | None:
    """Give those whose plaintext does not get to a server, None when that of all may."""
    pods = [each for each in found if not each.guarded.waypoint_of]
    if group.pods and any(modes.weakest(each)[0] == "STRICT" for each in pods):
        return _Refused(group, "refuses plaintext")
    servers = {cluster for each in found for cluster in each.clusters}
    crosses = inventory.mesh.crosses_network
    beyond = tuple(
        each for each in group.pods if all(crosses(each.cluster, server) for server in servers)
    )
    if not beyond or not servers:
        return None
    is_all = group.is_all and beyond == group.pods
    return _Refused(Group(beyond, is_all), "is behind gateways, which pass no plaintext on")


def _told(wanted: Wanted, refused: _Refused, by: Resource, field: str) -> Result:
    first, more = refused.group.pods[0], len(refused.group.pods) - 1
    others = f", nor have {more} more" if more else ""
    return graded(
        f"must be callers with a proxy, but {named(first.workload, [first.cluster])} has none (it "
        f"{first.reason}){others}, and {wanted} {refused.why or 'cannot tell it from others'}",
        code="plaintext-client",
        fails=bool(refused.why) and refused.group.is_all,
        at=by,
        field=field,
    )
