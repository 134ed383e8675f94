"""The ConfigMap that holds a policy's Rego: modules and data documents."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from krmfn.placement_resolver.intents import PlacementPolicy
from krmfn.sdk import Package, Resource, Result, error
from krmfn.sdk.loader import YamlError, load
from krmfn.sdk.messages import path_of

RESERVED = "krmfn"
"""The key below ``data`` that engines keep for themselves."""

_KEY = re.compile(r"[-._a-zA-Z0-9]{1,253}")
_DOCUMENTS = (".json", ".yaml", ".yml")


@dataclass(frozen=True, slots=True)
class RegoSource:
    """The Rego of a package.

    Attributes:
        owner: the policy that names it.
        resource: the ConfigMap.
        modules: the texts of its ``.rego`` keys.
        data: its ``.json`` and ``.yaml`` keys, all documents put together at the root, as
            ``opa eval --data`` puts them.
    """

    owner: PlacementPolicy
    resource: Resource
    modules: dict[str, str] = field(default_factory=dict)
    data: dict[str, Any] = field(default_factory=dict)


def read_source(policy: PlacementPolicy, package: Package) -> RegoSource | Result:
    """Find the ConfigMap that a policy names, with nothing read of it yet."""
    rego = policy.spec.rego
    if rego is None:
        raise TypeError("a policy without Rego has no source")
    found = [
        each
        for each in package.select(kind="ConfigMap", group="")
        if each.name == rego.config_map
        and rego.namespace in (None, each.namespace)
        and not each.cluster
    ]
    if len(found) == 1:
        return RegoSource(policy, found[0])
    where = f' in namespace "{rego.namespace}"' if rego.namespace is not None else ""
    message = f'must name a ConfigMap of the package, but there is no "{rego.config_map}"{where}'
    if found:
        message = f'must name one ConfigMap, but {len(found)} are named "{rego.config_map}"{where}'
    code = "rego-ambiguous" if found else "rego-missing"
    return error(message, code=code, at=policy, field="spec.rego.configMap")


def fill(source: RegoSource) -> Iterator[Result]:
    """Read the modules and documents of a ConfigMap, and yield what is wrong with them."""
    entries = source.resource.body.get("data")
    for key, text in entries.items() if isinstance(entries, Mapping) else ():
        for message in _read(source, str(key), text):
            at = path_of(("data", str(key)))
            yield error(message, code="rego-source", at=source.resource, field=at)
    if not source.modules:
        message = "must have a key that ends in `.rego`"
        yield error(message, code="rego-source", at=source.resource, field="data")


def _read(source: RegoSource, key: str, text: Any) -> Iterator[str]:
    if not _KEY.fullmatch(key):
        yield "must be a key of letters, digits, `-`, `_` and `.`"
    elif not isinstance(text, str):
        yield f"must be a string, but is {json.dumps(text, default=str)[:80]}"
    elif key.endswith(".rego"):
        source.modules[key] = text
    elif key.endswith(_DOCUMENTS):
        yield from _add(source.data, text)
    else:
        yield "must end in `.rego`, `.json` or `.yaml`"


def _add(data: dict[str, Any], text: str) -> Iterator[str]:
    try:
        document = json.loads(json.dumps(load(text), allow_nan=False))
    except YamlError as problem:
        yield f"must be JSON or YAML: {problem}"
        return
    except (TypeError, ValueError):
        yield "must hold values of JSON only"
        return
    if not isinstance(document, dict):
        yield "must be a map, whose keys are found below `data`"
        return
    for name, value in document.items():
        if name == RESERVED or name in data:
            told = "is reserved" if name == RESERVED else "is in another document too"
            yield f'must hold keys of its own, but "{name}" {told}'
        else:
            data[name] = value
