"""What people write for helm-expand."""

from krmfn.helm_expand.intents.chart import (
    RELEASE_NAME,
    ChartArchive,
    ChartOptions,
    Cluster,
    FluxOrdering,
    HelmChart,
    HelmChartSpec,
    HelmExpand,
    HelmValues,
    Values,
    ValuesSource,
)
from krmfn.helm_expand.intents.render_helm_chart import RenderedChart, RenderHelmChart, is_flat_form

__all__ = [
    "RELEASE_NAME",
    "ChartArchive",
    "ChartOptions",
    "Cluster",
    "FluxOrdering",
    "HelmChart",
    "HelmChartSpec",
    "HelmExpand",
    "HelmValues",
    "RenderHelmChart",
    "RenderedChart",
    "Values",
    "ValuesSource",
    "is_flat_form",
]
