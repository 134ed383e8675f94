"""The rules: one small module for each thing that must hold."""

from collections.abc import Iterable
from typing import Protocol

from krmfn.mesh_intent_expander.analysis.finding import Code, Finding
from krmfn.mesh_intent_expander.analysis.rules import (
    annotations_fit,
    applications_have_own_user,
    auto_images_replaced,
    claims_are_validated,
    conditions_are_good,
    control_plane_has_hostname,
    credentials_are_valid,
    destinations_exist,
    entry_addresses_are_set,
    entry_protocols_agree,
    envoy_patches_apply,
    gateway_api_is_recent,
    gateway_certificates_are_unique,
    gateway_pods_exist,
    gateway_servers_are_unique,
    gateways_exist,
    ingress_routes_name_subsets,
    key_sets_are_restricted,
    mesh_hosts_are_unique,
    nothing_is_deprecated,
    pods_get_proxies,
    policies_find_workloads,
    ports_of_pods_agree,
    ports_say_protocol,
    proxy_images_agree,
    registries_exist,
    routes_are_reachable,
    schema_holds,
    selectors_match,
    selectors_reach_gateways,
    servers_are_verified,
    services_agree,
    sidecars_apply,
    source_namespaces_exist,
    subsets_exist,
    subsets_select_pods,
    telemetries_apply,
    webhooks_take_pods_once,
)
from krmfn.mesh_intent_expander.view import ClusterView, Fleet


class Rule(Protocol):
    """A module of this package."""

    @property
    def CODES(self) -> tuple[Code, ...]:  # noqa: N802 - a constant of the module
        """The codes under which the rule tells what it finds."""

    def check(self, view: ClusterView, fleet: Fleet, /) -> Iterable[Finding]:
        """Yield what is not as it must be in one cluster of a fleet."""


RULES: tuple[Rule, ...] = (
    annotations_fit,
    applications_have_own_user,
    auto_images_replaced,
    claims_are_validated,
    conditions_are_good,
    control_plane_has_hostname,
    credentials_are_valid,
    destinations_exist,
    entry_addresses_are_set,
    entry_protocols_agree,
    envoy_patches_apply,
    gateway_api_is_recent,
    gateway_certificates_are_unique,
    gateway_pods_exist,
    gateway_servers_are_unique,
    gateways_exist,
    ingress_routes_name_subsets,
    key_sets_are_restricted,
    mesh_hosts_are_unique,
    nothing_is_deprecated,
    pods_get_proxies,
    policies_find_workloads,
    ports_of_pods_agree,
    ports_say_protocol,
    proxy_images_agree,
    registries_exist,
    routes_are_reachable,
    schema_holds,
    selectors_match,
    selectors_reach_gateways,
    servers_are_verified,
    services_agree,
    sidecars_apply,
    source_namespaces_exist,
    subsets_exist,
    subsets_select_pods,
    telemetries_apply,
    webhooks_take_pods_once,
)
"""All rules, by name."""
