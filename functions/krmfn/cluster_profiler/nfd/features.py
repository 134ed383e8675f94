"""The features of one node, as Node Feature Discovery collects them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self

from krmfn.cluster_profiler.nfd.expressions import RuleError

NODE_NAME = "nfd.node.kubernetes.io/node-name"
"""The label of a NodeFeature that names its node."""

Attributes = Mapping[str, str]
Instances = tuple[Attributes, ...]


class AtLeast(str):
    """An integer, as text, of which only a lower bound is known."""

    __slots__ = ()


class Inferred(str):
    """A value that nobody measured, but that follows from a fact.

    Attributes:
        fact: the fact, as evidence shows it.
    """

    __slots__ = ("fact",)
    fact: str

    def __new__(cls, value: str, fact: str) -> Self:
        """Make a value that follows from a fact."""
        made = super().__new__(cls, value)
        made.fact = fact
        return made


@dataclass(frozen=True, slots=True)
class Features:
    """Feature sets by name, as in ``cpu.cpuid``; one name may have sets of several types.

    Attributes:
        flags: sets of names.
        attributes: sets of names with a value.
        instances: lists of things, such as devices, each with attributes of its own.
        partial: names of feature sets that may hold more than is listed: what is not there is
            unknown rather than missing.
    """

    flags: Mapping[str, frozenset[str]] = field(default_factory=dict)
    attributes: Mapping[str, Attributes] = field(default_factory=dict)
    instances: Mapping[str, Instances] = field(default_factory=dict)
    partial: frozenset[str] = frozenset()

    @classmethod
    def of(cls, spec: Mapping[str, Any]) -> "Features":
        """Read the `spec` of a NodeFeature.

        Raises:
            RuleError: it is not of a NodeFeature's shape.
        """
        found = _mapping(spec.get("features"), "features")
        kinds = {
            kind: {
                str(name): _mapping(value, f"features.{kind}.{name}").get("elements")
                for name, value in _mapping(found.get(kind), f"features.{kind}").items()
            }
            for kind in ("flags", "attributes", "instances")
        }
        return cls(
            {n: frozenset(map(str, _mapping(e, n))) for n, e in kinds["flags"].items()},
            {n: _attributes(e, n) for n, e in kinds["attributes"].items()},
            {n: _instances(e, n) for n, e in kinds["instances"].items()},
        )

    def names(self) -> frozenset[str]:
        """Give the names of all feature sets."""
        return frozenset({*self.flags, *self.attributes, *self.instances})

    def merged(self, other: "Features") -> "Features":
        """Add other features, as NFD merges the NodeFeatures of a node.

        Flags and instances add up; of an attribute the other's value holds.
        """
        return Features(
            _union(self.flags, other.flags, lambda one, two: one | two),
            _union(self.attributes, other.attributes, lambda one, two: {**one, **two}),
            _union(self.instances, other.instances, lambda one, two: (*one, *two)),
            self.partial | other.partial,
        )

    def backed_by(self, other: "Features") -> "Features":
        """Add those feature sets of weaker evidence that these features lack altogether."""
        known = self.names()

        def new(sets: Mapping[str, Any]) -> dict[str, Any]:
            return {name: elements for name, elements in sets.items() if name not in known}

        return self.merged(
            Features(
                new(other.flags),
                new(other.attributes),
                new(other.instances),
                other.partial - known,
            )
        )

    def with_attributes(self, name: str, values: Attributes) -> "Features":
        """Add attributes to one feature set, which is there afterwards even if empty."""
        known = self.attributes.get(name, {})
        return replace(self, attributes={**self.attributes, name: {**known, **values}})


def features_of(node_features: Iterable[Mapping[str, Any]]) -> Features:
    """Merge the NodeFeature objects of one node, in NFD's order.

    The namespace of NFD itself comes first, so that others can refine what it found; it is the
    namespace of the object that bears the node's name. Others follow by name, then namespace.

    Raises:
        RuleError: an object is not of a NodeFeature's shape.
    """
    merged = Features()
    for item in in_merge_order(node_features):
        merged = merged.merged(Features.of(_mapping(item.get("spec"), "spec")))
    return merged


def in_merge_order(node_features: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Put the NodeFeature objects of one node in the order in which NFD merges them."""
    items = [(_mapping(item.get("metadata"), "metadata"), item) for item in node_features]
    home = {
        str(metadata.get("namespace", ""))
        for metadata, _ in items
        if metadata.get("name") == _mapping(metadata.get("labels"), "labels").get(NODE_NAME)
    }
    ranked = [
        (
            str(metadata.get("namespace", "")) not in home,
            str(metadata.get("name", "")),
            str(metadata.get("namespace", "")),
            index,
        )
        for index, (metadata, _) in enumerate(items)
    ]
    return [items[index][1] for *_, index in sorted(ranked)]


def short_flags(features: Features) -> tuple[str, ...]:
    """Give the CPU's flags in short form, sorted: `cpu.AVX512F` for AVX512F of `cpu.cpuid`."""
    return tuple(sorted(f"cpu.{name}" for name in features.flags.get("cpu.cpuid", ())))


def _union(one: Mapping[str, Any], two: Mapping[str, Any], join: Any) -> dict[str, Any]:
    both = {name: join(one[name], two[name]) for name in one if name in two}
    return {**one, **two, **both}


def _mapping(value: Any, name: str) -> Mapping[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise RuleError(f"`{name}` must be a mapping, but is {value!r}")
    return value


def _attributes(value: Any, name: str) -> dict[str, str]:
    found = _mapping(value, name)
    for key, text in found.items():
        if not isinstance(text, str):
            raise RuleError(f"`{name}` must have text at {key!r}, but has {text!r}")
    return {str(key): text for key, text in found.items()}


def _instances(value: Any, name: str) -> Instances:
    if value is not None and not isinstance(value, list | tuple):
        raise RuleError(f"`{name}` must be a list, but is {value!r}")
    return tuple(
        _attributes(_mapping(element, name).get("attributes"), name) for element in value or ()
    )
