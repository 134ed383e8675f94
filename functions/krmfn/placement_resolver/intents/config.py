"""The functionConfig of placement-resolver."""

from typing import Annotated, Literal

from pydantic import Field

from krmfn.sdk.config import FunctionConfig, FunctionSpec
from krmfn.sdk.model import CelRule, DnsLabel, DnsName, Model, Pattern

Template = Annotated[
    str,
    Pattern(
        r"^([^{}]|\{cluster\}|\{intent\})+$",
        "a text in which `{cluster}` and `{intent}` are the only names in braces",
    ),
]
"""A text with the names of the cluster and the intent put in."""


class Upstream(Model):
    """The package that Porch makes variants of."""

    cel_rules = (
        CelRule(
            "has(self.revision) != has(self.workspaceName)",
            "must be given, or else `workspaceName`",
            lambda upstream: (upstream.revision is None) != (upstream.workspace_name is None),
            field="revision",
        ),
    )

    repo: DnsName = Field(description="The Porch Repository it is in.")
    package: str = Field(
        min_length=1, description="The package; `{intent}` stands for the intent's name."
    )
    revision: Annotated[int, Field(ge=1)] | None = Field(None, description="Its revision.")
    workspace_name: str | None = Field(
        None, min_length=1, description="The workspace of its revision, instead of `revision`."
    )


class Injector(Model):
    """An object of the management cluster that Porch puts into each variant."""

    group: str | None = Field(None, description="Its API group.")
    version: str | None = Field(None, description="Its API version.")
    kind: str | None = Field(None, description="Its kind.")
    name: Template = Field(description="Its name.")


class PipelineFunction(Model):
    """A function that Porch puts before the pipeline of each variant."""

    image: str = Field(min_length=1, description="The image of the function.")
    name: str | None = Field(None, description="The name of the step.")
    config_map: dict[str, str] = Field({}, description="Its functionConfig, as flat strings.")
    config_path: str | None = Field(None, description="The file that holds its functionConfig.")


class Pipeline(Model):
    """Functions that Porch puts before the pipeline of each variant."""

    mutators: tuple[PipelineFunction, ...] = Field((), description="Functions that change.")
    validators: tuple[PipelineFunction, ...] = Field((), description="Functions that check.")


class PackageVariants(Model):
    """How decisions become Porch PackageVariantSets."""

    cel_rules = (
        CelRule(
            "!has(self.packageContext) || "
            "!('name' in self.packageContext || 'package-path' in self.packageContext)",
            "must not set `name` or `package-path`, which kpt does",
            lambda spec: not {"name", "package-path"} & spec.package_context.keys(),
            field="packageContext",
        ),
    )

    upstream: Upstream = Field(description="The package to make variants of.")
    namespace: DnsLabel = Field("default", description="Namespace of Porch's Repositories.")
    repository: Template = Field("{cluster}", description="The Repository of a cluster.")
    package_names: tuple[Template, ...] = Field(
        (), description="Names of the variants in it; the upstream package's when empty."
    )
    adoption_policy: Literal["adoptExisting", "adoptNone"] | None = Field(
        None, description="Whether Porch takes over packages of these names."
    )
    deletion_policy: Literal["delete", "orphan"] | None = Field(
        None, description="What becomes of the variants of clusters that are left."
    )
    labels: dict[str, Template] = Field({}, description="Labels of the package revisions.")
    annotations: dict[str, Template] = Field({}, description="Their annotations.")
    package_context: dict[str, Template] = Field(
        {}, description="More data for each variant's package context than cluster and placement."
    )
    injectors: tuple[Injector, ...] = Field((), description="Objects that Porch puts in.")
    pipeline: Pipeline = Field(Pipeline(), description="Functions that Porch puts in.")


class ApplicationSetOptions(Model):
    """How Argo CD deploys what was placed."""

    repo_url: str = Field(min_length=1, alias="repoURL", description="The Git repository.")
    target_revision: str = Field("HEAD", min_length=1, description="The branch, tag or commit.")
    directory: str = Field("", description="The folder of this package in the repository.")
    path: Template = Field("clusters/{cluster}", description="What to deploy, below `directory`.")
    project: str = Field("default", description="The AppProject of the Applications.")
    namespace: DnsLabel = Field("argocd", description="Namespace of the ApplicationSets.")
    destination_namespace: str = Field(
        "", description="The namespace for resources that have none."
    )


class GitGenerator(Model):
    """How decisions become files for Argo CD's git generator."""

    application_set: ApplicationSetOptions | None = Field(
        None, description="The ApplicationSet that reads the files; none is made when absent."
    )


_VARIANTS = CelRule(
    "!has(self.apply) || self.apply != 'PackageVariantSet' || has(self.packageVariantSet)",
    "must be given with `apply: PackageVariantSet`",
    lambda spec: spec.apply != "PackageVariantSet" or spec.package_variant_set is not None,
    field="packageVariantSet",
)


class PlacementResolverSpec(FunctionSpec):
    """Which intents are resolved, and what is written beside the decisions."""

    cel_rules = (_VARIANTS,)

    intents: tuple[str, ...] = Field(
        (), description="Names of the PlacementIntents to resolve; all when empty."
    )
    apply: Literal["None", "Overlays", "PackageVariantSet", "GitGenerator"] = Field(
        "None",
        description="What applies the decisions: nothing, copies of the resources under "
        "`clusters/<name>` with the changes that the cluster needs, a Porch PackageVariantSet, or "
        "files for Argo CD's git generator.",
    )
    namespace: str = Field(
        "", description="Namespace of the decisions; that of the ClusterProfiles when empty."
    )
    package_variant_set: PackageVariants | None = Field(
        None, description="The variants, with `apply: PackageVariantSet`."
    )
    git_generator: GitGenerator = Field(
        GitGenerator(), description="The files, with `apply: GitGenerator`."
    )


class PlacementResolver(FunctionConfig):
    """The functionConfig of placement-resolver."""

    spec: PlacementResolverSpec = Field(PlacementResolverSpec(), description="What to do.")
