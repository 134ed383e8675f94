"""The functionConfig of mesh-intent-expander."""

from typing import Annotated, Literal

from pydantic import Field

from krmfn.sdk.config import FunctionConfig, FunctionSpec
from krmfn.sdk.model import DnsName, Pattern

_SEGMENT = "[A-Za-z0-9_]([-A-Za-z0-9_.]*[A-Za-z0-9_])?"
Folder = Annotated[
    str,
    Field(max_length=253),
    Pattern(
        f"^{_SEGMENT}(/{_SEGMENT})*$",
        "a relative path such as `mesh`: names of letters, digits, `-`, `_` and `.`, with `/` "
        "between them",
    ),
]


class MeshIntentExpanderSpec(FunctionSpec):
    """What is written beside the mesh's objects."""

    cluster: DnsName | None = Field(
        None,
        description="The cluster whose own the package is: only its objects are written, beside "
        "the rest; that of the package's WorkloadCluster when absent, and none without one.",
    )
    folder: Folder = Field("mesh", description="The folder for objects, below the cluster's own.")
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
