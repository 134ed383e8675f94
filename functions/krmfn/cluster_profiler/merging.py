"""What several objects say about one cluster as a whole, put together."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from krmfn.cluster_profiler.facts import Amounts, ClusterView, Condition, Grade, Node, Taint
from krmfn.cluster_profiler.nfd.verdicts import Verdict
from krmfn.cluster_profiler.reading import shown, total
from krmfn.cluster_profiler.sources.shared import REGION, ZONE
from krmfn.kinds.fleet import DOMAIN
from krmfn.kinds.inventory import LONGEST_VALUE, Property
from krmfn.sdk import Result, info, warning
from krmfn.sdk.times import parse_instant

_LABEL_VALUE = re.compile(r"([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?")
_LONGEST_LABEL, _LONGEST_NAME = 63, 253
_TEXT = {True: "true", False: "false", None: "unknown"}


@dataclass(frozen=True, slots=True)
class Whole:
    """A cluster as a whole, as all that tells of it makes it."""

    labels: Mapping[str, str] = field(default_factory=dict)
    properties: Mapping[str, Property] = field(default_factory=dict)
    taints: tuple[Taint, ...] = ()
    grades: tuple[Grade, ...] = ()
    version: str = ""
    health: Condition | None = None


def merge(
    views: Sequence[ClusterView], nodes: Sequence[Node], seen: str
) -> tuple[Whole, list[Result]]:
    """Put what is said about a cluster together; where two objects differ, the first one holds.

    Sums over nodes hold against sums that a manager tells, for a node shows what it is made of.

    Args:
        views: what is said, in order of precedence.
        nodes: all nodes of the cluster.
        seen: when the nodes were observed, "" when that is not known.
    """
    labels, labels_say = _labels(views, nodes)
    properties, properties_say = _properties(views, nodes, seen)
    whole = Whole(
        labels=labels,
        properties=properties,
        taints=tuple(sorted({taint for view in views for taint in view.taints})),
        grades=next((view.grades for view in views if view.grades), ()),
        version=next((view.version for view in views if view.version), ""),
        health=_worst(view.health for view in views),
    )
    return whole, [*labels_say, *properties_say]


def _labels(
    views: Sequence[ClusterView], nodes: Sequence[Node]
) -> tuple[dict[str, str], list[Result]]:
    labels, said = _shared_labels(nodes), []
    for view in views:
        for key, text in view.labels.items():
            if labels.get(key, text) != text:
                said.append(_differs(f"label `{key}`", labels[key], text, view))
            elif _is_label(text):
                labels[key] = text
    return labels, said


def _properties(
    views: Sequence[ClusterView], nodes: Sequence[Node], seen: str
) -> tuple[dict[str, Property], list[Result]]:
    """Lay properties together; a later value of the same kind of object is an older one."""
    properties, said = _of_nodes(nodes, seen), []
    makers = dict.fromkeys(properties, "Node")
    for view in views:
        for name, given in (_of_totals(view) | dict(view.properties)).items():
            if wrong := _wrong_property(name, given, view):
                said.append(wrong)
                continue
            first = properties.setdefault(name, given)
            maker = makers.setdefault(name, view.of.kind)
            if first.value != given.value and maker != view.of.kind:
                said.append(_differs(f"property `{name}`", first.value, given.value, view))
    return properties, said


def capability_properties(verdicts: Mapping[str, Verdict], seen: str) -> dict[str, Property]:
    """Give the properties that tell what a cluster can do."""
    return {
        f"capability.{DOMAIN}/{name}": Property(_TEXT[verdict], seen)
        for name, verdict in verdicts.items()
    }


def oldest(instants: Iterable[str]) -> str:
    """Give the oldest of the instants that are known, "" when none is."""
    return min(filter(None, instants), key=_in_time, default="")


def _in_time(instant: str) -> tuple[float, str]:
    return parse_instant(instant), instant


def _of_nodes(nodes: Sequence[Node], seen: str) -> dict[str, Property]:
    """Sum up what the nodes offer that take pods."""
    if not nodes:
        return {}
    taking = [node for node in nodes if node.offers]
    free = [node.available for node in taking if node.available is not None]
    counts = {
        f"node-count.{DOMAIN}/ready": Property(str(len(taking)), seen),
        f"node-count.{DOMAIN}/total": Property(str(len(nodes)), seen),
    }
    available = total(free) if taking and len(free) == len(taking) else {}
    return (
        counts
        | _amounts("allocatable", total([node.allocatable for node in taking]), seen)
        | _amounts("available", available, seen)
    )


def _of_totals(view: ClusterView) -> dict[str, Property]:
    seen = view.observed_at
    found = _amounts("allocatable", view.allocatable or {}, seen)
    found |= _amounts("available", view.available or {}, seen)
    if view.ready is not None:
        found[f"node-count.{DOMAIN}/ready"] = Property(str(view.ready), seen)
    return found


def _amounts(what: str, amounts: Amounts, seen: str) -> dict[str, Property]:
    return {
        f"{what}.{DOMAIN}/{name.replace('/', '.')}": Property(shown(name, amount), seen)
        for name, amount in amounts.items()
    }


def _shared_labels(nodes: Sequence[Node]) -> dict[str, str]:
    """Give region and zone of a cluster whose nodes all stand in the same."""
    found = {key: {node.labels.get(key, "") for node in nodes} for key in (REGION, ZONE)}
    return {
        key: text for key, values in found.items() if len(values) == 1 for text in values if text
    }


def _worst(said: Iterable[Condition | None]) -> Condition | None:
    """Give the condition to fear most: of two managers, the one that misses the cluster."""
    known = [each for each in said if each is not None]
    ranks = ("False", "Unknown", "True")
    return min(known, key=lambda each: ranks.index(each.status), default=None)


def _wrong_property(name: str, given: Property, view: ClusterView) -> Result | None:
    if 0 < len(name) <= _LONGEST_NAME and 0 < len(given.value) <= LONGEST_VALUE:
        return None
    return warning(
        f"must make a property with a name of 1 to {_LONGEST_NAME} and a value of 1 to "
        f'{LONGEST_VALUE} characters, but "{name[:_LONGEST_LABEL]}" has {len(name)} and '
        f"{len(given.value)}; it is passed over",
        code="bad-property",
        at=view.of,
    )


def _differs(what: str, held: str, other: str, view: ClusterView) -> Result:
    return info(
        f'{what} is "{other}" here, but "{held}" by a source that goes before; that one holds',
        code="facts-differ",
        at=view.of,
    )


def _is_label(text: str) -> bool:
    return len(text) <= _LONGEST_LABEL and _LABEL_VALUE.fullmatch(text) is not None
