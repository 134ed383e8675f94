"""Files for the git generator of Argo CD's ApplicationSets: one for every chosen cluster.

The generator reads a file of JSON or YAML and gives its fields to a template, as in
``{{.spec.cluster}}``. A function can only write resources, so the files are resources.
"""

from collections.abc import Iterator
from typing import Any

from krmfn.placement_resolver.emit.naming import (
    FOLDER,
    file_of,
    filled,
    folder_name,
    key_of,
    slug,
    slug_of,
)
from krmfn.placement_resolver.intents.config import ApplicationSetOptions, GitGenerator
from krmfn.placement_resolver.intents.report import PlacementTarget, PlacementTargetSpec
from krmfn.placement_resolver.plan import Assignment, Decision
from krmfn.sdk import Generated, Metadata, Place, Resource
from krmfn.sdk.resource import LOCAL_CONFIG

_TARGETS = "targets"


def git_generator(decision: Decision, options: GitGenerator) -> Iterator[Generated]:
    """Yield a file for each chosen cluster, and the ApplicationSet that reads them if wanted."""
    for assignment in sorted(decision.assignments, key=lambda each: each.cluster.name):
        yield Generated(_target(assignment, decision), by=decision.intent)
    if options.application_set:
        yield Generated(_application_set(decision, options.application_set), by=decision.intent)


def _target(assignment: Assignment, decision: Decision) -> Resource:
    cluster = assignment.cluster
    intent = decision.intent
    made = PlacementTarget(
        metadata=Metadata(
            name=slug(key_of(intent), cluster.name), annotations={LOCAL_CONFIG: "true"}
        ),
        spec=PlacementTargetSpec(
            cluster=cluster.name,
            cluster_namespace=cluster.namespace,
            placement=key_of(intent),
            labels=dict(sorted(cluster.labels.items())),
            replicas=assignment.replicas,
        ),
    )
    file = f"{FOLDER}/{slug_of(intent)}/{_TARGETS}/{folder_name(cluster.name)}.yaml"
    return Resource.of(made.to_body(), place=Place(file, 0))


def _application_set(decision: Decision, options: ApplicationSetOptions) -> Resource:
    intent = decision.intent
    directory = f"{options.directory.strip('/')}/".lstrip("/")
    names = {"cluster": "{{.spec.cluster}}", "intent": intent.metadata.name}
    source = {"repoURL": options.repo_url, "targetRevision": options.target_revision}
    files = f"{directory}{FOLDER}/{slug_of(intent)}/{_TARGETS}/*.yaml"
    generator = {
        "repoURL": options.repo_url,
        "revision": options.target_revision,
        "files": [{"path": files}],
    }
    destination: dict[str, Any] = {"name": "{{.spec.cluster}}"}
    if options.destination_namespace:
        destination["namespace"] = options.destination_namespace
    application = {
        "project": options.project,
        "source": {
            **source,
            "path": f"{directory}{filled(options.path, names)}",
            **_only_placed(decision, options),
        },
        "destination": destination,
    }
    return Resource.new(
        "argoproj.io/v1alpha1",
        "ApplicationSet",
        slug_of(intent),
        namespace=options.namespace,
        place=Place(file_of(intent, "application-set"), 0),
        spec={
            "goTemplate": True,
            "goTemplateOptions": ["missingkey=error"],
            "generators": [{"git": generator}],
            "template": {"metadata": {"name": "{{.metadata.name}}"}, "spec": application},
        },
    )


def _only_placed(decision: Decision, options: ApplicationSetOptions) -> dict[str, Any]:
    """Leave out, of a cluster's folder, its facts and what other intents place there."""
    if "{cluster}" not in options.path:
        return {}
    files = sorted({each.path for each in decision.resources if each.path})
    include = files[0] if len(files) == 1 else f"{{{','.join(files)}}}"
    return {"directory": {"recurse": True, "include": include}}
