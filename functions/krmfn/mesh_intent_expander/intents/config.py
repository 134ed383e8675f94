"""The functionConfig of mesh-intent-expander."""

from typing import Literal

from pydantic import Field

from krmfn.sdk.config import FunctionConfig, FunctionSpec
from krmfn.sdk.model import DnsName


class MeshIntentExpanderSpec(FunctionSpec):
    """What is written beside the mesh's objects."""

    cluster: DnsName | None = Field(
        None,
        description="The cluster whose own the package is: only its objects are written, beside "
        "the rest; that of the package's WorkloadCluster when absent, and none without one.",
    )
    folder: str = Field(
        "mesh", min_length=1, description="The folder for objects, below the cluster's own."
    )
    order: Literal["None", "ArgoCD", "Config Sync"] = Field(
        "None",
        description="Whose annotations tell in which order objects are applied, beside our own.",
    )
    report: bool = Field(True, description="Whether a MeshReport is written.")
    analyze: Literal["Off", "Warn", "Fail"] = Field(
        "Warn",
        description="Whether the mesh's objects that people wrote are checked: errors among them "
        "are warned about, or `Fail` the render.",
    )


class MeshIntentExpander(FunctionConfig):
    """The functionConfig of mesh-intent-expander."""

    spec: MeshIntentExpanderSpec = Field(MeshIntentExpanderSpec(), description="What to do.")
