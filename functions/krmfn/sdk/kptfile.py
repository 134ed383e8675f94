"""Conditions and readiness gates of a Kptfile, in the form that Porch and Nephio read."""

from typing import Any

from krmfn.sdk.resource import Resource


def with_condition(
    kptfile: Resource, condition_type: str, *, ready: bool, reason: str, message: str
) -> Resource:
    """Give the Kptfile with a condition, behind a readiness gate of the same type.

    Conditions of other types, and every field that is not known here, stay as they are.
    """
    body = kptfile.thawed()
    condition = {
        "type": condition_type,
        "status": "True" if ready else "False",
        "reason": reason,
        "message": message,
    }
    conditions = _list(_mapping(body, "status"), "conditions")
    _upsert(conditions, condition, "type")
    gates = _list(_mapping(body, "info"), "readinessGates")
    _upsert(gates, {"conditionType": condition_type}, "conditionType")
    return kptfile.replaced(body)


def conditions(kptfile: Resource) -> dict[str, dict[str, Any]]:
    """Give the conditions of a Kptfile by type."""
    status = kptfile.body.get("status")
    found = status.get("conditions") if isinstance(status, dict) else None
    return {item["type"]: item for item in found or [] if isinstance(item, dict) and "type" in item}


def _list(parent: dict[str, Any], key: str) -> list[dict[str, Any]]:
    if not isinstance(parent.get(key), list):
        parent[key] = []
    found: list[dict[str, Any]] = parent[key]
    return found


def _upsert(items: list[dict[str, Any]], item: dict[str, Any], key: str) -> None:
    for number, existing in enumerate(items):
        if isinstance(existing, dict) and existing.get(key) == item[key]:
            items[number] = {**existing, **item}
            return
    items.append(item)


def _mapping(body: dict[str, Any], key: str) -> dict[str, Any]:
    if not isinstance(body.get(key), dict):
        body[key] = {}
    found: dict[str, Any] = body[key]
    return found
