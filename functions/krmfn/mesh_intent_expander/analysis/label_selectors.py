"""Kubernetes' label selectors (``metav1.LabelSelector``)."""

from collections.abc import Callable, Mapping
from typing import Any

from krmfn.mesh_intent_expander.view import labels_in, mapping, mappings, selects, strings

_OPERATORS: dict[str, Callable[[str | None, list[str]], bool]] = {
    "In": lambda value, values: value in values,
    "NotIn": lambda value, values: value not in values,
    "Exists": lambda value, _: value is not None,
    "DoesNotExist": lambda value, _: value is None,
}


def selector_matches(selector: Any, labels: Mapping[str, str]) -> bool:
    """Say whether a selector matches labels.

    Args:
        selector: as YAML has it; none matches everything, one with an unknown operator nothing.
        labels: those of an object.
    """
    said = mapping(selector)
    return selects(labels_in(said.get("matchLabels")), labels) and all(
        _holds(each, labels) for each in mappings(said.get("matchExpressions"))
    )


def values_of(selector: Any, key: str) -> set[str]:
    """Give the values that a selector names for a label."""
    said = mapping(selector)
    own = labels_in(said.get("matchLabels")).get(key)
    named = {own} if own is not None else set()
    for each in mappings(said.get("matchExpressions")):
        if each.get("key") == key:
            named |= set(strings(each.get("values")))
    return named


def _holds(expression: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    key, operator = expression.get("key"), expression.get("operator")
    if not isinstance(key, str) or not isinstance(operator, str) or operator not in _OPERATORS:
        return False
    return _OPERATORS[operator](labels.get(key), strings(expression.get("values")))
