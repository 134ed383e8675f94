"""What is asked for of one service: by a ServiceAuthorization, or by the consumers it declares."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from krmfn.kinds.authorization import (
    Caller,
    Rule,
    ServiceAuthorization,
    ServiceAuthorizationSpec,
    Target,
)
from krmfn.mesh_intent_expander.plan.discovery import Discovered
from krmfn.mesh_intent_expander.security.targets import Wanted
from krmfn.mesh_intent_expander.security.words import resource_of
from krmfn.mesh_intent_expander.view import mapping, spec_of, strings
from krmfn.sdk import Resource, Result, error, warning

CONSUMERS = "spec.consumers.serviceAccounts"


@dataclass(frozen=True, slots=True)
class Asked:
    """Who may call what of some pods, and who says so.

    Attributes:
        namespace: that of the intent, in which its names without namespace are.
        is_derived: whether it comes from the consumers of a ServiceDiscovery.
    """

    spec: ServiceAuthorizationSpec
    wanted: Wanted
    namespace: str
    by: Resource
    is_derived: bool = False

    def field(self, path: str) -> str:
        """Give the path of a field of the intent, for a path inside of ``spec``."""
        return CONSUMERS if self.is_derived else f"spec.{path}"

    def wrong(
        self, message: str, code: str, path: str, current: str | None, proposed: str | None = None
    ) -> Result:
        """Give an error about a field, for a path inside of ``spec``."""
        field = self.field(path)
        return error(
            message, code=code, at=self.by, field=field, current=current, proposed=proposed
        )

    def doubtful(
        self, message: str, code: str, path: str, current: str | None, proposed: str | None = None
    ) -> Result:
        """Give a warning about a field, for a path inside of ``spec``."""
        field = self.field(path)
        return warning(
            message, code=code, at=self.by, field=field, current=current, proposed=proposed
        )


def asked_by(
    authorizations: Iterable[ServiceAuthorization], discovered: Iterable[Discovered]
) -> list[Asked]:
    """Give all that is asked for.

    The consumers of a ServiceDiscovery are callers as well: where it names ServiceAccounts and no
    ServiceAuthorization speaks of the service, exactly these accounts may call it.
    """
    asked = [_asked(each) for each in authorizations]
    spoken_of = {(each.wanted.namespace, each.wanted.service) for each in asked}
    return asked + [
        _derived(each, accounts)
        for each in discovered
        if each.service not in spoken_of and (accounts := consuming_accounts(each))
    ]


def consuming_accounts(discovered: Discovered) -> tuple[str, ...]:
    """Give the ServiceAccounts, as ``namespace/name``, that a ServiceDiscovery names."""
    consumers = mapping(spec_of(discovered.by).get("consumers"))
    return tuple(strings(consumers.get("serviceAccounts")))


def permitting(asked: Sequence[Asked]) -> Iterator[tuple[Asked, int, Rule]]:
    """Yield all rules that allow something, each with its number."""
    for each in asked:
        for index, rule in enumerate(each.spec.rules):
            if rule.action == "Allow":
                yield each, index, rule


def _asked(intent: ServiceAuthorization) -> Asked:
    own = intent.metadata.namespace or "default"
    target = intent.spec.target
    wanted = Wanted(target.namespace or own, target.service, target.selector)
    return Asked(intent.spec, wanted, own, resource_of(intent))


def _derived(discovered: Discovered, accounts: tuple[str, ...]) -> Asked:
    namespace, service = discovered.service
    spec = ServiceAuthorizationSpec(
        target=Target(service=service, namespace=namespace),
        rules=(Rule(name="consumers", from_=(Caller(service_accounts=accounts),)),),
    )
    own = discovered.by.namespace or "default"
    return Asked(spec, Wanted(namespace, service), own, discovered.by, is_derived=True)
