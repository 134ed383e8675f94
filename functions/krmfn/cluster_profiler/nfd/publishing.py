"""What Node Feature Discovery's master lets through to a node, by its default configuration."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from krmfn.cluster_profiler.nfd.expressions import RuleError
from krmfn.cluster_profiler.nfd.features import Features
from krmfn.cluster_profiler.nfd.labels import LABEL_NAMESPACE
from krmfn.sdk import quantity

_PROFILE_NAMESPACE = "profile.node.kubernetes.io"
_RESERVED_NAMESPACE = "kubernetes.io"
_LONGEST_NAMESPACE, _LONGEST_NAME, _LONGEST_ANNOTATION = 253, 63, 1024
_NAME = re.compile(r"[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?")
_NAMESPACE = re.compile(r"[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*")
_EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")


@dataclass(frozen=True, slots=True)
class Taint:
    """A taint of a node."""

    key: str
    value: str = ""
    effect: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What rules make of a node.

    Attributes:
        labels, annotations, extended_resources: values by name, names with their namespace.
        taints: taints, in order; NFD sets them only where its master is told to.
        vars: variables of all rules.
        matched: names of the rules that matched.
        problems: rules that failed, and values that NFD would refuse, as messages.
    """

    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    taints: tuple[Taint, ...] = ()
    extended_resources: Mapping[str, str] = field(default_factory=dict)
    vars: Mapping[str, str] = field(default_factory=dict)
    matched: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


def qualified(values: Mapping[str, str]) -> dict[str, str]:
    """Put names without a namespace into NFD's; a name that is given with it goes before."""
    bare = {f"{LABEL_NAMESPACE}/{name}": text for name, text in values.items() if "/" not in name}
    return bare | {name: text for name, text in values.items() if "/" in name}


def published(made: Outcome, features: Features) -> Outcome:
    """Resolve dynamic values and leave out what NFD would refuse, with a message for each.

    Args:
        made: what the rules ask for, all names with their namespace.
        features: the features of the node, where `@domain.feature.element` points.
    """
    problems = list(made.problems)

    def filtered(
        kind: str, values: Mapping[str, str], check: Callable[[str, str], str]
    ) -> dict[str, str]:
        kept = {}
        for name, value in sorted(values.items()):
            try:
                kept[name] = check(name, value)
            except ValueError as wrong:
                problems.append(f'{kind} "{name}": {wrong}')
        return kept

    def label(name: str, value: str) -> str:
        return _checked_label(name, _resolved(value, features))

    def resource(name: str, value: str) -> str:
        return _checked_resource(name, _resolved(value, features))

    outcome = replace(
        made,
        labels=filtered("label", made.labels, label),
        annotations=filtered("annotation", made.annotations, _checked_annotation),
        extended_resources=filtered("extended resource", made.extended_resources, resource),
        taints=tuple(taint for taint in made.taints if _is_allowed(taint, problems)),
    )
    return replace(outcome, problems=tuple(problems))


def _resolved(value: str, features: Features) -> str:
    """Give the attribute that `@domain.feature.element` names; any other value as it is."""
    if not value.startswith("@"):
        return value
    domain, _, rest = value[1:].partition(".")
    feature, dot, element = rest.partition(".")
    if not dot:
        raise RuleError(f'must have the form "@domain.feature.element", but is "{value}"')
    known = features.attributes.get(f"{domain}.{feature}", {})
    if element not in known:
        raise RuleError(f'must name an attribute of the node, but is "{value}"')
    return known[element]


def _checked_label(name: str, value: str) -> str:
    _check_name(name, LABEL_NAMESPACE, _PROFILE_NAMESPACE)
    if value and (len(value) > _LONGEST_NAME or not _NAME.fullmatch(value)):
        raise RuleError(f'must have a value that a label may have, but has "{value}"')
    return value


def _checked_annotation(name: str, value: str) -> str:
    _check_name(name, LABEL_NAMESPACE)
    if len(value.encode()) > _LONGEST_ANNOTATION:
        raise RuleError(f"must have a value of at most {_LONGEST_ANNOTATION} bytes")
    return value


def _checked_resource(name: str, value: str) -> str:
    _check_name(name, LABEL_NAMESPACE)
    quantity.parse(value)
    return value


def _is_allowed(taint: Taint, problems: list[str]) -> bool:
    try:
        _check_namespace(taint.key, LABEL_NAMESPACE)
        if taint.effect not in _EFFECTS:
            effects = ", ".join(_EFFECTS)
            raise RuleError(f'must have an effect of {effects}, but has "{taint.effect}"')
    except RuleError as wrong:
        problems.append(f'taint "{taint.key}": {wrong}')
        return False
    return True


def _check_name(name: str, *allowed: str) -> None:
    """Check a name that Kubernetes calls qualified: `namespace/name`."""
    namespace, _, base = name.partition("/")
    _check_namespace(name, *allowed)
    if len(namespace) > _LONGEST_NAMESPACE or not _NAMESPACE.fullmatch(namespace):
        raise RuleError("must have a DNS subdomain before the slash")
    if len(base) > _LONGEST_NAME or not _NAME.fullmatch(base):
        raise RuleError(
            f"must have 1 to {_LONGEST_NAME} letters, digits, `-`, `_` or `.` behind the slash"
        )


def _check_namespace(name: str, *allowed: str) -> None:
    namespace, slash, _ = name.partition("/")
    if not slash or not namespace:
        raise RuleError("must have a namespace")
    reserved = _is_in(namespace, _RESERVED_NAMESPACE)
    if reserved and not any(_is_in(namespace, one) for one in allowed):
        raise RuleError(f'must not be in the namespace "{namespace}", which is Kubernetes\' own')


def _is_in(namespace: str, parent: str) -> bool:
    return namespace == parent or namespace.endswith(f".{parent}")
