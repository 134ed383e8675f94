"""Copies of the placed resources for every chosen cluster, with the changes that it needs."""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from krmfn.kinds.pods import PodError
from krmfn.placement_resolver.emit.naming import folder_name
from krmfn.placement_resolver.emit.overrides import PatchError, with_patch
from krmfn.placement_resolver.emit.pods import Mutation, Target, with_pods_changed
from krmfn.placement_resolver.plan import Assignment, Decision
from krmfn.sdk import Generated, Place, Resource, Result, error, warning

_UPSTREAM = "internal.kpt.dev/upstream-identifier"  # kpt merges updates by it: it must be unique


@dataclass(frozen=True)
class Overlays:
    """The copies that one decision asks for.

    Attributes:
        mutations: in how many clusters each field was changed; counted while copies are made.
        failed: the patches that could not be applied, each told for the first cluster only.
    """

    decision: Decision
    mutations: Counter[tuple[str, Mutation]] = field(default_factory=Counter)
    failed: set[tuple[str, str]] = field(default_factory=set)

    def __iter__(self) -> Iterator[Generated | Result]:
        yield from _about_replicas(self.decision)
        bases = [_Base(resource) for resource in self.decision.resources]
        for assignment in sorted(self.decision.assignments, key=lambda each: each.cluster.name):
            for base in bases:
                yield from self._copy(base, assignment)

    def _copy(self, base: "_Base", assignment: Assignment) -> Iterator[Generated | Result]:
        source, cluster = base.source, assignment.cluster.name
        try:
            body, mutations = _changed(base, assignment, self.decision)
        except PodError as problem:
            yield error(str(problem), code="pod-invalid", at=source, field=problem.field)
        except PatchError as problem:
            if (problem.field, str(source.id)) not in self.failed:
                self.failed.add((problem.field, str(source.id)))
                message = f"{problem} (`{source.kind} {source.name}` in cluster `{cluster}`)"
                intent = self.decision.intent
                yield error(message, code="patch-failed", at=intent, field=problem.field)
        else:
            name = f"{source.kind} {source.name}"
            self.mutations.update((name, mutation) for mutation in set(mutations))
            place = Place(f"clusters/{folder_name(cluster)}/{base.path}", 0)
            yield Generated(base.variant(body).at(place), by=self.decision.intent)


class _Base:
    """A placed resource as its copies begin; equal copies are written once."""

    def __init__(self, source: Resource) -> None:
        self.source = source
        self.clean = _without_upstream(source).clone()
        self.path = source.path or _file_name(source)
        self._variants: dict[str, Resource] = {}

    def variant(self, body: Mapping[str, Any]) -> Resource:
        key = json.dumps(body, default=repr)
        if key not in self._variants:
            self._variants[key] = self.clean.replaced(body)
        return self._variants[key]


def _changed(
    base: _Base, assignment: Assignment, decision: Decision
) -> tuple[Mapping[str, Any], list[Mutation]]:
    body: Mapping[str, Any] = base.clean.body
    mutations: list[Mutation] = []
    for plan in assignment.pods:
        if plan.resource is base.source:
            target = Target(plan, assignment.cluster, decision.intent.spec)
            body, made = with_pods_changed(body, target)
            mutations += made
    for patch in assignment.patches:
        if any(each is base.source for each in patch.resources):
            body, made = with_patch(body, patch)
            mutations += made
    return body, mutations


def _about_replicas(decision: Decision) -> Iterator[Result]:
    """Warn where more than the number of replicas says how much a cluster does."""
    divided = {
        (plan.resource.kind, plan.resource.name)
        for assignment in decision.assignments
        for plan in assignment.pods
        if plan.replicas is not None
    }
    for resource in decision.resources:
        spec = resource.body.get("spec")
        if not isinstance(spec, Mapping):
            continue
        if resource.kind == "HorizontalPodAutoscaler":
            target = spec.get("scaleTargetRef")
            scaled = target if isinstance(target, Mapping) else {}
            if (scaled.get("kind"), scaled.get("name")) in divided:
                name = f"{scaled['kind']} {scaled['name']}"
                message = f"must suit every cluster: the placement divides replicas of `{name}`"
                yield _warning(message, "autoscaled", resource, "scaleTargetRef")
        if (resource.kind, resource.name) in divided and spec.get("completions") is not None:
            message = "must suit every cluster: the placement divides `parallelism` only"
            yield _warning(message, "completions", resource, "completions")


def _warning(message: str, code: str, resource: Resource, name: str) -> Result:
    return warning(message, code=code, at=resource, field=f"spec.{name}")


def _without_upstream(source: Resource) -> Resource:
    if _UPSTREAM not in source.annotations:
        return source
    return source.merged({"metadata": {"annotations": {_UPSTREAM: None}}})


def _file_name(resource: Resource) -> str:
    name = f"{resource.kind}_{resource.name}.yaml".lower()
    return re.sub(r"[^a-z0-9._-]|^\.+|\.\.+", "-", name)
