"""Our own kinds: charts, their values, and how to render them."""

import base64
import binascii
from collections.abc import Mapping
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator

from krmfn.sdk.config import FunctionConfig, FunctionSpec
from krmfn.sdk.model import DnsLabel, DnsName, Kind, Model, Pattern

INTENT_VERSION = "intent.krmfn.dev/v1alpha1"

Merge = Literal["override", "merge", "replace"]
Sha256 = Annotated[str, Pattern("^[0-9a-f]{64}$", "64 lower-case hexadecimal digits")]
KubeVersion = Annotated[
    str,
    Pattern(r"^v?[0-9]+\.[0-9]+(\.[0-9]+)?([-+].*)?$", 'a Kubernetes version such as "v1.33.0"'),
]
RELEASE_NAME = Pattern(
    r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$",
    "a release name: lower-case letters, digits, and `-` or `.` between them",
)
ReleaseName = Annotated[str, Field(max_length=53), RELEASE_NAME]


Folder = Annotated[
    str,
    Pattern(
        r"^(\.|(\./)?\.?[^/.\x00-\x1f][^/\x00-\x1f]*(/\.?[^/.\x00-\x1f][^/\x00-\x1f]*)*)/?$",
        "a folder inside the package, relative to it and without `..`",
    ),
]


Expressions = Annotated[tuple[str, ...], Field(max_length=1_000)]


class ChartArchive(Model):
    """A chart, carried in the resource."""

    name: str = Field(min_length=1, description="The chart's name, as in its Chart.yaml.")
    version: str = Field(min_length=1, description="The chart's version, as in its Chart.yaml.")
    archive: str = Field(
        min_length=1, description="The chart's `.tgz` in base64; `krmfn chart vendor` makes it."
    )
    sha256: Sha256 = Field(description="SHA-256 of the `.tgz`: what was pinned is rendered.")
    provenance: str | None = Field(
        None, description="The chart's `.prov` file, as the author of the chart signed it."
    )
    source: str | None = Field(None, description="Where the chart came from; for people.")

    @field_validator("archive")
    @classmethod
    def _is_base64(cls, archive: str) -> str:
        try:
            base64.b64decode("".join(archive.split()), validate=True)
        except binascii.Error as problem:
            raise ValueError("must be base64 of a `.tgz` archive") from problem
        return archive

    @cached_property
    def content(self) -> bytes:
        """The bytes of the `.tgz`."""
        return base64.b64decode("".join(self.archive.split()))


class ValuesSource(Model):
    """Values that stand in another resource of the package."""

    kind: str = Field(
        "ConfigMap",
        description="Kind of the resource: `ConfigMap` or `Secret` (a key holds YAML), "
        "`HelmValues`, or any other kind, whose fields are the values.",
    )
    name: DnsName = Field(description="Name of the resource.")
    namespace: str | None = Field(None, description="Namespace, where a name is not enough.")
    key: str | None = Field(
        None,
        description="Key of the ConfigMap or Secret, `values.yaml` when absent; of other kinds the "
        "dotted path of the field that holds the values.",
    )
    target_path: str | None = Field(
        None,
        description="Dotted path below which the values, or a single value, are put, as in Flux's "
        "HelmRelease.",
    )
    optional: bool = Field(False, description="Whether the resource, or its key, may be missing.")


class Values(Model):
    """A chart's values, lowest first: valuesFrom, valuesFiles, valuesInline, then `set`."""

    values_from: tuple[ValuesSource, ...] = Field(
        (), description="Values from resources of the package, the last one wins."
    )
    values_files: tuple[str, ...] = Field(
        (), description="Values from files of the package, by path; each file is a KRM resource."
    )
    values_inline: dict[str, Any] = Field({}, description="Values as they are.")
    values_merge: Merge = Field(
        "override",
        description="How `valuesInline` meets `valuesFrom` and `valuesFiles`: `override` lets the "
        "inline values win, `merge` lets the others win, `replace` takes the inline values alone.",
    )
    set: Expressions = Field((), description="`path=value` in the syntax of Helm's `--set`.")
    set_string: Expressions = Field((), description="As Helm's `--set-string`.")
    set_json: Expressions = Field((), description="As Helm's `--set-json`.")
    set_literal: Expressions = Field((), description="As Helm's `--set-literal`.")


class Cluster(Model):
    """A cluster for which the chart is rendered on its own."""

    name: DnsLabel = Field(description="Name of the cluster; output goes to `clusters/<name>`.")
    namespace: DnsLabel | None = Field(None, description="Release namespace on this cluster.")
    kube_version: KubeVersion | None = Field(None, description="Its Kubernetes version.")
    api_versions: tuple[str, ...] | None = Field(
        None, description="API versions that it serves beyond Kubernetes' own."
    )
    values: Values = Field(Values(), description="Values that win over the chart's common ones.")


class FluxOrdering(Model):
    """What Flux's Kustomizations need to know beside the order."""

    source_name: DnsName = Field(description="Name of the source that holds the package.")
    source_kind: Literal["GitRepository", "OCIRepository", "Bucket"] = Field(
        "GitRepository", description="Kind of the source."
    )
    namespace: DnsLabel = Field("flux-system", description="Namespace of the Kustomizations.")
    path: str = Field("./", description="The package's folder in the source.")
    interval: str = Field("10m", description="How often Flux looks at the source.")


class ChartOptions(Model):
    """How charts are rendered; what a chart says wins over what the functionConfig says."""

    kube_version: KubeVersion | None = Field(
        None, description="`.Capabilities.KubeVersion`; v1.34.0 when absent, whatever the engine."
    )
    api_versions: tuple[str, ...] | None = Field(
        None, description="`.Capabilities.APIVersions` beyond Kubernetes' own."
    )
    crds: Literal["Include", "Skip"] | None = Field(
        None, description="CRDs in the chart's `crds/`: `Include` (default) or `Skip`."
    )
    tests: Literal["Drop", "Keep"] | None = Field(
        None, description="Chart tests: `Drop` (default) or `Keep` them."
    )
    hooks: Literal["Convert", "Keep", "Drop"] | None = Field(
        None,
        description="Hooks: `Convert` (default) them to the configured `ordering`, `Keep` them as "
        "they are, or `Drop` them. What cannot be expressed is told in a warning.",
    )
    ordering: Literal["DependsOn", "ArgoCD", "Flux"] | None = Field(
        None,
        description="What keeps the order of hooks and CRDs: `config.kubernetes.io/depends-on` "
        "(default; `kpt live`, Config Sync), Argo CD's hooks and waves, or Flux Kustomizations.",
    )
    flux: FluxOrdering | None = Field(None, description="Needed with `ordering: Flux`.")
    resource_policy: Literal["Convert", "Leave"] | None = Field(
        None,
        description="`helm.sh/resource-policy: keep`: `Convert` (default) it to the annotation "
        "that the tool of `ordering` obeys, or `Leave` it alone.",
    )
    namespaces: Literal["SetMissing", "Override", "Leave"] | None = Field(
        None,
        description="The release namespace: `SetMissing` (default) where a namespaced resource "
        "has none, `Override` every namespace, or `Leave` all as rendered.",
    )
    lookup: Literal["Package", "Empty"] | None = Field(
        None,
        description="What `lookup` finds: the resources of the `Package` (default) or nothing.",
    )
    nondeterminism: Literal["Fixpoint", "Pin", "Error"] | None = Field(
        None,
        description="Random or time-dependent fields: `Fixpoint` (default) renders until `lookup` "
        "makes them stable, and pins what is left to what the package has; `Pin` hides the chart's "
        "own output from `lookup` and pins all of them; `Error` refuses the chart.",
    )
    trusted: bool | None = Field(
        None,
        description="Render without limits on time and memory; false by default.",
    )


class HelmChartSpec(ChartOptions):
    """A chart and how to render it."""

    chart: ChartArchive = Field(description="The chart itself.")
    release_name: ReleaseName | None = Field(
        None, description="`.Release.Name`; the resource's name when absent."
    )
    namespace: DnsLabel = Field("default", description="`.Release.Namespace`.")
    values: Values = Field(Values(), description="The values.")
    clusters: tuple[Cluster, ...] = Field(
        (), description="Clusters to render for, one rendering each; one for all when empty."
    )
    path: Folder | None = Field(
        None,
        description="Folder of the output in the package; the resource's name when absent.",
    )

    @field_validator("clusters")
    @classmethod
    def _are_different(cls, clusters: tuple[Cluster, ...]) -> tuple[Cluster, ...]:
        if len({cluster.name for cluster in clusters}) < len(clusters):
            raise ValueError("must name every cluster once")
        return clusters


class HelmChart(Kind, api_version=INTENT_VERSION):
    """A Helm chart that is rendered with the package."""

    spec: HelmChartSpec = Field(description="The chart and how to render it.")


class HelmValues(Kind, api_version=INTENT_VERSION):
    """Values of a chart as a resource, so that they can be a file of a package."""

    values: dict[str, Any] = Field({}, description="The values.")


class HelmExpandSpec(FunctionSpec, ChartOptions):
    """How all charts of a package are rendered."""

    engine: Literal["auto", "native", "cli"] = Field(
        "auto",
        description="Helm's code in this process (`native`), a `helm` on PATH (`cli`), or the "
        "first of them that is there.",
    )
    engine_version: str | None = Field(
        None, description="Helm versions that may render, as a range such as `>=4.2, <5`."
    )


class HelmExpand(FunctionConfig, api_version="fn.krmfn.dev/v1alpha1"):
    """The functionConfig of helm-expand; every field has a default."""

    spec: HelmExpandSpec = Field(HelmExpandSpec(), description="How charts are rendered.")

    @property
    def engine(self) -> Literal["auto", "native", "cli"]:
        """The engine to render with."""
        return self.spec.engine

    @property
    def engine_version(self) -> str:
        """The range of Helm versions that may render, "" for any."""
        return self.spec.engine_version or ""

    @classmethod
    def from_config_map(cls, data: Mapping[str, Any], **origin: Any) -> Any:
        """Read the flat strings of a ConfigMap: these fields, or render-helm-chart's own."""
        from krmfn.helm_expand.intents.render_helm_chart import RenderHelmChart, is_flat_form

        if is_flat_form(data):
            return RenderHelmChart.from_config_map(data, **origin)
        return super().from_config_map(data, **origin)
