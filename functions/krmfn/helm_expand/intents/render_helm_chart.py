"""render-helm-chart's configuration, for charts that stand in the package.

The fields are those of kpt's function `render-helm-chart` v0.2 (`fn.kpt.dev/v1alpha1`), so that a
package written for it renders unchanged once its charts are in it.
"""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from pydantic import Field, model_validator

from krmfn.helm_expand.intents.chart import Merge, ReleaseName
from krmfn.sdk.config import FunctionConfig
from krmfn.sdk.model import DnsLabel, Kind, Model

VERSION = "fn.kpt.dev/v1alpha1"
CHART_HOME = "tmp/charts"


class Part(Model):
    """A part of render-helm-chart's configuration, where an empty string is as good as none."""

    @model_validator(mode="before")
    @classmethod
    def _empty_is_absent(cls, data: Any) -> Any:
        if not isinstance(data, Mapping):
            return data
        return {key: value for key, value in data.items() if value != ""}


class ChartAuth(Part):
    """A reference to credentials, as render-helm-chart has it; not needed to render."""

    kind: str = Field("Secret", description="Kind of the credentials.")
    name: str = Field(description="Name of the credentials.")
    namespace: str | None = Field(None, description="Namespace of the credentials.")
    api_version: str | None = Field(None, description="API version of the credentials.")


class ChartArgs(Part):
    """Which chart to render: found in the package by name and version, never pulled."""

    name: str = Field(min_length=1, description="The chart's name.")
    version: str | None = Field(None, description="The chart's version; any when absent.")
    repo: str | None = Field(None, description="Where the chart came from; not read here.")
    registry: str | None = Field(None, description="Where the chart came from; not read here.")
    auth: ChartAuth | None = Field(None, description="Credentials; not read here.")


class TemplateValues(Part):
    """Values as render-helm-chart takes them."""

    values_files: tuple[str, ...] = Field((), description="Files of the package, by path.")
    values_inline: dict[str, Any] = Field({}, description="Values as they are.")
    values_merge: Merge = Field("override", description="How inline values and files meet.")


class TemplateOptions(Part):
    """How render-helm-chart calls `helm template`."""

    api_versions: tuple[str, ...] = Field((), description="As Helm's `--api-versions`.")
    release_name: ReleaseName | None = Field(None, description="`.Release.Name`.")
    namespace: DnsLabel | None = Field(None, description="`.Release.Namespace`.")
    name_template: str | None = Field(
        None, description="Go template of the release name; may use the chart's name only."
    )
    description: str | None = Field(None, description="Not read: it never reaches a template.")
    include_crds: bool = Field(
        False, alias="includeCRDs", description="Whether CRDs in `crds/` come out."
    )
    skip_tests: bool = Field(False, description="Whether chart tests are left out.")
    values: TemplateValues = Field(TemplateValues(), description="The values.")


class RenderedChart(Model):
    """One chart of a RenderHelmChart."""

    chart_args: ChartArgs = Field(description="Which chart to render.")
    template_options: TemplateOptions = Field(TemplateOptions(), description="How to render it.")


class HelmGlobals(Part):
    """Folders of render-helm-chart; here charts come from the package."""

    chart_home: str = Field(
        CHART_HOME,
        description="Folder that charts were pulled to; a values file below it is the chart's own.",
    )
    config_home: str | None = Field(None, description="Helm's configuration folder; not read.")


class RenderHelmChart(FunctionConfig, api_version=VERSION):
    """render-helm-chart's own configuration, for charts that stand in the package."""

    helm_globals: HelmGlobals = Field(HelmGlobals(), description="Folders of charts.")
    helm_charts: tuple[RenderedChart, ...] = Field((), description="The charts to render.")
    engine: ClassVar[Literal["auto"]] = "auto"
    engine_version: ClassVar[str] = ""

    @classmethod
    def from_config_map(cls, data: Mapping[str, Any], **origin: Any) -> Any:
        """Read the flat form: one chart, its fields as the keys of a ConfigMap."""
        flat, problems = FlatRenderHelmChart.from_config_map(data, **origin)
        if flat is None:
            return None, problems
        return cls.parse(flat.nested(), origin.get("resource"))


class FlatRenderHelmChart(Part, Kind, api_version=VERSION, kind="RenderHelmChart"):
    """render-helm-chart's ConfigMap form: one chart."""

    chart_home: str = Field(CHART_HOME, description="Folder that charts were pulled to.")
    config_home: str | None = Field(None, description="Helm's configuration folder; not read.")
    name: str = Field(min_length=1, description="The chart's name.")
    version: str | None = Field(None, description="The chart's version; any when absent.")
    repo: str | None = Field(None, description="Where the chart came from; not read here.")
    registry: str | None = Field(None, description="Where the chart came from; not read here.")
    release_name: ReleaseName | None = Field(None, description="`.Release.Name`.")
    namespace: DnsLabel | None = Field(None, description="`.Release.Namespace`.")
    name_template: str | None = Field(None, description="Go template of the release name.")
    description: str | None = Field(None, description="Not read: it never reaches a template.")
    include_crds: bool = Field(False, alias="includeCRDs", description="Whether CRDs come out.")
    skip_tests: bool = Field(False, description="Whether chart tests are left out.")
    values_file: str | None = Field(None, description="A file of the package, by path.")

    def nested(self) -> dict[str, Any]:
        """Give the same as the values of a RenderHelmChart."""
        given = self.model_dump(exclude_defaults=True, exclude={"metadata"})
        if self.values_file:
            given["values"] = {"valuesFiles": [self.values_file]}

        def part(shape: type[Model]) -> dict[str, Any]:
            names = {field.alias for field in shape.model_fields.values()}
            return {name: given[name] for name in given if name in names}

        chart = {"chartArgs": part(ChartArgs), "templateOptions": part(TemplateOptions)}
        return {
            "apiVersion": VERSION,
            "kind": "RenderHelmChart",
            "metadata": {"name": self.metadata.name},
            "helmGlobals": part(HelmGlobals),
            "helmCharts": [chart],
        }


def is_flat_form(data: Mapping[str, Any]) -> bool:
    """Say whether the data of a ConfigMap are in the form of render-helm-chart."""
    return "name" in data or "chartHome" in data or "valuesFile" in data
