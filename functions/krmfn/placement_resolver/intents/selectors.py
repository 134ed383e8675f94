"""Selectors and preferences: which clusters are meant, and which are liked."""

from typing import Annotated, Any, Literal

from pydantic import Field, ValidationInfo, field_validator

from krmfn.kinds.fields import Quantity
from krmfn.sdk.model import CelRule, Model
from krmfn.sdk.quantity import as_float, is_quantity

Weight = Annotated[int, Field(ge=-100, le=100)]
LabelOperator = Literal["In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"]
PropertyOperator = Literal[
    "Gt", "Ge", "Lt", "Le", "Eq", "Ne", "In", "NotIn", "Exists", "DoesNotExist"
]
_VALUES = {"Exists": 0, "DoesNotExist": 0, "Gt": 1, "Lt": 1, "Ge": 1, "Le": 1, "Eq": 1, "Ne": 1}


def _right_number(requirement: Any) -> bool:
    given, wanted = len(requirement.values), _VALUES.get(requirement.operator)
    return given > 0 if wanted is None else given == wanted


_VALUES_FIT = CelRule(
    "self.operator in ['In', 'NotIn'] ? size(self.values) > 0 : "
    "self.operator in ['Exists', 'DoesNotExist'] ? size(self.values) == 0 : "
    "size(self.values) == 1",
    "must be one value or more with In and NotIn, none with Exists and DoesNotExist, else one",
    _right_number,
    field="values",
)


class LabelRequirement(Model):
    """A demand on a label, as in Kubernetes' selectors."""

    cel_rules = (_VALUES_FIT,)

    key: str = Field(min_length=1, description="The label.")
    operator: LabelOperator = Field(description="How its value is compared.")
    values: tuple[str, ...] = Field((), description="What it is compared with.")


class LabelSelector(Model):
    """A selector over labels; all of it must hold."""

    match_labels: dict[str, str] = Field({}, description="Labels and their values.")
    match_expressions: tuple[LabelRequirement, ...] = Field((), description="Further demands.")


_ORDERED = ("Gt", "Ge", "Lt", "Le", "Eq", "Ne")


class PropertyRequirement(Model):
    """A demand on a property of the cluster."""

    cel_rules = (_VALUES_FIT,)

    name: str = Field(min_length=1, description="The property's name.")
    operator: PropertyOperator = Field(
        description="How it is compared: `Gt` to `Ne` as quantities, the others as text."
    )
    values: tuple[str, ...] = Field((), description="What it is compared with.")

    # Not in CEL: quantities in lists of lists cost more than an API server lets rules cost.
    @field_validator("values")
    @classmethod
    def _are_comparable(cls, values: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        wrong = [value for value in values if not is_quantity(value)]
        if info.data.get("operator") in _ORDERED and wrong:
            raise ValueError(
                f'must be quantities such as "16" or "4Gi" with {", ".join(_ORDERED)}, '
                f'but there is "{wrong[0]}"'
            )
        return values


class PropertySelector(Model):
    """A selector over properties of the cluster; all of it must hold."""

    match_expressions: tuple[PropertyRequirement, ...] = Field(
        min_length=1, description="The demands."
    )


class ClusterSelectorTerm(Model):
    """Clusters to choose from; all that is given must hold."""

    label_selector: LabelSelector | None = Field(None, description="Demands on labels.")
    property_selector: PropertySelector | None = Field(None, description="Demands on properties.")
    cluster_names: tuple[str, ...] = Field((), description="The clusters, by name.")
    cel_expressions: tuple[str, ...] = Field(
        (), description="CEL over `cluster` and `workload`; every one must give true."
    )


class PropertySorter(Model):
    """A preference by the size of a property."""

    name: str = Field(min_length=1, description="The property's name.")
    sort_order: Literal["Ascending", "Descending"] = Field(
        description="Whether the least or the greatest value gets the whole weight."
    )
    minimum: Quantity | None = Field(
        None, description="Where the scale begins; the least value of the candidates when absent."
    )
    maximum: Quantity | None = Field(
        None, description="Where the scale ends; the greatest value of the candidates when absent."
    )

    @field_validator("maximum")
    @classmethod
    def _is_above(cls, maximum: Quantity | None, info: ValidationInfo) -> Quantity | None:
        minimum = info.data.get("minimum")
        if None not in (minimum, maximum) and as_float(maximum) < as_float(minimum):
            raise ValueError(f'must not be less than `minimum`, but is "{maximum}"')
        return maximum


class Preference(Model):
    """What is wished, not demanded."""

    weight: Weight = Field(description="How much it counts, from -100 to 100.")
    label_selector: LabelSelector | None = Field(None, description="Demands on labels.")
    property_selector: PropertySelector | None = Field(None, description="Demands on properties.")
    property_sorter: PropertySorter | None = Field(None, description="More or less of a property.")
    cel_expression: str | None = Field(
        None,
        description="CEL that gives a boolean, or a number from 0 to 1, which the weight "
        "multiplies.",
    )
