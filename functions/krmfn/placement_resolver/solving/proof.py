"""The state of a proof: the best layout of a class and what no layout can beat."""

from dataclasses import astuple, dataclass

from krmfn.placement_resolver.solving.greedy import Value
from krmfn.placement_resolver.solving.layout import Layout
from krmfn.placement_resolver.solving.problem import Method

EPSILON = 1e-6


@dataclass(slots=True)
class Proof:
    """The best layout of a class so far and what no layout can beat.

    Attributes:
        layout: the assignment, what was there before included.
        value: its worth.
        bound: per goal a bound, given that the goals before are at their values.
        method: the strongest means used.
        nodes: branch-and-bound nodes.
    """

    layout: Layout
    value: Value
    bound: Value
    method: Method = Method.GREEDY
    nodes: int = 0

    def revalue(self, value: Value) -> None:
        """Take a new value of the layout; no bound is below it."""
        self.value = value
        self.bound = Value(*map(max, astuple(self.bound), astuple(value)))

    def is_open(self, gap: float) -> bool:
        """Say whether a goal may still gain by what matters."""
        return any(self.is_goal_open(goal, gap) for goal in ("placed", "moves", "score"))

    def is_goal_open(self, goal: str, gap: float) -> bool:
        """Say whether one goal may still gain by what matters."""
        reached, most = getattr(self.value, goal), getattr(self.bound, goal)
        slack = gap * abs(most) if goal == "score" else 0
        return bool(most - reached > slack + EPSILON)
