"""How proxies get into pods: labels of namespaces, and what Istio's sidecar injector is told."""

import json
from collections.abc import Mapping
from typing import Any

from krmfn.mesh_intent_expander.view import ClusterView, mapping
from krmfn.sdk import Resource

INJECTION, REVISION, DATAPLANE = "istio-injection", "istio.io/rev", "istio.io/dataplane-mode"
ENABLED, AMBIENT = "enabled", "ambient"
PROXY = "istio-proxy"
"""The name of the proxy's container."""

_CONFIG_MAP = "istio-sidecar-injector"


def injector_values(view: ClusterView, revision: str) -> Mapping[str, Any] | None:
    """Give the values of a revision's sidecar injector; None when its ConfigMap is not there.

    Args:
        view: the cluster.
        revision: "" or "default" for the one without a revision in its name.
    """
    name = _CONFIG_MAP if revision in ("", "default") else f"{_CONFIG_MAP}-{revision}"
    found = next((each for each in view.of("ConfigMap", "") if each.name == name), None)
    return None if found is None else _values(found)


def is_control_plane(resource: Resource) -> bool:
    """Say whether an object belongs to Istio itself, by its labels."""
    return "istio" in resource.labels or resource.labels.get("release") == "istio"


def _values(config_map: Resource) -> Mapping[str, Any]:
    text = mapping(config_map.body.get("data")).get("values")
    try:
        return mapping(json.loads(text)) if isinstance(text, str) else {}
    except (ValueError, RecursionError):
        return {}
