"""A Kubernetes API for the template function `lookup`, over the objects of a package.

Helm can ask an API server by HTTP only, so this is one, on the loopback interface at a port that
the system picks, for as long as a rendering takes. The loopback interface is up in a container
that has no network. It knows discovery, get and list; whatever it does not have is not found.
"""

import base64
import json
import socketserver
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

from krmfn.helm_expand.edge.request import RenderRequest
from krmfn.helm_expand.scopes import cluster_kinds, is_cluster_scoped

_BUILT_IN = {
    "v1": "ComponentStatus ConfigMap Endpoints Event LimitRange Namespace Node PersistentVolume "
    "PersistentVolumeClaim Pod PodTemplate ReplicationController ResourceQuota Secret Service "
    "ServiceAccount",
    "admissionregistration.k8s.io/v1": "MutatingWebhookConfiguration ValidatingAdmissionPolicy "
    "ValidatingAdmissionPolicyBinding ValidatingWebhookConfiguration",
    "apiextensions.k8s.io/v1": "CustomResourceDefinition",
    "apiregistration.k8s.io/v1": "APIService",
    "apps/v1": "ControllerRevision DaemonSet Deployment ReplicaSet StatefulSet",
    "autoscaling/v1": "HorizontalPodAutoscaler",
    "autoscaling/v2": "HorizontalPodAutoscaler",
    "batch/v1": "CronJob Job",
    "certificates.k8s.io/v1": "CertificateSigningRequest",
    "coordination.k8s.io/v1": "Lease",
    "discovery.k8s.io/v1": "EndpointSlice",
    "events.k8s.io/v1": "Event",
    "flowcontrol.apiserver.k8s.io/v1": "FlowSchema PriorityLevelConfiguration",
    "networking.k8s.io/v1": "Ingress IngressClass NetworkPolicy",
    "node.k8s.io/v1": "RuntimeClass",
    "policy/v1": "PodDisruptionBudget",
    "rbac.authorization.k8s.io/v1": "ClusterRole ClusterRoleBinding Role RoleBinding",
    "scheduling.k8s.io/v1": "PriorityClass",
    "storage.k8s.io/v1": "CSIDriver CSINode CSIStorageCapacity StorageClass VolumeAttachment",
}
_STORED = {"resourceVersion": "1"}
_NOT_FOUND = {
    "kind": "Status",
    "apiVersion": "v1",
    "metadata": {},
    "status": "Failure",
    "message": "the server could not find the requested resource",
    "reason": "NotFound",
    "code": 404,
}


class _Type(NamedTuple):
    """A kind of an API version."""

    api_version: str
    kind: str

    @property
    def group(self) -> str:
        return self.api_version.rpartition("/")[0]

    @property
    def plural(self) -> str:
        """Its name in URLs; clients learn it by discovery, so that any will do."""
        return f"{self.kind.lower()}s"


class Cluster:
    """Objects as an API server shows them.

    Args:
        objects: what the cluster holds.
        namespace: where an object is that names none, if its kind has namespaces.
        kube_version: such as `v1.34.0`.
        api_versions: what else the server knows, such as `cert-manager.io/v1` or
            `cert-manager.io/v1/Issuer`.
    """

    def __init__(
        self,
        objects: Iterable[Mapping[str, Any]],
        namespace: str = "default",
        kube_version: str = "",
        api_versions: Iterable[str] = (),
    ) -> None:
        self._kube_version = kube_version
        held = [stored for given in objects if (stored := _stored(given))]
        self._scopes = cluster_kinds(
            stored for stored in held if stored["kind"] == "CustomResourceDefinition"
        )
        self._kinds = {version: set(kinds.split()) for version, kinds in _BUILT_IN.items()}
        for api_version, kind in map(_split_kind, api_versions):
            self._kinds.setdefault(api_version, set()).update(filter(None, [kind]))
        self._objects: dict[_Type, list[dict[str, Any]]] = {}
        for stored in held:
            held_type = _Type(stored["apiVersion"], stored["kind"])
            self._kinds.setdefault(held_type.api_version, set()).add(held_type.kind)
            if self._has_namespaces(held_type):
                stored["metadata"].setdefault("namespace", namespace)
            self._objects.setdefault(held_type, []).append(stored)

    def _has_namespaces(self, asked: _Type) -> bool:
        return not is_cluster_scoped(asked.group, asked.kind, self._scopes)

    def answer(self, target: str) -> dict[str, Any] | None:
        """Give what the API server says at a path with a query; None when there is nothing.

        Without its query `/api` is where Helm looks for all objects of a kind it does not know.
        """
        url = urlsplit(target)
        match [unquote(part) for part in url.path.strip("/").split("/")]:
            case ["version"]:
                return self._version()
            case ["api"] if url.query:
                return {"kind": "APIVersions", "versions": ["v1"]}
            case ["apis"]:
                return self._groups()
            case ["api", "v1", *rest]:
                return self._group_version("v1", rest)
            case ["apis", group, version, *rest]:
                return self._group_version(f"{group}/{version}", rest)
        return None

    def _version(self) -> dict[str, str]:
        major, _, rest = self._kube_version.removeprefix("v").partition(".")
        minor = rest.partition(".")[0]
        return {"major": major, "minor": minor, "gitVersion": self._kube_version}

    def _groups(self) -> dict[str, Any]:
        versions: dict[str, list[dict[str, str]]] = {}
        for api_version in sorted(self._kinds):
            group, _, version = api_version.rpartition("/")
            if group:
                known = {"groupVersion": api_version, "version": version}
                versions.setdefault(group, []).append(known)
        groups = [
            {"name": group, "versions": known, "preferredVersion": known[-1]}
            for group, known in versions.items()
        ]
        return {"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}

    def _group_version(self, api_version: str, parts: list[str]) -> dict[str, Any] | None:
        namespace = ""
        if len(parts) > 2 and parts[0] == "namespaces":
            _, namespace, *parts = parts
        types = [_Type(api_version, kind) for kind in sorted(self._kinds.get(api_version, ()))]
        match parts:
            case []:
                return self._discovery(api_version, types)
            case [plural]:
                listed = [self._list(known, namespace) for known in types if known.plural == plural]
                return listed[0] if listed else None
            case [plural, name]:
                for known in types:
                    for stored in self._found(known, namespace):
                        if known.plural == plural and stored["metadata"]["name"] == name:
                            return stored
        return None

    def _discovery(self, api_version: str, types: list[_Type]) -> dict[str, Any]:
        """Give the types of a group; an unknown group has none, so that `lookup` finds nothing."""
        resources = [
            {
                "name": known.plural,
                "singularName": known.kind.lower(),
                "kind": known.kind,
                "namespaced": self._has_namespaces(known),
                "verbs": ["get", "list"],
            }
            for known in types
        ]
        head = {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": api_version}
        return {**head, "resources": resources}

    def _list(self, wanted: _Type, namespace: str) -> dict[str, Any]:
        return {
            "kind": f"{wanted.kind}List",
            "apiVersion": wanted.api_version,
            "metadata": _STORED,
            "items": self._found(wanted, namespace),
        }

    def _found(self, wanted: _Type, namespace: str) -> list[dict[str, Any]]:
        """Give the objects of a type in a namespace, or in all of them for ""."""
        return [
            stored
            for stored in self._objects.get(wanted, ())
            if namespace in ("", stored["metadata"].get("namespace"))
        ]


@contextmanager
def served(request: RenderRequest, more_types: Iterable[str] = ()) -> Iterator[str]:
    """Serve the objects of a request, if its chart may look them up, and give the URL, or "" ."""
    if not request.looks_up:
        yield ""
        return
    api_versions = (*request.api_versions, *more_types)
    cluster = Cluster(request.objects or (), request.namespace, request.kube_version, api_versions)
    with _Server(("127.0.0.1", 0), _Handler) as server:
        server.cluster = cluster
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    cluster: Cluster


class _Handler(socketserver.StreamRequestHandler):
    """Answers GET requests, many on a connection."""

    disable_nagle_algorithm = True
    server: _Server

    def handle(self) -> None:
        while line := self.rfile.readline(65536):
            while self.rfile.readline(65536).strip():
                pass
            found = self.server.cluster.answer(line.decode("latin-1").split(" ")[1])
            status = "200 OK" if found is not None else "404 Not Found"
            body = json.dumps(_NOT_FOUND if found is None else found).encode()
            head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\n"
            self.wfile.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)


def _split_kind(name: str) -> tuple[str, str]:
    """Split `group/version/Kind`, `group/version` or `v1`; the kind is "" when there is none."""
    parts = name.split("/")
    if len(parts) > 1 and parts[-1][:1].isupper():
        return "/".join(parts[:-1]), parts[-1]
    return name, ""


def _stored(given: Mapping[str, Any]) -> dict[str, Any] | None:
    """Give an object as the API server keeps it; None for what is none."""
    metadata = given.get("metadata")
    named = metadata.get("name") if isinstance(metadata, Mapping) else None
    identity = (given.get("apiVersion"), given.get("kind"), named)
    if not isinstance(metadata, Mapping) or not all(
        isinstance(text, str) and text for text in identity
    ):
        return None
    stored = {**given, "metadata": {**metadata, **_STORED}}
    if stored["kind"] == "Secret" and isinstance(plain := stored.pop("stringData", None), Mapping):
        encoded = {
            key: base64.b64encode(str(text).encode()).decode() for key, text in plain.items()
        }
        stored["data"] = {**(stored.get("data") or {}), **encoded}
    return stored
