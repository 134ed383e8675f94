"""Rules that decide what a cluster can do."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, field_validator, model_validator

from krmfn.cluster_profiler.intents.contradictions import check_labels, check_resources
from krmfn.cluster_profiler.nfd.expressions import Expression, check_expression
from krmfn.cluster_profiler.nfd.matching import Term
from krmfn.kinds.fields import INTENT_VERSION, Quantity
from krmfn.kinds.pods import Demand
from krmfn.sdk.model import CelRule, DnsName, Kind, Model

ExpressionOperator = Literal[
    "In",
    "NotIn",
    "InRegexp",
    "Exists",
    "DoesNotExist",
    "Gt",
    "Ge",
    "Lt",
    "Le",
    "GtLt",
    "GeLe",
    "IsTrue",
    "IsFalse",
]
CEL_VARIABLES = ("node", "cluster")
"""What the CEL of a rule may name."""


def _cel(text: str) -> str:
    from krmfn.sdk import cel

    try:
        cel.compile(text, variables=CEL_VARIABLES)
    except cel.CelError as problem:
        raise ValueError(str(problem)) from None
    return text


CelText = Annotated[str, AfterValidator(_cel)]
Comparison = Literal["Gt", "Ge", "Lt", "Le", "Eq", "Ne"]


class LabelRequirement(Model):
    """A demand on a label, as node affinity writes it."""

    key: str = Field(min_length=1, description="The label.")
    operator: Literal["In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"] = Field(
        description="How the label is compared."
    )
    values: tuple[str, ...] = Field(
        (), description="What it is compared with: one integer for `Gt` and `Lt`."
    )

    @model_validator(mode="after")
    def _has_its_values(self) -> Self:
        match self.operator:
            case "In" | "NotIn" if not self.values:
                raise ValueError(f"must have `values` for the operator {self.operator}")
            case "Exists" | "DoesNotExist" if self.values:
                raise ValueError(f"must have no `values` for the operator {self.operator}")
            case "Gt" | "Lt" if len(self.values) != 1 or not _is_integer(self.values[0]):
                raise ValueError(f"must have one integer in `values` for {self.operator}")
        return self

    @property
    def demand(self) -> Demand:
        """The demand as it is evaluated."""
        return Demand(self.key, self.operator, self.values)


class ResourceRequirement(Model):
    """A demand on an amount that a node offers to pods."""

    name: str = Field(
        min_length=1,
        description="The resource, such as `hugepages-1Gi`, or a glob such as `hugepages-*`, of "
        "which one must do.",
    )
    operator: Comparison = Field(description="How the amount is compared.")
    values: tuple[Quantity, ...] = Field(
        min_length=1, max_length=1, description="One quantity, such as `4Gi`."
    )


class NodeResources(Model):
    """Demands on what a node offers to pods, all of which must hold."""

    match_expressions: tuple[ResourceRequirement, ...] = Field(
        min_length=1, description="The demands; a resource that a node does not list counts as 0."
    )

    @field_validator("match_expressions")
    @classmethod
    def _can_hold(cls, demands: tuple[ResourceRequirement, ...]) -> tuple[ResourceRequirement, ...]:
        check_resources([(each.name, each.operator, str(each.values[0])) for each in demands])
        return demands


class DeviceRequirement(Model):
    """A demand on the devices of a node."""

    class_: str = Field(min_length=1, description="The class, such as `sriov-vf` or `gpu`.")
    driver: tuple[str, ...] = Field((), description="Drivers, one of which they must be bound to.")
    min_available: int = Field(
        1, ge=1, description="How many of them a node must offer to pods, taken or not."
    )
    min_speed_gbps: int | None = Field(None, ge=0, description="Speed of the link, in Gbit/s.")


class FeatureExpression(Model):
    """A match expression of Node Feature Discovery."""

    op: ExpressionOperator = Field(description="The operator.")
    value: tuple[str, ...] = Field((), description="Its operands.")
    type: Literal["version"] | None = Field(
        None, description="Compare versions; integers when absent."
    )

    @model_validator(mode="after")
    def _has_its_operands(self) -> Self:
        check_expression(self.expression)
        return self

    @property
    def expression(self) -> Expression:
        """The expression as it is evaluated."""
        return Expression(self.op, self.value, self.type or "")


class FeatureMatcher(Model):
    """A feature matcher of Node Feature Discovery."""

    feature: str = Field(
        min_length=1, description="The feature set, such as `cpu.cpuid` or `pci.device`."
    )
    match_expressions: dict[str, FeatureExpression] | None = Field(
        None, description="Demands by name of the element, all of which must hold."
    )
    match_name: FeatureExpression | None = Field(
        None, description="A demand on the name of an element."
    )

    @property
    def term(self) -> Term:
        """The matcher as it is evaluated."""
        demands = self.match_expressions
        return Term(
            self.feature,
            None if demands is None else {key: each.expression for key, each in demands.items()},
            self.match_name.expression if self.match_name else None,
        )


class FeatureAlternative(Model):
    """One of several ways to match."""

    match_features: tuple[FeatureMatcher, ...] = Field(
        min_length=1, description="Matchers, all of which must hold."
    )


class CapabilityRuleSpec(Model):
    """What a node must have; every part that is given must hold on the same node."""

    capability: DnsName | None = Field(
        None, description="The capability that is decided; the name of the rule when absent."
    )
    description: str = Field("", description="What the rule is for; for people.")
    min_nodes: int = Field(1, ge=1, description="How many nodes must have it.")
    node_selector: tuple[LabelRequirement, ...] = Field(
        (), description="Demands on the labels of a node."
    )
    node_resources: NodeResources | None = Field(
        None, description="Demands on what a node offers to pods."
    )
    device_classes: tuple[DeviceRequirement, ...] = Field(
        (), description="Demands on the devices of a node."
    )
    match_features: tuple[FeatureMatcher, ...] = Field(
        (), description="Feature matchers in the syntax of a NodeFeatureRule."
    )
    match_any: tuple[FeatureAlternative, ...] = Field(
        (), description="Alternatives in the syntax of a NodeFeatureRule, one of which must hold."
    )
    cel_expressions: tuple[CelText, ...] = Field(
        (), description="CEL over `node` and `cluster`, all of which must be true."
    )

    @field_validator("node_selector")
    @classmethod
    def _can_hold(cls, demands: tuple[LabelRequirement, ...]) -> tuple[LabelRequirement, ...]:
        check_labels(each.demand for each in demands)
        return demands

    cel_rules = (
        CelRule(
            "has(self.nodeSelector) || has(self.nodeResources) || has(self.deviceClasses) || "
            "has(self.matchFeatures) || has(self.matchAny) || has(self.celExpressions)",
            "must have one of nodeSelector, nodeResources, deviceClasses, matchFeatures, matchAny "
            "and celExpressions",
            lambda spec: bool(
                spec.node_selector
                or spec.node_resources
                or spec.device_classes
                or spec.match_features
                or spec.match_any
                or spec.cel_expressions
            ),
        ),
    )


class CapabilityRule(Kind, api_version=INTENT_VERSION):
    """A rule that decides, by evidence, whether nodes have a capability."""

    spec: CapabilityRuleSpec = Field(description="What a node must have.")

    @property
    def capability(self) -> str:
        """The capability that is decided."""
        return self.spec.capability or self.metadata.name


def _is_integer(text: str) -> bool:
    return text.removeprefix("-").isdecimal() and text.isascii()
