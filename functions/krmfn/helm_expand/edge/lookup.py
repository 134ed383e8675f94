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

_NAMESPACED = {
    "v1": "ConfigMap Endpoints Event LimitRange PersistentVolumeClaim Pod PodTemplate "
    "ReplicationController ResourceQuota Secret Service ServiceAccount",
    "apps/v1": "ControllerRevision DaemonSet Deployment ReplicaSet StatefulSet",
    "autoscaling/v1": "HorizontalPodAutoscaler",
    "autoscaling/v2": "HorizontalPodAutoscaler",
    "batch/v1": "CronJob Job",
    "coordination.k8s.io/v1": "Lease",
    "discovery.k8s.io/v1": "EndpointSlice",
    "events.k8s.io/v1": "Event",
    "networking.k8s.io/v1": "Ingress NetworkPolicy",
    "policy/v1": "PodDisruptionBudget",
    "rbac.authorization.k8s.io/v1": "Role RoleBinding",
    "storage.k8s.io/v1": "CSIStorageCapacity",
}
_CLUSTER_SCOPED = {
    "v1": "ComponentStatus Namespace Node PersistentVolume",
    "admissionregistration.k8s.io/v1": "MutatingWebhookConfiguration ValidatingAdmissionPolicy "
    "ValidatingAdmissionPolicyBinding ValidatingWebhookConfiguration",
    "apiextensions.k8s.io/v1": "CustomResourceDefinition",
    "apiregistration.k8s.io/v1": "APIService",
    "certificates.k8s.io/v1": "CertificateSigningRequest",
    "flowcontrol.apiserver.k8s.io/v1": "FlowSchema PriorityLevelConfiguration",
    "networking.k8s.io/v1": "IngressClass",
    "node.k8s.io/v1": "RuntimeClass",
    "rbac.authorization.k8s.io/v1": "ClusterRole ClusterRoleBinding",
    "scheduling.k8s.io/v1": "PriorityClass",
    "storage.k8s.io/v1": "CSIDriver CSINode StorageClass VolumeAttachment",
}
_TOOLS = ("config.kubernetes.io/", "internal.config.kubernetes.io/", "config.k8s.io/")
_STORED = {"resourceVersion": "1"}


class _Type(NamedTuple):
    api_version: str
    kind: str

    @property
    def plural(self) -> str:
        """A name for URLs; clients learn it by discovery, so that any will do."""
        return f"{self.kind.lower()}s"


class Cluster:
    """Objects as an API server shows them; everything is computed from what is given here.

    Args:
        objects: what the cluster holds.
        namespace: where an object is that names none, if its kind has namespaces.
        kube_version: such as `v1.34.0`.
        api_versions: further groups and versions that the server has, such as `cert-manager.io/v1`
            or `cert-manager.io/v1/Issuer`.
    """

    def __init__(
        self,
        objects: Iterable[Mapping[str, Any]],
        namespace: str = "default",
        kube_version: str = "",
        api_versions: Iterable[str] = (),
    ) -> None:
        self.kube_version = kube_version
        self.types = _built_in()
        for name in api_versions:
            api_version, kind = _split_kind(name)
            self.types.setdefault(api_version, {})
            if kind:
                self.types[api_version].setdefault(kind, True)
        held = [stored for given in objects if (stored := _stored(given))]
        for stored in held:
            self._learn(stored)
        self.objects: dict[_Type, list[dict[str, Any]]] = {}
        for stored in held:
            kind = _Type(str(stored["apiVersion"]), str(stored["kind"]))
            if self.types[kind.api_version][kind.kind]:
                stored["metadata"].setdefault("namespace", namespace)
            self.objects.setdefault(kind, []).append(stored)

    def _learn(self, stored: Mapping[str, Any]) -> None:
        """Learn the type of an object, and those that a CustomResourceDefinition defines."""
        kinds = self.types.setdefault(str(stored["apiVersion"]), {})
        kinds.setdefault(str(stored["kind"]), True)
        spec = stored.get("spec")
        if stored["kind"] == "CustomResourceDefinition" and isinstance(spec, dict):
            kind = (spec.get("names") or {}).get("kind")
            for version in spec.get("versions") or ():
                api_version = f"{spec.get('group')}/{version.get('name')}"
                defined = self.types.setdefault(api_version, {})
                defined[str(kind)] = spec.get("scope") != "Cluster"

    def answer(self, path: str) -> dict[str, Any] | None:
        """Give what the API server says at a path; None when there is nothing."""
        parts = [unquote(part) for part in path.strip("/").split("/")]
        match parts:
            case ["version"]:
                return self._version()
            case ["api"]:
                return {"kind": "APIVersions", "versions": ["v1"]}
            case ["apis"]:
                return self._groups()
            case ["api", version, *rest]:
                return self._group_version(version, rest)
            case ["apis", group, version, *rest]:
                return self._group_version(f"{group}/{version}", rest)
        return None

    def _version(self) -> dict[str, str]:
        major, _, rest = self.kube_version.removeprefix("v").partition(".")
        minor = rest.partition(".")[0]
        return {"major": major, "minor": minor, "gitVersion": self.kube_version}

    def _groups(self) -> dict[str, Any]:
        versions: dict[str, list[dict[str, str]]] = {}
        for api_version in sorted(self.types):
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
        match parts:
            case []:
                return self._resources(api_version)
            case [plural, *name]:
                for kind in self.types.get(api_version, ()):
                    found = _Type(api_version, kind)
                    if found.plural == plural and len(name) < 2:
                        return self._objects(found, namespace, *name)
        return None

    def _resources(self, api_version: str) -> dict[str, Any]:
        """Give the types of a group; an unknown group has none, so that `lookup` finds nothing."""
        return {
            "kind": "APIResourceList",
            "apiVersion": "v1",
            "groupVersion": api_version,
            "resources": [
                {
                    "name": _Type(api_version, kind).plural,
                    "singularName": kind.lower(),
                    "kind": kind,
                    "namespaced": namespaced,
                    "verbs": ["get", "list"],
                }
                for kind, namespaced in sorted(self.types.get(api_version, {}).items())
            ],
        }

    def _objects(self, wanted: _Type, namespace: str, name: str = "") -> dict[str, Any] | None:
        """Give the object of this name, or without a name the list of all."""
        found = [
            stored
            for stored in self.objects.get(wanted, ())
            if namespace in ("", stored["metadata"].get("namespace"))
            and name in ("", stored["metadata"]["name"])
        ]
        if name:
            return found[0] if found else None
        return {
            "kind": f"{wanted.kind}List",
            "apiVersion": wanted.api_version,
            "metadata": _STORED,
            "items": found,
        }


@contextmanager
def served(request: RenderRequest, more_types: Iterable[str] = ()) -> Iterator[str]:
    """Serve the objects of a request, if its chart may look them up, and give the URL, or "" ."""
    if not request.looks_up:
        yield ""
        return
    api_versions = (*request.api_versions, *more_types)
    cluster = Cluster(
        request.objects or (), request.namespace, request.kube_version, api_versions
    )
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
            path = urlsplit(line.decode("latin-1").split(" ")[1]).path
            found = self.server.cluster.answer(path)
            status = "200 OK" if found is not None else "404 Not Found"
            body = json.dumps(_NOT_FOUND if found is None else found).encode()
            head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\n"
            self.wfile.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)


_NOT_FOUND = {
    "kind": "Status",
    "apiVersion": "v1",
    "metadata": {},
    "status": "Failure",
    "message": "the server could not find the requested resource",
    "reason": "NotFound",
    "code": 404,
}


def _built_in() -> dict[str, dict[str, bool]]:
    """Give by API version the kinds of Kubernetes, and whether they have namespaces."""
    types: dict[str, dict[str, bool]] = {}
    for table, namespaced in ((_NAMESPACED, True), (_CLUSTER_SCOPED, False)):
        for api_version, kinds in table.items():
            types.setdefault(api_version, {}).update(dict.fromkeys(kinds.split(), namespaced))
    return types


def _split_kind(name: str) -> tuple[str, str]:
    """Split `group/version/Kind`, `group/version` or `v1`; the kind is "" when there is none."""
    parts = name.split("/")
    if len(parts) > 1 and parts[-1][:1].isupper():
        return "/".join(parts[:-1]), parts[-1]
    return name, ""


def _stored(given: Mapping[str, Any]) -> dict[str, Any] | None:
    """Give an object as the API server keeps it; None for what is none."""
    metadata = given.get("metadata")
    if not isinstance(metadata, Mapping) or not all(
        isinstance(text, str) and text
        for text in (given.get("apiVersion"), given.get("kind"), metadata.get("name"))
    ):
        return None
    annotations = {
        key: value
        for key, value in (metadata.get("annotations") or {}).items()
        if not key.startswith(_TOOLS)
    }
    kept = {key: value for key, value in metadata.items() if key != "annotations"}
    shown = {"annotations": annotations} if annotations else {}
    stored = {**given, "metadata": {**kept, **shown, **_STORED}}
    if stored["kind"] == "Secret" and isinstance(plain := stored.pop("stringData", None), dict):
        encoded = {key: base64.b64encode(str(text).encode()).decode() for key, text in plain.items()}
        stored["data"] = {**(stored.get("data") or {}), **encoded}
    return stored
