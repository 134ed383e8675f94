"""What is asked of a package: its services and clients, or those that are named."""

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from krmfn.cli.errors import CliError
from krmfn.cli.explain import unknown
from krmfn.cli.rendering.tree import read_tree
from krmfn.cli.tracing.reading import read_package
from krmfn.mesh_intent_expander.discovery import discover
from krmfn.mesh_intent_expander.intents import RelocationPlan, ServiceDiscovery
from krmfn.mesh_intent_expander.intents.report import MeshReportStatus
from krmfn.mesh_intent_expander.plan.common import ServiceKey
from krmfn.mesh_intent_expander.plan.discovery import Discovered
from krmfn.mesh_intent_expander.reading import is_own, view_of
from krmfn.mesh_intent_expander.report.difference import Side
from krmfn.mesh_intent_expander.report.idle import idle_things
from krmfn.mesh_intent_expander.report.population import ANYONE, PLAINTEXT, Caller, Population
from krmfn.mesh_intent_expander.report.reporting import Survey
from krmfn.mesh_intent_expander.report.targets import Target, targets
from krmfn.mesh_intent_expander.semantics.trace import Tracer
from krmfn.mesh_intent_expander.steering import service_of
from krmfn.mesh_intent_expander.topology import Mesh
from krmfn.mesh_intent_expander.view import Fleet
from krmfn.sdk import FunctionError, Package

_OTHERS = {"anyone": "anyone", ANYONE: "anyone", PLAINTEXT: "plaintext"}


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked of a package.

    Attributes:
        moving: the services that RelocationPlans are about.
        callers: the clients that are named, None for all that are worth asking for.
        is_narrow: whether something is named.
    """

    tracer: Tracer
    discovered: tuple[Discovered, ...]
    moving: frozenset[ServiceKey]
    targets: tuple[Target, ...]
    callers: tuple[Caller, ...] | None
    is_narrow: bool

    @classmethod
    def of(cls, args: argparse.Namespace, folder: Path, *, known: bool = True) -> "Asked":
        """Read a package, and find in it what is named.

        Args:
            args: of the command.
            folder: the package's.
            known: whether what is named must be there; in an older state it need not be.

        Raises:
            CliError: the package is wrong, or what is named is not there.
        """
        fleet, mesh = read_package(folder)
        discovered, moving = _intents(folder, fleet, mesh)
        tracer = Tracer(fleet, mesh)
        listed = targets(fleet, discovered)
        found = tuple(_named_targets(args.service, listed)) if args.service else tuple(listed)
        if args.service and not found and known:
            names = {"/".join(each.service) for each in listed}
            wanted = "a service of the package"
            raise CliError(unknown("--service", wanted, args.service, names))
        callers = tuple(_callers(args.client, tracer)) if args.client else None
        if callers == () and known:
            raise CliError(_unknown_client(args.client, fleet))
        is_narrow = bool(args.service or args.client)
        return cls(tracer, discovered, moving, found, callers, is_narrow)

    @property
    def side(self) -> Side:
        """What is to be compared."""
        return Side(self.tracer, self.targets, self.callers)

    def status(self, most: int | None) -> MeshReportStatus:
        """Give who reaches what, for so many services; all when None."""
        survey = Survey(self.tracer, self.targets[:most], self.callers)
        survey.run()
        left_out = len(self.targets) - len(self.targets[:most])
        dead = survey.dead
        if not self.is_narrow:
            dead += idle_things(self.tracer.world.fleet, self.discovered, self.moving)
        more = {**survey.totals.more, **({"services": left_out} if left_out else {})}
        totals = survey.totals.model_copy(update={"services": len(self.targets), "more": more})
        return MeshReportStatus(totals=totals, reachability=tuple(survey.rows), dead=tuple(dead))


def _intents(
    folder: Path, fleet: Fleet, mesh: Mesh
) -> tuple[tuple[Discovered, ...], frozenset[ServiceKey]]:
    """Give how services are found across clusters, as the package's intents have it, and movers.

    Raises:
        CliError: an intent is wrong.
    """
    tree = read_tree(folder.resolve())
    package = Package(each for part in tree.walk() for each in part.resources())
    by_people = Fleet(
        (
            view_of(name, (each for each in view.resources if not is_own(each)), mesh)
            for name, view in fleet.views.items()
        ),
        mesh,
    )
    try:
        found, _ = discover(mesh, by_people, package.of(ServiceDiscovery), package)
        moving = frozenset(map(service_of, package.of(RelocationPlan)))
    except FunctionError as error:
        raise CliError("; ".join(each.message for each in error.results)) from error
    return found, moving


def _named_targets(given: str, listed: Sequence[Target]) -> Iterator[Target]:
    for each in listed:
        if given in (each.service.name, "/".join(each.service), each.host):
            yield each


def _callers(given: str, tracer: Tracer) -> Iterator[Caller]:
    """Yield the clients of a name: in all clusters, or in the one that is named as well."""
    population, fleet = Population(tracer.world), tracer.world.fleet
    cluster, _, rest = given.rpartition("/") if given.count("/") != 1 else ("", "", given)
    namespace, _, name = given.partition("/")
    if given.count("/") == 2:
        cluster, namespace, name = given.split("/")
    clusters = [each for each in fleet.clusters if cluster in ("", each)]
    for each in clusters:
        if rest in _OTHERS:
            is_plain = _OTHERS[rest] == "plaintext"
            yield population.plaintext(each) if is_plain else population.anyone(each)
            continue
        workloads = (w for w in fleet[each].workloads if (w.namespace, w.name) == (namespace, name))
        accounts = dict.fromkeys((name, *(workload.service_account for workload in workloads)))
        for account in accounts if name else ():
            for client in population.of(each, namespace, account):
                yield population.named(client, "declared")


def _unknown_client(given: str, fleet: Fleet) -> str:
    known = {
        name
        for view in fleet.views.values()
        for each in view.workloads
        for name in (f"{each.namespace}/{each.name}", f"{each.namespace}/{each.service_account}")
    }
    return unknown("--client", "a workload or ServiceAccount of the package", given, known)
