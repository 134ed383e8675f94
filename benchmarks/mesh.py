"""A mesh of a telecom operator's size: services on some clusters, used from others."""

from collections.abc import Iterable, Iterator
from textwrap import indent

from inputs import HEAD

_NETWORKS = 10
_NAMESPACES = 100

ONE_ROUTE = f"""\
{HEAD}items:
- apiVersion: v1
  kind: Service
  metadata:
    name: web
    namespace: shop
  spec:
    ports:
    - name: http
      port: 80
- apiVersion: intent.krmfn.dev/v1alpha1
  kind: TrafficRoute
  metadata:
    name: web
    namespace: shop
  spec:
    parentRef:
      service: web
    rules:
    - timeouts:
        request: 3s
"""


def mesh_package(services: int, clusters: int) -> str:
    """Give a ResourceList: each service runs on two clusters and is used from four."""
    names = [f"edge-{number:03d}" for number in range(clusters)]
    return HEAD + _items([_topology(names), *_namespaces(), *_services(services, names)])


def _items(texts: Iterable[str]) -> str:
    """Give the items of a ResourceList, from the texts of its documents."""
    return "items:\n" + "".join("- " + indent(text, "  ")[2:] for text in texts)


def _topology(clusters: list[str]) -> str:
    listed = "".join(
        f"  - {{name: {name}, network: net-{number % _NETWORKS}, region: r{number % _NETWORKS}, "
        f"zone: z{number}, eastWestGateway: {{addresses: [198.51.100.{number + 1}]}}}}\n"
        for number, name in enumerate(clusters)
    )
    return f"{_head('MeshTopology', 'mesh', '')}spec:\n  clusters:\n{listed}"


def _namespaces() -> Iterator[str]:
    for number in range(_NAMESPACES):
        yield (
            f"apiVersion: v1\nkind: Namespace\nmetadata:\n  name: ns-{number}\n"
            f"  labels: {{istio-injection: enabled}}\n"
        )


def _services(count: int, clusters: list[str]) -> Iterator[str]:
    for number in range(count):
        home = [clusters[number % len(clusters)], clusters[(number + 7) % len(clusters)]]
        users = [clusters[(number + step) % len(clusters)] for step in (1, 2, 3, 4)]
        name, namespace = f"svc-{number}", f"ns-{number % _NAMESPACES}"
        yield _discovery(name, namespace, users, f"ns-{(number + 1) % _NAMESPACES}")
        yield _route(name, namespace)
        for cluster in home:
            yield from _running(name, namespace, cluster)


def _head(kind: str, name: str, namespace: str) -> str:
    of = f"  namespace: {namespace}\n" if namespace else ""
    return (
        f"apiVersion: intent.krmfn.dev/v1alpha1\nkind: {kind}\nmetadata:\n  name: {name}\n{of}"
        f"  annotations:\n    config.kubernetes.io/local-config: 'true'\n"
    )


def _discovery(name: str, namespace: str, users: list[str], client: str) -> str:
    return (
        f"{_head('ServiceDiscovery', name, namespace)}spec:\n  service: {{name: {name}}}\n"
        f"  consumers: {{clusters: [{', '.join(users)}], namespaces: [{client}]}}\n"
        f"  loadBalancing: {{preference: local, failover: {{to: Any}}}}\n"
    )


def _route(name: str, namespace: str) -> str:
    return (
        f"{_head('TrafficRoute', name, namespace)}spec:\n  parentRef: {{service: {name}}}\n"
        f"  rules:\n"
        f"  - matches: [{{path: {{type: PathPrefix, value: /beta}}}}]\n"
        f"    backends: [{{version: {{name: v2, labels: {{version: v2}}}}}}]\n"
        f"  - backends:\n"
        f"    - {{version: {{name: v1, labels: {{version: v1}}}}, weight: 90}}\n"
        f"    - {{version: {{name: v2, labels: {{version: v2}}}}, weight: 10}}\n"
    )


def _running(name: str, namespace: str, cluster: str) -> Iterator[str]:
    def head(api: str, kind: str, suffix: str = "") -> str:
        path = f"clusters/{cluster}/{namespace}/{kind.lower()}_{name}{suffix}.yaml"
        return (
            f"apiVersion: {api}\nkind: {kind}\nmetadata:\n  name: {name}{suffix}\n"
            f"  namespace: {namespace}\n"
            f"  annotations:\n    internal.config.kubernetes.io/path: {path}\n"
        )

    yield (
        f"{head('v1', 'Service')}spec:\n  selector: {{app: {name}}}\n"
        f"  ports:\n  - {{name: http, port: 80, targetPort: 8080}}\n"
    )
    for version in ("v1", "v2"):
        yield (
            f"{head('apps/v1', 'Deployment', f'-{version}')}spec:\n"
            f"  selector: {{matchLabels: {{app: {name}, version: {version}}}}}\n"
            f"  template:\n    metadata:\n      labels: {{app: {name}, version: {version}}}\n"
            f"    spec:\n      serviceAccountName: {name}\n      containers:\n"
            f"      - {{name: app, image: 'registry.example.com/{name}:1', ports: "
            f"[{{containerPort: 8080}}]}}\n"
        )
