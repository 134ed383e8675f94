"""Rules meet objects in which one field has a wrong type, at every place in turn."""

from collections.abc import Iterator
from typing import Any

import pytest

from krmfn.mesh_intent_expander.analysis.rules import (
    annotations_fit,
    applications_have_own_user,
    auto_images_replaced,
    conditions_are_good,
    control_plane_has_hostname,
    envoy_patches_apply,
    gateway_api_is_recent,
    key_sets_are_restricted,
    nothing_is_deprecated,
    pods_get_proxies,
    policies_find_workloads,
    ports_of_pods_agree,
    ports_say_protocol,
    proxy_images_agree,
    selectors_reach_gateways,
    servers_are_verified,
    sidecars_apply,
    telemetries_apply,
    webhooks_take_pods_once,
)
from krmfn.mesh_intent_expander.view import ClusterView, Fleet
from krmfn.sdk import Resource, yaml_load_all

OBJECTS: list[dict[str, Any]] = list(
    yaml_load_all("""
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {istio-injection: enabled}, annotations: {istio.io/x: a}}
---
apiVersion: v1
kind: Namespace
metadata: {name: bank}
---
apiVersion: v1
kind: Pod
metadata:
  name: web
  namespace: shop
  labels: {app: web, gateway.networking.k8s.io/gateway-name: edge}
  annotations: {proxy.istio.io/config: "image: {imageType: debug}"}
spec:
  securityContext: {runAsUser: 1337}
  containers: [{name: istio-proxy, image: auto, securityContext: {runAsUser: 1337}}]
  initContainers: [{name: istio-init}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: istiod, namespace: shop, labels: {app: istiod}}
spec:
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: istio-proxy, image: auto, env: [{name: A, value: b}]}]}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {type: ExternalName, selector: {app: web}, ports: [{name: tcp, port: 80, targetPort: 1}]}
status: {conditions: [{type: istio.io/WaypointBound, status: "False", reason: a, message: b}]}
---
apiVersion: v1
kind: Service
metadata: {name: other, namespace: shop}
spec: {selector: {app: web}, ports: [{port: 80, protocol: UDP, targetPort: 2}]}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: istio-sidecar-injector, namespace: istio-system}
data: {values: '{"global": {"proxy": {"image": "proxyv2"}}, "sidecarInjectorWebhook": {}}'}
---
kind: MeshConfig
apiVersion: v1
defaultConfig: {image: {imageType: debug}}
defaultProviders: {accessLogging: []}
extensionProviders: [{name: old, lightstep: {}}]
---
apiVersion: networking.istio.io/v1beta1
kind: ProxyConfig
metadata: {name: all, namespace: shop}
spec: {selector: {matchLabels: {app: web}}, image: {imageType: debug}}
---
apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: {name: one, namespace: shop}
spec:
  workloadSelector: {labels: {app: web}}
  outboundTrafficPolicy: {egressProxy: {host: a}}
---
apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: {name: two, namespace: shop}
spec: {workloadSelector: {labels: {app: web}}}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: web, namespace: shop}
spec: {http: [{fault: {delay: {percent: 5}}}]}
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: web, namespace: shop}
spec:
  trafficPolicy:
    tls: {mode: SIMPLE, caCertificates: "", credentialName: ""}
    portLevelSettings: [{port: {number: 1}, tls: {mode: MUTUAL}}]
---
apiVersion: networking.istio.io/v1alpha3
kind: EnvoyFilter
metadata: {name: web, namespace: shop}
spec:
  priority: 0
  configPatches:
  - applyTo: HTTP_FILTER
    match: {proxy: {proxyVersion: a}, listener: {filterChain: {filter: {name: b}}}}
    patch: {operation: REMOVE, value: {typed_config: {}}}
  - {applyTo: CLUSTER, patch: {operation: REPLACE, value: {name: a}}}
---
apiVersion: telemetry.istio.io/v1
kind: Telemetry
metadata: {name: web, namespace: shop}
spec:
  selector: {matchLabels: {app: web}}
  tracing: [{providers: [{name: old}]}]
  accessLogging: [{disabled: false, providers: []}]
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: web, namespace: shop}
spec: {selector: {matchLabels: {app: lost}}}
status: {conditions: [{type: WaypointAccepted, status: "True", reason: PartiallyInvalid}]}
---
apiVersion: security.istio.io/v1
kind: RequestAuthentication
metadata: {name: web, namespace: shop}
spec: {selector: {matchLabels: {app: web}}}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: web, namespace: shop}
status: {parents: [{conditions: [{type: Accepted, status: "False"}]}]}
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: tlsroutes.gateway.networking.k8s.io
  annotations: {gateway.networking.k8s.io/bundle-version: v1.0.0}
spec: {group: rbac.istio.io, names: {kind: RbacConfig}}
---
apiVersion: admissionregistration.k8s.io/v1
kind: MutatingWebhookConfiguration
metadata: {name: istio-sidecar-injector, labels: {istio.io/rev: a}}
webhooks:
- name: a.istio.io
  clientConfig: {service: {name: a, namespace: b}}
  namespaceSelector: {matchLabels: {istio.io/rev: a}}
  objectSelector: {matchExpressions: [{key: istio.io/rev, operator: In, values: [a]}]}
- {name: b.istio.io, clientConfig: {url: "https://10.0.0.1"}}
""")
)
RULES = (
    annotations_fit,
    applications_have_own_user,
    auto_images_replaced,
    conditions_are_good,
    control_plane_has_hostname,
    envoy_patches_apply,
    gateway_api_is_recent,
    key_sets_are_restricted,
    nothing_is_deprecated,
    pods_get_proxies,
    policies_find_workloads,
    ports_of_pods_agree,
    ports_say_protocol,
    proxy_images_agree,
    selectors_reach_gateways,
    servers_are_verified,
    sidecars_apply,
    telemetries_apply,
    webhooks_take_pods_once,
)
WRONG: tuple[Any, ...] = (None, True, 7, "x", [], [None, "x"], {}, {"a": [1]})


CODES = {code.id for rule in RULES for code in rule.CODES}


def found(bodies: list[dict[str, Any]]) -> list[set[str]]:
    """Give the codes that each rule tells."""
    view = ClusterView("", map(Resource.of, bodies))
    return [{each.code.id for each in rule.check(view, Fleet([view]))} for rule in RULES]


def with_wrong_types(value: Any) -> Iterator[Any]:
    """Yield the value as often as it has places, each time with something else at one of them."""
    if isinstance(value, dict):
        for key, inner in value.items():
            for changed in (*WRONG, *with_wrong_types(inner)):
                yield {**value, key: changed}
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            for changed in (*WRONG, *with_wrong_types(inner)):
                yield [*value[:index], changed, *value[index + 1 :]]


def test_the_objects_give_every_rule_something_to_tell() -> None:
    assert all(found(OBJECTS))


@pytest.mark.parametrize("number", range(len(OBJECTS)), ids=lambda n: OBJECTS[n]["kind"])
def test_a_wrong_type_anywhere_is_borne(number: int) -> None:
    body = OBJECTS[number]
    parts = {key: part for key, part in body.items() if key not in ("apiVersion", "kind")}
    for changed in with_wrong_types(parts):
        others = [*OBJECTS[:number], {**body, **changed}, *OBJECTS[number + 1 :]]
        assert set().union(*found(others)) <= CODES
