"""What people write for helm-expand."""

from krmfn.helm_expand.intents.chart import (
    ChartArchive,
    ChartOptions,
    Cluster,
    HelmChart,
    HelmChartSpec,
    HelmExpand,
    HelmValues,
    Values,
    ValuesSource,
)
from krmfn.helm_expand.intents.render_helm_chart import RenderedChart, RenderHelmChart

__all__ = [
    "ChartArchive",
    "ChartOptions",
    "Cluster",
    "HelmChart",
    "HelmChartSpec",
    "HelmExpand",
    "HelmValues",
    "RenderHelmChart",
    "RenderedChart",
    "Values",
    "ValuesSource",
]
