"""What the changes of pods work on: the template of the pods, and where they are to run."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from krmfn.kinds.pods import mapping, mappings
from krmfn.placement_resolver.fleet import Cluster
from krmfn.placement_resolver.intents import PlacementIntentSpec
from krmfn.placement_resolver.plan import PodPlan
from krmfn.sdk import quantity

Value = Mapping[str, Any]
Template = Mapping[str, Any]
"""The ``metadata`` and ``spec`` of pods."""

_PARTS = ("initContainers", "containers")


@dataclass(frozen=True, slots=True)
class Target:
    """Where pods are to run, and what was asked for."""

    plan: PodPlan
    cluster: Cluster
    spec: PlacementIntentSpec


Change = Callable[[Template, Target], Template]
"""Gives a new template; done twice, it does nothing the second time."""


def with_spec(template: Template, **fields: Any) -> Template:
    """Give a template with other fields in its spec."""
    return {**template, "spec": {**template["spec"], **fields}}


def containers(spec: Value) -> Iterator[Value]:
    """Yield the containers, those of the start first."""
    for part in _PARTS:
        yield from mappings(spec, part)


def with_containers(template: Template, change: Callable[[Value], Value]) -> Template:
    """Give a template with every container changed."""
    changed = {part: [change(each) for each in mappings(template["spec"], part)] for part in _PARTS}
    return with_spec(template, **{part: each for part, each in changed.items() if each})


def with_amounts(container: Value, amounts: Value) -> Value:
    """Give a container that asks for these amounts and is limited to them.

    Amounts that say the same already are left as they are spelled.
    """
    resources = mapping(container, "resources")
    changed = dict(resources)
    for side in ("requests", "limits"):
        given = mapping(resources, side)
        new = {
            name: amount
            for name, amount in amounts.items()
            if name not in given or quantity.parse(given[name]) != quantity.parse(amount)
        }
        if new:
            changed[side] = {**given, **new}
    return {**container, "resources": changed} if changed != resources else container
