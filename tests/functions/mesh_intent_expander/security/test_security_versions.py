"""A version that can be called by itself is as well guarded as the Service it is a part of."""

from krmfn.mesh_intent_expander.emit.authorization_policy import authorization_policies
from krmfn.mesh_intent_expander.plan.common import ServiceKey
from krmfn.mesh_intent_expander.plan.routes import VersionService
from krmfn.mesh_intent_expander.plan.security import AccessPolicy, Guarded, SecurityPlan
from krmfn.mesh_intent_expander.security import with_versions
from krmfn.sdk import Resource

BY = Resource.of({"apiVersion": "v1", "kind": "Intent", "metadata": {"name": "api"}})


def _version(name: str, *clusters: str) -> VersionService:
    return VersionService(name, ServiceKey("shop", "api"), (), {}, {}, clusters, BY)


def _targets(target: Guarded, *versions: VersionService) -> list[tuple[str, list[str]]]:
    plan = SecurityPlan(accesses=(AccessPolicy("api", target, "ALLOW", (), ("a", "b"), BY),))
    made = authorization_policies(with_versions(plan, versions).accesses)
    return [
        (
            each.body["metadata"]["name"],
            [to["name"] for to in each.body["spec"].get("targetRefs", ())],
        )
        for each in made
    ]


def test_a_policy_at_a_waypoint_names_the_versions_of_its_clusters() -> None:
    target = Guarded("shop", waypoint_of="api")
    versions = (_version("api-v2", "b"), _version("api-v1", "a"), _version("api-v3", "c"))
    assert _targets(target, *versions) == [("api", ["api", "api-v1", "api-v2"])]


def test_a_policy_at_pods_or_of_another_service_names_no_version() -> None:
    pods = Guarded("shop", selector=(("app", "api"),))
    other = Guarded("web", waypoint_of="api")
    assert _targets(pods, _version("api-v1", "a")) == [("api", [])]
    assert _targets(other, _version("api-v1", "a")) == [("api", ["api"])]


def test_no_policy_has_more_targets_than_istio_takes() -> None:
    versions = [_version(f"api-v{number:02}", "a") for number in range(40)]
    found = _targets(Guarded("shop", waypoint_of="api"), *versions)
    assert [(name, len(targets)) for name, targets in found] == [
        ("api", 16),
        ("api-2", 16),
        ("api-3", 9),
    ]
    assert sorted(name for _, targets in found for name in targets) == sorted(
        ["api", *(each.name for each in versions)]
    )
