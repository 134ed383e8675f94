"""What the rules of AuthorizationPolicies ask for, in whichever way it is written."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from krmfn.mesh_intent_expander.analysis.reading import items, text
from krmfn.mesh_intent_expander.semantics.authorization import OPERATION_KEYS, SOURCE_KEYS
from krmfn.mesh_intent_expander.view import ISTIO_SECURITY, ClusterView, mapping, spec_of, strings
from krmfn.sdk import Resource


@dataclass(frozen=True, slots=True)
class Condition:
    """Values of which one must hold, or of which none may.

    Attributes:
        key: the attribute of the request, as in ``when``.
    """

    field: str
    key: str
    values: tuple[str, ...]
    is_negated: bool = False


@dataclass(frozen=True, slots=True)
class PolicyRule:
    """A rule: one of its operations must hold, one of its sources, and all other conditions.

    Attributes:
        operations: the conditions of each operation.
    """

    field: str
    operations: tuple[tuple[Condition, ...], ...]
    others: tuple[Condition, ...]

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """All conditions, wherever they stand."""
        return (*(each for some in self.operations for each in some), *self.others)


def authorization_policies(view: ClusterView) -> tuple[Resource, ...]:
    """Give the AuthorizationPolicies of a cluster."""
    return view.of("AuthorizationPolicy", ISTIO_SECURITY)


def action_of(policy: Resource) -> str:
    """Give the action of a policy: ``ALLOW`` unless it says another one."""
    return text(spec_of(policy).get("action")) or "ALLOW"


def rules_of(policy: Resource) -> Iterator[PolicyRule]:
    """Yield the rules of a policy."""
    for path, rule in items(spec_of(policy).get("rules"), "spec.rules"):
        sources = items(rule.get("from"), f"{path}.from")
        operations = items(rule.get("to"), f"{path}.to")
        yield PolicyRule(
            field=path,
            operations=tuple(
                tuple(_fields(each.get("operation"), f"{inner}.operation", OPERATION_KEYS))
                for inner, each in operations
            ),
            others=(
                *(
                    condition
                    for inner, each in sources
                    for condition in _fields(each.get("source"), f"{inner}.source", SOURCE_KEYS)
                ),
                *_when(rule, path),
            ),
        )


def _fields(value: Any, path: str, keys: Mapping[str, str]) -> Iterator[Condition]:
    said = mapping(value)
    for name, key in keys.items():
        negated = f"not{name[0].upper()}{name[1:]}"
        for field in (name, negated):
            if values := strings(said.get(field)):
                yield Condition(f"{path}.{field}", key, tuple(values), field is negated)


def _when(rule: Mapping[str, Any], path: str) -> Iterator[Condition]:
    for inner, each in items(rule.get("when"), f"{path}.when"):
        for field in ("values", "notValues"):
            if values := strings(each.get(field)):
                key = text(each.get("key"))
                yield Condition(f"{inner}.{field}", key, tuple(values), field == "notValues")
