"""A mesh in few words, and what is decided about its security."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from itertools import chain
from typing import Any

import pytest
import yaml

from krmfn.mesh_intent_expander.discovery import discover
from krmfn.mesh_intent_expander.emit.authorization_policy import authorization_policies
from krmfn.mesh_intent_expander.emit.peer_authentication import peer_authentications
from krmfn.mesh_intent_expander.emit.request_authentication import request_authentications
from krmfn.mesh_intent_expander.intents import (
    MutualTLS,
    ServiceAuthorization,
    ServiceDiscovery,
)
from krmfn.mesh_intent_expander.plan.common import Emitted
from krmfn.mesh_intent_expander.reading import read_fleet
from krmfn.mesh_intent_expander.security import secure
from krmfn.mesh_intent_expander.topology import read_mesh
from krmfn.sdk import Package, Place, Resource, Result

Body = dict[str, Any]
INTENT = "intent.krmfn.dev/v1alpha1"
PORTS = ({"name": "http", "port": 80, "targetPort": 8080},)


class Build:
    """Makes what a package holds."""

    def namespace(self, name: str = "shop", **labels: str) -> Body:
        named = {key.replace("__", "/").replace("_", "-"): value for key, value in labels.items()}
        return _object("v1", "Namespace", name, "", {"labels": named})

    def meshed(self, name: str = "shop") -> Body:
        return self.namespace(name, istio_injection="enabled")

    def service(self, name: str = "api", namespace: str = "shop", **spec: Any) -> Body:
        whole = {"selector": {"app": name}, "ports": [*PORTS]} | spec
        return _object("v1", "Service", name, namespace, {}, spec=whole)

    def pods(
        self,
        name: str = "api",
        namespace: str = "shop",
        *,
        kind: str = "Deployment",
        account: str = "",
        ports: Sequence[Body] = (),
        **of_pod: Any,
    ) -> Body:
        """Make a workload; `labels`, `annotations` and fields of its pods are given as they are."""
        metadata = {"labels": of_pod.pop("labels", {"app": name})}
        metadata["annotations"] = of_pod.pop("annotations", {})
        container = {"name": "main", "image": "main", "ports": [*ports]}
        pod = {"serviceAccountName": account or name, "containers": [container]} | of_pod
        template = {"template": {"metadata": metadata, "spec": pod}}
        return _object("apps/v1", kind, name, namespace, {}, spec=template)

    def app(self, name: str = "api", namespace: str = "shop", **of_pods: Any) -> list[Body]:
        """Make a Service, its pods, and their namespace, which injects."""
        return [
            self.meshed(namespace),
            self.service(name, namespace),
            self.pods(name, namespace, **of_pods),
        ]

    def peer(self, name: str, mode: str, namespace: str = "shop", **spec: Any) -> Body:
        whole = {"mtls": {"mode": mode}} | spec
        return _object(
            "security.istio.io/v1", "PeerAuthentication", name, namespace, {}, spec=whole
        )

    def mtls(self, name: str = "strict", namespace: str = "shop", /, **spec: Any) -> Body:
        return _object(INTENT, "MutualTLS", name, namespace, _local(), spec=spec)

    def allows(self, name: str = "api", namespace: str = "shop", /, **spec: Any) -> Body:
        whole = {"target": {"service": "api"}} | spec
        return _object(INTENT, "ServiceAuthorization", name, namespace, _local(), spec=whole)

    def finds(self, name: str = "api", namespace: str = "shop", /, **spec: Any) -> Body:
        whole = {"service": {"name": "api"}} | spec
        return _object(INTENT, "ServiceDiscovery", name, namespace, _local(), spec=whole)

    def mesh(self, *clusters: str | Body, **mesh: Any) -> Body:
        given = [{"name": each} if isinstance(each, str) else each for each in clusters]
        spec = {"mesh": mesh, "clusters": given}
        return _object(INTENT, "MeshTopology", "mesh", "", _local(), spec=spec)

    def mesh_config(self, **config: Any) -> Body:
        data = {"mesh": yaml.safe_dump(config)}
        return _object("v1", "ConfigMap", "istio", "istio-system", {}, data=data)


class World:
    """What is decided for a package.

    Args:
        intents: the intents, and the MeshTopology.
        clusters: the objects of each cluster.
        previous: what was written for the last render.
    """

    def __init__(
        self,
        intents: Sequence[Body],
        clusters: Mapping[str, Sequence[Body]],
        previous: Sequence[Resource] = (),
    ) -> None:
        package = Package([*_placed(intents, ""), *chain(*_of_clusters(clusters))])
        self.mesh, _ = read_mesh(package)
        self.fleet = read_fleet(package, self.mesh)
        self.discovered, _ = discover(self.mesh, self.fleet, package.of(ServiceDiscovery), package)
        self.plan, self.results = secure(
            self.mesh,
            self.fleet,
            package.of(MutualTLS),
            package.of(ServiceAuthorization),
            self.discovered,
            previous,
        )

    @cached_property
    def emitted(self) -> list[Emitted]:
        return [
            *peer_authentications(self.plan.peers),
            *authorization_policies(self.plan.accesses),
            *request_authentications(self.plan.tokens),
        ]

    def written(self, cluster: str = "a") -> dict[tuple[str, str], Body]:
        """Give the specs of a cluster by kind and ``namespace/name``."""
        found: dict[tuple[str, str], Body] = {}
        for each in self.emitted:
            head = each.body["metadata"]
            key = (each.body["kind"], f"{head['namespace']}/{head['name']}")
            if cluster in each.clusters:
                assert key not in found, f"{key} is written twice"
                found[key] = each.body["spec"]
        return found

    def rules(self, name: str, cluster: str = "a") -> list[Body]:
        """Give the rules of an AuthorizationPolicy."""
        rules: list[Body] = self.written(cluster)["AuthorizationPolicy", name]["rules"]
        return rules

    def codes(self) -> list[str]:
        return sorted({f"{each.severity}:{each.code}" for each in self.results})

    def told(self, code: str) -> Result:
        (found,) = (each for each in self.results if each.code == code)
        return found


def _object(
    version: str, kind: str, name: str, namespace: str, metadata: Body, **fields: Any
) -> Body:
    placed = {"namespace": namespace} if namespace else {}
    head = {"name": name} | placed | {k: v for k, v in metadata.items() if v}
    return {"apiVersion": version, "kind": kind, "metadata": head, **fields}


def _local() -> Body:
    return {"annotations": {"config.kubernetes.io/local-config": "true"}}


def _placed(bodies: Sequence[Body], folder: str) -> Iterator[Resource]:
    for index, body in enumerate(bodies):
        yield Resource.of(body, place=Place(f"{folder}{index}.yaml", 0))


def _of_clusters(clusters: Mapping[str, Sequence[Body]]) -> Iterator[Iterator[Resource]]:
    for cluster, bodies in clusters.items():
        yield _placed(bodies, f"clusters/{cluster}/")


@pytest.fixture(scope="session")
def build() -> Build:
    return Build()


@pytest.fixture(scope="session")
def world() -> type[World]:
    return World
