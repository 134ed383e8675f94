"""Analysis of EnvoyFilters: operations that are ignored, or applied in an uncertain order."""

from typing import Any

import pytest

from krmfn.mesh_intent_expander.analysis.rules.envoy_patches_apply import check
from krmfn.mesh_intent_expander.view import ClusterView, Fleet
from krmfn.sdk import Resource


def patch(operation: str, target: str = "HTTP_FILTER", name: str = "", **match: Any) -> Any:
    value = {"value": {"name": name}} if name else {}
    return {"applyTo": target, "match": match, "patch": {"operation": operation, **value}}


def envoy_filter(*patches: Any, name: str = "a", priority: int = 0) -> Resource:
    spec = {"configPatches": list(patches), "priority": priority}
    version = "networking.istio.io/v1alpha3"
    return Resource.new(version, "EnvoyFilter", name, namespace="shop", spec=spec)


def codes(*filters: Resource) -> list[tuple[str, str]]:
    view = ClusterView("", filters)
    return [(each.resource.name, each.code.id) for each in check(view, Fleet([view]))]


@pytest.mark.parametrize(
    ("operation", "target", "expected"),
    [
        ("REPLACE", "CLUSTER", ["IST0152"]),
        ("REPLACE", "VIRTUAL_HOST", ["IST0151"]),
        ("REPLACE", "NETWORK_FILTER", ["IST0151"]),
        ("ADD", "HTTP_ROUTE", ["IST0153"]),
        ("ADD", "ROUTE_CONFIGURATION", ["IST0153"]),
        ("ADD", "CLUSTER", []),
        ("REMOVE", "HTTP_ROUTE", ["IST0154"]),
        ("REMOVE", "VIRTUAL_HOST", ["IST0151"]),
        ("INSERT_BEFORE", "HTTP_FILTER", ["IST0151"]),
        ("INSERT_AFTER", "HTTP_ROUTE", ["IST0151"]),
        ("INSERT_FIRST", "HTTP_FILTER", []),
        ("MERGE", "CLUSTER", []),
    ],
)
def test_an_operation_fits_what_is_patched(
    operation: str, target: str, expected: list[str]
) -> None:
    given = patch(operation, target)
    assert [code for _, code in codes(envoy_filter(given))] == expected
    certain = [code for code in expected if code != "IST0151"]
    assert [code for _, code in codes(envoy_filter(given, priority=5))] == certain


VERSIONED = patch("INSERT_AFTER", name="lua", proxy={"proxyVersion": "1.30.*"})
RELATIVE = patch("INSERT_AFTER", name="lua")


def test_a_patch_relative_to_one_for_a_proxy_version_is_told_apart() -> None:
    assert codes(envoy_filter(VERSIONED, RELATIVE)) == [("a", "IST0151"), ("a", "IST0155")]
    assert codes(envoy_filter(RELATIVE, VERSIONED)) == [("a", "IST0151"), ("a", "IST0151")]
    other = patch("INSERT_AFTER", name="wasm")
    assert codes(envoy_filter(VERSIONED, other)) == [("a", "IST0151"), ("a", "IST0151")]


def test_patches_of_other_filters_count_in_any_order() -> None:
    one, other = envoy_filter(VERSIONED, name="one", priority=1), envoy_filter(RELATIVE)
    assert codes(one, other) == codes(other, one) == [("a", "IST0155")]


def test_the_filter_that_is_matched_gives_the_name_when_the_value_has_none() -> None:
    def matching(**match: Any) -> Any:
        listener = {"filterChain": {"filter": {"name": "router"}}}
        made = patch("INSERT_AFTER", listener=listener, **match)
        return {**made, "patch": {**made["patch"], "value": {"typed_config": {}}}}

    given = envoy_filter(matching(proxy={"proxyVersion": "1.*"}), matching(), RELATIVE)
    assert [code for _, code in codes(given)] == ["IST0151", "IST0155", "IST0151"]


def test_nothing_after_a_patch_without_operation_is_applied() -> None:
    assert codes(envoy_filter({"applyTo": "CLUSTER"}, patch("REPLACE", "CLUSTER"))) == []
