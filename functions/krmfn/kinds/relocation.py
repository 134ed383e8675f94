"""How a service moves from one cluster to another: written by a function, or by hand."""

from typing import Annotated, Literal, Self

from pydantic import Field

from krmfn.kinds.fields import INTENT_VERSION, Name, Span
from krmfn.sdk.model import CelRule, DnsLabel, Kind, Model

Step = Literal["Prepare", "Pin", "Shift", "Flip", "Drain", "Remove"]


class Gate(Model):
    """What must hold before a move goes on; whoever drives it waits for that."""

    name: Name = Field(description="Name of the gate, unique in its phase.")
    description: str = Field(min_length=1, description="What must hold, in words.")
    query: str | None = Field(
        None,
        min_length=1,
        description="The same in PromQL: it holds while the query has a result, as an alert does.",
    )
    for_: Span = Field("0s", description="How long it must hold without a break.")
    timeout: Span | None = Field(
        None, description="How long it is waited for before the phase has failed; no end if absent."
    )


class Phase(Model):
    """One state of the move; each is a render of its own, and a commit."""

    cel_rules = (
        CelRule(
            "self.step == 'Shift' ? has(self.weight) : !has(self.weight)",
            "must be given for `Shift`, and for no other step",
            lambda phase: (phase.step == "Shift") == (phase.weight is not None),
            field="weight",
        ),
        CelRule(
            "!has(self.gates) || self.gates.all(g, self.gates.exists_one(h, h.name == g.name))",
            "must have names of their own",
            lambda phase: len({gate.name for gate in phase.gates}) == len(phase.gates),
            field="gates",
        ),
    )

    name: Name = Field(description="Name of the phase.")
    step: Step = Field(
        description="`Prepare`: all that the target needs stands there; `Pin`: all traffic stays "
        "at the source, and the target starts; `Shift`: a share goes to the target; `Flip`: the "
        "target is preferred, the source stands by; `Drain`: nothing is sent to the source, which "
        "stops; `Remove`: the source is gone.",
    )
    weight: Annotated[int, Field(ge=0, le=100)] | None = Field(
        None, description="For `Shift`: percent of the requests that go to the target."
    )
    gates: tuple[Gate, ...] = Field(
        (), max_length=16, description="What must hold before the next phase, all of it."
    )

    @property
    def target_weight(self) -> int:
        """Percent of the requests that go to the target, while both clusters can serve."""
        return {"Prepare": 0, "Pin": 0}.get(self.step, 100) if self.weight is None else self.weight


class RelocationPlanSpec(Model):
    """A move, phase by phase."""

    cel_rules = (
        CelRule(
            "self.from != self.to",
            "must not be the cluster that the service leaves",
            lambda plan: plan.from_ != plan.to,
            field="to",
        ),
        CelRule(
            "!has(self.phase) || !has(self.phases) || self.phases.exists(p, p.name == self.phase)",
            "must be the name of one of `phases`",
            lambda plan: plan.phase is None or any(p.name == plan.phase for p in plan.phases),
            field="phase",
        ),
        CelRule(
            "!has(self.pivot) || !has(self.phases) || self.phases.exists(p, p.name == self.pivot)",
            "must be the name of one of `phases`",
            lambda plan: plan.pivot is None or any(p.name == plan.pivot for p in plan.phases),
            field="pivot",
        ),
        CelRule(
            "!has(self.phases) || self.phases.all(p, self.phases.exists_one(q, q.name == p.name))",
            "must have names of their own",
            lambda plan: len({phase.name for phase in plan.phases}) == len(plan.phases),
            field="phases",
        ),
    )

    service: Name = Field(description="The Service that moves.")
    namespace: DnsLabel | None = Field(
        None, description="Its namespace: the plan's own when absent."
    )
    from_: Name = Field(description="The cluster that it leaves.")
    to: Name = Field(description="The cluster that it goes to, where it does not serve yet.")
    phases: tuple[Phase, ...] = Field(
        (
            Phase(name="prepare", step="Prepare"),
            Phase(name="pin", step="Pin"),
            Phase(name="shift-10", step="Shift", weight=10),
            Phase(name="shift-50", step="Shift", weight=50),
            Phase(name="shift-100", step="Shift", weight=100),
            Phase(name="flip", step="Flip"),
            Phase(name="drain", step="Drain"),
            Phase(name="remove", step="Remove"),
        ),
        min_length=1,
        max_length=32,
        description="The phases, in order.",
    )
    phase: Name | None = Field(
        None, description="The phase that is rendered: the first one when absent."
    )
    pivot: Name | None = Field(
        None,
        description="The phase from which on a failure is mended and never undone; before it the "
        "move is undone phase by phase. The first of `Drain` and `Remove` when absent.",
    )

    @property
    def current(self) -> Phase:
        """The phase that is rendered."""
        return next((each for each in self.phases if each.name == self.phase), self.phases[0])


class RelocationPlan(Kind, api_version=INTENT_VERSION):
    """How a service moves from one cluster to another, and how far it is."""

    spec: RelocationPlanSpec = Field(description="The move.")

    def at(self, phase: str) -> Self:
        """Give the same plan at the phase of this name."""
        spec = self.spec.model_copy(update={"phase": phase})
        return self.model_copy(update={"spec": spec})
