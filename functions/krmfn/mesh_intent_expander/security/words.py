"""Words that the messages about security share."""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any

from krmfn.sdk import Resource

_SHOWN = 5


def resource_of(intent: Any) -> Resource:
    """Give the resource of an intent, made of its values when it was not read from any."""
    return intent.resource or Resource.of(intent.to_body())


def told(resource: Resource) -> str:
    """Name an object: ``MutualTLS "shop/strict"``."""
    return f'{resource.kind} "{resource.namespace or "default"}/{resource.name}"'


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Give the known name that is most like another one, None when none is."""
    return next(iter(get_close_matches(name, sorted(set(known)), n=1)), None)


def nearest_reference(wanted: tuple[str, str], known: Iterable[tuple[str, str]]) -> str | None:
    """Give the known ``namespace/name`` most like another: with its namespace, or with its name."""
    namespace, name = wanted
    alike = ("/".join(each) for each in known if each[0] == namespace or each[1] == name)
    return nearest("/".join(wanted), alike)


def listed(names: Iterable[str]) -> str:
    """Give names in order and quoted, the first five of them: ``"a", "b" and 3 more``."""
    found = sorted(set(names))
    more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    return ", ".join(f'"{name}"' for name in found[:_SHOWN]) + more


def in_clusters(clusters: Iterable[str]) -> str:
    """Say where: `` in cluster "a"``; "" for a package that is one unnamed cluster's."""
    named = {cluster for cluster in clusters if cluster}
    if not named:
        return ""
    return f" in cluster{'s' if len(named) > 1 else ''} {listed(named)}"


def split(reference: str, namespace: str) -> tuple[str, str]:
    """Give namespace and name of a reference, ``name`` or ``namespace/name``."""
    before, slash, name = reference.partition("/")
    return (before, name) if slash else (namespace, reference)
