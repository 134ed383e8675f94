"""Reading objects of other projects: plain values, of which any part may be missing or wrong."""

from collections.abc import Iterable, Mapping
from typing import Any

from krmfn.cluster_profiler.facts import Amounts, Taint
from krmfn.kinds.fleet import OBSERVED_AT
from krmfn.sdk import Resource, Result, warning
from krmfn.sdk.quantity import Exact, parse, to_text
from krmfn.sdk.times import parse_instant

_INT64 = 2**63
_BYTES = ("memory", "ephemeral-storage")
_HUGEPAGES = "hugepages-"
_EFFECTS = {
    "NoSchedule",
    "PreferNoSchedule",
    "NoExecute",
    "NoSelect",
    "PreferNoSelect",
    "NoSelectIfNew",
}


def value_at(value: Any, path: str) -> Any:
    """Give the value at a dotted path through mappings, None where there is none."""
    for key in path.split("."):
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def map_at(value: Any, path: str) -> Mapping[str, Any]:
    """Give the mapping at a dotted path, empty where there is none."""
    found = value_at(value, path)
    return found if isinstance(found, Mapping) else {}


def maps_at(value: Any, path: str) -> list[Mapping[str, Any]]:
    """Give the mappings of the list at a dotted path, empty where there are none."""
    found = value_at(value, path)
    return [each for each in found if isinstance(each, Mapping)] if isinstance(found, list) else []


def text_at(value: Any, path: str) -> str:
    """Give the text at a dotted path, "" where there is none; a number is read as its text."""
    found = value_at(value, path)
    if isinstance(found, bool) or not isinstance(found, str | int):
        return ""
    return str(found)


def count_at(value: Any, path: str) -> int | None:
    """Give the whole number at a dotted path, None where there is none."""
    found = value_at(value, path)
    return found if isinstance(found, int) and not isinstance(found, bool) else None


def texts_at(value: Any, path: str) -> dict[str, str]:
    """Give the texts of the mapping at a dotted path."""
    return {str(key): text for key, text in map_at(value, path).items() if isinstance(text, str)}


def instant_at(value: Any, path: str) -> str:
    """Give the RFC 3339 instant at a dotted path, "" where there is none."""
    text = text_at(value, path)
    try:
        parse_instant(text)
    except ValueError:
        return ""
    return text


def amounts_at(resource: Resource, path: str) -> tuple[dict[str, Exact], list[Result]]:
    """Give the amounts of the mapping at a dotted path, and what is wrong with the others."""
    return read_amounts(map_at(resource.body, path), resource, path)


def read_amounts(
    given: Mapping[str, Any], resource: Resource, path: str
) -> tuple[dict[str, Exact], list[Result]]:
    """Give the amounts among values, and what is wrong with the others.

    Args:
        given: the values by resource name.
        resource: the object that they stand in.
        path: where they stand in it.
    """
    amounts: dict[str, Exact] = {}
    problems = []
    for name, value in given.items():
        try:
            amount = parse(value)
            if not 0 <= amount < _INT64:
                raise ValueError(f'must be a quantity from 0 to 2^63, but is "{value}"')
        except ValueError as wrong:
            problems.append(
                warning(
                    f"{wrong}; it counts as none",
                    code="bad-quantity",
                    at=resource,
                    field=field_path(path, str(name)),
                    current=str(value),
                )
            )
        else:
            amounts[str(name)] = amount
    return amounts, problems


def shown(resource: str, amount: Exact) -> str:
    """Give an amount as a quantity: bytes with the suffixes of powers of 1024."""
    in_bytes = resource in _BYTES or resource.startswith(_HUGEPAGES)
    return to_text(amount, "Mi" if in_bytes else "")


def total(amounts: Iterable[Amounts]) -> dict[str, Exact]:
    """Add amounts up, resource by resource."""
    sums: dict[str, Exact] = {}
    for each in amounts:
        for name, amount in each.items():
            sums[name] = sums.get(name, 0) + amount
    return sums


def less(amounts: Amounts, taken: Amounts) -> dict[str, Exact]:
    """Take amounts away from others; nothing falls below 0."""
    return {name: max(amount - taken.get(name, 0), 0) for name, amount in amounts.items()}


def taints_at(resource: Resource, path: str) -> tuple[tuple[Taint, ...], list[Result]]:
    """Give the taints of the list at a dotted path, and what is wrong with the others.

    Their effects are those of Kubernetes or of Open Cluster Management.
    """
    taints, problems = [], []
    for number, each in enumerate(maps_at(resource.body, path)):
        effect = text_at(each, "effect")
        if effect in _EFFECTS and text_at(each, "key"):
            added = instant_at(each, "timeAdded")
            taints.append(Taint(text_at(each, "key"), text_at(each, "value"), effect, added))
            continue
        problems.append(
            warning(
                f"must be a taint with a key and an effect of {', '.join(sorted(_EFFECTS))}; "
                "it is passed over",
                code="bad-taint",
                at=resource,
                field=f"{path}[{number}]",
            )
        )
    return tuple(sorted(taints)), problems


def observed_at(resource: Resource) -> str:
    """Give the instant at which an object was read from its cluster, "" when it is not known."""
    return instant_at({"at": resource.annotations.get(OBSERVED_AT)}, "at")


def field_path(path: str, key: str) -> str:
    """Give the path of a key of a mapping; what is no plain word stands in brackets."""
    plain = key.replace("-", "").replace("_", "").isalnum()
    return f"{path}.{key}" if plain else f'{path}["{key}"]'
