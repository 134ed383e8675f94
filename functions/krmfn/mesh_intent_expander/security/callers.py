"""Who calls, as identities.

A proxy takes the trust domains of the mesh and its aliases for one another: Istio puts them all
into a principal that names an account. A prefix such as ``edge-a/*`` it leaves alone, so it is by
these that callers are told apart by their clusters.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from krmfn.kinds.authorization import Caller, Rule
from krmfn.mesh_intent_expander.plan.common import ServiceKey
from krmfn.mesh_intent_expander.plan.security import Source, When
from krmfn.mesh_intent_expander.security.asked import Asked
from krmfn.mesh_intent_expander.security.inventory import Inventory
from krmfn.mesh_intent_expander.security.words import (
    listed,
    nearest,
    nearest_reference,
    split,
)
from krmfn.sdk import Result

Account = tuple[str, str, str]
"""Trust domain, namespace and name."""


@dataclass(frozen=True, slots=True)
class Callers:
    """Sources of a rule, and a condition under which they count."""

    sources: tuple[Source, ...]
    also: tuple[When, ...] = ()


class Reader:
    """Reads the callers of an intent's rules, and keeps what is wrong with them.

    Attributes:
        problems: what is wrong with the callers that were read so far.
    """

    def __init__(self, inventory: Inventory, asked: Asked) -> None:
        self.inventory = inventory
        self.asked = asked
        self.problems: list[Result] = []

    def read(self, rule: Rule, number: int) -> tuple[Callers, ...]:
        """Give the callers of a rule: those that need no condition together, the others apart.

        Callers who cannot be told by an identity are left out. Nothing is left where none can;
        a rule about anyone has one `Callers` without sources.
        """
        plain: list[Source] = []
        apart: list[Callers] = []
        for index, caller in enumerate(rule.from_):
            source, also = self._source(caller, f"rules[{number}].from[{index}]")
            if also:
                apart.append(Callers((source,), also))
            elif source != Source():
                plain.append(source)
        self._check_names(rule, f"rules[{number}].from")
        together = [Callers(tuple(plain))] if plain or not rule.from_ else []
        return (*together, *apart)

    def _source(self, caller: Caller, field: str) -> tuple[Source, tuple[When, ...]]:
        """Give a caller and a condition under which it counts; `Source()` when it cannot be told.

        All that a caller says must hold, so that it is left out as soon as one part of it is.
        """
        domains = self._domains(caller.clusters, f"{field}.clusters")
        known = self._accounts(caller, field)
        accounts = sorted({account for account in known if account[0] in domains})
        if known and domains and not accounts:
            message = "must run in one of the caller's `clusters`, since its accounts there call"
            self._wrong(message, "caller-unknown", f"{field}.service", caller.service)
        is_named = caller.service is not None or bool(caller.service_accounts)
        if not domains or (is_named and not accounts):
            return Source(), ()
        principals = caller.principals or tuple(
            f"{domain}/ns/{namespace}/sa/{name}" for domain, namespace, name in accounts
        )
        prefixes = tuple(f"{domain}/*" for domain in sorted(domains)) if caller.clusters else ()
        also = (When("source.principal", prefixes),) if principals and prefixes else ()
        source = Source(
            principals=principals or prefixes,
            request_principals=caller.request_principals,
            namespaces=caller.namespaces,
            ip_blocks=caller.ip_blocks,
        )
        return source, also

    def _accounts(self, caller: Caller, field: str) -> Iterable[Account]:
        """Give the accounts that a caller names, or that the pods of its Service have."""
        if caller.service is not None:
            return self._accounts_of(caller.service, f"{field}.service")
        wanted = [split(each, self.asked.namespace) for each in caller.service_accounts]
        domains = {each.trust_domain for each in self.inventory.mesh.clusters.values()}
        return [(domain, *account) for domain in domains for account in wanted]

    def _accounts_of(self, service: str, field: str) -> Sequence[Account]:
        key = ServiceKey(*split(service, self.asked.namespace))
        if key not in self.inventory.services:
            message = f'must be a Service of the package, but is "{"/".join(key)}"'
            proposed = nearest_reference(key, self.inventory.services)
            self._wrong(message, "service-unknown", field, service, proposed)
            return ()
        found = list(self._running(key))
        if not found:
            message = "must have workloads in the package, since their accounts are the callers"
            self._wrong(message, "caller-unknown", field, service)
        return found

    def _running(self, key: ServiceKey) -> Iterator[Account]:
        for name, cluster in self.inventory.mesh.clusters.items():
            for workload in self.inventory.workloads(name, key):
                yield cluster.trust_domain, workload.namespace, workload.service_account

    def _domains(self, clusters: Sequence[str], field: str) -> set[str]:
        """Give the trust domains of clusters that have one of their own, or those of the mesh."""
        known = self.inventory.mesh.clusters
        count = Counter(cluster.trust_domain for cluster in known.values())
        if not clusters:
            return set(count)
        domains = set()
        for index, name in enumerate(clusters):
            at = f"{field}[{index}]"
            if name not in known:
                there = f": {listed(known)}" if any(known) else ", which names none"
                message = f'must be a cluster of the mesh{there}, but is "{name}"'
                self._wrong(message, "cluster-unknown", at, name, nearest(name, known))
            elif count[known[name].trust_domain] > 1:
                domain = known[name].trust_domain
                message = (
                    f'must be a cluster with a trust domain of its own, but "{domain}" is that of '
                    "other clusters as well: its callers cannot be told from theirs"
                )
                self._wrong(message, "trust-domain-shared", at, name)
            else:
                domains.add(known[name].trust_domain)
        return domains

    def _check_names(self, rule: Rule, field: str) -> None:
        """Tell the names in a rule that nothing in the package has, all of a kind together."""
        accounts: dict[str, tuple[str, str]] = {}
        namespaces: dict[str, str] = {}
        for index, caller in enumerate(rule.from_):
            at = f"{field}[{index}]"
            for number, name in enumerate(caller.service_accounts):
                account = split(name, self.asked.namespace)
                if account not in self.inventory.accounts:
                    accounts[f"{at}.serviceAccounts[{number}]"] = account
            for number, name in enumerate(caller.namespaces):
                if name not in self.inventory.namespaces:
                    namespaces[f"{at}.namespaces[{number}]"] = name
        for at, account in [*accounts.items()][:1]:
            proposed = nearest_reference(account, self.inventory.accounts)
            names = map("/".join, accounts.values())
            self._doubt("ServiceAccount", names, "account-unknown", at, proposed)
        for at, name in [*namespaces.items()][:1]:
            proposed = nearest(name, self.inventory.namespaces)
            self._doubt("namespace", namespaces.values(), "namespace-unknown", at, proposed)

    def _doubt(
        self, what: str, names: Iterable[str], code: str, field: str, proposed: str | None
    ) -> None:
        unknown = [*names]
        message = f"should be a {what} of the package, but there is no {listed(unknown)}"
        self.problems.append(self.asked.doubtful(message, code, field, unknown[0], proposed))

    def _wrong(
        self,
        message: str,
        code: str,
        field: str,
        current: str | None,
        proposed: str | None = None,
    ) -> None:
        self.problems.append(self.asked.wrong(message, code, field, current, proposed))
