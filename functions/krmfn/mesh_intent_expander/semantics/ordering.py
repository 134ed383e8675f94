"""Which of several objects came first: what Istio does where only one of them can hold."""

from collections.abc import Collection

from krmfn.mesh_intent_expander.view import mapping, namespace_of
from krmfn.sdk import Resource


def age(resource: Resource) -> tuple[str, str, str]:
    """Give the key that sorts objects by their age, the oldest first, then by their names.

    An object that was never in a cluster has no age and stands first.
    Source: ``sortConfigByCreationTime`` of Istio's ``pilot/pkg/model``.
    """
    created = mapping(resource.body.get("metadata")).get("creationTimestamp")
    return (created if isinstance(created, str) else "", resource.name, namespace_of(resource))


def is_exported(export_to: Collection[str], owner: str, namespace: str) -> bool:
    """Say whether what is in one namespace is seen from another (``exportTo``; all when empty)."""
    if not export_to or "*" in export_to:
        return True
    return namespace in export_to or ("." in export_to and owner == namespace)
