"""Amounts of resources as whole numbers, so that sums and comparisons never round."""

import math
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from krmfn.sdk import quantity

PODS = "pods"
"""The resource of which every pod takes one: nodes take a limited number of pods."""

_PARTS = {"cpu": 1000}
"""In how many parts a unit of a resource is counted; every other one is counted in whole units."""


@lru_cache(maxsize=65_536)
def offered(resource: str, text: str) -> int:
    """Give an offered amount in the smallest unit: milli-CPUs, bytes, pieces; rounded down."""
    return math.floor(quantity.parse(text) * _PARTS.get(resource, 1))


@lru_cache(maxsize=65_536)
def asked(resource: str, amount: str | quantity.Exact) -> int:
    """Give an asked amount in the smallest unit, rounded up."""
    exact = quantity.parse(amount) if isinstance(amount, str) else amount
    return math.ceil(exact * _PARTS.get(resource, 1))


def all_offered(amounts: Mapping[str, Any]) -> dict[str, int]:
    """Give offered amounts by resource name."""
    return {name: offered(name, str(amount)) for name, amount in amounts.items()}


def granule(resource: str) -> int:
    """Give the step in which people ask for a resource: pages, MiB, thousandths of a CPU."""
    size = resource.removeprefix("hugepages-")
    if size != resource and quantity.is_quantity(size):
        return max(1, offered(resource, size))
    return 2**20 if resource in {"memory", "ephemeral-storage"} else 1


def spelled(resource: str, amount: int) -> str:
    """Give an amount in the words of Kubernetes, such as ``1500m`` or ``16Gi``."""
    parts = _PARTS.get(resource)
    exact = quantity.parse(f"{amount}m") if parts else amount
    binary = resource in {"memory", "ephemeral-storage"} or resource.startswith("hugepages-")
    return quantity.to_text(exact, like="1Ki" if binary else "1")
