"""A Porch PackageVariantSet: a variant of an upstream package for every chosen cluster."""

from collections.abc import Iterator, Mapping
from typing import Any

from krmfn.placement_resolver.emit.naming import file_of, filled, key_of, slug_of
from krmfn.placement_resolver.intents.config import PackageVariants
from krmfn.placement_resolver.plan import Assignment, Decision
from krmfn.sdk import Generated, Place, Resource

API_VERSION = "config.porch.kpt.dev/v1alpha2"
KIND = "PackageVariantSet"
CONTEXT_CLUSTER, CONTEXT_PLACEMENT, CONTEXT_REPLICAS = "cluster", "placement", "replicas"


def package_variant_set(decision: Decision, options: PackageVariants) -> Iterator[Generated]:
    """Yield the set of a decision; none where nothing was chosen, since Porch takes no empty one.

    Every cluster is a target of its own, so that each variant knows its cluster.
    """
    if not decision.assignments:
        return
    chosen = sorted(decision.assignments, key=lambda each: each.cluster.name)
    resource = Resource.new(
        API_VERSION,
        KIND,
        slug_of(decision.intent),
        namespace=options.namespace,
        place=Place(file_of(decision.intent, "package-variant-set"), 0),
        spec={
            "upstream": _upstream(decision, options),
            "targets": [_target(each, decision, options) for each in chosen],
        },
    )
    yield Generated(resource, by=decision.intent)


def _upstream(decision: Decision, options: PackageVariants) -> dict[str, Any]:
    upstream = options.upstream.model_dump(exclude_none=True)
    name = decision.intent.metadata.name
    return upstream | {"package": upstream["package"].replace("{intent}", name)}


def _target(assignment: Assignment, decision: Decision, options: PackageVariants) -> dict[str, Any]:
    names = {"cluster": assignment.cluster.name, "intent": decision.intent.metadata.name}
    repository: dict[str, Any] = {"name": filled(options.repository, names)}
    if options.package_names:
        repository["packageNames"] = [filled(name, names) for name in options.package_names]
    context = {
        CONTEXT_CLUSTER: assignment.cluster.name,
        CONTEXT_PLACEMENT: key_of(decision.intent),
    }
    if assignment.replicas is not None:
        context[CONTEXT_REPLICAS] = str(assignment.replicas)
    template = {
        "adoptionPolicy": options.adoption_policy,
        "deletionPolicy": options.deletion_policy,
        "labels": _filled(options.labels, names),
        "annotations": _filled(options.annotations, names),
        "packageContext": {"data": context | _filled(options.package_context, names)},
        "pipeline": options.pipeline.model_dump(exclude_defaults=True, mode="json"),
        "injectors": [
            each.model_dump(exclude_none=True) | {"name": filled(each.name, names)}
            for each in options.injectors
        ],
    }
    said = {key: value for key, value in template.items() if value}
    return {"repositories": [repository], "template": said}


def _filled(texts: Mapping[str, str], names: Mapping[str, str]) -> dict[str, str]:
    return {key: filled(text, names) for key, text in texts.items()}
