"""Pods are attached to the networks of their devices, as Multus reads it."""

import json
from collections.abc import Mapping
from typing import Any

from krmfn.kinds.pods import mapping
from krmfn.placement_resolver.emit.pods.template import Target, Template

NETWORKS = "k8s.v1.cni.cncf.io/networks"
"""The annotation that names a pod's NetworkAttachmentDefinitions (k8snetworkplumbingwg)."""


def with_networks(template: Template, target: Target) -> Template:
    """Name the networks of the granted devices, once for each device."""
    wanted: dict[str, int] = {}
    for grant in target.plan.devices:
        if attachment := grant.device.attachment:
            wanted[attachment] = wanted.get(attachment, 0) + grant.count
    metadata = mapping(template, "metadata")
    annotations = mapping(metadata, "annotations")
    home = target.plan.resource.namespace
    said = str(annotations.get(NETWORKS) or "")
    written = _attached(said, wanted, home)
    if written == said:
        return template
    return {**template, "metadata": {**metadata, "annotations": {**annotations, NETWORKS: written}}}


def in_json(annotation: str) -> list[dict[str, Any]] | None:
    """Give what an annotation in JSON lists; None for one in short form.

    Raises:
        ValueError: it begins like JSON, but is no list of networks.
    """
    if not annotation.lstrip().startswith("["):
        return None
    try:
        listed = json.loads(annotation)
    except (ValueError, RecursionError):
        raise ValueError("must be a JSON list of networks") from None
    if not all(isinstance(each, dict) for each in listed):
        raise ValueError("must be a JSON list of networks")
    return list(listed)


def _attached(said: str, wanted: Mapping[str, int], home: str) -> str:
    """Give the annotation with what is missing at its end, in the form that it has."""
    listed = in_json(said)
    if listed is None:
        short = (each.strip().partition("@")[0] for each in said.split(","))
        there = [_full_name(name, home) for name in short]
    else:
        there = [f"{each.get('namespace') or home}/{each.get('name')}" for each in listed]
    missing = [
        name
        for name, count in wanted.items()
        for _ in range(count - there.count(_full_name(name, home)))
    ]
    if not missing:
        return said
    if listed is None:
        return ", ".join([*([said.strip()] if said.strip() else []), *missing])
    return json.dumps([*listed, *map(_entry, missing)], ensure_ascii=False)


def _full_name(name: str, home: str) -> str:
    return name if "/" in name else f"{home}/{name}"


def _entry(attachment: str) -> dict[str, str]:
    namespace, _, name = attachment.rpartition("/")
    return {"name": name, "namespace": namespace} if namespace else {"name": name}
