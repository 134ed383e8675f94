"""The parts of a CapabilityRule as questions to one node, each answered with three values."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cached_property, reduce
from operator import eq, ge, gt, le, lt, ne
from typing import TYPE_CHECKING, Any

from krmfn.cluster_profiler.devices import FIXED_NAMES, class_of
from krmfn.cluster_profiler.facts import Device, Node
from krmfn.cluster_profiler.intents.rule import (
    CEL_VARIABLES,
    CapabilityRuleSpec,
    DeviceRequirement,
    LabelRequirement,
    ResourceRequirement,
)
from krmfn.cluster_profiler.nfd.matching import Match, match_any, match_features
from krmfn.cluster_profiler.nfd.verdicts import Part, both, either
from krmfn.cluster_profiler.reading import shown
from krmfn.sdk.quantity import Exact, parse

if TYPE_CHECKING:
    from krmfn.sdk.cel import Activation


@dataclass(frozen=True)
class Subject:
    """A node to be asked, and its cluster as CEL sees it: name, labels and properties."""

    node: Node
    cluster: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def activation(self) -> "Activation":
        """The variables of CEL; amounts are quantities as text."""
        from krmfn.sdk.cel import Activation

        return Activation({"node": _values(self.node), "cluster": self.cluster})


Question = Callable[[Subject], Part]

_OPERATORS: dict[str, tuple[Callable[[Any, Any], bool], str]] = {
    "Gt": (gt, "more than"),
    "Ge": (ge, "at least"),
    "Lt": (lt, "less than"),
    "Le": (le, "at most"),
    "Eq": (eq, "exactly"),
    "Ne": (ne, "other than"),
}


def questions(spec: CapabilityRuleSpec) -> tuple[Question, ...]:
    """Give the questions that a rule asks of a node."""
    return tuple(_questions(spec))


def ask(asked: tuple[Question, ...], subject: Subject) -> Part:
    """Ask a node all questions; the answer is that of all of them together."""
    return reduce(both, (question(subject) for question in asked))


def _questions(spec: CapabilityRuleSpec) -> Iterator[Question]:
    for requirement in spec.node_selector:
        yield _label(requirement)
    for demand in spec.node_resources.match_expressions if spec.node_resources else ():
        yield _resource(demand)
    for wanted in spec.device_classes:
        yield _devices(wanted)
    if spec.match_features:
        terms = tuple(matcher.term for matcher in spec.match_features)
        yield lambda subject: _part(match_features(terms, subject.node.features))
    if spec.match_any:
        alternatives = [
            tuple(matcher.term for matcher in each.match_features) for each in spec.match_any
        ]
        yield lambda subject: _part(match_any(alternatives, subject.node.features))
    for expression in spec.cel_expressions:
        yield _cel(expression)


def _part(match: Match) -> Part:
    return Part(match.verdict, (), match.evidence, match.missing)


def _label(requirement: LabelRequirement) -> Question:
    demand = requirement.demand

    wanted = " ".join([demand.operator, ", ".join(demand.values)]).strip()

    def question(subject: Subject) -> Part:
        labels = subject.node.labels
        value = labels.get(demand.key)
        have = f'is "{value}"' if value is not None else "is not there"
        holds = demand.holds(labels)
        but = "" if holds else f", but must be {wanted}"
        return Part(holds, evidence=(f"label {demand.key} {have}{but}",))

    return question


def _resource(requirement: ResourceRequirement) -> Question:
    name, wanted = requirement.name, requirement.values[0]
    compare, words = _OPERATORS[requirement.operator]
    bound = parse(wanted)

    def question(subject: Subject) -> Part:
        node = subject.node
        listed = sorted({*node.allocatable, *node.unreadable})
        names = [each for each in listed if fnmatchcase(each, name)] or [name]
        unread = [_unread(each) for each in names if each in node.unreadable]
        read = [each for each in names if each not in node.unreadable]
        return reduce(
            either, [*unread, *(one(each, node.allocatable.get(each, 0)) for each in read)]
        )

    def one(resource: str, amount: Exact) -> Part:
        holds = compare(amount, bound)
        but = "" if holds else f", but must be {words} {wanted}"
        return Part(holds, evidence=(f"{resource} is {shown(resource, amount)}{but}",))

    return question


def _unread(resource: str) -> Part:
    return Part(None, missing=(f"a quantity of {resource}",))


def _devices(wanted: DeviceRequirement) -> Question:
    def question(subject: Subject) -> Part:
        node = subject.node
        found = [device for device in node.devices if device.pool.kind == wanted.class_]
        parts = [_suits(device, wanted) for device in found]
        sure = sum(
            each.allocatable for each, part in zip(found, parts, strict=True) if part.verdict
        )
        perhaps = sum(
            each.allocatable
            for each, part in zip(found, parts, strict=True)
            if part.verdict is not False
        )
        unread = [name for name in node.unreadable if class_of(name) == wanted.class_]
        strangers = [*unread, *(() if wanted.class_ in FIXED_NAMES else node.unexplained)]
        if sure >= wanted.min_available:
            return Part(True, evidence=_lines(part.evidence for part in parts if part.verdict))
        if perhaps >= wanted.min_available or strangers:
            missing = _lines(part.missing for part in parts)
            return Part(None, missing=(*missing, *(f"what {name} is" for name in strangers)))
        none = f"offers {sure or 'no'} {wanted.class_}"
        but = f", but must offer {wanted.min_available}" if wanted.min_available > 1 else ""
        empty = (f"{name} is 0" for name in _empty(node, wanted.class_))
        why = (*_lines(part.evidence for part in parts), *empty)
        reasons = f" ({', '.join(why)})" if why else ""
        return Part(False, evidence=(f"{none}{but}{reasons}",))

    return question


def _empty(node: Node, kind: str) -> list[str]:
    """Give the resources of a class that the node lists and offers none of."""
    return [
        name for name, amount in node.allocatable.items() if not amount and class_of(name) == kind
    ]


def _cel(expression: str) -> Question:
    def question(subject: Subject) -> Part:
        from krmfn.sdk import cel

        program = cel.compile(expression, variables=CEL_VARIABLES)
        try:
            holds = program.evaluate(subject.activation)
        except cel.CelError as problem:
            return Part(None, missing=(f"a value of `{expression}`: {problem}",))
        return Part(holds, evidence=(f"`{expression}` is {str(holds).lower()}",))

    return question


def _suits(device: Device, wanted: DeviceRequirement) -> Part:
    """Say whether devices are bound to a wanted driver and fast enough."""
    pool = device.pool
    told = f"{device.allocatable} of {pool.resource}"
    if wanted.driver and not pool.driver:
        return Part(None, missing=(f"driver of {pool.resource}",))
    if wanted.driver and pool.driver not in wanted.driver:
        return Part(False, evidence=(f"{told} have the driver {pool.driver}",))
    if wanted.min_speed_gbps and not pool.speed_gbps:
        return Part(None, missing=(f"speed of {pool.resource}",))
    if wanted.min_speed_gbps and pool.speed_gbps < wanted.min_speed_gbps:
        return Part(False, evidence=(f"{told} run at {float(pool.speed_gbps):g} Gbit/s",))
    return Part(True, evidence=(f"{told}, driver {pool.driver}" if wanted.driver else told,))


def _values(node: Node) -> dict[str, Any]:
    """Give a node as CEL sees it."""
    features = node.features
    return {
        "name": node.name,
        "labels": dict(node.labels),
        "allocatable": {name: shown(name, amount) for name, amount in node.allocatable.items()},
        "taints": [{"key": t.key, "value": t.value, "effect": t.effect} for t in node.taints],
        "topologyPolicy": node.topology_policy,
        "features": {
            "flags": {name: sorted(flags) for name, flags in features.flags.items()},
            "attributes": {name: dict(values) for name, values in features.attributes.items()},
            "instances": {
                name: [dict(each) for each in listed] for name, listed in features.instances.items()
            },
        },
        "devices": [
            {
                "class": device.pool.kind,
                "resourceName": device.pool.resource,
                "driver": device.pool.driver,
                "allocatable": device.allocatable,
            }
            for device in node.devices
        ],
    }


def _lines(of_parts: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(line for lines in of_parts for line in lines)
