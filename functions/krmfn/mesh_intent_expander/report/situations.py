"""Which clients of a service are in one situation, so that one of them is traced for all."""

from collections.abc import Hashable

from krmfn.mesh_intent_expander.report.asking import Question
from krmfn.mesh_intent_expander.report.population import Caller
from krmfn.mesh_intent_expander.semantics.world import ControlPlane, World
from krmfn.mesh_intent_expander.view import (
    ISTIO_NETWORKING,
    labels_in,
    mapping,
    mappings,
    spec_of,
    strings,
)
from krmfn.sdk import Resource

_TOPOLOGY = "topology."


class Situations:
    """Tells clients apart by what may make a difference to their requests.

    Args:
        world: the mesh.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._by_label: dict[int, bool] = {}

    def of(self, question: Question, caller: Caller) -> Hashable:
        """Give what clients of one situation have in common.

        That is the cluster, the namespace, the data plane and what their Sidecar shows; their
        identity where policies are in force, and their labels where anything looks at these.
        """
        client = caller.client
        plane = self._world.plane(client.cluster)
        identity = client.service_account if question.policies else ""
        is_labelled = self._tests_labels(plane) or any(
            match.labels
            for route in question.routes
            for rules in route.rules.values()
            for rule in rules
            for match in rule.matches
        )
        labels = frozenset(client.labels.items()) if is_labelled else None
        scope = plane.scopes.of(client.namespace, client.labels)
        return client.cluster, client.namespace, client.data_plane, identity, labels, id(scope)

    def _tests_labels(self, plane: ControlPlane) -> bool:
        """Say whether a DestinationRule is for some pods only, or prefers endpoints like them."""
        if id(plane) not in self._by_label:
            rules = plane.config.of("DestinationRule", ISTIO_NETWORKING)
            settings = mapping(plane.settings.get("localityLbSetting"))
            self._by_label[id(plane)] = _prefers_alike(settings) or any(map(_is_labelled, rules))
        return self._by_label[id(plane)]


def _is_labelled(rule: Resource) -> bool:
    spec = spec_of(rule)
    if labels_in(mapping(spec.get("workloadSelector")).get("matchLabels")):
        return True
    policies = [mapping(spec.get("trafficPolicy"))]
    policies += [mapping(each.get("trafficPolicy")) for each in mappings(spec.get("subsets"))]
    policies += [each for own in policies for each in mappings(own.get("portLevelSettings"))]
    balancers = (mapping(each.get("loadBalancer")) for each in policies)
    return any(_prefers_alike(mapping(each.get("localityLbSetting"))) for each in balancers)


def _prefers_alike(setting: object) -> bool:
    keys = strings(mapping(setting).get("failoverPriority"))
    return any("=" not in key and not key.startswith(_TOPOLOGY) for key in keys)
