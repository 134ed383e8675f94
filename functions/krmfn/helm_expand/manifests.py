"""From rendered templates to manifests in Helm's order: documents, hooks, tests, CRDs, notes."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from krmfn.sdk import YamlError, yaml_dump, yaml_load

_INSTALL_ORDER = {
    kind: rank
    for rank, kind in enumerate(
        [
            "PriorityClass",
            "Namespace",
            "NetworkPolicy",
            "ResourceQuota",
            "LimitRange",
            "PodSecurityPolicy",
            "PodDisruptionBudget",
            "ServiceAccount",
            "Secret",
            "SecretList",
            "ConfigMap",
            "StorageClass",
            "PersistentVolume",
            "PersistentVolumeClaim",
            "CustomResourceDefinition",
            "ClusterRole",
            "ClusterRoleList",
            "ClusterRoleBinding",
            "ClusterRoleBindingList",
            "Role",
            "RoleList",
            "RoleBinding",
            "RoleBindingList",
            "Service",
            "DaemonSet",
            "Pod",
            "ReplicationController",
            "ReplicaSet",
            "Deployment",
            "HorizontalPodAutoscaler",
            "StatefulSet",
            "Job",
            "CronJob",
            "IngressClass",
            "Ingress",
            "APIService",
            "MutatingWebhookConfiguration",
            "ValidatingWebhookConfiguration",
        ]
    )
}
_HOOK = "helm.sh/hook"
_HOOK_WEIGHT = "helm.sh/hook-weight"
_HOOK_DELETE_POLICY = "helm.sh/hook-delete-policy"
_EVENTS = frozenset(
    f"{when}-{what}"
    for when in ("pre", "post")
    for what in ["install", "delete", "upgrade", "rollback"]
) | {"test"}
_NAME = re.compile(r"[^\x00-\x20\x7f]{1,253}")
_OLD_EVENTS = {"test-success": "test"}
_SEPARATOR = re.compile(r"^---", re.MULTILINE)
_KEEPS_BLANK_LINES = re.compile(r"[|>][0-9]?\+")


@dataclass(frozen=True)
class Hook:
    """When Helm applies a manifest apart from the release.

    Attributes:
        events: such as `pre-install`; `test` for every test.
        weight: hooks of an event run from the lowest weight to the highest.
        delete_policies: such as `hook-succeeded`.
    """

    events: tuple[str, ...]
    weight: int = 0
    delete_policies: tuple[str, ...] = ()

    @property
    def is_test(self) -> bool:
        """Whether `helm test` runs it."""
        return "test" in self.events


@dataclass(frozen=True)
class Manifest:
    """One Kubernetes object that a chart renders.

    Attributes:
        template: path of the template, or of the file in `crds/`.
        index: place among the objects of that file, from 0.
        text: YAML as it was rendered, with comments; of an item of a List, written anew.
        body: what the text means, in plain values.
        hook: how Helm treats it, if it is a hook.
    """

    template: str
    index: int
    text: str
    body: Mapping[str, Any]
    hook: Hook | None = None

    @property
    def api_version(self) -> str:
        """The `apiVersion`."""
        return str(self.body["apiVersion"])

    @property
    def kind(self) -> str:
        """The `kind`."""
        return str(self.body["kind"])

    @property
    def name(self) -> str:
        """The `metadata.name`, "" when absent."""
        return str(self._metadata.get("name") or "")

    @property
    def namespace(self) -> str:
        """The `metadata.namespace`, "" when absent."""
        return str(self._metadata.get("namespace") or "")

    @cached_property
    def _metadata(self) -> Mapping[str, Any]:
        return self.body.get("metadata") or {}


@dataclass(frozen=True)
class Problem:
    """A document that is no Kubernetes object.

    Attributes:
        template: path of the template.
        line: line of the rendered text, from 1; 0 when unknown.
        message: names chart, template and line.
    """

    template: str
    line: int
    message: str


@dataclass(frozen=True)
class Manifests:
    """What a chart renders.

    Attributes:
        resources: the release itself, in the order in which Helm installs.
        hooks: all hooks but tests, in Helm's order of kinds.
        tests: what `helm test` runs.
        crds: what lies in `crds/`, by path.
        notes: the chart's NOTES.txt; "" when there is none or the engine does not give it.
        problems: what could not be read; a chart that has problems must not be used.
        warnings: what differs from what the chart's author may expect, one sentence each.
    """

    resources: tuple[Manifest, ...] = ()
    hooks: tuple[Manifest, ...] = ()
    tests: tuple[Manifest, ...] = ()
    crds: tuple[Manifest, ...] = ()
    notes: str = ""
    problems: tuple[Problem, ...] = ()
    warnings: tuple[str, ...] = ()


def read(
    templates: Mapping[str, str], crds: Iterable[tuple[str, str]] = (), *, chart: str
) -> Manifests:
    """Read what an engine rendered.

    Args:
        templates: rendered text by template path.
        crds: path and text of the files in `crds/`.
        chart: the chart's name.
    """
    reader = _Reader(chart)
    files = {
        path: text
        for path, text in sorted(templates.items())
        if not path.endswith("NOTES.txt") and not path.rpartition("/")[2].startswith("_")
    }
    found = [manifest for path, text in files.items() for manifest in reader.read(path, text)]
    classified = [reader.classified(manifest) for manifest in found]
    ordered = sorted((manifest for manifest in classified if manifest), key=_install_order)
    hooks = [manifest for manifest in ordered if manifest.hook]
    return Manifests(
        resources=tuple(manifest for manifest in ordered if not manifest.hook),
        hooks=tuple(manifest for manifest in hooks if manifest.hook and not manifest.hook.is_test),
        tests=tuple(manifest for manifest in hooks if manifest.hook and manifest.hook.is_test),
        crds=tuple(manifest for path, text in sorted(crds) for manifest in reader.read(path, text)),
        notes=templates.get(f"{chart}/templates/NOTES.txt", ""),
        problems=tuple(reader.problems),
        warnings=tuple(reader.warnings),
    )


class _Reader:
    """Reads files one after another and gathers what is wrong with them."""

    def __init__(self, chart: str) -> None:
        self.chart = chart
        self.problems: list[Problem] = []
        self.warnings: list[str] = []

    def read(self, path: str, text: str) -> Iterator[Manifest]:
        """Give the objects of a file."""
        index = 0
        for line, document in _split(text):
            for written, body in self._objects(path, line, document):
                yield Manifest(path, index, written, body)
                index += 1

    def _objects(self, path: str, line: int, text: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """Give text and body of each object in a document."""
        try:
            body = yaml_load(text)
        except YamlError as error:
            if "duplicate key" not in error.problem:
                self._refuse(path, line - 1 + (error.line or 1), f"be YAML: {error.problem}")
                return
            body = yaml_load(text := _without_duplicates(text))
            where = f"`{path}` line {error.moved(line - 1).line}"
            self.warnings.append(f"{where}: {error.problem}; the last one holds, as in Helm")
        if body is None:
            return
        if not isinstance(body, dict) or not isinstance(body.get("metadata") or {}, dict):
            self._refuse(path, line, "be a Kubernetes object")
        elif not all(isinstance(body.get(key), str) for key in ("apiVersion", "kind")):
            self._refuse(path, line, "have `apiVersion` and `kind`")
        elif wrong := _wrong_metadata(body.get("metadata") or {}):
            self._refuse(path, line, wrong)
        elif body["kind"].endswith("List") and isinstance(body.get("items"), list):
            for item in _items(body):
                if isinstance(item, dict):
                    yield yaml_dump(item), item
                else:
                    self._refuse(path, line, "list Kubernetes objects")
        else:
            yield text, body

    def classified(self, manifest: Manifest) -> Manifest | None:
        """Give the manifest with its hook; None when Helm leaves it out for an unknown hook."""
        metadata = manifest.body.get("metadata") or {}
        annotations = metadata.get("annotations")
        if not isinstance(annotations, dict) or _HOOK not in annotations:
            return manifest
        events = _words(annotations[_HOOK])
        if not _EVENTS.issuperset(events):
            what = f"{manifest.kind} {manifest.name} of `{manifest.template}`"
            message = f'{what} is left out, as in Helm: "{annotations[_HOOK]}" is no hook'
            self.warnings.append(message)
            return None
        policies = _words(annotations.get(_HOOK_DELETE_POLICY, ""))
        return replace(
            manifest, hook=Hook(events, _weight(annotations.get(_HOOK_WEIGHT)), policies)
        )

    def _refuse(self, path: str, line: int, rule: str) -> None:
        place = f'chart "{self.chart}": what `{path}` renders at line {line}'
        self.problems.append(Problem(path, line, f"{place} must {rule}"))


def _split(text: str) -> Iterator[tuple[int, str]]:
    """Give line (from 1) and text of each document that is not blank.

    As Helm does, cut wherever a line begins with `---`, whatever follows it, and drop the blanks
    on both sides of the cut.
    """
    body = text.lstrip()
    lines_above = text.count("\n", 0, len(text) - len(body))
    start = 0
    for end, following in [*(cut.span() for cut in _SEPARATOR.finditer(body)), (len(body), None)]:
        piece = body[start:end]
        document = piece.lstrip()
        if document:
            line = 1 + lines_above + body.count("\n", 0, end - len(document))
            yield line, _ended(document if following is None else document.rstrip())
        start = following or end


def _ended(document: str) -> str:
    """End a document in one newline, unless the blank lines at its end belong to a value."""
    if _KEEPS_BLANK_LINES.search(document):
        return f"{document}\n"
    return document.rstrip("\n") + "\n"


def _wrong_metadata(metadata: Mapping[str, Any]) -> str:
    """Say what metadata must be that a cluster would refuse, "" when it is right."""
    for key in ("name", "namespace"):
        value = metadata.get(key)
        if value not in (None, "") and not (isinstance(value, str) and _NAME.fullmatch(value)):
            return f"have a `metadata.{key}` that is a name, but it is {str(value)[:80]!r}"
    for key in ("labels", "annotations"):
        values = metadata.get(key)
        if values is not None and not isinstance(values, dict):
            return f"have a `metadata.{key}` that is a map"
        for name, value in (values or {}).items():
            if value is not None and not isinstance(value, str):
                return f"have text as `metadata.{key}.{name}`: quote {str(value)[:80]}"
    return ""


def _items(body: Mapping[str, Any]) -> Iterator[Any]:
    """Give the items of a List; those of a list of one kind need not repeat what they are."""
    kind = body["kind"].removesuffix("List")
    known = {"apiVersion": body["apiVersion"], "kind": kind} if kind else {}
    for item in body["items"]:
        yield {**known, **item} if isinstance(item, dict) else item


def _without_duplicates(text: str) -> str:
    """Write a document anew with the last of the values that a repeated key has."""
    import yaml

    def clean(node: yaml.Node | None) -> None:
        if isinstance(node, yaml.MappingNode):
            node.value = list(
                {(key.tag, str(key.value)): (key, value) for key, value in node.value}.values()
            )
            for _, value in node.value:
                clean(value)
        elif isinstance(node, yaml.SequenceNode):
            for value in node.value:
                clean(value)

    node = yaml.compose(text, Loader=yaml.CSafeLoader)
    clean(node)
    return str(yaml.serialize(node, Dumper=yaml.CSafeDumper, width=2**30, allow_unicode=True))


def _words(value: Any) -> tuple[str, ...]:
    """Give the words of a comma-separated annotation, as Helm reads them."""
    words = (word.strip().lower() for word in str(value).split(","))
    return tuple(_OLD_EVENTS.get(word, word) for word in words if word)


def _weight(value: Any) -> int:
    text = str(value)
    return int(text) if re.fullmatch(r"[+-]?[0-9]{1,18}", text, re.ASCII) else 0


def _install_order(manifest: Manifest) -> tuple[int, str]:
    rank = _INSTALL_ORDER.get(manifest.kind, len(_INSTALL_ORDER))
    return rank, manifest.kind
