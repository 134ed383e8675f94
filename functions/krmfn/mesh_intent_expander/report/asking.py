"""What is asked: which clients call a service, by which requests."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from krmfn.mesh_intent_expander.report.callers import callers_of
from krmfn.mesh_intent_expander.report.holding import (
    policies_at,
    policies_behind,
    routes_to,
    tokens_at,
)
from krmfn.mesh_intent_expander.report.population import Caller, Population
from krmfn.mesh_intent_expander.report.requests import Axes, Probe, probes
from krmfn.mesh_intent_expander.report.targets import Target
from krmfn.mesh_intent_expander.report.telling_apart import axes_of
from krmfn.mesh_intent_expander.semantics.authorization import Policy
from krmfn.mesh_intent_expander.semantics.routes import RouteObject
from krmfn.mesh_intent_expander.semantics.world import World


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of a target.

    Attributes:
        callers: by cluster and name.
        probes: the requests that each of them sends.
        routes: what routes them.
        policies: the AuthorizationPolicies at all servers that they come to.
        left_out: how many clients are not among them.
    """

    target: Target
    callers: Mapping[tuple[str, str], Caller]
    axes: Axes
    probes: tuple[Probe, ...]
    routes: tuple[RouteObject, ...] = ()
    policies: tuple[Policy, ...] = ()
    left_out: int = 0

    def with_that_of(self, other: "Question") -> "Question":
        """Give the question that asks what either asks; what both have is as it is here."""
        axes = self.axes.united(other.axes)
        callers = {**other.callers, **self.callers}
        return replace(self, callers=callers, axes=axes, probes=probes(axes))


class Asking:
    """Works out what to ask of the services of a mesh.

    Args:
        world: the mesh.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._population = Population(world)

    def question(self, target: Target, callers: Sequence[Caller] | None = None) -> Question:
        """Give what to ask of a target: all that makes a difference to its clients.

        Args:
            target: the target.
            callers: the clients; all that are worth asking for when None.
        """
        policies, left_out = policies_at(self._world, target), 0
        if callers is None:
            callers, left_out = callers_of(self._world, self._population, target, policies)
        routes = routes_to(self._world, target, callers)
        behind = policies_behind(self._world, target, routes)
        policies = (*policies, *(each for each in behind if each not in policies))
        axes = Axes()
        if target.is_http:
            axes = axes_of(routes, policies, tokens_at(self._world, target))
        by_key = {each.key: each for each in callers}
        return Question(target, by_key, axes, probes(axes), tuple(routes), policies, left_out)
